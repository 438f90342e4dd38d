//! mfad's start, signals and end.
//!
//! The order matters: arguments, sockets (as root), privileges dropped and verified, configuration, state folder,
//! and only then "ready". What must never happen: going on as root, or on a configuration that was refused.

use crate::authority::Authority;
use crate::clock::Clock;
use crate::hygiene;
use crate::service::{DECIDING, Front, Limits, Sockets, WAITING, serve};
use anyhow::{Context as _, bail};
use clap::Parser;
use mfa_core::event::{Event, Kind};
use mfa_core::wire::{ROOT_SOCKET, RUN_DIR, USER_SOCKET};
use nix::unistd::{Gid, Uid, User, setgroups, setresgid, setresuid};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use sd_notify::NotifyState;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Where enrolments and state are.
pub const STATE_DIR: &str = "/var/lib/pam_mfa";

/// The system bus. The environment is not asked: who starts mfad by hand may have been given one.
pub const BUS: &str = "unix:path=/run/dbus/system_bus_socket";

/// The user mfad works as when it is started by hand as root.
pub const USER: &str = "_mfad";

/// The authority behind pam_mfa: decides about second factors and keeps their state.
#[derive(Debug, Parser)]
#[command(name = "mfad", version)]
pub struct Arguments {
    /// Policy file to use instead of /etc/pam_mfa/mfa.toml, /usr/lib/pam_mfa/mfa.toml and their drop-ins
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of enrolments, state and audit trail
    #[arg(long, value_name = "DIR", default_value = STATE_DIR)]
    pub state_dir: PathBuf,
    /// Folder of the sockets, where systemd does not hand them over
    #[arg(long, value_name = "DIR", default_value = RUN_DIR)]
    pub run_dir: PathBuf,
    /// User to work as when started as root
    #[arg(long, value_name = "NAME", default_value = USER)]
    pub user: String,
    /// D-Bus address of the system bus, a unix socket
    #[arg(long, value_name = "ADDRESS", default_value = BUS)]
    pub bus: String,
    /// Boot id, where /proc hides it (systemd's %b)
    #[arg(long, value_name = "ID")]
    pub boot_id: Option<String>,
    /// What to log: `debug` adds each login's caller and steps, never what is asked or answered
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

/// From where on mfad logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// What keeps logins from being served.
    Error,
    /// And what should be looked at.
    Warn,
    /// And what changes: start, policy, users.
    Info,
    /// And each login's caller and steps.
    Debug,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

/// Runs until a signal ends it.
///
/// # Errors
/// When mfad must not start or cannot go on; the text says why.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
    // No core file may hold seeds, no process of the same user read them.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("prctl(PR_SET_DUMPABLE)")?;
    let limits = Limits::of(raise_descriptors());
    let handed_over = std::env::var_os("LISTEN_FDS").is_some();
    let sockets = Sockets::open(&arguments.run_dir).map_err(said)?;
    // The audit trail may be read by its group; everything else names its own mode.
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o027));
    if rustix::process::geteuid().is_root() {
        drop_root(&arguments.user, &arguments.state_dir)?;
    }
    let clock = Clock::new(arguments.boot_id.as_deref()).map_err(anyhow::Error::msg)?;
    let authority = Authority::open(&arguments.state_dir, arguments.config.as_deref(), clock).map_err(said)?;
    let authority = Arc::new(authority);
    read_roster(&authority)?;
    hygiene::watch(Arc::clone(&authority))?;
    authority.note(Event::new(Kind::DaemonStarted).detail(concat!("mfad ", env!("CARGO_PKG_VERSION"))));
    // One thread for all that is waited for, which never blocks: with two, each frame wakes both.
    let runtime = threads("waiting", WAITING)?;
    // Of this one only the blocking threads are used.
    let deciding = threads("deciding", DECIDING)?;
    let front = Front::new(sockets.root).context("the root socket")?;
    let deciding_there = deciding.handle().clone();
    let working =
        work(Arc::clone(&authority), deciding_there, Arc::clone(&front), sockets.user, limits, arguments.bus.clone());
    let result = runtime.block_on(working);
    // A look-up that hangs must not keep a stopped mfad alive.
    front.finish(Duration::from_secs(1));
    deciding.shutdown_timeout(Duration::from_secs(1));
    runtime.shutdown_timeout(Duration::from_secs(1));
    // Only now nothing is decided any more that has to stand in the trail.
    authority.audit.flush();
    if !handed_over {
        // They are root's; the folder is too: what cannot be removed is bound anew at the next start.
        for name in [ROOT_SOCKET, USER_SOCKET] {
            let _ = std::fs::remove_file(arguments.run_dir.join(name));
        }
    }
    result
}

fn threads(name: &str, most: usize) -> anyhow::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.thread_name(name).max_blocking_threads(most).enable_all().build().context("tokio")
}

/// These errors tell their causes themselves; with their sources all would be said twice.
fn said(why: impl std::fmt::Display) -> anyhow::Error {
    anyhow::Error::msg(why.to_string())
}

async fn work(
    authority: Arc<Authority>,
    deciding: Handle,
    front: Arc<Front>,
    user: UnixListener,
    limits: Limits,
    bus: String,
) -> anyhow::Result<()> {
    // Before there can be an agent to send a request to.
    authority.pushes.time_is_kept_by(Handle::current());
    tokio::spawn(crate::service::bus::serve(Arc::clone(&authority), bus));
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut watchdog_usec = 0;
    let beat = if sd_notify::watchdog_enabled(false, &mut watchdog_usec) {
        Duration::from_micros(watchdog_usec / 2).max(Duration::from_millis(100))
    } else {
        Duration::from_secs(60)
    };
    let alive = || tell(&[NotifyState::Watchdog]);
    let serving = serve(Arc::clone(&authority), deciding, front, user, limits, beat, alive);
    tokio::pin!(serving);
    let files = authority.in_force().files.join(", ");
    tracing::info!(
        "ready; policy from {}",
        if files.is_empty() { "built-in defaults (everything required)" } else { &files }
    );
    tell(&[NotifyState::Ready]);
    let wanted = Arc::new(Notify::new());
    tokio::spawn(read_again(Arc::clone(&authority), Arc::clone(&wanted)));
    loop {
        tokio::select! {
            ended = &mut serving => return ended.context("the sockets cannot be served"),
            _ = hangup.recv() => wanted.notify_one(),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tell(&[NotifyState::Stopping]);
    tracing::info!("stopped by a signal");
    Ok(())
}

/// Reads policy and files whenever it is wanted, one time after the other. In a task of its own: with many users it takes longer than
/// systemd's watchdog waits, and than a signal to end may.
async fn read_again(authority: Arc<Authority>, wanted: Arc<Notify>) {
    loop {
        wanted.notified().await;
        let authority = Arc::clone(&authority);
        let reading = tokio::task::spawn_blocking(move || {
            authority.reload();
            authority.store.fill_roster(authority.clock.now())
        });
        if let Ok(Err(why)) = reading.await {
            tracing::error!("the enrolment files cannot be listed: {why}");
        }
    }
}

/// Nobody listens when mfad runs without systemd.
fn tell(state: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(false, state);
}

/// Reads who has a file without keeping the start waiting: what needs it waits instead.
fn read_roster(authority: &Arc<Authority>) -> anyhow::Result<()> {
    let authority = Arc::clone(authority);
    std::thread::Builder::new().name(String::from("roster")).spawn(move || {
        match authority.store.fill_roster(authority.clock.now()) {
            Ok(users) => tracing::info!("{users} users have a file"),
            Err(why) => tracing::error!("the enrolment files cannot be listed, who is not enrolled is refused: {why}"),
        }
    })?;
    Ok(())
}

/// As many descriptors as allowed; how many that is.
fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.unwrap_or(u64::MAX)
}

/// From root to `name`, for good: groups first, then gid, then uid, each verified.
fn drop_root(name: &str, state_dir: &Path) -> anyhow::Result<()> {
    let user =
        User::from_name(name).with_context(|| format!("the user {name} cannot be looked up"))?.with_context(|| {
            let make = if name == USER {
                "systemd-sysusers makes it where that is installed, else useradd"
            } else {
                "create it"
            };
            format!("there is no user {name}: {make} (see operations.md in mfad's documentation, or mfad(8)), or name another by --user")
        })?;
    if user.uid.is_root() {
        bail!("mfad does not work as root: --user must name another user");
    }
    let mut builder = std::fs::DirBuilder::new();
    match builder.mode(0o700).create(state_dir) {
        Ok(()) => chown(state_dir, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .with_context(|| state_dir.display().to_string())?,
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e).with_context(|| state_dir.display().to_string()),
    }
    become_user(user.uid, user.gid).with_context(|| format!("root could not be dropped for {name}"))
}

/// From root to these ids, for good; verified.
///
/// # Errors
/// When the kernel keeps any of root.
pub(crate) fn become_user(uid: Uid, gid: Gid) -> anyhow::Result<()> {
    setgroups(&[gid])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    let (uids, gids) = (nix::unistd::getresuid()?, nix::unistd::getresgid()?);
    let dropped = [uids.real, uids.effective, uids.saved].iter().all(|id| *id == uid)
        && [gids.real, gids.effective, gids.saved].iter().all(|id| *id == gid)
        && nix::unistd::getgroups()? == [gid];
    if !dropped || setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).is_ok() {
        bail!("the kernel did not drop every id");
    }
    // Changing ids switches core dumps back on in some kernels' reading of prctl(2).
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Logs to the journal under systemd, to stderr otherwise. Libraries never log below `info`: a library of messages may log
/// what is in them.
pub fn log(level: LogLevel) {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let level = LevelFilter::from(level);
    let own = Targets::new().with_default(level.min(LevelFilter::INFO)).with_target(env!("CARGO_CRATE_NAME"), level);
    let registry = tracing_subscriber::registry().with(own);
    match std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok()) {
        Some(journal) => registry.with(journal.with_syslog_identifier(String::from("mfad"))).init(),
        None => registry
            .with(tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(std::io::stderr))
            .init(),
    }
}
