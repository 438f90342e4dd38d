//! Programs of one user that change accounts at once, with a real keyring.

use crate::desktop::Desktop;
use std::collections::BTreeSet;
use std::fs::File;
use std::process::Stdio;

const BANK: &str = "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank\n";

/// How many at once.
const PROGRAMS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_count_one_account_at_once_show_no_code_twice() {
    let desktop = Desktop::with_keyring().await;
    desktop.done(&["add"], BANK);
    let mut codes = BTreeSet::new();
    for _ in 0..2 {
        let show = |_| desktop.command_line().args(["show", "bob"]).stdout(Stdio::piped()).spawn().unwrap();
        let programs: Vec<_> = (0..PROGRAMS).map(show).collect();
        for program in programs {
            let output = tokio::task::block_in_place(|| program.wait_with_output().unwrap());
            assert!(output.status.success());
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(codes.insert(text.clone()), "shown twice: {text}");
        }
    }
    let values = String::from_utf8(desktop.account_values().await.concat()).unwrap();
    assert!(values.contains(&format!("counter={}", 2 * PROGRAMS)), "{}", codes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_another_program_at_it_for_too_long_is_told_and_gets_no_code() {
    let desktop = Desktop::with_keyring().await;
    desktop.done(&["add"], BANK);
    let held = File::options().write(true).open(desktop.path("run/io.github.pam_mfa.Authenticator.lock")).unwrap();
    held.lock().unwrap();
    let said = desktop.refused(&["show", "bob"], "");
    assert!(said.contains("Another program is changing your accounts. Try again when it is done."), "{said}");
    drop(held);
    assert_eq!(desktop.done(&["show", "bob"], ""), "755224  Bank, bob\n");
}
