//! Frames over a tokio socket, each way with a deadline.

use mfa_core::wire::{self, WireError};
use serde::Serialize;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Why no frame came or went.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The peer is gone.
    #[error("the peer closed the connection")]
    Gone,
    /// The peer took too long.
    #[error("the peer took too long")]
    Late,
    /// The peer does not speak the protocol.
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl From<io::Error> for FrameError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// The body of the next frame. The first four bytes may take `patience`, the rest a machine's time.
pub(super) async fn read(stream: &mut UnixStream, patience: Duration) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let mut prefix = [0; 4];
    timeout(patience, stream.read_exact(&mut prefix)).await.map_err(|_| FrameError::Late)??;
    let length = wire::body_length(prefix)?;
    // The peer announces the length: memory is taken as bytes arrive only up to the protocol's small limit.
    let mut body = Zeroizing::new(vec![0; length]);
    timeout(MACHINE, stream.read_exact(&mut body)).await.map_err(|_| FrameError::Late)??;
    Ok(body)
}

/// Sends one frame.
pub(super) async fn write<T: Serialize>(stream: &mut UnixStream, message: &T) -> Result<(), FrameError> {
    write_rest(stream, &wire::encode(message)?).await
}

/// Sends what is left of a frame.
pub(super) async fn write_rest(stream: &mut UnixStream, bytes: &[u8]) -> Result<(), FrameError> {
    timeout(MACHINE, stream.write_all(bytes)).await.map_err(|_| FrameError::Late)??;
    Ok(())
}

/// Time for what only machines do.
pub(super) const MACHINE: Duration = Duration::from_secs(5);
