//! What a person reads while enrolling in a login. Nothing here decides.
//!
//! Lines fit 80 columns. The prompts say all that is needed: sudo's `-p` may replace them, and then the pages before them are read.

use super::{App, Desktop};
use crate::base32;
use crate::clean;
use crate::device::short_fingerprint;
use crate::login::in_words;
use crate::otp::Moving;
use crate::policy::{Deadline, Way};
use crate::secret::Secret;
use std::fmt::Write as _;
use zeroize::Zeroizing;

pub(super) const APP_CODE: &str = "Verification code the app shows now: ";
pub(super) const APP_CODE_AGAIN: &str =
    "That is not the code. Is the phone's clock right? Verification code the app shows now: ";
pub(super) const SERIAL: &str = "Serial number printed on your token: ";
pub(super) const SERIAL_AGAIN: &str = "There is no such token for you. Serial number printed on your token: ";
pub(super) const TOKEN_CODE: &str = "Verification code the token shows now: ";
pub(super) const TOKEN_CODE_AGAIN: &str = "That is not the code. Verification code the token shows now: ";
pub(super) const NUMBER: &str = "Number your desktop shows: ";
pub(super) const NUMBER_AGAIN: &str = "That is not the number. Number your desktop shows: ";
pub(super) const DESKTOP_GONE: &str = "The desktop does not wait any more. ";
pub(super) const KEPT: &str = "Press Enter when you have kept them: ";
pub(super) const NO_SUCH_CHOICE: &str = "There is no such choice. ";

pub(super) fn must(user: &str) -> String {
    format!("A second factor is required here, and {} has none yet.", clean::field(user))
}

pub(super) fn menu(user: &str, deadline: Option<Deadline>, ways: &[Way], desktop: &str) -> Vec<String> {
    let mut lines = match deadline {
        None => vec![must(user), String::from("Set one up now:")],
        Some(deadline) => vec![
            format!(
                "In {} a second factor will be required here, and {} has none yet.",
                in_words(deadline.left),
                clean::field(user)
            ),
            String::from("Set one up now, or press Enter and do it later:"),
        ],
    };
    for (number, way) in (1..).zip(ways) {
        lines.push(match way {
            Way::App => format!("  {number}  an authenticator app on your phone"),
            Way::Token => format!("  {number}  a hardware token you were given"),
            Way::Desktop => format!("  {number}  the desktop that waits to be paired: {}", clean::quoted(desktop)),
        });
    }
    lines
}

pub(super) fn choice(told: &str, ways: usize, may_wait: bool) -> String {
    let later = if may_wait { ", or Enter for later" } else { "" };
    let numbers = if ways == 1 { String::from("1") } else { format!("1 to {ways}") };
    format!("{told}Your choice ({numbers}{later}): ")
}

/// Its owner compares the key: what it calls itself could be anybody's word.
pub(super) fn desktop(desktop: &Desktop) -> Vec<String> {
    let (label, key) = (clean::quoted(&desktop.label), short_fingerprint(&desktop.fingerprint));
    vec![
        format!("The desktop {label} waits. Its key begins with {key}:"),
        String::from("go on only if your desktop shows the same."),
    ]
}

/// The key stands before the picture: of a terminal of 24 rows the picture takes most.
pub(super) fn app(user: &str, app: &App) -> Vec<Zeroizing<String>> {
    let key = base32::encode(app.factor.otp.secret());
    let key = base32::in_fours(key.expose_str().unwrap_or_default());
    let mut line = Zeroizing::new(String::with_capacity(key.len() + 16));
    line.push_str("Key: ");
    line.push_str(&key);
    let begin = if app.picture.is_empty() {
        "Type this key into an authenticator app:"
    } else {
        "Scan this with an authenticator app, or type the key:"
    };
    let period = match app.factor.otp.moving() {
        Moving::Time { period } => period,
        Moving::Counter => 0,
    };
    let mut about = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        about,
        "For {} at {}; {} digits, a new code every {period} s.",
        clean::field(user),
        clean::field(&app.issuer),
        app.factor.otp.digits()
    );
    vec![Zeroizing::new(begin.to_owned()), line, Zeroizing::new(about)]
}

pub(super) fn recovery(codes: &[Secret]) -> Vec<Zeroizing<String>> {
    let mut lines = vec![
        Zeroizing::new(String::from(
            "It works. Recovery codes: each opens one login when your phone or token is lost.",
        )),
        Zeroizing::new(String::from("They are shown this once: print them, or keep them apart from it.")),
    ];
    for pair in codes.chunks(2) {
        let mut line = Zeroizing::new(String::with_capacity(80));
        for code in pair {
            line.push_str("   ");
            line.push_str(code.expose_str().unwrap_or_default());
        }
        lines.push(line);
    }
    lines
}
