//! enroll, confirm, verify: from the QR code on the screen to a code that is accepted once.

use crate::house::{House, MFACTL, program, read_until, totp};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// What a phone reads off the half blocks.
fn scanned(house: &House, screen: &str) -> String {
    let plain = screen.replace("\x1b[30;107m", "").replace("\x1b[0m", "").replace('\r', "");
    let rows: Vec<&str> =
        plain.lines().filter(|row| row.chars().all(|c| " ▀▄█".contains(c)) && row.len() > 20).collect();
    let width = rows[0].chars().count();
    let mut pixels = Vec::new();
    for row in rows {
        for upper in [true, false] {
            let dark = |c| c == '█' || c == if upper { '▀' } else { '▄' };
            let line: String = row.chars().map(|c| if dark(c) { "1 1 1 1 " } else { "0 0 0 0 " }).collect();
            pixels.extend(std::iter::repeat_n(line, 4));
        }
    }
    let file = house.write("qr.pbm", &format!("P1\n{} {}\n{}\n", width * 4, pixels.len(), pixels.join("\n")));
    program("zbarimg", &["-q", "--raw", &file])
}

fn line_after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).unwrap_or_else(|| panic!("no {mark:?} in {text}")).1.lines().next().unwrap().trim()
}

#[test]
fn the_qr_code_the_uri_and_the_key_say_the_same_and_a_code_confirms() {
    let house = House::new();
    let mut child = house
        .command(&["enroll", "games", "--label", "phone"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let shown = read_until(&mut out, "goes on.");
    let (uri, key) = (line_after(&shown, "URI:"), line_after(&shown, "Key:").replace(' ', ""));
    assert_eq!(scanned(&house, &shown), uri);
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&format!("secret={key}")), "{uri}");
    assert!(house.status("games")["factors"][0]["pending"].as_bool().unwrap());
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "000000\n{}", totp(&key)).unwrap();
    drop(input);
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert!(rest.contains("Confirmed") && rest.lines().filter(|line| line.trim().len() == 29).count() == 10, "{rest}");
    let status = house.status("games");
    assert_eq!((&status["enrolled"], &status["recovery_left"]), (&true.into(), &10.into()));
    assert_eq!(status["factors"][0]["label"], "phone");
    // The code that confirmed is spent.
    house.typing(&["verify", "games"], &totp(&key)).refused(1, "replay");
}

#[test]
fn on_a_terminal_colours_keep_dark_dark_and_the_code_is_not_shown() {
    let house = House::new();
    let line =
        format!("{MFACTL} --run-dir {} enroll games", house.folder.to_str().unwrap().replace("/var/lib", "/run"));
    let mut child = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let shown = read_until(&mut out, "token: ");
    assert_eq!(scanned(&house, &shown), line_after(&shown, "URI:"));
    assert!(shown.contains("\x1b[30;107m    "), "{shown}");
    let code = totp(&line_after(&shown, "Key:").replace(' ', ""));
    writeln!(child.stdin.as_mut().unwrap(), "{code}").unwrap();
    let rest = read_until(&mut out, "Confirmed");
    assert!(!rest.contains(&code), "{rest}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn json_has_one_object_without_and_two_with_confirmation() {
    let house = House::new();
    let made = house.mfactl(&["enroll", "games", "--no-confirm", "--json", "--digits", "8", "--period", "60"]).json();
    let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["factor", "pending", "recovery_codes", "secret", "uri", "user"]);
    assert_eq!((&made["user"], &made["pending"]), (&"games".into(), &false.into()));
    assert_eq!(made["recovery_codes"].as_array().unwrap().len(), 10);
    assert!(made["uri"].as_str().unwrap().contains("digits=8&period=60"), "{made}");

    let mut child =
        house.command(&["enroll", "man", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let first: serde_json::Value = serde_json::from_str(&read_until(&mut out, "\n")).unwrap();
    assert_eq!((&first["pending"], &first["recovery_codes"]), (&true.into(), &serde_json::json!([])));
    writeln!(child.stdin.as_mut().unwrap(), "{}", totp(first["secret"].as_str().unwrap())).unwrap();
    let second: serde_json::Value = serde_json::from_str(&read_until(&mut out, "\n")).unwrap();
    assert_eq!(second["factor"], first["factor"]);
    assert_eq!((&second["user"], &second["pending"]), (&"man".into(), &false.into()));
    assert_eq!(second["recovery_codes"].as_array().unwrap().len(), 10);
    assert!(second.get("secret").is_none() && child.wait().unwrap().success());
}

#[test]
fn without_a_code_the_factor_stays_pending_and_confirm_goes_on() {
    let house = House::new();
    let ended = house.typing(&["enroll", "games", "--json"], "");
    assert_eq!(ended.code, 1);
    let first: serde_json::Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
    assert!(ended.out.lines().nth(1).unwrap().contains("stays pending"), "{ended:?}");
    let factor = first["factor"].as_str().unwrap();
    house.typing(&["confirm", "games", factor], "1\n2\n3\n4\n").refused(1, "stays pending");
    let code = totp(first["secret"].as_str().unwrap());
    assert!(house.typing(&["confirm", "games", factor], &code).ok().contains("Confirmed"));
    house.typing(&["confirm", "games", factor], &code).refused(1, "confirmed already");
}

#[test]
fn verify_spends_a_code_and_says_why_not() {
    let house = House::new();
    let made = house.mfactl(&["enroll", "games", "--no-confirm", "--json"]).json();
    let code = totp(made["secret"].as_str().unwrap());
    assert!(house.typing(&["verify", "games"], &code).ok().contains("Accepted (totp)"));
    let replayed = house.typing(&["verify", "games", "--json"], &code);
    assert_eq!(
        (replayed.code, replayed.out.trim()),
        (1, r#"{"accepted":false,"reason":"replay","method":"totp","wait":0}"#)
    );
    let recovery = made["recovery_codes"][3].as_str().unwrap();
    assert!(house.typing(&["verify", "games"], recovery).ok().contains("recovery"));
    assert_eq!(house.typing(&["verify", "games"], recovery).code, 1);
    assert_eq!(house.status("games")["recovery_left"], 9);
    house.typing(&["verify", "games"], "").refused(1, "no code was given");
    house.typing(&["verify", "man"], &code).refused(1, "not enrolled");
}
