//! The doors themselves: a real sshd, sudo and su ask for a code, take it once, and refuse every other.

use pam_mfa_tests::harness::{Ended, Enrolled, House, PASSWORD, Program, Ssh, Sshd, Terminal, User, calm_now};

/// One answer a login, so that a wrong code ends it; the programs' own retries are cut as well.
const POLICY: &str = "require = \"required\"\ntries = 1\n";

const CODE: &str = "Verification code: ";

/// A way in that asks for a second factor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// A key, then keyboard-interactive with our module alone.
    KeyThenCode,
    /// One keyboard-interactive stack of `pam_unix` and our module.
    PasswordThenCode,
    /// sudo on a terminal.
    Sudo,
    /// su on a terminal.
    Su,
}

/// A house whose door of this kind is open for business.
struct Entrance {
    door: Door,
    sshd: Option<Sshd>,
    house: House,
}

impl Entrance {
    fn new(name: &str, door: Door) -> Self {
        let house = House::new(name, POLICY);
        let (alone, behind) =
            (house.world.module("required", ""), house.world.module("required", "first_factor=stack"));
        let stack = ["requisite pam_unix.so", &behind];
        let sshd = match door {
            Door::KeyThenCode => {
                house.world.pam("sshd", &[&alone, CREDENTIALS]);
                Some(Sshd::start(&house.world, "AuthenticationMethods publickey,keyboard-interactive"))
            }
            Door::PasswordThenCode => {
                house.world.pam("sshd", &stack);
                Some(Sshd::start(&house.world, ""))
            }
            Door::Sudo => {
                house.world.pam("sudo", &stack);
                house.world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\n%guests ALL=(ALL) ALL");
                None
            }
            Door::Su => {
                house.world.pam("su", &stack);
                None
            }
        };
        Self { door, sshd, house }
    }

    /// A new user, enrolled.
    fn guest(&mut self, name: &str, uid: u32) -> (User, Enrolled) {
        let user = self.house.world.add_user(name, uid);
        self.house.world.add_group("guests", 3000, &["alice", "bob", "carol", "dave", "erin"]);
        (user, self.house.enroll(name, "totp"))
    }

    /// Knocks as this user, up to the prompt for the code.
    fn at_the_prompt(&self, user: &User) -> Terminal {
        let program = match (self.door, &self.sshd) {
            (Door::KeyThenCode, Some(sshd)) => Ssh::to(sshd, &user.name)
                .option("NumberOfPasswordPrompts=1")
                .key(&self.house.world, user)
                .command("id -un"),
            (_, Some(sshd)) => Ssh::to(sshd, &user.name).option("NumberOfPasswordPrompts=1").command("id -un"),
            (Door::Sudo, _) => Program::new("sudo").args(["id", "-un"]).as_user(user),
            (_, None) => Program::new("su").args([&user.name, "-c", "id -un"]).as_user(&self.house.world.user("bob")),
        };
        let mut terminal = Terminal::start(&program);
        if self.door != Door::KeyThenCode {
            terminal.answer("assword", PASSWORD);
        }
        terminal.expect(CODE);
        terminal
    }

    /// Whom `id -un` names behind the door.
    fn becomes<'a>(&self, user: &'a User) -> &'a str {
        if self.door == Door::Sudo { "root" } else { &user.name }
    }

    /// Whether the user gets in with this code, and the reason in the log.
    fn knock(&self, user: &User, code: &str) -> (bool, String) {
        let mark = self.house.world.log().mark();
        let mut terminal = self.at_the_prompt(user);
        terminal.line(code);
        let ended = terminal.finish();
        let line = self.house.world.log().expect_new(mark, &["pam_mfa(", &format!("user=\"{}\"", user.name)]);
        let reason = line.split("reason=").nth(1).unwrap().split_whitespace().next().unwrap();
        let inside = ended.text().contains(&format!("\n{}\r\n", self.becomes(user)));
        assert_eq!(ended.code == 0, inside, "{}", ended.text());
        assert_eq!(line.contains("result=granted"), inside, "{line}\n{}", ended.text());
        assert!(!ended.text().contains(code) && !line.contains(code), "a code was shown: {line}\n{}", ended.text());
        (inside, reason.to_owned())
    }

    fn expect(&self, user: &User, code: &str, inside: bool, reason: &str) {
        assert_eq!(self.knock(user, code), (inside, reason.to_owned()), "{} with {code}", user.name);
    }
}

/// sshd establishes credentials in another process than the one that asked for the code, where our module has nothing
/// to say; somebody must say yes there.
const CREDENTIALS: &str = "required pam_permit.so";

/// Everything a code can be, at one door.
fn judge(name: &str, door: Door) {
    let mut entrance = Entrance::new(name, door);
    let (dave, enrolled) = entrance.guest("dave", 1004);
    let codes = enrolled.oathtool();
    let now = calm_now();
    entrance.expect(&dave, &codes.wrong(now), false, "wrong-code");
    entrance.expect(&dave, &codes.totp(now), true, "code-accepted");
    entrance.expect(&dave, &codes.totp(now), false, "replay");
    let [first, second, ..] = &enrolled.recovery_codes[..] else { panic!("{enrolled:?}") };
    entrance.expect(&dave, first, true, "code-accepted");
    entrance.expect(&dave, first, false, "replay");
    entrance.expect(&dave, second, true, "code-accepted");

    let (erin, enrolled) = entrance.guest("erin", 1005);
    let codes = enrolled.oathtool();
    let now = calm_now();
    entrance.expect(&erin, &codes.totp(now - 60), false, "wrong-code");
    entrance.expect(&erin, &codes.totp(now + 60), false, "wrong-code");
    entrance.expect(&erin, &codes.totp(now - 30), true, "code-accepted");
    entrance.expect(&erin, &codes.totp(now + 30), true, "code-accepted");
    entrance.expect(&erin, &codes.totp(now), false, "replay");
}

#[test]
fn sshd_after_a_key_takes_the_right_codes_once() {
    judge("key-code", Door::KeyThenCode);
}

#[test]
fn sshd_after_a_password_takes_the_right_codes_once() {
    judge("password-code", Door::PasswordThenCode);
}

#[test]
fn sudo_takes_the_right_codes_once() {
    judge("sudo-code", Door::Sudo);
}

#[test]
fn su_takes_the_right_codes_once() {
    judge("su-code", Door::Su);
}

#[test]
fn a_wrong_code_may_be_followed_by_the_right_one_in_the_same_login() {
    let house = House::new("tries", "require = \"required\"\n");
    house.world.pam("sshd", &[&house.world.module("required", ""), CREDENTIALS]);
    let sshd = Sshd::start(&house.world, "AuthenticationMethods publickey,keyboard-interactive");
    let codes = house.enroll("alice", "totp").oathtool();
    let ssh = Ssh::to(&sshd, "alice").key(&house.world, &house.world.user("alice")).command("id -un");
    let now = calm_now();
    let mut terminal = Terminal::start(&ssh);
    terminal.answer(CODE, &codes.wrong(now));
    terminal.answer("That code was not accepted. Verification code: ", &codes.totp(now));
    let ended = terminal.finish();
    assert_eq!(ended.code, 0, "{}\n{}", ended.text(), sshd.log());
    let mut terminal = Terminal::start(&ssh);
    for _ in 0..3 {
        terminal.answer(CODE, &codes.wrong(now));
    }
    let ended = terminal.finish();
    assert_eq!(ended.code, 255, "{}", ended.text());
    assert_eq!(ended.text().matches(CODE).count(), 3, "one login, three answers:\n{}", ended.text());
}

#[test]
fn files_pass_by_scp_and_sftp_behind_a_code() {
    let house = House::new("files", POLICY);
    house.world.pam("sshd", &[&house.world.module("required", ""), CREDENTIALS]);
    let sshd = Sshd::start(&house.world, "AuthenticationMethods publickey,keyboard-interactive");
    let alice = house.world.user("alice");
    let ssh = Ssh::to(&sshd, "alice").key(&house.world, &alice);
    let recovery = house.enroll("alice", "totp").recovery_codes;
    let letter = house.world.folder().join("letter");
    house.world.write(&letter, "a letter", 0o644);
    let batch = house.world.folder().join("batch");
    house.world.write(&batch, &format!("put {} by-sftp\n", letter.display()), 0o644);
    for (program, name, code) in
        [(ssh.copy_to(&letter, "by-scp"), "by-scp", &recovery[0]), (ssh.transfer(&batch), "by-sftp", &recovery[1])]
    {
        let mut terminal = Terminal::start(&program);
        terminal.answer(CODE, code);
        let ended = terminal.finish();
        assert_eq!(ended.code, 0, "{}", ended.text());
        assert_eq!(std::fs::read_to_string(alice.home.join(name)).unwrap(), "a letter");
    }
}

#[test]
fn a_key_alone_is_enough_where_policy_asks_nothing() {
    let house = House::new(
        "off",
        "require = \"required\"\n[[rule]]\nmatch = { service = [\"*\"], user = [\"alice\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    let module = house.world.module("required", "");
    house.world.pam_file(
        "sshd",
        &format!("auth required pam_permit.so\nauth {module}\naccount {module}\naccount required pam_permit.so\nsession {module}\nsession required pam_permit.so\n"),
    );
    let log_in = |sshd: &Sshd, name: &str| {
        let user = house.world.user(name);
        Terminal::start(&Ssh::to(sshd, name).key(&house.world, &user).command("id -un")).finish()
    };
    let keys = Sshd::start(&house.world, "AuthenticationMethods publickey");
    let ended = log_in(&keys, "alice");
    assert_eq!((ended.code, ended.text().as_str()), (0, "alice\r\n"));
    let both = Sshd::start(&house.world, "AuthenticationMethods publickey,keyboard-interactive");
    let ended = log_in(&both, "alice");
    assert_eq!((ended.code, ended.text().as_str()), (0, "alice\r\n"));
    house.world.log().expect(&["pam_mfa(sshd:auth)", "user=\"alice\"", "result=ignored", "reason=not-required"]);
    // The same door asks everybody else.
    let ended = log_in(&both, "bob");
    assert_ne!(ended.code, 0, "{}", ended.text());
    house.world.log().expect(&["pam_mfa(sshd:auth)", "user=\"bob\"", "result=refused", "reason=enrolment-required"]);
}

#[test]
fn sudo_that_may_not_ask_is_refused_without_a_prompt() {
    let entrance = Entrance::new("sudo-n", Door::Sudo);
    let alice = entrance.house.world.user("alice");
    let _ = entrance.house.enroll("alice", "totp");
    entrance.house.world.sudoers("alice ALL=(ALL) ALL");
    let ended: Ended = Terminal::start(&Program::new("sudo").args(["-n", "id"]).as_user(&alice)).finish();
    assert_eq!(ended.code, 1);
    assert!(ended.text().contains("a password is required"), "{}", ended.text());
    assert!(!ended.text().contains(CODE) && !ended.text().contains("uid=0"), "{}", ended.text());
}

#[test]
fn sudo_reads_a_code_from_its_input_where_told_to() {
    let entrance = Entrance::new("sudo-s", Door::Sudo);
    let alice = entrance.house.world.user("alice");
    let code = entrance.house.enroll("alice", "totp").oathtool().totp(calm_now());
    entrance.house.world.sudoers("Defaults passwd_tries=1\nalice ALL=(ALL) ALL");
    let sudo = Program::new("sudo").args(["-S", "id", "-un"]).as_user(&alice);
    let first = sudo.run(&format!("{PASSWORD}\n{code}\n"));
    assert_eq!(first.stdout, "root\n", "{}\n{:#?}", first.stderr, entrance.house.world.log().lines());
    let again =
        Program::new("sudo").args(["-k", "-S", "id", "-un"]).as_user(&alice).run(&format!("{PASSWORD}\n{code}\n"));
    assert_eq!((again.code, again.stdout.as_str()), (1, ""), "{}", again.stderr);
}

#[test]
fn sudo_takes_a_code_of_a_program_that_entered_a_container() {
    let entrance = Entrance::new("sudo-entered", Door::Sudo);
    let alice = entrance.house.world.user("alice");
    let code = entrance.house.enroll("alice", "totp").oathtool().totp(calm_now());
    entrance.house.world.sudoers("Defaults passwd_tries=1\nalice ALL=(ALL) ALL");
    let sudo = Program::new("sudo").args(["-S", "id", "-un"]).as_user(&alice).entered();
    let first = sudo.run(&format!("{PASSWORD}\n{code}\n"));
    assert_eq!(first.stdout, "root\n", "{}\n{:#?}", first.stderr, entrance.house.world.log().lines());
}
