//! Whole logins: processes that call libpam, each with users of its own.

use crate::ground::{Contender, Ground, PERIOD, Person};
use crate::numbers::Figures;
use mfa_core::otp::Moving;
use pam_mfa_tests::harness::now;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Seconds after which no further login is begun.
const SECONDS: &str = "4";

/// Codes of time steps handed to a process: far more than it has time to use.
const STEPS: u64 = 20;

/// Logins of one time step's user: the last step, this one and the next.
const PER_USER: usize = 3;

/// Who logs in.
pub(crate) struct Crowd<'a> {
    /// How many at once.
    pub(crate) processes: usize,
    /// The compiled `login.c`.
    pub(crate) program: &'a Path,
    /// Each login in a new process.
    pub(crate) fresh: bool,
}

impl Crowd<'_> {
    /// Logins of each process in one measurement.
    fn each(&self) -> usize {
        (1200 / self.processes).max(24)
    }
}

/// What one login costs as a process of its own, its start and end included.
#[derive(Debug)]
pub(crate) struct Process {
    /// From before the fork until it is gone.
    pub(crate) times: Figures,
    /// Its processor time.
    pub(crate) own: Duration,
    /// That of mfad, where it takes part.
    pub(crate) mfads: Option<Duration>,
}

/// Measures once, from fresh files.
///
/// # Panics
/// When a login of ours, of google-authenticator or of pam_permit is not a success.
pub(crate) fn run(ground: &mut Ground, contender: Contender, crowd: &Crowd<'_>) -> (Figures, Process) {
    let per_process = match contender.moving() {
        Moving::Time { .. } => crowd.each().div_ceil(PER_USER),
        Moving::Counter => 1,
    };
    let people = ground.people(crowd.processes * per_process);
    ground.prepare(contender, &people);
    if contender.is_ours() {
        ground.start_mfad();
        ground.wait_until_all_is_read();
    }
    let (mut times, mut whole, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut per_second, mut used) = (0.0, Duration::ZERO);
    let before = contender.is_ours().then(|| ground.mfads_processor_time());
    let mut processes: Vec<_> =
        people.chunks(per_process).map(|own| Program::start(ground, contender, crowd, own)).collect();
    processes.iter_mut().for_each(Program::release);
    for process in processes {
        let (logins, busy, own) = process.end();
        used += own;
        per_second += logins.len() as f64 / busy.as_secs_f64();
        for login in logins {
            if login.code == 0 {
                times.push(login.took);
                whole.push(login.with_process);
            } else {
                codes.push(login.code);
            }
        }
    }
    // pam_oath's processes get into one another's way: its failures are counted and shown.
    assert!(
        codes.is_empty() || contender == Contender::Oath,
        "{contender}: PAM said {codes:?}\n{}\n{}",
        ground.errors(),
        tail(ground)
    );
    let share = times.len() as f64 / (times.len() + codes.len()).max(1) as f64;
    let logins = u32::try_from(times.len().max(1)).expect("some thousands");
    let mut figures = Figures::of(times, per_second * share, codes.len());
    let whole = Figures::of(whole, figures.per_second, codes.len());
    let mfads = before.map(|before| (ground.mfads_processor_time() - before) / logins);
    if contender.is_ours() {
        figures.peak = Some(ground.stop_mfad());
    }
    (figures, Process { times: whole, own: used / logins, mfads })
}

fn tail(ground: &Ground) -> String {
    let lines = ground.world.log().lines();
    lines.iter().rev().take(5).rev().cloned().collect::<Vec<_>>().join("\n")
}

/// One of [`login.c`](Crowd::program) at work.
struct Program {
    child: Child,
    says: BufReader<ChildStdout>,
}

/// A line of its results.
struct Login {
    /// What PAM said.
    code: i32,
    took: Duration,
    with_process: Duration,
}

impl Program {
    fn start(ground: &Ground, contender: Contender, crowd: &Crowd<'_>, people: &[Person]) -> Self {
        let mut child = Command::new(crowd.program)
            .arg(ground.confdir())
            .args([contender.service(), SECONDS, if crowd.fresh { "fresh" } else { "same" }])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bench-login");
        let table: String = people.iter().map(|person| line(*person, contender, crowd.each())).collect();
        child.stdin.as_mut().expect("its input").write_all(format!("{table}\n").as_bytes()).expect("its table");
        let mut says = BufReader::new(child.stdout.take().expect("its output"));
        let mut ready = String::new();
        says.read_line(&mut ready).expect("ready");
        assert_eq!(ready, "ready\n");
        Self { child, says }
    }

    fn release(&mut self) {
        self.child.stdin.as_mut().expect("its input").write_all(b"go\n").expect("the start");
    }

    /// Its logins, the time of all, and that of the processors.
    fn end(mut self) -> (Vec<Login>, Duration, Duration) {
        let (mut text, mut logins, mut busy, mut used) = (String::new(), Vec::new(), Duration::ZERO, Duration::ZERO);
        self.says.read_to_string(&mut text).expect("its results");
        assert!(self.child.wait().expect("its end").success());
        let time = |word: &str| Duration::from_nanos(word.parse().expect("a duration"));
        for line in text.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["busy", all] => busy = time(all),
                ["used", all] => used = time(all),
                [code, took, whole] => {
                    let code = code.parse().expect("a PAM code");
                    logins.push(Login { code, took: time(took), with_process: time(whole) });
                }
                _ => panic!("a login is three words: {line}"),
            }
        }
        (logins, busy, used)
    }
}

/// A user's line for `login.c`.
fn line(person: Person, contender: Contender, each: usize) -> String {
    let (period, first, count) = match contender.moving() {
        Moving::Time { .. } => {
            let step = u64::try_from(now()).expect("a time after 1970") / u64::from(PERIOD);
            (PERIOD, step.saturating_sub(1), STEPS)
        }
        Moving::Counter => (0, 0, each as u64),
    };
    let otp = person.otp(contender.moving());
    let mut line = format!("{} {period} {first}", person.name());
    let codes: Vec<_> = (first..first + count).map(|step| otp.code(step)).collect();
    let codes: Vec<_> = codes.iter().map(|code| code.expose_str().expect("digits")).collect();
    // Of one user in 5,000 two of these codes are equal, and the later would rightly be taken for a replay: that user does not log in.
    if period == 0 || codes.iter().collect::<HashSet<_>>().len() == codes.len() {
        line.extend(codes.iter().flat_map(|code| [" ", code]));
    }
    line + "\n"
}
