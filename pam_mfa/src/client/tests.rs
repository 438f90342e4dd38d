//! The client against daemons that misbehave. Whoever builds a package runs them: of the folders above a socket the test's own alone
//! is looked at, and it is whoever runs the test who may own it.
#![allow(clippy::disallowed_methods, reason = "the daemons are threads of the test")]

use super::*;
use mfa_core::wire::{Context, Ending, Kind, Method, Reason, Verdict};
use rustix::process::geteuid;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

impl ClientError {
    /// One of each variant, the absence first.
    pub(crate) fn one_of_each() -> [Self; 7] {
        [
            Self::Absent { socket: "/run/x/root.sock".into(), error: Errno::NOENT },
            Self::Loose { folder: "/tmp".into(), why: "is loose" },
            Self::Late("reply"),
            Self::Closed,
            Self::Io { doing: "connect to mfad", error: Errno::ACCESS },
            Self::Wire("garbage".into()),
            Self::Oversized,
        ]
    }
}

const SHORT: Duration = Duration::from_millis(150);

/// A folder that goes with the test.
struct RunDir(PathBuf);

impl RunDir {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // The path of a socket has 108 bytes, and some builders' TMPDIR has more.
        let parent = Some(std::env::temp_dir()).filter(|folder| folder.as_os_str().len() < 60);
        let parent = parent.unwrap_or_else(|| "/tmp".into());
        let dir = parent.join(format!("mfa-test-{}-{number}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
        Self(dir)
    }

    fn listen(&self) -> UnixListener {
        UnixListener::bind(self.0.join(ROOT_SOCKET)).unwrap()
    }

    /// Its own user in root's place, here and above.
    fn trust(&self) -> Trust<'static> {
        Trust { top: self.0.to_str().unwrap().to_owned().leak(), owner: geteuid().as_raw() }
    }

    fn client(&self, patience: Duration) -> Client {
        self.client_of(&self.0, patience)
    }

    fn client_of(&self, run_dir: &Path, patience: Duration) -> Client {
        Client { trust: self.trust(), ..Client::new(run_dir, true, patience) }
    }

    fn begin(&self) -> Result<Step, ClientError> {
        self.client(SHORT).ask(&begin())
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn begin() -> Ask {
    Ask::Begin(Context { user: "anna".into(), service: "sshd".into(), ..Context::default() })
}

fn read_ask(stream: &mut UnixStream) -> Option<Ask> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).ok()?;
    let mut body = vec![0; wire::body_length(prefix).unwrap()];
    stream.read_exact(&mut body).unwrap();
    Some(wire::decode(&body).unwrap())
}

/// What the client makes of a daemon that answers the first question with `bytes` and then closes or holds.
fn answered(bytes: &[u8], hold: bool) -> Result<Step, ClientError> {
    let dir = RunDir::new();
    let listener = dir.listen();
    let bytes = bytes.to_vec();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_ask(&mut stream).unwrap();
        stream.write_all(&bytes).unwrap();
        // Until the client has gone.
        if hold {
            let _ = stream.read(&mut [0]);
        }
    });
    let start = Instant::now();
    let result = dir.begin();
    assert!(start.elapsed() < SHORT * 3, "{:?}", start.elapsed());
    daemon.join().unwrap();
    result
}

fn framed(body: &str) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes(), body.as_bytes()].concat()
}

#[test]
fn steps_that_come_together_or_in_pieces_are_had_one_after_the_other_and_none_is_waited_for() {
    let step = |n: usize| Step::Info { text: "a".repeat(n) };
    let together: Vec<Step> = [3000, 1, 50].map(step).into();
    for piece in [1, 7, 512, 5000] {
        let dir = RunDir::new();
        let listener = dir.listen();
        let bytes: Vec<u8> = together.iter().flat_map(|step| wire::encode(step).unwrap().to_vec()).collect();
        let daemon = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_ask(&mut stream).unwrap();
            bytes.chunks(piece).for_each(|piece| stream.write_all(piece).unwrap());
            // Until the client has gone.
            let _ = stream.read(&mut [0]);
        });
        let mut client = dir.client(Duration::from_secs(5));
        assert_eq!(client.ask(&begin()).unwrap(), step(3000), "in pieces of {piece}");
        assert_eq!(client.listen().unwrap(), step(1));
        assert_eq!(client.wait(1, &|| panic!("what is there is not waited for")).unwrap(), Some(step(50)));
        drop(client);
        daemon.join().unwrap();
    }
}

#[test]
fn a_step_is_had_for_each_question_and_for_each_notice() {
    let dir = RunDir::new();
    let listener = dir.listen();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(matches!(read_ask(&mut stream), Some(Ask::Begin(context)) if context.user == "anna"));
        for step in [Step::Info { text: "a".into() }, Step::Prompt { text: "b".into(), echo: false }] {
            stream.write_all(&wire::encode(&step).unwrap()).unwrap();
        }
        assert!(matches!(read_ask(&mut stream), Some(Ask::Answer { text: None })));
        let verdict =
            Verdict { user: "anna".into(), method: Method::None, reason: Reason::Malformed, code_bytes: None };
        let step = Step::Refused { ending: Ending::Stop, kind: Kind::Sshd, verdict };
        stream.write_all(&wire::encode(&step).unwrap()).unwrap();
        assert!(matches!(read_ask(&mut stream), Some(Ask::Cancel)));
        assert!(read_ask(&mut stream).is_none());
    });
    let mut client = dir.client(Duration::from_secs(5));
    assert!(matches!(client.ask(&begin()).unwrap(), Step::Info { .. }));
    assert!(matches!(client.listen().unwrap(), Step::Prompt { .. }));
    assert!(matches!(client.ask(&Ask::Answer { text: None }).unwrap(), Step::Refused { .. }));
    client.cancel();
    daemon.join().unwrap();
}

#[test]
fn a_daemon_that_never_accepts_is_late() {
    let dir = RunDir::new();
    let _listener = dir.listen();
    assert_eq!(dir.begin(), Err(ClientError::Late("reply")));
}

#[test]
fn a_full_backlog_is_late_and_not_an_absence() {
    let dir = RunDir::new();
    let listener = dir.listen();
    rustix::net::listen(&listener, 0).unwrap();
    let _waiting = UnixStream::connect(dir.0.join(ROOT_SOCKET)).unwrap();
    let start = Instant::now();
    assert_eq!(dir.begin(), Err(ClientError::Late("take the connection")));
    assert!(start.elapsed() >= SHORT && start.elapsed() < SHORT * 3);
}

#[test]
fn a_backlog_that_clears_in_time_is_waited_for() {
    let dir = RunDir::new();
    let listener = dir.listen();
    rustix::net::listen(&listener, 0).unwrap();
    let waiting = UnixStream::connect(dir.0.join(ROOT_SOCKET)).unwrap();
    let daemon = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        read_ask(&mut stream).unwrap();
        stream.write_all(&wire::encode(&Step::Info { text: "a".into() }).unwrap()).unwrap();
    });
    assert!(dir.client(Duration::from_secs(5)).ask(&begin()).is_ok());
    daemon.join().unwrap();
    drop(waiting);
}

#[test]
fn a_daemon_that_never_answers_is_late() {
    assert_eq!(answered(b"", true), Err(ClientError::Late("reply")));
}

#[test]
fn half_a_frame_is_late_or_closed() {
    let frame = wire::encode(&Step::Info { text: "a".into() }).unwrap();
    for cut in [1, 3, 4, 5, frame.len() - 1] {
        assert_eq!(answered(&frame[..cut], true), Err(ClientError::Late("reply")), "{cut}");
        assert_eq!(answered(&frame[..cut], false), Err(ClientError::Closed), "{cut}");
    }
}

#[test]
fn a_daemon_that_hangs_up_is_closed_and_not_an_absence() {
    assert_eq!(answered(b"", false), Err(ClientError::Closed));
}

#[test]
fn the_last_word_of_a_daemon_that_hung_up_meanwhile_is_heard() {
    let dir = RunDir::new();
    let listener = dir.listen();
    let verdict = Verdict { user: "anna".into(), method: Method::None, reason: Reason::Timeout, code_bytes: None };
    let last = Step::Refused { ending: Ending::Stop, kind: Kind::Login, verdict };
    let word = wire::encode(&last).unwrap();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_ask(&mut stream).unwrap();
        let asked = wire::encode(&Step::Prompt { text: "Code: ".into(), echo: false }).unwrap();
        stream.write_all(&[&asked[..], &word[..]].concat()).unwrap();
    });
    let mut client = dir.client(SHORT);
    assert!(matches!(client.ask(&begin()), Ok(Step::Prompt { .. })));
    daemon.join().unwrap();
    assert_eq!(client.ask(&Ask::Answer { text: None }), Ok(last));
}

#[test]
fn what_is_not_a_step_is_not_understood() {
    for bytes in [
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        u32::MAX.to_be_bytes().to_vec(),
        framed(""),
        framed("{}"),
        framed(r#"{"v":1,"t":{"pending":{"text":"x"}}}"#),
        framed(r#"{"v":1,"t":{"granted":{}}}"#),
        framed(r#"{"v":1,"t":{"granted":{"user":"anna","method":"smell","reason":"code-accepted"}}}"#),
        framed(
            r#"{"v":1,"t":{"refused":{"ending":"later","kind":"sshd","verdict":{"user":"anna","method":"none","reason":"locked"}}}}"#,
        ),
        framed(r#"{"v":2,"t":{"granted":{"user":"anna","method":"totp","reason":"code-accepted"}}}"#),
    ] {
        assert!(matches!(answered(&bytes, true), Err(ClientError::Wire(_))), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_reply_byte_by_byte_does_not_outlast_the_deadline() {
    let dir = RunDir::new();
    let listener = dir.listen();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_ask(&mut stream).unwrap();
        stream.write_all(&1000u32.to_be_bytes()).unwrap();
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let start = Instant::now();
    assert!(matches!(dir.begin(), Err(ClientError::Late(_))));
    assert!(start.elapsed() < SHORT * 3);
    daemon.join().unwrap();
}

#[test]
fn notices_without_end_share_one_deadline() {
    let dir = RunDir::new();
    let listener = dir.listen();
    let daemon = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let frame = wire::encode(&Step::Info { text: "Wait".into() }).unwrap();
        while stream.write_all(&frame).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let mut client = dir.client(SHORT);
    let start = Instant::now();
    let mut step = client.ask(&begin());
    while step.is_ok() {
        step = client.listen();
    }
    assert_eq!(step, Err(ClientError::Late("reply")));
    assert!(start.elapsed() < SHORT * 3);
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn only_a_missing_or_refusing_socket_is_an_absence() {
    let dir = RunDir::new();
    let nowhere = dir.client_of(&dir.0.join("none"), SHORT).ask(&begin());
    assert!(matches!(nowhere, Err(ClientError::Absent { error: Errno::NOENT, .. })));
    assert!(matches!(dir.begin(), Err(ClientError::Absent { error: Errno::NOENT, .. })));
    drop(dir.listen());
    assert!(matches!(dir.begin(), Err(ClientError::Absent { error: Errno::CONNREFUSED, .. })));
    fs::remove_file(dir.0.join(ROOT_SOCKET)).unwrap();
    fs::write(dir.0.join(ROOT_SOCKET), "").unwrap();
    assert!(matches!(dir.begin(), Err(ClientError::Absent { error: Errno::CONNREFUSED, .. })));
}

#[test]
fn a_folder_that_others_can_change_is_refused() {
    let dir = RunDir::new();
    let _listener = dir.listen();
    for mode in [0o775, 0o757, 0o777, 0o1777] {
        fs::set_permissions(&dir.0, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(dir.begin(), Err(ClientError::Loose { folder, .. }) if folder == dir.0), "{mode:o}");
    }
    fs::set_permissions(&dir.0, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(dir.begin(), Err(ClientError::Late("reply")));
    let of_another = Trust { owner: geteuid().as_raw() + 1, ..dir.trust() };
    let another = Client { trust: of_another, ..dir.client(SHORT) }.ask(&begin());
    assert!(matches!(another, Err(ClientError::Loose { folder, .. }) if folder == dir.0));

    let link = dir.0.join("link");
    symlink(&dir.0, &link).unwrap();
    let through = dir.client_of(&link, SHORT).ask(&begin());
    assert!(matches!(through, Err(ClientError::Loose { folder, .. }) if folder == link));
    let below = dir.client_of(&link.join("deeper"), SHORT).ask(&begin());
    assert!(matches!(below, Err(ClientError::Loose { .. })));
    let sticky = Client::new(Path::new("/tmp/mfa-none"), true, SHORT).ask(&begin());
    // Some builders' sandboxes know no root: there / itself is somebody else's.
    let looked_at = ["/", "/tmp"].map(Path::new);
    assert!(matches!(sticky, Err(ClientError::Loose { folder, .. }) if looked_at.contains(&folder.as_path())));
}

#[test]
fn callers_without_root_take_the_other_socket() {
    let client = Client::new(Path::new("/run/pam_mfa"), false, SHORT);
    assert_eq!(client.socket, Path::new("/run/pam_mfa/user.sock"));
}

#[test]
fn a_question_past_the_frame_limit_is_not_sent() {
    let dir = RunDir::new();
    let _listener = dir.listen();
    let long = Context { user: "a".repeat(wire::MAX_FRAME), ..Context::default() };
    assert_eq!(dir.client(SHORT).ask(&Ask::Begin(long)), Err(ClientError::Oversized));
}
