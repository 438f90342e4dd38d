//! What mfactl says where there is nothing, or where it refuses: what to do next.

use crate::house::{House, MFACTL, run};

#[test]
fn where_there_is_nothing_it_says_so_and_what_is_refused_names_the_next_step() {
    let house = House::new();
    assert!(house.mfactl(&["grants", "games"]).ok().contains("No login of games is remembered"));
    assert!(house.mfactl(&["grants", "games", "--revoke-all"]).ok().contains("there is nothing to forget"));
    house.mfactl(&["grants", "nobody-of-this-name", "--revoke-all"]).refused(1, "there is no account");
    house.mfactl(&["grants", "games", "--revoke", "x"]).refused(1, "no such remembered login");
    house.mfactl(&["require", "games", "approved"]).refused(2, "rules in mfa.toml");
    house.mfactl(&["import", "google-authenticator", "/dev/null"]).refused(2, "--all-homes");
    assert_eq!(
        house.mfactl(&["require", "games", "required"]).ok(),
        "A second factor is required for games.\n",
        "what was done is said in sentences"
    );
    house.mfactl(&["require", "games", "--lift"]).ok();
    let help = house.mfactl(&["ticket", "--help"]).ok();
    assert!(help.contains("mfactl me enroll") && help.contains("mfa-authenticator pair --ticket"), "{help}");
    assert!(house.mfactl(&["me", "enroll", "--help"]).ok().contains("mfactl ticket"));
    assert!(house.mfactl(&["ticket", "games"]).ok().contains("mfa-authenticator pair --ticket"));
    for (key, words) in [("0123456789abcdef0123", "--allow-short-secret"), ("0123456789abcdef", "all of it is there")] {
        house.typing(&["token", "add", "S-1"], &format!("{key}\n")).refused(1, words);
    }

    // Interrupted and begun again: the first key opens nothing any more, and that is said. A token waits on.
    let begin = || house.typing(&["enroll", "games", "--json"], "");
    let _ = house.typing(&["token", "add", "T-1"], &format!("{}\n", "ab".repeat(20))).ok();
    let _ = house.mfactl(&["token", "assign", "T-1", "games"]).ok();
    assert!(!begin().err.contains("replaced"));
    let again = begin();
    assert!(again.err.contains("was never confirmed, and is replaced"), "{again:?}");
    let factors = house.status("games")["factors"].clone();
    assert_eq!(factors.as_array().map(Vec::len), Some(2), "{factors}");
    assert!(house.mfactl(&["log", "--user", "games", "--json"]).ok().contains("never confirmed, and begun again"));
    house.mfactl(&["reset", "games"]).ok();
    house.mfactl(&["factor", "remove", "games", "totp-1"]).refused(1, "has no factor \"totp-1\", and no other");

    house.enrolled("games", "totp");
    let wrong = house.typing(&["verify", "games"], "000000\n");
    assert!(wrong.code == 1 && wrong.out.contains("wrong-code") && wrong.out.contains("clocks"), "{wrong:?}");
    // Tried too often: the list says what the status says.
    (0..5).for_each(|_| drop(house.typing(&["verify", "games"], "000000\n")));
    assert!(house.status("games")["problems"].to_string().contains("mfactl verify has tried"));
    assert!(house.mfactl(&["list"]).ok().contains("PROBLEMS: see mfactl status"));
    house.mfactl(&["unlock", "games"]).ok();
    assert!(!house.mfactl(&["list"]).ok().contains("PROBLEMS"));
    house.give(&house.state_dir().join("users/man.toml"), "version = 1\n");
    house.mfactl(&["status", "man"]).refused(1, "mfactl reset man");
    house.mfactl(&["reset", "man"]).ok();
}

#[test]
fn what_is_off_is_not_said_to_exempt_anybody() {
    let house = House::new();
    let nothing = "Nothing is required of games beyond the policy and other requirements.";
    assert_eq!(
        house.mfactl(&["require", "games", "off"]).ok(),
        format!("{nothing} To exempt somebody write a rule with require = \"off\".\n")
    );
    assert_eq!(house.mfactl(&["explain", "games", "sshd", "--json"]).json()["require"], "required");
    house.enrolled("games", "totp");
    let reset = house.mfactl(&["reset", "games"]).ok();
    assert!(reset.contains("; nothing is required beyond the policy and other requirements"), "{reset}");
    assert_eq!(house.mfactl(&["require", "games", "--lift"]).ok(), format!("{nothing}\n"));
    assert_eq!(
        house.mfactl(&["require", "@games", "optional"]).ok(),
        "A second factor is optional for @games; where policy is stricter, policy holds.\n"
    );
}

#[test]
fn a_first_factor_that_no_rule_could_name_is_refused_by_the_same_list() {
    let house = House::new();
    let explain = |factor: &str| house.mfactl(&["explain", "games", "sshd", "--first-factor", factor]);
    explain("pubkey")
        .refused(2, "expected some of publickey, password, keyboard-interactive, hostbased, gssapi-with-mic, stack");
    explain("pasword").refused(2, "did you mean password?");
    for known in ["publickey", "keyboard-interactive/pam", "stack", "none"] {
        explain(known).ok();
    }
    // Each is what a login would show: none is none, and a session is the user's own.
    for (named, service) in [("none", "sshd"), ("session", "su")] {
        house.write(
            "mfa.toml",
            &format!(
                "require = \"optional\"\n[[rule]]\nmatch = {{ first_factor = [\"{named}\"] }}\nrequire = \"required\"\n"
            ),
        );
        house.reload();
        let heard = |factor: &str| {
            house.mfactl(&["explain", "games", service, "--first-factor", factor, "--json"]).json()["require"].clone()
        };
        assert_eq!((heard(named), heard("stack")), ("required".into(), "optional".into()), "{named}");
    }
}

#[test]
fn who_cannot_be_reached_is_told_with_the_way_to_start_it() {
    let house = House::silent();
    house.mfactl(&["status", "games"]).refused(1, "(systemctl start mfad)");
    let pam = house.folder.to_str().unwrap();
    let doctor = house.mfactl(&["doctor", "--pam-dir", pam, "--config", &house.config()]).out;
    assert!(doctor.contains("(systemctl start mfad)"), "{doctor}");
    let mut me = std::process::Command::new(MFACTL);
    me.arg("me").env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
    run(me, "").refused(1, ". Start it (systemctl start dbus.socket), or ask an administrator");
    let mut mfad = std::process::Command::new(env!("CARGO_BIN_EXE_mfad"));
    mfad.args(["--config", &house.config(), "--user", "no-such-user-here", "--state-dir"]).arg(house.state_dir());
    mfad.arg("--run-dir").arg(&house.run_dir);
    run(mfad, "").refused(1, "see operations.md in mfad's documentation, or mfad(8)");
}

#[test]
fn what_shows_codes_is_no_device() {
    let house = House::new();
    house.enrolled("games", "totp");
    let codes = house.mfactl(&["recovery", "new", "games"]).ok();
    assert!(
        codes.contains("for the day the phone or token is lost") && codes.contains("keep them apart from it"),
        "{codes}"
    );
    house.typing(&["verify", "games"], "000000\n").refused(1, "and of the user's phone have to be right");
}

#[test]
fn help_says_what_an_exit_code_means_and_what_has_no_way_back() {
    let house = House::silent();
    for (command, words) in [
        (
            &["doctor"][..],
            "Exits with 1 where something locks people out or lets them by; what is only worth a look leaves it at 0",
        ),
        (&["device", "suspend"], "nothing takes it back but pairing it anew"),
    ] {
        let help = house.mfactl(&[command, &["--help"]].concat()).ok();
        assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{help}");
    }
}
