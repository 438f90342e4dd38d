//! One system call fails while mfad starts: it says why and does not run, or it runs with all that it must know.
//!
//! strace makes the k-th call of each name fail, from the first on that the loader does not make. What mfad must know here is
//! that everybody needs a factor, which stands in its state folder alone: an mfad that came up without it would let bob by.

use pam_mfa_tests::harness::strace::{Fault, beside, counted, happened};
use pam_mfa_tests::harness::{Event, House, Program, built, is_whole};
use std::time::Instant;

/// The policy file asks nothing.
const POLICY: &str = "require = \"off\"\n";

/// What tokio says where it cannot write to its eventfd, whose writes do not fail by themselves: it panics, and mfad ends.
const EVENTFD: &str = "failed to wake I/O driver";

/// How these calls can fail while a program starts (their man pages' ERRORS).
const WAYS: [(&str, &[&str]); 22] = [
    ("openat", &["error=EMFILE", "error=EIO", "error=EACCES"]),
    ("openat2", &["error=EMFILE", "error=EIO", "error=EACCES"]),
    ("read", &["error=EIO"]),
    ("pread64", &["error=EIO"]),
    ("getdents64", &["error=EIO"]),
    ("fstat", &["error=EIO"]),
    ("newfstatat", &["error=EIO"]),
    ("statx", &["error=EIO"]),
    ("write", &["error=EIO", "error=ENOSPC"]),
    ("pwrite64", &["error=EIO"]),
    ("fdatasync", &["error=EIO"]),
    ("flock", &["error=EIO"]),
    ("mmap", &["error=ENOMEM"]),
    ("clone3", &["error=EAGAIN"]),
    ("socket", &["error=EMFILE"]),
    ("bind", &["error=EIO"]),
    ("listen", &["error=EIO"]),
    ("epoll_create1", &["error=EMFILE"]),
    ("epoll_ctl", &["error=ENOMEM"]),
    ("prctl", &["error=EPERM"]),
    ("setgroups", &["error=EPERM"]),
    ("setresuid", &["error=EPERM"]),
];

/// Of the faults of one call and way, so many are tried in every run, spread over all; each under `tests/run.sh --all`.
const TRIED: usize = 3;

#[test]
fn an_mfad_that_cannot_know_all_it_must_does_not_run() {
    let mut house = House::new("starts", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    assert_eq!(house.knock("bob", "123456").reason, "not-required", "what an mfad without its state folder would say");
    let _ = house.mfactl.run(&["require", "--all", "required"], "").ok();
    assert_eq!(house.knock("bob", "123456").reason, "enrolment-required");
    house.mfad.stop();
    let (loading, log) = Program::new(built("mfad")).arg("--version").failing(&house.world, None);
    let _ = loading.run("").ok();
    let by_loader = counted(&log);
    let (words, log) = beside(&house.world, None);
    assert_eq!(house.mfad.comes_up_behind(words), None);
    house.mfad.stop();
    let all = counted(&log);
    // What everybody may write to is no place for anything.
    let trace = std::fs::read_to_string(&log).unwrap();
    let open: Vec<_> = trace.lines().filter(|line| line.contains("\"/tmp") || line.contains("\"/var/tmp")).collect();
    assert!(open.is_empty(), "{open:#?}");
    let (mut counter, mut ran, mut ended) = (0, 0, 0);
    let start = Instant::now();
    for (call, ways) in WAYS {
        let first = by_loader.get(call).map_or(1, |made| made + 1);
        let last = all.get(call).copied().unwrap_or_default();
        let step = if std::env::var_os("MFA_LONG").is_some() {
            1
        } else {
            (last + 1).saturating_sub(first).div_ceil(TRIED).max(1)
        };
        for (how, when) in ways.iter().flat_map(|how| (first..=last).step_by(step).map(move |when| (*how, when))) {
            let fault = Fault { call: call.to_owned(), how, when };
            let (words, log) = beside(&house.world, Some(&fault));
            match house.mfad.comes_up_behind(words) {
                Some((code, said)) => {
                    assert!(code != 0 && !said.trim().is_empty(), "{fault}: it ended with {code}: {said:?}");
                    let by_tokio = call == "write" && said.contains(EVENTFD) && said.matches("panicked").count() == 1;
                    assert!(by_tokio || !said.contains("panicked"), "{fault}: {said}");
                    ended += 1;
                }
                None => {
                    let bob = house.knock("bob", "123456");
                    assert!(bob.code != "PAM_SUCCESS" && bob.reason != "not-required", "{fault}: {bob:?}");
                    assert_ne!(house.knock("alice", "000000").code, "PAM_SUCCESS", "{fault}");
                    // Each of its threads may still come to its own k-th call: refused then, and served when asked again.
                    let mut said = Vec::new();
                    let served = (0..4).any(|_| {
                        let knock = house.knock("alice", &codes.hotp(counter));
                        // A code that was not asked for is not used up; too many of them would lie beyond what mfad looks ahead.
                        counter += u64::from(knock.events.iter().any(|event| matches!(event, Event::Prompt { .. })));
                        said.push(knock.reason);
                        knock.code == "PAM_SUCCESS"
                    });
                    // Or it has ended: systemd starts it anew.
                    assert!(
                        served || !house.mfad.runs(),
                        "{fault}: it runs and serves nobody: {said:?}\n{}",
                        house.mfad.errors()
                    );
                    house.mfad.kill9();
                    ran += 1;
                }
            }
            assert!(happened(&log), "{fault} did not come to pass");
        }
        house.mfad.run();
        is_whole(&house, &call);
        house.mfad.stop();
    }
    println!("{} faults in a start: {ran} ran all the same, {ended} said why not; {:?}", ran + ended, start.elapsed());
    assert!(ran > 5 && ended > 10, "the faults met nothing");
}

#[test]
fn where_the_kernel_or_a_sandbox_has_no_openat2_mfad_says_so_and_does_not_run() {
    let mut house = House::new("starts-old", POLICY);
    house.mfad.stop();
    for how in ["error=ENOSYS", "error=EPERM"] {
        let (words, log) = beside(&house.world, Some(&Fault { call: String::from("openat2"), how, when: 1 }));
        let (code, said) = house.mfad.comes_up_behind(words).expect("an mfad that refuses");
        assert!(code != 0 && said.contains("Linux 5.6"), "{how}: {code}: {said}");
        assert!(happened(&log), "{how}");
    }
}
