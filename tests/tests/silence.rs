//! Who has shown no first factor learns nothing: unknown, unenrolled and enrolled users meet the same.

use pam_mfa_tests::harness::{House, PamClient, Raw, Ssh, Sshd, Terminal};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// Enrolled, without a factor, and no account at all; five letters each.
const NAMES: [&str; 3] = ["alice", "carol", "ghost"];

/// What a login over ssh with wrong answers shows, and how long it takes.
fn transcript(sshd: &Sshd, user: &str, answers: usize) -> (Vec<u8>, Duration) {
    let start = Instant::now();
    let mut terminal = Terminal::start(&Ssh::to(sshd, user).command("id -un"));
    for _ in 0..answers {
        terminal.answer("Verification code: ", "123456");
    }
    let ended = terminal.finish();
    assert_ne!(ended.code, 0, "{}", ended.text());
    (ended.text().replace(user, "NAME!").into_bytes(), start.elapsed())
}

#[test]
fn transcripts_over_ssh_are_equal_byte_for_byte() {
    let house = House::new("ssh", POLICY);
    let _ = house.enroll("alice", "totp");
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let sshd = Sshd::start(&house.world, "");
    let [enrolled, unenrolled, unknown] = NAMES.map(|user| transcript(&sshd, user, 3).0);
    assert_eq!(enrolled, unenrolled);
    assert_eq!(enrolled, unknown);
}

#[test]
fn events_of_a_pam_call_are_equal() {
    let house = House::new("pam", POLICY);
    let _ = house.enroll("alice", "totp");
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    for answer in ["123456", "", "no code at all", "\u{8}\n\r\u{7f}INCORRECT", "ABCD-EFGH", "654321"] {
        if answer == "654321" {
            // Nor do the tries of a rule tell whom it names.
            let rule = "[[rule]]\nmatch = { user = [\"alice\"] }\nrequire = \"required\"\ntries = 1\n";
            house.mfad.reload(&format!("{POLICY}{rule}"));
            std::thread::sleep(Duration::from_millis(300));
        }
        let met = NAMES.map(|user| {
            PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh").run(&[answer; 3])
        });
        assert_eq!(met[0], met[1], "{answer:?}");
        assert_eq!(met[0], met[2], "{answer:?}");
    }
}

#[test]
fn where_a_rule_asks_some_who_is_unknown_is_taken_for_one_of_them() {
    let rule = "[[rule]]\nmatch = { group = [\"ops\"] }\nrequire = \"required\"\ntries = 2\n";
    let mut house = House::new("some", &format!("require = \"optional\"\n{rule}"));
    house.world.add_group("ops", 3000, &["alice", "carol"]);
    let _ = house.enroll("alice", "totp");
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let met = NAMES.map(|user| {
        PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh").run(&["123456"; 3])
    });
    assert_eq!(met[0], met[1]);
    assert_eq!(met[0], met[2]);
}

/// How long mfad holds a refusal back where nobody has shown a first factor (`mfad/src/service/login.rs`): longer than what
/// it has to do for any of them, so that the work does not show.
const EVEN: Duration = Duration::from_millis(100);

#[test]
fn refusals_take_the_same_time() {
    let house = House::new("time", "require = \"required\"\ntries = 1\n");
    let _ = house.enroll("alice", "totp");
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    // The quickest of several: noise only ever adds.
    let quickest = NAMES.map(|user| {
        let measure = |n: u8| {
            let client = PamClient::new("sshd", user).option("--rhost", &format!("192.0.2.{n}")).option("--tty", "ssh");
            let mut call = client.start();
            call.prompt();
            let start = Instant::now();
            call.answer("123456");
            call.verdict();
            start.elapsed()
        };
        (1..=4).map(measure).min().unwrap()
    });
    let (least, most) = (quickest.iter().min().unwrap(), quickest.iter().max().unwrap());
    assert!(*most - *least < Duration::from_millis(15), "{quickest:?}");
    assert!(*least >= EVEN, "nobody's refusal may come before the moment at which everybody's comes: {quickest:?}");
}

#[test]
fn the_next_prompt_takes_the_same_time_as_well() {
    let house = House::new("again", POLICY);
    let _ = house.enroll("alice", "totp");
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    for user in NAMES {
        let mut call = PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh").start();
        call.prompt();
        let start = Instant::now();
        call.answer("123456");
        call.prompt();
        assert!(start.elapsed() >= EVEN, "{user}: {:?}", start.elapsed());
    }
}

#[test]
fn an_answer_that_is_there_before_its_prompt_is_refused_no_sooner() {
    let house = House::new("ahead", POLICY);
    let _ = house.enroll("alice", "totp");
    for user in NAMES {
        let mut raw = Raw::to(&house, "root.sock");
        let start = Instant::now();
        let context = serde_json::json!({"user": user, "service": "sshd", "real_uid": 0, "rhost": "192.0.2.7"});
        raw.say(&serde_json::json!({"begin": context}));
        raw.say(&serde_json::json!({"answer": {"text": "123456"}}));
        let steps = [raw.hear(), raw.hear()];
        assert!(steps.iter().all(|step| step.as_ref().is_some_and(|step| step["prompt"].is_object())), "{steps:?}");
        assert!(start.elapsed() >= EVEN, "{user}: {:?}", start.elapsed());
    }
}

#[test]
fn a_stranger_cannot_lock_the_user_out() {
    let house = House::new("stranger", "require = \"required\"\ntries = 1\n");
    let codes = house.enroll("alice", "totp").oathtool();
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let now = pam_mfa_tests::harness::calm_now();
    let stranger = PamClient::new("sshd", "alice").option("--rhost", "192.0.2.66").option("--tty", "ssh");
    for _ in 0..8 {
        assert_ne!(stranger.verdict(&[&codes.wrong(now)]), "PAM_SUCCESS");
    }
    assert_ne!(stranger.verdict(&[&codes.totp(now)]), "PAM_SUCCESS", "the stranger's source is locked");
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "code-accepted");
}
