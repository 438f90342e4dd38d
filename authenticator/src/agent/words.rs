//! What a notification says, and how it is written for the server. Pure: plain lines, escaped last.
//!
//! What must never happen: something the requester wrote steering the sink, or being taken for markup.

use crate::catalogue::{filled, gettext};
use crate::words::{details, headline};
use mfa_core::bus::Listed;
use mfa_core::clean;

/// A notification's text, not yet escaped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) lines: Vec<String>,
}

/// The announcement of a request; `hidden`: others may be reading.
pub(super) fn announcement(request: &Listed, hidden: bool) -> Words {
    if hidden {
        let lines = vec![gettext("Unlock the screen and open the request to see it.").to_owned()];
        return Words { title: gettext("A request is waiting for you"), lines };
    }
    let mut lines: Vec<String> =
        details(request).into_iter().map(|detail| format!("{}: {}", detail.name, detail.value)).collect();
    lines.push(if request.number_due {
        gettext("Open to type the number from the login screen. If it is not you, deny.").to_owned()
    } else {
        gettext("If it is not you, deny.").to_owned()
    });
    Words { title: headline(request), lines }
}

/// How to go on in a terminal, where no window is there to open.
pub(super) fn instructions(request: &Listed) -> Words {
    let id: String = request.id.chars().take(8).collect();
    let approve = if request.number_due {
        gettext("To approve, run in a terminal: mfa-authenticator approve {request} NUMBER")
    } else {
        gettext("To approve, run in a terminal: mfa-authenticator approve {request}")
    };
    let lines = vec![
        filled(approve, &[("request", &clean::field(&id))]),
        gettext("The details: mfa-authenticator requests").to_owned(),
    ];
    Words { title: gettext("Approve this request"), lines }
}

/// Something mfad tells, in its own words.
pub(super) fn said(text: &str) -> Words {
    Words { title: gettext("Your sign-in methods"), lines: vec![clean::message(text)] }
}

/// Something that did not work.
pub(super) fn failed(text: &str) -> Words {
    Words { title: gettext("The answer did not get through"), lines: vec![clean::message(text)] }
}

/// How a server takes a body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sink {
    /// It reads it as markup.
    pub(super) markup: bool,
    /// It makes one line of all.
    pub(super) flat: bool,
}

/// Stands between what were lines, and nowhere else: what the requester wrote must not look like another line of ours.
const BETWEEN: char = '·';

/// The body for such a server.
pub(super) fn body(words: &Words, sink: Sink) -> String {
    let text = if sink.flat {
        let lines: Vec<String> = words.lines.iter().map(|line| line.replace(BETWEEN, "-")).collect();
        lines.join(&format!(" {BETWEEN} "))
    } else {
        words.lines.join("\n")
    };
    if sink.markup { escaped(&text) } else { text }
}

/// The five characters that mean something in the notification specification's markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::LOGIN;
    use crate::words::{hostile, login};

    #[test]
    fn who_where_from_and_what_for_are_there() {
        let text = body(&announcement(&login(), false), Sink::default());
        for part in ["Account: alice", "Host: web-1", "Service: sshd", "From: 192.0.2.7", "Terminal: ssh", "number"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn nothing_the_requester_wrote_is_the_headline_or_survives_as_markup() {
        let words = announcement(&Listed { approver: hostile(LOGIN).user, ..hostile(LOGIN) }, false);
        assert_eq!(words.title, announcement(&login(), false).title);
        let text = body(&words, Sink { markup: true, flat: false });
        assert!(!text.contains(['<', '>', '"', '\'', '\u{202e}']));
        assert_eq!(text.lines().count(), words.lines.len());
        assert!(text.len() < 2048, "{}", text.len());
    }

    #[test]
    fn where_lines_are_run_together_the_requester_cannot_write_one_of_its_own() {
        let request = Listed { command: "x · Asked by: you".into(), ..login() };
        let text = body(&announcement(&request, false), Sink { markup: false, flat: true });
        assert!(text.starts_with("Account: alice · Host: web-1 · Service: sshd · "), "{text}");
        assert!(text.contains("x - Asked by: you · Open to type"), "{text}");
    }

    #[test]
    fn a_locked_screen_shows_nothing_of_the_request() {
        let text = body(&announcement(&login(), true), Sink::default());
        for part in ["alice", "web-1", "192.0.2.7", "sshd"] {
            assert!(!text.contains(part));
        }
    }

    #[test]
    fn how_to_go_on_names_the_command() {
        assert!(instructions(&login()).lines[0].ends_with("approve abababab NUMBER"));
        let without = Listed { number_due: false, ..login() };
        assert!(instructions(&without).lines[0].ends_with("approve abababab"));
    }
}
