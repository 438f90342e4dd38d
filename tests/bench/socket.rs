//! Decisions at mfad's socket, apart from what libpam and a module cost: the frames of a login, spoken directly.

use crate::ground::{Contender, Ground, Person};
use crate::numbers::Figures;
use mfa_core::secret::Secret;
use mfa_core::wire::{Ask, Context, ROOT_SOCKET, Step, body_length, decode, encode};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Decisions of one measurement, shared by all connections.
const DECISIONS: usize = 9_600;

/// As many users at once, each with one connection after the other: connect, begin, answer with a fresh code, granted.
/// HOTP, so that a user has as many codes as are wanted.
pub(crate) fn run(ground: &mut Ground, connections: usize) -> Figures {
    let people = ground.people(connections);
    ground.prepare(Contender::MfaHotp, &people);
    ground.start_mfad();
    ground.wait_until_all_is_read();
    let socket = ground.world.run_dir().join(ROOT_SOCKET);
    let each = (DECISIONS / connections).min(2_400);
    let ready = Barrier::new(connections + 1);
    let (times, elapsed) = std::thread::scope(|scope| {
        let running: Vec<_> =
            people.iter().map(|person| scope.spawn(|| logins(&socket, *person, each, &ready))).collect();
        ready.wait();
        let start = Instant::now();
        let times: Vec<Duration> = running.into_iter().flat_map(|thread| thread.join().expect("a client")).collect();
        (times, start.elapsed())
    });
    let per_second = times.len() as f64 / elapsed.as_secs_f64();
    let mut figures = Figures::of(times, per_second, 0);
    figures.peak = Some(ground.stop_mfad());
    figures
}

fn logins(socket: &Path, person: Person, count: usize, ready: &Barrier) -> Vec<Duration> {
    let otp = person.otp(Contender::MfaHotp.moving());
    let codes: Vec<Secret> = (0..count as u64).map(|counter| otp.code(counter)).collect();
    let context =
        Context { user: person.name(), service: String::from("bench"), first_factor_stack: true, ..Context::default() };
    ready.wait();
    codes
        .into_iter()
        .map(|code| {
            let start = Instant::now();
            let mut stream = UnixStream::connect(socket).expect("mfad's socket");
            let prompted = ask(&mut stream, &Ask::Begin(context.clone()));
            assert!(matches!(prompted, Step::Prompt { .. }), "{prompted:?}");
            let granted = ask(&mut stream, &Ask::Answer { text: Some(code) });
            assert!(matches!(granted, Step::Granted(_)), "{granted:?}");
            start.elapsed()
        })
        .collect()
}

fn ask(stream: &mut UnixStream, ask: &Ask) -> Step {
    stream.write_all(&encode(ask).expect("a frame")).expect("a frame sent");
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).expect("a reply");
    let mut body = vec![0; body_length(prefix).expect("a length")];
    stream.read_exact(&mut body).expect("a whole reply");
    decode(&body).expect("a step")
}
