//! The socket to the bus, in front of zbus: no message is taken into memory that is longer than any mfad has a use for.
//!
//! The bus daemon hands over up to 32 MiB in one message from whoever may call, and zbus takes and parses all of it before
//! the first line of an interface runs: a few of them would be more than the memory the unit allows. Here each message's primary
//! header is read first, and what is too long is thrown away in small pieces as it comes. Descriptors are not taken at all: the
//! handshake does not agree to them, so the bus daemon sends none. What must never happen: memory that grows with what
//! strangers send, or the connection lost to everybody because of one of them.

use crate::seldom::Seldom;
use mfa_core::wire::MAX_FRAME;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zbus::Message;
use zbus::address::{Address, Transport, transport::UnixSocket};
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::export::async_trait::async_trait;

/// Longest message that is taken, header and all: as long as a frame of the sockets. The longest with a meaning is
/// `Agents1.Approve` with an approval of 4096 bytes; lists and keys leave mfad, and what leaves is not looked at.
const LONGEST: u64 = MAX_FRAME as u64;

/// Of a message that is thrown away, in memory at once: what a socket holds.
const PIECE: usize = 64 * 1024;

/// What every message begins with: the primary header and the length of the header fields (D-Bus specification, "Message
/// Format").
const OPENING: usize = 16;

/// A connection to the bus at `address`.
///
/// # Errors
/// When nothing answers there, or it is no unix socket.
pub(super) async fn connect(address: &str) -> zbus::Result<Gate> {
    let address: Address = address.parse()?;
    let path = match address.transport() {
        Transport::Unix(unix) => match unix.path() {
            UnixSocket::File(path) => Some(path.clone()),
            // As tokio is told of one.
            UnixSocket::Abstract(name) => {
                Some(PathBuf::from(std::ffi::OsStr::from_bytes(&[&[0], name.as_bytes()].concat())))
            }
            _ => None,
        },
        _ => None,
    };
    let path =
        path.ok_or_else(|| zbus::Error::Address(String::from("mfad takes unix:path= and unix:abstract= alone")))?;
    Ok(Gate(UnixStream::connect(path).await.map_err(|why| zbus::Error::InputOutput(why.into()))?))
}

/// The socket.
#[derive(Debug)]
pub(super) struct Gate(UnixStream);

impl Socket for Gate {
    type ReadHalf = Inward;
    type WriteHalf = Outward;

    fn split(self) -> Split<Inward, Outward> {
        let (read, write) = self.0.into_split();
        Split::new(Inward { bytes: Bytes(read), dropped: Seldom::new() }, Outward(write))
    }
}

/// What comes, message by message.
#[derive(Debug)]
pub(super) struct Inward {
    bytes: Bytes,
    dropped: Seldom,
}

#[async_trait]
impl ReadHalf for Inward {
    /// The next message that is short enough. `begun` is what came of it already, at first with the handshake.
    async fn receive_message(
        &mut self,
        seq: u64,
        begun: &mut Vec<u8>,
        descriptors: &mut Vec<OwnedFd>,
    ) -> zbus::Result<Message> {
        loop {
            while begun.len() < OPENING {
                self.bytes.more(begun).await?;
            }
            match length(begun) {
                Some(length) if length > LONGEST => {
                    if let Some(times) = self.dropped.due(Instant::now()) {
                        tracing::warn!(
                            "thrown away: a message of {length} bytes from the bus, where mfad takes {LONGEST}{times}"
                        );
                    }
                    self.bytes.throw_away(begun, length).await?;
                }
                // What is no header at all is zbus's to refuse: the connection ends then.
                Some(_) | None => return self.bytes.receive_message(seq, begun, descriptors).await,
            }
        }
    }

    /// For the handshake.
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        self.bytes.recvmsg(buffer).await
    }
}

/// The bytes beneath; its messages are zbus's own reading of them.
#[derive(Debug)]
struct Bytes(OwnedReadHalf);

#[async_trait]
impl ReadHalf for Bytes {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        Ok((self.read(buffer).await?, Vec::new()))
    }
}

impl Bytes {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into).await {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Reads up to the end of an opening.
    async fn more(&mut self, begun: &mut Vec<u8>) -> io::Result<()> {
        let mut piece = [0; OPENING];
        let missing = OPENING.saturating_sub(begun.len());
        let read = self.read(piece.get_mut(..missing).unwrap_or_default()).await?;
        begun.extend_from_slice(piece.get(..read).unwrap_or_default());
        if read == 0 { Err(ended()) } else { Ok(()) }
    }

    /// Reads to the end of a message of this length that begins with `begun`, and keeps what comes after it.
    async fn throw_away(&mut self, begun: &mut Vec<u8>, length: u64) -> io::Result<()> {
        let had = usize::try_from(length).unwrap_or(usize::MAX).min(begun.len());
        begun.drain(..had);
        let mut left = length.saturating_sub(had as u64);
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let read = self.read(piece.get_mut(..most).unwrap_or_default()).await?;
            if read == 0 {
                return Err(ended());
            }
            left = left.saturating_sub(read as u64);
        }
        Ok(())
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the bus closed the connection")
}

/// The length of the message that begins so; `None` where this is no beginning of one.
fn length(begun: &[u8]) -> Option<u64> {
    let number = |at: usize| {
        let bytes: [u8; 4] = begun.get(at..at + 4)?.try_into().ok()?;
        match begun.first()? {
            b'l' => Some(u64::from(u32::from_le_bytes(bytes))),
            b'B' => Some(u64::from(u32::from_be_bytes(bytes))),
            _ => None,
        }
    };
    let (body, fields) = (number(4)?, number(12)?);
    // The body begins at a multiple of eight; none of these comes near 64 bits.
    Some((OPENING as u64 + fields).next_multiple_of(8) + body)
}

/// What goes.
#[derive(Debug)]
pub(super) struct Outward(OwnedWriteHalf);

#[async_trait]
impl WriteHalf for Outward {
    async fn sendmsg(&mut self, buffer: &[u8], _descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
        // There are none: neither half says that it can pass them.
        loop {
            match self.0.write(buffer).await {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                written => return written,
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(endian: u8, body: [u8; 4], fields: [u8; 4]) -> Vec<u8> {
        [&[endian, 1, 0, 1][..], &body, &[0, 0, 0, 1], &fields].concat()
    }

    #[test]
    fn a_messages_length_is_read_in_both_byte_orders() {
        assert_eq!(length(&opening(b'l', [5, 0, 0, 0], [9, 0, 0, 0])), Some(16 + 9 + 7 + 5));
        assert_eq!(length(&opening(b'B', [0, 0, 1, 0], [0, 0, 0, 8])), Some(16 + 8 + 256));
        assert_eq!(length(&opening(b'l', [255; 4], [255; 4])), Some(8_589_934_607));
        assert_eq!(length(&opening(b'x', [0; 4], [0; 4])), None);
        assert_eq!(length(b"l\x01\x00\x01"), None);
    }

    /// The members of the messages that come through of `sent`, of which `begun` came with the handshake.
    async fn heard(mut begun: Vec<u8>, sent: Vec<u8>) -> Vec<String> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (mut inward, _outward) = Gate(ours).split().take();
        let writing = tokio::spawn(async move { theirs.write_all(&sent).await });
        let (mut none, mut members) = (Vec::new(), Vec::new());
        while let Ok(message) = inward.receive_message(1, &mut begun, &mut none).await {
            members.push(message.header().member().unwrap().to_string());
        }
        writing.await.unwrap().unwrap();
        members
    }

    fn message(member: &'static str, bytes: usize) -> Vec<u8> {
        Message::method_call("/a", member).build(&"x".repeat(bytes)).unwrap().data().to_vec()
    }

    #[tokio::test]
    async fn what_is_too_long_is_passed_over_and_the_next_message_is_read() {
        let (first, long, last) = (message("First", 12_000), message("Long", 1 << 20), message("Last", 1));
        let all = [&first[..], &long, &long, &last].concat();
        assert_eq!(heard(Vec::new(), all).await, ["First", "Last"]);
        // Part of it, or more than it, had come with the handshake.
        let (begun, rest) = long.split_at(100);
        assert_eq!(heard(begun.to_vec(), [rest, &last].concat()).await, ["Last"]);
        let over = message("Over", 16_384);
        assert_eq!(heard([&over[..], &last[..20]].concat(), [&last[20..], &first].concat()).await, ["Last", "First"]);
    }
}
