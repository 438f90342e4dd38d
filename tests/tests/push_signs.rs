//! What a no leaves behind: a sign against the logins of the hour after it, at whatever door, through real sshd and su.

use pam_mfa_tests::harness::{BOTH, Home, PASSWORD, Program, Terminal, number_in, request_id};

#[test]
fn after_a_no_at_one_door_sshd_and_su_ask_for_more_until_an_administrator_unlocks() {
    let signs = "require = \"required\"\n[[raise]]\nwhen = { denied = true }\ndemand = [\"refuse\"]\n";
    let mut home = Home::new("push-sign", signs);
    let (sshd, ssh) = home.sshd();
    home.house
        .world
        .pam("su", &["requisite pam_unix.so nodelay", &home.house.world.module("required", "first_factor=stack")]);
    let bob = home.house.world.user("bob");
    let su = Program::new("su").args(["alice", "-c", "id -un"]).as_user(&bob);
    let knock = |way: &Program| {
        let mut terminal = Terminal::start(way);
        if std::ptr::eq(way, &su) {
            terminal.answer("assword: ", PASSWORD);
        }
        terminal
    };
    for (denied_at, code) in [(&ssh, 1), (&su, 2)] {
        // Nobody has said no yet: the doors ask as they always do, and a yes opens.
        for way in [&ssh, &su] {
            let mut terminal = knock(way);
            let number = number_in(&terminal.expect(BOTH));
            let id = request_id(&home.device.presented());
            terminal.line("");
            assert_eq!(home.device.does(&format!("approve {id} {number}")), "OK");
            let ended = terminal.finish();
            assert!(ended.code == 0 && ended.text().contains("alice"), "{}\n{}", ended.text(), sshd.log());
        }
        let mut terminal = knock(denied_at);
        terminal.expect(BOTH);
        let id = request_id(&home.device.presented());
        assert_eq!(home.device.does(&format!("deny {id}")), "OK");
        terminal.line("");
        assert_ne!(terminal.finish().code, 0);
        home.logged("push-denied");
        for way in [&ssh, &su] {
            let mark = home.house.world.log().mark();
            let ended = knock(way).finish();
            let text = ended.text();
            assert!(ended.code != 0 && text.contains("too unusual") && !text.contains("erification code"), "{text}");
            home.house.world.log().expect_new(mark, &["user=\"alice\"", "reason=refused-by-policy"]);
        }
        let explained = home.house.mfactl.run(&["explain", "alice", "sshd"], "").ok().stdout;
        assert!(
            explained.contains("alice at sshd is refused") && explained.contains("mfactl unlock forgets"),
            "{explained}"
        );
        assert!(explained.contains("mfa.toml:4: demand  <- decided"), "{explained}");
        let _ = home.house.mfactl.run(&["unlock", "alice"], "").ok();
        let mut terminal = knock(denied_at);
        terminal.expect(BOTH);
        terminal.line(&home.enrolled.recovery_codes[code]);
        assert_eq!(terminal.finish().code, 0, "a code opens as before\n{}", sshd.log());
        let _ = home.device.presented();
    }
}
