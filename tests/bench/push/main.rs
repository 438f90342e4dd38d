//! The benchmark of pushes: machine time, everything but the human, beside polkit's own round trip; memory with many open.
//!
//! `tests/bench/push.sh` builds release programs and runs it; `docs/performance.md` holds what it printed. Nothing asserts a
//! time. What must never happen: a push in the numbers that was not granted by its device's signature.

#[path = "../numbers.rs"]
mod numbers;
mod polkit;

use mfa_core::secret::Secret;
use mfa_core::wire::{Ask, Context, ROOT_SOCKET, Step, body_length, decode, encode};
use numbers::{Figures, median};
use pam_mfa_tests::harness::{Device, Enrolled, House, Mfactl, Mfad, SystemBus, World, number_in, request_id};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often everything is measured; the table has medians.
const ROUNDS: usize = 3;

/// Users with an agent each.
const AGENTS: usize = 500;

/// Pushes of one measurement, by as many users: five in ten minutes are one user's share.
const PUSHES: usize = 200;

/// Logins that wait for an approval of others; each asks 32 people.
const WAITING: usize = 32;

/// `approved` for one service, so that requests to many can be opened.
const POLICY: &str = "require = \"required\"\n[[rule]]\nmatch = { service = [\"wide\"] }\nrequire = \"approved\"\n\
                      approvers = { group = \"ops\", count = 5 }\n";

fn main() {
    let mut world = World::new("bench-push");
    world.add_user("polkitd", 996);
    let bus = SystemBus::start_with(&world, &["/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf"]);
    let mfad = Mfad::start(&world, POLICY);
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    let names: Vec<String> = (0..AGENTS).map(|number| format!("user{number:03}")).collect();
    for (number, name) in names.iter().enumerate() {
        house.world.add_user(name, 20_000 + u32::try_from(number).expect("few"));
    }
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    house.world.add_group("ops", 4000, &members);

    let (mut few, mut many, mut peer) = (Vec::new(), Vec::new(), Vec::new());
    let mut wide = None;
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        peer.push(polkit::run(&house.world, PUSHES));
        few.push(Crew::enrol(&house, &names[..PUSHES]).push_all(&house));
        let mut all = Crew::enrol(&house, &names);
        many.push(all.push_all(&house));
        if wide.is_none() {
            let held = all.open_wide(&house);
            wide = Some((held.requests, memory(&house.mfad)));
        }
    }
    println!("| round trip | p50 ms | p99 ms | per second, one after the other | mfad's memory MiB | failed |");
    println!("|---|--:|--:|--:|--:|--:|");
    for (what, rounds) in [
        (format!("**pam_mfa**, {PUSHES} agents"), few),
        (format!("**pam_mfa**, {AGENTS} agents"), many),
        (String::from("polkit 122, one agent, without PAM"), peer),
    ] {
        println!(
            "| {what} | {} | {:.2} | {:.0} | {} | {} |",
            numbers::spread(&rounds),
            median(&rounds, |f| f.p99),
            median(&rounds, |f| f.per_second),
            rounds.iter().filter_map(|f| f.peak).reduce(f64::max).map_or_else(String::new, |mib| format!("{mib:.1}")),
            rounds.iter().map(|f| f.failed).sum::<usize>()
        );
    }
    let (requests, full) = wide.expect("measured in the first round");
    println!("\nWith {AGENTS} agents and {requests} requests open mfad has {full:.1} MiB resident.");
    drop(bus);
}

/// People with a device each.
struct Crew {
    people: Vec<(String, Enrolled, Device)>,
    socket: PathBuf,
}

/// Logins that wait.
struct Held {
    requests: usize,
    _connections: Vec<UnixStream>,
}

impl Crew {
    fn enrol(house: &House, names: &[String]) -> Self {
        let mut people = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let _ = house.mfactl.run(&["reset", name], "");
            let enrolled = house.enroll(name, "totp");
            let mut device = Device::start(&house.world.user(name), u8::try_from(number % 250).expect("small"));
            let _ = device.pair(&enrolled.recovery_codes[0]);
            people.push((name.clone(), enrolled, device));
        }
        Self { people, socket: house.world.run_dir().join(ROOT_SOCKET) }
    }

    fn push_all(&mut self, house: &House) -> Figures {
        let start = Instant::now();
        let times: Vec<Duration> = self
            .people
            .iter_mut()
            .take(PUSHES)
            .map(|(name, _, device)| {
                push(&self.socket, name, device).unwrap_or_else(|| panic!("{}", house.mfad.errors()))
            })
            .collect();
        let per_second = PUSHES as f64 / start.elapsed().as_secs_f64();
        Figures { peak: Some(memory(&house.mfad)), ..Figures::of(times, per_second, 0) }
    }

    /// Opens requests to many for each of some logins, and leaves them open.
    fn open_wide(&mut self, house: &House) -> Held {
        let mut connections = Vec::new();
        for (name, enrolled, _) in self.people.iter().rev().take(WAITING) {
            let mut stream = UnixStream::connect(&self.socket).expect("mfad's socket");
            let begun = ask(&mut stream, &Ask::Begin(context(name, "wide")));
            assert!(matches!(begun, Step::Prompt { .. }), "{begun:?}");
            let text = Some(Secret::from(enrolled.recovery_codes[1].clone()));
            let asked = ask(&mut stream, &Ask::Answer { text });
            assert!(matches!(asked, Step::Prompt { .. }), "{asked:?}: {}", house.mfad.errors());
            connections.push(stream);
        }
        let requests = self.people.iter_mut().map(|(_, _, device)| shown(device)).sum();
        Held { requests, _connections: connections }
    }
}

/// How many requests a device was shown just now.
fn shown(device: &mut Device) -> usize {
    let mut count = 0;
    while !device.hears_no("PRESENTED", Duration::from_millis(10)) {
        let _ = device.presented();
        count += 1;
    }
    count
}

/// One login by push. What is counted: until the terminal has its prompt and the device its request, and from the
/// device's yes until the grant. What lies between is the human's.
fn push(socket: &Path, name: &str, device: &mut Device) -> Option<Duration> {
    let start = Instant::now();
    let mut stream = UnixStream::connect(socket).expect("mfad's socket");
    let Step::Prompt { text, .. } = ask(&mut stream, &Ask::Begin(context(name, "bench"))) else { return None };
    let request = device.presented();
    let before = start.elapsed();
    let number = number_in(&text);
    let wait = ask(&mut stream, &Ask::Answer { text: Some(Secret::new(Vec::new())) });
    assert!(matches!(wait, Step::Wait { .. }), "{wait:?}");
    let start = Instant::now();
    device.begins(&format!("approve {} {number}", request_id(&request)));
    let granted = hear(&mut stream);
    let after = start.elapsed();
    assert!(matches!(granted, Step::Granted(_)), "{granted:?}");
    assert_eq!(device.done(), "OK");
    Some(before + after)
}

fn context(name: &str, service: &str) -> Context {
    Context { user: name.to_owned(), service: service.to_owned(), first_factor_stack: true, ..Context::default() }
}

fn ask(stream: &mut UnixStream, ask: &Ask) -> Step {
    stream.write_all(&encode(ask).expect("a frame")).expect("a frame sent");
    hear(stream)
}

fn hear(stream: &mut UnixStream) -> Step {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).expect("a reply");
    let mut body = vec![0; body_length(prefix).expect("a length")];
    stream.read_exact(&mut body).expect("a whole reply");
    decode(&body).expect("a step")
}

/// Resident memory in MiB.
fn memory(mfad: &Mfad) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", mfad.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kib: f64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("kilobytes");
    kib / 1024.0
}
