//! Logins of every ending, one after the other, for as long as one cares to wait: mfad holds no more in the end than it did before.
//!
//! Ten seconds in every run; `MFA_MINUTES=60` makes it an hour. Whatever its length, mfad is looked at 180 times while nobody is at the
//! door: each ten seconds of half an hour. The first sixth of these is compared with the last.

use mfa_core::otp::{LOOK_AHEAD, LOOK_BACK};
use pam_mfa_tests::harness::{House, Mfactl, Mfad, Oathtool, PamCall, PamClient, Raw, World, begin};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// So many people come at once, in each lap.
const PEOPLE: u32 = 8;

/// How often mfad is looked at, from the beginning to the end.
const LOOKS: u32 = 180;

fn how_long() -> Duration {
    let minutes = std::env::var("MFA_MINUTES").ok().map(|text| text.parse::<u64>().expect("MFA_MINUTES is a number"));
    minutes.map_or(Duration::from_secs(10), |minutes| Duration::from_secs(minutes * 60))
}

/// What mfad holds: resident memory and the most there ever was of it in KiB, descriptors, threads.
#[derive(Debug, Clone, Copy)]
struct Held {
    resident: usize,
    most: usize,
    descriptors: usize,
    threads: usize,
}

impl Held {
    /// Now, with nobody at the door: a client does not wait until mfad has seen its connection's end.
    fn by(mfad: &Mfad, idle: usize) -> Self {
        let end = Instant::now() + Duration::from_secs(5);
        while descriptors(mfad) > idle && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", mfad.pid())).unwrap();
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        Self {
            resident: number("VmRSS:"),
            most: number("VmHWM:"),
            descriptors: descriptors(mfad),
            threads: number("Threads:"),
        }
    }
}

fn descriptors(mfad: &Mfad) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", mfad.pid())).unwrap().count()
}

/// Somebody with a counter in their token.
struct Person {
    name: String,
    codes: Oathtool,
    used: u64,
}

impl Person {
    fn client(&self) -> PamClient {
        PamClient::new("door", &self.name)
    }

    /// Their next code, and one that is none of theirs.
    fn next(&mut self) -> (String, String) {
        let (back, ahead) = (self.used.min(LOOK_BACK), usize::try_from(LOOK_AHEAD).unwrap());
        let all = self.codes.hotps(self.used - back, 60);
        let (spent, near) = all.split_at(usize::try_from(back).unwrap());
        // Once in a hundred thousand logins a code is one of the last ten as well, which is a replay; and as often one of the next ten,
        // and mfad goes on behind that one.
        let code = near.iter().find(|code| !spent.contains(code)).unwrap();
        let last = near.iter().take(ahead).rposition(|near| near == code).unwrap();
        self.used += 1 + u64::try_from(last).unwrap();
        let wrong = (100_000..).map(|n| n.to_string()).find(|code| !all.contains(code)).unwrap();
        (code.clone(), wrong)
    }
}

/// Everybody comes in, most of them after something went wrong; how many logins were begun.
fn lap(house: &House, people: &mut [Person], turn: usize) -> usize {
    let mut begun = 0;
    let mut replayed = None;
    let codes: Vec<_> = people.iter_mut().map(Person::next).collect();
    // A wrong code of one, and one who leaves at the prompt.
    let (one, other) = (turn % people.len(), (turn + 1) % people.len());
    assert_ne!(people[one].client().verdict(&[&codes[one].1]), "PAM_SUCCESS");
    let mut leaving = people[other].client().start();
    let _ = leaving.prompt();
    drop(leaving);
    // A stranger, and a locker that asks and hangs up.
    assert_ne!(PamClient::new("door", "mallory").verdict(&["123456"]), "PAM_SUCCESS");
    let _ = Raw::to(house, "user.sock").ask(&begin(&people[one].name, house.world.user(&people[one].name).uid));
    begun += 4;
    let mut calls: Vec<PamCall> = people.iter().map(|person| person.client().start()).collect();
    for (call, (right, _)) in calls.iter_mut().zip(&codes) {
        call.answer(right);
    }
    for (call, person) in calls.iter_mut().zip(people.iter()) {
        assert_eq!(call.verdict(), "PAM_SUCCESS", "{}: {}", person.name, house.mfad.errors());
        replayed = Some(&person.name);
        begun += 1;
    }
    let replayed = replayed.unwrap();
    assert_ne!(PamClient::new("door", replayed).verdict(&[&codes[people.len() - 1].0]), "PAM_SUCCESS");
    begun + 1
}

/// What an administrator does now and then.
fn rounds(house: &House) {
    house.mfad.reload(POLICY);
    let _ = house.enroll("bob", "totp");
    for words in [&["status", "bob"][..], &["list"], &["reset", "bob"], &["log", "--user", "bob"]] {
        let _ = house.mfactl.run(words, "").ok();
    }
}

/// The middle of these: one that was looked at in a busy moment counts as little as one in a calm one.
fn middle(of: &[Held], what: fn(&Held) -> usize) -> usize {
    let mut all: Vec<usize> = of.iter().map(what).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[test]
fn logins_of_every_ending_leave_mfad_as_it_was_however_long_they_go_on() {
    let mut world = World::new("hours");
    let names: Vec<_> = (0..PEOPLE).map(|n| world.add_user(&format!("user{n}"), 2000 + n).name).collect();
    let mut mfad = Mfad::new(&world, POLICY).logging_as_installed();
    mfad.run();
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.world.pam("door", &[&house.world.module("required", "first_factor=stack")]);
    let enrolled =
        names.into_iter().map(|name| Person { codes: house.enroll(&name, "hotp").oathtool(), name, used: 0 });
    let mut people: Vec<Person> = enrolled.collect();
    // What is needed once is there after the first lap.
    let mut begun = lap(&house, &mut people, 0);
    rounds(&house);
    std::thread::sleep(Duration::from_millis(300));
    let idle = descriptors(&house.mfad);
    let (all, start) = (how_long(), Instant::now());
    let mut looks: Vec<Held> = Vec::new();
    for turn in 1.. {
        begun += lap(&house, &mut people, turn);
        if turn % 20 == 0 {
            rounds(&house);
        }
        let due = all * u32::try_from(looks.len() + 1).unwrap() / LOOKS;
        if start.elapsed() >= due {
            looks.push(Held::by(&house.mfad, idle));
            if all > Duration::from_secs(60) {
                println!("{:?} {begun} {:?}", start.elapsed(), looks.last().unwrap());
            }
        }
        if start.elapsed() >= all {
            break;
        }
    }
    let sixth = (looks.len() / 6).max(1);
    let (first, last) = (&looks[..sixth], &looks[looks.len() - sixth..]);
    let told = |of: &[Held]| {
        let middles =
            [middle(of, |held| held.resident), middle(of, |held| held.descriptors), middle(of, |held| held.threads)];
        let most = of.iter().map(|held| held.most).max().unwrap();
        format!("{} KiB (at most {most}), {} descriptors, {} threads", middles[0], middles[1], middles[2])
    };
    println!(
        "{begun} logins in {:?}, {} looks: the first sixth {}, the last {}",
        start.elapsed(),
        looks.len(),
        told(first),
        told(last)
    );
    assert!(looks.iter().all(|held| held.descriptors <= idle), "more than {idle} descriptors: {looks:?}");
    // The allocator settles in the first thousands of logins; a thread more keeps its stack's used pages and what the allocator holds
    // for it.
    let threads = middle(last, |held| held.threads).saturating_sub(middle(first, |held| held.threads)) * 128;
    let settles = if begun > 10_000 { 1024 } else { 4096 };
    let (before, after) = (middle(first, |held| held.resident), middle(last, |held| held.resident));
    assert!(after <= before + settles + threads, "memory grows from {before} to {after}: {looks:?}");
    assert!(looks.iter().all(|held| held.threads <= 256), "threads grow: {looks:?}");
}
