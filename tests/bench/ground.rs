//! What a measurement stands on: a world whose state, homes and users.oath are on a real disk.
//!
//! Enrolment and state files are written as mfad writes them, before it starts: enrolling 100,000 users one by one would
//! take longer than everything measured. Users have a line in passwd only when they log in: looking one up in a passwd of
//! 100,000 lines takes 16 ms by itself.

use mfa_core::base32;
use mfa_core::enrollment::{Enrollment, Factor, FactorId, StateId};
use mfa_core::otp::{Algorithm, Moving, Otp, ShortSecret};
use mfa_core::recovery;
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::wire::Method;
use mfa_core::{enrollment::Recovery, record};
use nix::mount::{MsFlags, mount};
use nix::unistd::{Gid, Uid, chown};
use pam_mfa_tests::harness::{Mfactl, Mfad, World};
use std::fmt::{self, Write as _};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Uids of the enrolled begin here.
const FIRST_UID: u32 = 100_000;

/// mfad's user in a world.
const DAEMON: u32 = 990;

/// Seconds of a time step.
pub(crate) const PERIOD: u32 = 30;

/// Who is measured, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contender {
    Permit,
    MfaTotp,
    MfaHotp,
    GoogleAuthenticator,
    Oath,
}

impl Contender {
    pub(crate) const ALL: [Self; 5] =
        [Self::Permit, Self::MfaTotp, Self::MfaHotp, Self::GoogleAuthenticator, Self::Oath];

    /// Its PAM service.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::MfaTotp => "mfa-totp",
            Self::MfaHotp => "mfa-hotp",
            Self::GoogleAuthenticator => "google",
            Self::Oath => "oath",
        }
    }

    /// Whether mfad takes part.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::MfaTotp | Self::MfaHotp)
    }

    /// Time steps, or counters: a time step's code works once, so that more users must log in.
    pub(crate) fn moving(self) -> Moving {
        match self {
            Self::MfaTotp | Self::GoogleAuthenticator => Moving::Time { period: PERIOD },
            Self::Permit | Self::MfaHotp | Self::Oath => Moving::Counter,
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "pam_permit",
            Self::MfaTotp => "**pam_mfa**, TOTP",
            Self::MfaHotp => "**pam_mfa**, HOTP",
            Self::GoogleAuthenticator => "google-authenticator, TOTP",
            Self::Oath => "pam_oath, HOTP",
        })
    }
}

/// A user by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person(usize);

impl Person {
    pub(crate) fn name(self) -> String {
        format!("user{:06}", self.0)
    }

    fn uid(self) -> u32 {
        FIRST_UID + u32::try_from(self.0).expect("fewer users than uids")
    }

    /// The same key every time, and another for everybody.
    pub(crate) fn otp(self, moving: Moving) -> Otp {
        let secret = Secret::new(scatter(self.0 as u64, 20));
        Otp::new(secret, Algorithm::Sha1, 6, moving, ShortSecret::Refuse).expect("numbers within the limits")
    }

    fn enrollment(self, moving: Moving, recovery: &Recovery) -> Enrollment {
        let number = u32::try_from(self.0).expect("a small number");
        let id = StateId::new(u128::from(number).to_be_bytes());
        let mut enrollment = Enrollment::new(&self.name(), self.uid(), id);
        let method = if moving == Moving::Counter { Method::Hotp } else { Method::Totp };
        enrollment.factors.push(Factor {
            id: FactorId::new(method, number.to_be_bytes()),
            label: String::from("phone"),
            token: None,
            pending: false,
            created: 1_700_000_000,
            otp: self.otp(moving),
            counter: 0,
            upkeep: mfa_core::upkeep::Upkeep::default(),
        });
        enrollment.recovery = Some(recovery.clone());
        enrollment
    }
}

/// The world and its files.
pub(crate) struct Ground {
    mfad: Mfad,
    pub(crate) world: World,
    disk: PathBuf,
    recovery: Recovery,
    files: usize,
}

impl Ground {
    /// A world with `disk` in it. `disk` is emptied.
    pub(crate) fn new(disk: &Path) -> Self {
        let _ = fs::remove_dir_all(disk);
        fs::create_dir_all(disk).unwrap();
        let world = World::new("bench");
        let at = world.folder().join("disk");
        fs::create_dir(&at).unwrap();
        bind(disk, &at);
        for name in ["state", "home", "oath", "floor"] {
            fs::create_dir(at.join(name)).unwrap();
        }
        bind(&at.join("state"), &world.state_dir());
        world.give_to_daemon(&world.state_dir(), 0o700);
        for name in ["users", "state"] {
            fs::create_dir(world.state_dir().join(name)).unwrap();
            world.give_to_daemon(&world.state_dir().join(name), 0o700);
        }
        let confdir = at.parent().expect("a folder").join("pam.d");
        fs::create_dir(&confdir).unwrap();
        let service = |name: &str, line: &str| world.write(confdir.join(name), &format!("auth {line}\n"), 0o644);
        service("other", "required pam_deny.so");
        service("permit", "required pam_permit.so");
        service("google", "required pam_google_authenticator.so");
        service(
            "oath",
            &format!("required pam_oath.so usersfile={} window=5 digits=6", at.join("oath/users.oath").display()),
        );
        for ours in ["mfa-totp", "mfa-hotp"] {
            service(ours, &world.module("required", "first_factor=stack"));
        }
        let mut salt = 0;
        let made = recovery::generate(|buffer| {
            salt += 1;
            buffer.copy_from_slice(&scatter(u64::MAX - salt, buffer.len()));
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok(codes) = made;
        let recovery = Recovery { created: 1_700_000_000, codes: codes.stored };
        let mfad = Mfad::new(&world, "require = \"required\"\n").logging_as_installed();
        Self { mfad, world, disk: disk.to_owned(), recovery, files: 0 }
    }

    /// The folder of the PAM services measured.
    pub(crate) fn confdir(&self) -> PathBuf {
        self.world.folder().join("pam.d")
    }

    /// A folder on the disk for [`crate::disk`].
    pub(crate) fn floor(&self) -> PathBuf {
        self.world.folder().join("disk/floor")
    }

    /// Enrols this many users with a TOTP factor and recovery codes, and nobody else.
    pub(crate) fn fill(&mut self, files: usize) {
        for folder in ["users", "state"] {
            for entry in fs::read_dir(self.world.state_dir().join(folder)).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        }
        self.files = files;
        for person in (0..files).map(Person) {
            self.enrol(person, Moving::Time { period: PERIOD });
        }
        rustix::fs::sync();
    }

    /// `count` of the enrolled, spread over all; where fewer are enrolled, as many as are needed.
    pub(crate) fn people(&self, count: usize) -> Vec<Person> {
        let all = self.files.max(count);
        (0..count).map(|n| Person(n * all / count)).collect()
    }

    /// Makes everything new for logins of these people: accounts, keys, no code used yet.
    pub(crate) fn prepare(&mut self, contender: Contender, people: &[Person]) {
        self.accounts(people);
        match contender {
            Contender::Permit => {}
            Contender::MfaTotp | Contender::MfaHotp => {
                if self.files <= people.len() {
                    self.fill(0);
                    self.files = 1;
                }
                people.iter().for_each(|person| self.enrol(*person, contender.moving()));
            }
            Contender::GoogleAuthenticator => people.iter().for_each(|person| self.google(*person)),
            Contender::Oath => self.oath(people),
        }
        rustix::fs::sync();
    }

    /// Starts mfad and waits until it has read its index of uids.
    pub(crate) fn start_mfad(&mut self) {
        // Enrolments are older than a moment where people log in; mfad keeps none that was written just now.
        std::thread::sleep(Duration::from_millis(2100));
        let read = |mfad: &Mfad| mfad.errors().matches("users have a file").count();
        let before = read(&self.mfad);
        self.mfad.run();
        let end = Instant::now() + Duration::from_secs(60);
        while read(&self.mfad) == before {
            assert!(Instant::now() < end, "mfad does not end reading:\n{}", self.mfad.errors());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until mfad has read every file once, which it does in the background after its start: a list waits for that.
    pub(crate) fn wait_until_all_is_read(&self) {
        let _ = self.mfactl(&["list", "--overdue"]);
    }

    /// The processor time that mfad's threads have had so far.
    pub(crate) fn mfads_processor_time(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.mfad.pid())).unwrap();
        threads
            .map(|thread| fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap())
            .map(|text| Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).expect("nanoseconds")))
            .sum()
    }

    /// Ends mfad; its peak memory in MiB.
    pub(crate) fn stop_mfad(&mut self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.mfad.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        let kib: f64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("kilobytes");
        self.mfad.stop();
        kib / 1024.0
    }

    /// Takes the factors from every hundredth, of all of whom one is required.
    pub(crate) fn leave_some_out(&self) {
        for person in (0..self.files).step_by(100).map(Person) {
            let mut enrollment = person.enrollment(Moving::Counter, &self.recovery);
            (enrollment.factors, enrollment.recovery) = (Vec::new(), None);
            let users = self.world.state_dir().join("users").join(format!("{}.toml", person.name()));
            write(&users, enrollment.print().expect("it prints").as_bytes(), DAEMON, 0o600);
        }
    }

    /// What `mfactl` says to these arguments.
    pub(crate) fn mfactl(&self, args: &[&str]) -> String {
        Mfactl::new(&self.world).run(args, "").ok().stdout
    }

    /// What mfad wrote, for failures.
    pub(crate) fn errors(&self) -> String {
        self.mfad.errors()
    }

    /// Leaves nothing on the disk.
    pub(crate) fn clear(self) {
        let disk = self.disk.clone();
        drop(self);
        let _ = fs::remove_dir_all(disk);
    }

    fn enrol(&self, person: Person, moving: Moving) {
        let enrollment = person.enrollment(moving, &self.recovery);
        let users = self.world.state_dir().join("users").join(format!("{}.toml", person.name()));
        write(&users, enrollment.print().expect("it prints").as_bytes(), DAEMON, 0o600);
        let state = record::first(&State::new(enrollment.state_id, enrollment.uid)).expect("it fits");
        write(&self.world.state_dir().join("state").join(person.name()), &state, DAEMON, 0o600);
    }

    fn google(&self, person: Person) {
        let home = self.home(person);
        let _ = fs::create_dir(&home);
        give(&home, person.uid(), 0o700);
        let secret = base32::encode(person.otp(Moving::Counter).secret());
        let text = format!(
            "{}\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n",
            secret.expose_str().expect("base32")
        );
        let file = home.join(".google_authenticator");
        let _ = fs::remove_file(&file);
        write(&file, text.as_bytes(), person.uid(), 0o400);
    }

    /// As many lines as there are enrolment files, those of `people` among them.
    fn oath(&self, people: &[Person]) {
        let mut text = String::new();
        for person in (0..self.files.max(people.len())).map(Person) {
            let key: String = scatter(person.0 as u64, 20).iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(text, "HOTP\t{}\t-\t{key}", person.name());
        }
        write(&self.world.folder().join("disk/oath/users.oath"), text.as_bytes(), 0, 0o600);
    }

    fn accounts(&self, people: &[Person]) {
        let mut passwd =
            format!("root:x:0:0::/root:/bin/sh\n_mfad:x:{DAEMON}:{DAEMON}::/nonexistent:/usr/sbin/nologin\n");
        for person in people {
            let (name, uid, home) = (person.name(), person.uid(), self.home(*person));
            let _ = writeln!(passwd, "{name}:x:{uid}:{uid}::{}:/bin/sh", home.display());
        }
        self.world.write("/etc/passwd", &passwd, 0o644);
    }

    fn home(&self, person: Person) -> PathBuf {
        self.world.folder().join("disk/home").join(person.name())
    }
}

fn write(path: &Path, bytes: &[u8], owner: u32, mode: u32) {
    let file = File::options().write(true).create(true).truncate(false).open(path).unwrap();
    file.set_len(bytes.len() as u64).and_then(|()| file.write_all_at(bytes, 0)).unwrap();
    give(path, owner, mode);
}

fn give(path: &Path, owner: u32, mode: u32) {
    chown(path, Some(Uid::from_raw(owner)), Some(Gid::from_raw(owner))).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn bind(from: &Path, to: &Path) {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .unwrap_or_else(|e| panic!("binding {} to {}: {e}", from.display(), to.display()));
}

/// Bytes that differ from number to number: splitmix64, which is no secret generator and need not be one here.
fn scatter(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}
