//! A push goes out behind a first factor alone: for each way without one the same way with it, which sends one.

use pam_mfa_tests::harness::{BOTH, Device, Home, Mfactl, PASSWORD, Program, Ssh, Sshd, Terminal, World};

const POLICY: &str = "require = \"required\"\n";

/// What is shown where no push is offered.
const CODE_ALONE: &str = "Verification code: ";

/// What is shown again when the password did not do.
const PASSWORD_AGAIN: &str = "assword";

/// How many pushes mfad has sent, to anybody.
fn sent(mfactl: &Mfactl) -> usize {
    mfactl.run(&["log", "--json"], "").ok().stdout.matches("push.sent").count()
}

/// Goes in by `way` with this password, if one is asked for, until `prompt` is shown, and leaves. `device` is shown a request, or
/// nobody is.
fn knocks(mfactl: &Mfactl, way: &Program, password: Option<&str>, prompt: &str, device: Option<&mut Device>) {
    let before = sent(mfactl);
    let mut terminal = Terminal::start(way);
    if let Some(password) = password {
        terminal.answer("assword", password);
    }
    terminal.expect(prompt);
    assert_eq!(sent(mfactl) - before, usize::from(device.is_some()), "{way:?}");
    drop(terminal);
    if let Some(device) = device {
        let _ = device.presented();
        assert!(device.hears(&["WITHDRAWN"]).ends_with("cancelled"));
    }
}

fn sshd(world: &World, methods: &str, root: &str) -> Sshd {
    Sshd::start(world, &format!("AuthenticationMethods {methods}\nPermitRootLogin {root}"))
}

#[test]
fn a_wrong_password_an_unknown_user_and_root_who_may_not_log_in_send_no_push() {
    let mut home = Home::new("push-password", POLICY);
    let mut roots = home.neighbour("root", 7);
    let (world, mfactl) = (&home.house.world, &home.house.mfactl);
    world.pam("sshd", &["requisite pam_unix.so nodelay", &world.module("required", "first_factor=stack")]);
    let [closed, open] = ["no", "yes"].map(|root| sshd(world, "keyboard-interactive", root));
    let to = |sshd: &Sshd, user: &str| Ssh::to(sshd, user).command("id");

    knocks(mfactl, &to(&closed, "alice"), Some("not the one"), PASSWORD_AGAIN, None);
    knocks(mfactl, &to(&closed, "nobody-here"), Some(PASSWORD), PASSWORD_AGAIN, None);
    knocks(mfactl, &to(&closed, "alice"), Some(PASSWORD), BOTH, Some(&mut home.device));
    // sshd itself exchanges root's password for a wrong one.
    knocks(mfactl, &to(&closed, "root"), Some(PASSWORD), PASSWORD_AGAIN, None);
    knocks(mfactl, &to(&open, "root"), Some(PASSWORD), BOTH, Some(&mut roots));

    home.furnish_sudo_with(3);
    let sudo = Program::new("sudo").arg("id").as_user(&home.house.world.user("alice"));
    knocks(mfactl, &sudo, Some("not the one"), PASSWORD_AGAIN, None);
    knocks(mfactl, &sudo, Some(PASSWORD), BOTH, Some(&mut home.device));
}

#[test]
fn without_a_key_that_sshd_took_nobody_is_sent_a_push_and_with_it_root_only_where_root_may_log_in() {
    let mut home = Home::new("push-key", POLICY);
    let mut roots = home.neighbour("root", 7);
    let (world, mfactl) = (&home.house.world, &home.house.mfactl);
    world.pam("sshd", &[&world.module("required", ""), "required pam_permit.so"]);
    let [closed, open] = ["no", "yes"].map(|root| sshd(world, "publickey,keyboard-interactive", root));
    let keyless = sshd(world, "keyboard-interactive", "no");
    let by_key = |sshd: &Sshd, name: &str| Ssh::to(sshd, name).key(world, &world.user(name)).command("id");

    for user in ["alice", "root", "nobody-here"] {
        knocks(mfactl, &Ssh::to(&keyless, user).command("id"), None, CODE_ALONE, None);
    }
    knocks(mfactl, &by_key(&closed, "alice"), None, BOTH, Some(&mut home.device));
    knocks(mfactl, &by_key(&closed, "root"), None, "Permission denied", None);
    knocks(mfactl, &by_key(&open, "root"), None, BOTH, Some(&mut roots));
    // An unknown user with a key that is somebody's.
    let stranger = Ssh::to(&closed, "nobody-here").key(world, &world.user("alice")).command("id");
    knocks(mfactl, &stranger, None, "Permission denied", None);
}
