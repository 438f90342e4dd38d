//! The command line in another language: what people read is translated, what programs read is not.

use crate::desktop::Desktop;

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_refusals_are_german_and_what_is_for_programs_is_the_same_in_every_language() {
    let mut desktop = Desktop::with_keyring().await;
    let file = desktop.path("codes.txt");
    std::fs::write(&file, format!("otpauth://totp/Bank:bob?secret={KEY}\notpauth://totp/bad?secret=1\n")).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let asked: [(&[&str], &str); 6] = [
        (&["status", "--json"], ""),
        (&["list", "--json"], ""),
        (&["show", "carol", "--json"], ""),
        (&["add", "--json"], "nothing\n"),
        (&["import", &file, "--dry-run", "--json"], ""),
        (&["export", "--format", "uris", "/nowhere/codes", "--json"], ""),
    ];
    let answers = |desktop: &Desktop| {
        asked.map(|(arguments, input)| {
            let output = desktop.run(arguments, input);
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        })
    };
    let english = answers(&desktop);
    desktop.speaks_german();
    assert_eq!(answers(&desktop), english);
    assert_eq!(english.map(|(code, _)| code.unwrap()), [0, 0, 1, 1, 0, 1]);

    let refused = |arguments: &[&str], input: &str| {
        let output = desktop.run(arguments, input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(desktop.done(&["list"], ""), "Keine Konten. Eines hinzufügen: mfa-authenticator add\n");
    let uri = format!("otpauth://totp/ACME:alice?secret={KEY}&issuer=ACME\n");
    assert_eq!(desktop.done(&["add"], &uri), "ACME, alice hinzugefügt.\n");
    assert!(desktop.done(&["show", "acme"], "").contains("  ACME, alice, noch "));
    assert!(refused(&["add"], &uri).contains("Dieses Konto ist schon hier, als ACME, alice."));
    let why = refused(&["add"], "otpauth://totp/x?secret=1\n");
    assert!(why.contains("nicht base32: In einen Schlüssel gehören nur die Buchstaben A bis Z"), "{why}");
    assert!(refused(&["show", "carol"], "").contains("Kein Konto heißt so."));
    let looked = desktop.run(&["import", &file, "--dry-run"], "");
    let said = String::from_utf8(looked.stdout).unwrap() + &String::from_utf8(looked.stderr).unwrap();
    for part in ["1 Konto.\n", "Es wurde nichts hinzugefügt.\n", "ausgelassen: Zeile 2"] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    assert!(refused(&["export", "--format", "uris", "/nowhere/codes"], "").contains("ist nicht verschlüsselt"));
    assert!(desktop.done(&["remove", "acme"], "").contains("liegt 30 Tage lang im Papierkorb"));
    assert!(desktop.done(&["status"], "").contains("Konten: 0, und 1 im Papierkorb\n"));
}
