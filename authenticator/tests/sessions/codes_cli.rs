//! Codes on the command line, with a real keyring: kept, shown, counted, moved in and out; and keyrings that are not there.

use crate::desktop::secrets::{Hangs, Secrets};
use crate::desktop::{Desktop, wait};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn uri(kind: &str, issuer: &str, name: &str) -> String {
    format!("otpauth://{kind}/{issuer}:{name}?secret={KEY}&issuer={issuer}\n")
}

/// A desktop with ACME's alice, who keeps time, and Bank's bob, who counts.
async fn with_two() -> Desktop {
    let desktop = Desktop::with_keyring().await;
    assert_eq!(desktop.done(&["add"], &uri("totp", "ACME", "alice")), "Added ACME, alice.\n");
    desktop.done(&["add"], &uri("hotp", "Bank", "bob"));
    desktop
}

fn oathtool(desktop: &Desktop) -> String {
    let output = desktop.command("oathtool").args(["--totp", "-b", KEY]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_that_of_oathtool_and_a_counter_goes_on_before_its_code_is_seen() {
    let desktop = with_two().await;
    // The step may end between the two.
    wait("the same code", async || desktop.done(&["show", "acme"], "").starts_with(&oathtool(&desktop))).await;
    assert!(desktop.done(&["show", "ACME,", "alice"], "").contains("  ACME, alice, for "));
    for code in ["755224", "287082", "359152"] {
        assert_eq!(desktop.done(&["show", "bob"], ""), format!("{code}  Bank, bob\n"));
    }
    let json: serde_json::Value = serde_json::from_str(&desktop.done(&["show", "bob", "--json"], "")).unwrap();
    assert_eq!((&json["code"], &json["seconds_left"]), (&"969429".into(), &serde_json::Value::Null));
    let values = String::from_utf8(desktop.account_values().await.concat()).unwrap();
    assert!(values.contains("counter=4"), "what was shown is used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_without_anything_that_makes_codes() {
    let desktop = with_two().await;
    assert_eq!(desktop.done(&["list"], ""), "ACME, alice  (totp)\nBank, bob  (hotp)\n");
    assert_eq!(desktop.done(&["list", "BANK"], ""), "Bank, bob  (hotp)\n");
    assert_eq!(desktop.done(&["list", "carol"], ""), "Nothing found.\n");
    let json = desktop.done(&["list", "--json"], "");
    assert!(!json.contains(KEY), "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json[0]["issuer"], &json[1]["kind"], &json[0]["period"]),
        (&"ACME".into(), &"hotp".into(), &30.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_in_the_trash_and_comes_back() {
    let desktop = with_two().await;
    assert!(desktop.done(&["remove", "acme"], "").starts_with("ACME, alice is in the trash for 30 days."));
    assert_eq!(desktop.done(&["list"], ""), "Bank, bob  (hotp)\n");
    assert_eq!(desktop.done(&["list", "--trash"], ""), "ACME, alice  (totp)\n");
    assert!(desktop.refused(&["show", "acme"], "").contains("No account is called so"));
    assert_eq!(desktop.done(&["restore", "alice"], ""), "ACME, alice is back.\n");
    assert!(desktop.refused(&["restore", "alice"], "").contains("Nothing in the trash is called so"));
    // As does what is added again.
    desktop.done(&["remove", "acme"], "");
    desktop.done(&["add"], &uri("totp", "ACME", "alice"));
    assert!(desktop.refused(&["add"], &uri("totp", "ACME", "alice")).contains("here already, as ACME, alice"));
    for wrong in ["", "\n", "https://example.org\n", "otpauth://totp/x?secret=1\n"] {
        let said = desktop.refused(&["add"], wrong);
        assert!(said.starts_with("mfa-authenticator: ") && said.lines().count() == 1, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_move_out_encrypted_and_in_again() {
    let mut desktop = with_two().await;
    let (backup, aegis, plain) = (desktop.path("backup"), desktop.path("aegis.json"), desktop.path("uris"));
    let [backup, aegis, plain] = [&backup, &aegis, &plain].map(|path| path.to_str().unwrap().to_owned());
    assert!(desktop.refused(&["export", &backup], "short\n").contains("fewer than 8 characters"));
    assert!(desktop.done(&["export", &backup], "correct horse\n").starts_with("2 accounts are in "));
    assert!(desktop.refused(&["export", &backup], "correct horse\n").contains("it is there already"));
    desktop.done(&["export", &aegis, "--format", "aegis"], "correct horse\n");
    assert!(desktop.refused(&["export", &plain, "--format", "uris"], "").contains("add --plain"));
    assert!(!std::path::Path::new(&plain).exists());
    assert!(desktop.done(&["export", &plain, "--format", "uris", "--plain"], "").contains("It is not encrypted"));
    for path in [&backup, &aegis, &plain] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let status: serde_json::Value = serde_json::from_str(&desktop.done(&["status", "--json"], "")).unwrap();
    assert!(status["last_backup"].as_u64().unwrap() > 1_700_000_000, "{status}");

    let dry = desktop.done(&["import", &plain, "--dry-run"], "");
    assert!(
        dry.contains("a list of otpauth:// addresses, 2 accounts.") && dry.ends_with("Nothing was added.\n"),
        "{dry}"
    );
    let again = desktop.done(&["import", &aegis], "correct horse\n");
    assert!(again.ends_with("0 added, 2 there already, 0 left out.\n"), "{again}");
    assert!(
        desktop
            .refused(&["import", &backup], "wrong horse\n")
            .contains("the password is wrong, or the file is damaged")
    );

    // Another keyring, as of a new computer.
    desktop.stop_keyring();
    desktop.forget_keyring();
    desktop.start_keyring().await;
    assert!(desktop.done(&["list"], "").starts_with("No accounts."));
    std::fs::write(&plain, format!("{}otpauth://totp/bad?secret=1\n", std::fs::read_to_string(&plain).unwrap()))
        .unwrap();
    let output = desktop.run(&["import", &plain], "");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("2 added, 0 there already, 1 left out.\n"), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("left out: line 3: "), "{output:?}");
    assert!(desktop.done(&["import", &backup], "correct horse\n").ends_with("0 added, 2 there already, 0 left out.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_in_json_what_was_done_and_what_was_not() {
    let desktop = Desktop::with_keyring().await;
    let read = |output: std::process::Output| {
        assert!(output.stderr.is_empty(), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let told = |arguments: &[&str], input: &str| {
        let output = desktop.run(&[arguments, &["--json"]].concat(), input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        read(output)
    };
    let refused = |arguments: &[&str], input: &str| {
        let output = desktop.run(&[arguments, &["--json"]].concat(), input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        read(output)["error"].as_str().unwrap().to_owned()
    };
    let added = told(&["add"], &uri("totp", "ACME", "alice"));
    assert_eq!((&added["added"][0]["name"], &added["there"]), (&"alice".into(), &serde_json::json!([])));
    assert!(refused(&["add"], &uri("totp", "ACME", "alice")).starts_with("This account is here already"));
    assert!(told(&["remove", "acme"], "")["trashed"].as_u64().unwrap() > 1_700_000_000);
    assert!(refused(&["remove", "acme"], "").starts_with("No account is called so."));
    assert_eq!(told(&["restore", "acme"], "")["trashed"], serde_json::Value::Null);

    let (backup, plain) = (desktop.path("backup"), desktop.path("uris"));
    let [backup, plain] = [&backup, &plain].map(|path| path.to_str().unwrap());
    let exported = told(&["export", backup], "correct horse\n");
    assert_eq!(exported, serde_json::json!({ "file": backup, "accounts": 1, "encrypted": true }));
    assert!(refused(&["export", backup], "correct horse\n").contains("it is there already"));
    let lines = [uri("totp", "ACME", "alice"), uri("hotp", "Bank", "bob"), "otpauth://totp/bad?secret=1\n".into()];
    std::fs::write(plain, lines.concat()).unwrap();
    let looked = told(&["import", plain, "--dry-run"], "");
    assert_eq!((&looked["found"][0]["fate"], &looked["found"][1]["fate"]), (&"there".into(), &"added".into()));
    let imported = told(&["import", plain], "");
    assert_eq!((&imported["there"][0]["name"], &imported["added"][0]["name"]), (&"alice".into(), &"bob".into()));
    assert_eq!(imported["left_out"][0]["place"], "line 3");
    for said in [&added, &looked, &imported, &exported] {
        assert!(!said.to_string().contains(KEY), "{said}");
    }
    assert_eq!(told(&["unlock"], ""), serde_json::json!({ "keyring": "unlocked" }));
    assert_eq!(told(&["lock"], ""), serde_json::json!({ "keyring": "locked", "window_open": false }));
    assert_eq!(told(&["status"], "")["keyring"], "locked");
    assert!(refused(&["unlock"], "").contains("its password was not given"));
    let mut lost = desktop.command_line();
    lost.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").args(["status", "--json"]);
    let output = tokio::task::block_in_place(|| lost.output().unwrap());
    assert!(read(output)["error"].as_str().unwrap().starts_with("No session bus."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_said_to_be_locked_and_nobody_is_asked_by_a_look() {
    let mut desktop = with_two().await;
    assert_eq!(desktop.done(&["lock"], ""), "The keyring is locked. Whatever needs it asks for its password first.\n");
    says_that_it_is_locked(&desktop);
    // What was never unlocked does not tell its items' schemas.
    desktop.restart_keyring_locked().await;
    says_that_it_is_locked(&desktop);
}

fn says_that_it_is_locked(desktop: &Desktop) {
    let status = desktop.done(&["status"], "");
    assert!(status.starts_with("Keyring: locked\nAccounts: not known\n"), "{status}");
    let begun = Instant::now();
    // Its prompt needs a desktop to be shown on, and there is none.
    for arguments in [&["list"][..], &["show", "acme"], &["unlock"]] {
        let said = desktop.refused(arguments, "");
        assert!(said.contains("locked"), "{said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_or_with_one_that_hangs_there_is_a_word_and_an_end() {
    let desktop = Desktop::without_keyring();
    for arguments in [&["list"][..], &["show", "x"], &["remove", "x"], &["lock"], &["unlock"]] {
        let said = desktop.refused(arguments, "");
        assert!(said.contains("keyring") && said.lines().count() == 1, "{arguments:?}: {said}");
    }
    assert!(desktop.refused(&["add"], &uri("totp", "ACME", "alice")).contains("keyring"));
    assert!(desktop.done(&["status"], "").starts_with("Keyring: "));
    let _secrets = Secrets::start(&desktop, Hangs::Always).await;
    let begun = Instant::now();
    assert!(desktop.refused(&["list"], "").contains("does not answer"));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_item_hides_no_other() {
    let desktop = with_two().await;
    desktop.damage_an_account().await;
    let output = desktop.run(&["list"], "");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1, "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 of the accounts in the keyring cannot be read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_code_adds_its_account() {
    let desktop = Desktop::with_keyring().await;
    let picture = desktop.path("code.png");
    let mut qrencode = desktop.command("qrencode");
    assert!(
        qrencode
            .args(["-o", picture.to_str().unwrap(), uri("totp", "ACME", "alice").trim()])
            .status()
            .unwrap()
            .success()
    );
    let said = desktop.done(&["add", "--image", picture.to_str().unwrap()], "");
    assert_eq!(said, "Added: ACME, alice\n1 added, 0 there already, 0 left out.\n");
    std::fs::write(&picture, b"no picture").unwrap();
    assert!(
        desktop.refused(&["add", "--image", picture.to_str().unwrap()], "").contains("not a picture that can be read")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn copying_without_a_display_is_refused_and_costs_no_counter() {
    let desktop = with_two().await;
    assert!(desktop.refused(&["show", "bob", "--copy"], "").contains("There is no display to copy on"));
    assert!(desktop.done(&["show", "bob"], "").starts_with("755224"));
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_pin_the_keyring_alone_tells_nothing_and_every_command_asks() {
    let desktop = with_two().await;
    let said = desktop.done(&["pin", "set", "--codes"], "correct horse\ncorrect horse\n");
    assert!(said.contains("under a PIN now"), "{said}");
    let values = String::from_utf8(desktop.account_values().await.concat()).unwrap();
    for part in [KEY, "ACME", "alice", "otpauth"] {
        assert!(!values.contains(part), "{values}");
    }
    assert!(desktop.refused(&["pin", "set", "--codes"], "").contains("have a PIN already"));
    for wrong in ["", "\n", "wrong horse\n"] {
        assert!(desktop.refused(&["list"], wrong).contains("not the PIN of your codes"));
    }
    let status = desktop.done(&["status"], "");
    assert!(status.contains("Accounts: under a PIN\n"), "{status}");
    assert_eq!(desktop.done(&["list"], "correct horse\n").lines().count(), 2);
    assert!(desktop.done(&["show", "bob"], "correct horse\n").starts_with("755224"));
    desktop.done(&["add"], &format!("correct horse\n{}", uri("totp", "New", "carol")));
    let values = String::from_utf8(desktop.account_values().await.concat()).unwrap();
    assert!(!values.contains("carol"), "what is added later is under it, too");

    assert!(desktop.refused(&["pin", "change", "--codes"], "wrong horse\nx\nx\n").contains("not the PIN"));
    desktop.done(&["pin", "change", "--codes"], "correct horse\nbattery staple\nbattery staple\n");
    assert!(desktop.refused(&["list"], "correct horse\n").contains("not the PIN"));
    assert!(desktop.done(&["show", "bob"], "battery staple\n").starts_with("287082"));
    assert!(desktop.refused(&["pin", "remove", "--codes"], "correct horse\n").contains("not the PIN"));
    desktop.done(&["pin", "remove", "--codes"], "battery staple\n");
    assert_eq!(desktop.done(&["list"], "").lines().count(), 3);
    assert!(desktop.done(&["show", "bob"], "").starts_with("359152"));
    assert!(desktop.refused(&["pin", "remove", "--codes"], "").contains("have no PIN"));
}
