//! What a notification says. Pure: the request goes in, plain lines come out.
//!
//! What must never happen: something the requester wrote becoming the headline, steering the sink, or being taken for
//! markup.

use crate::requests::short_fingerprint;
use mfa_core::approval::{Purpose, Request};
use mfa_core::clean;

/// A notification's text, not yet escaped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) lines: Vec<String>,
}

/// The announcement of a request; `hidden`: others may be reading.
pub(super) fn announcement(request: &Request, hidden: bool) -> Words {
    if hidden {
        let lines = vec!["Unlock the screen and open the request to see it.".to_owned()];
        return Words { title: "A request is waiting for you", lines };
    }
    let title = match request.purpose {
        Purpose::Login if request.approver != request.user => "Do you approve this for somebody else?",
        Purpose::Login => "Is this you signing in?",
        Purpose::AddDevice { .. } => "Are you adding a device?",
        Purpose::SuspendDevice { .. } => "Have you lost a device?",
    };
    let field = |name: &str, text: &str| format!("{name}: {}", clean::field(text));
    let mut lines = vec![field("Account", &request.user), field("On", &request.host)];
    match &request.purpose {
        Purpose::Login => lines.push(field("Service", &request.service)),
        Purpose::AddDevice { fingerprint } => lines.push(format!("Its key: {}", short_fingerprint(fingerprint))),
        Purpose::SuspendDevice { device } => lines.push(field("Device", device.as_str())),
    }
    lines.extend(request.rhost.iter().map(|text| field("From", text)));
    lines.extend(request.ruser.iter().map(|text| field("Asked by", text)));
    lines.extend(request.tty.iter().map(|text| field("Terminal", text)));
    lines.extend(request.command.iter().map(|text| format!("Command: {}", clean::command(text))));
    lines.push(if request.number_due {
        "Open to type the number from the login screen. If it is not you, deny.".to_owned()
    } else {
        "If it is not you, deny.".to_owned()
    });
    Words { title, lines }
}

/// How to go on in a terminal, where no window is there to open.
pub(super) fn instructions(request: &Request) -> Words {
    let id: String = request.id.as_str().chars().take(8).collect();
    let number = if request.number_due { " NUMBER" } else { "" };
    let lines = vec![
        format!("To approve, run in a terminal: mfa-authenticator approve {id}{number}"),
        "The details: mfa-authenticator requests".to_owned(),
    ];
    Words { title: "Approve this request", lines }
}

/// Something mfad tells, in its own words.
pub(super) fn said(text: &str) -> Words {
    Words { title: "Your sign-in methods", lines: vec![clean::message(text)] }
}

/// Something that did not work.
pub(super) fn failed(text: &str) -> Words {
    Words { title: "The answer did not get through", lines: vec![clean::message(text)] }
}

/// The body for a server that takes plain text, or one that reads it as markup.
pub(super) fn body(words: &Words, markup: bool) -> String {
    let text = words.lines.join("\n");
    if markup { escaped(&text) } else { text }
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
    use mfa_core::approval::RequestId;

    fn request() -> Request {
        Request {
            id: RequestId::new([0xab; 16]),
            host: "web-1".into(),
            host_id: "ab".repeat(32),
            user: "alice".into(),
            approver: "alice".into(),
            ruser: None,
            service: "sshd".into(),
            tty: Some("ssh".into()),
            rhost: Some("192.0.2.7".into()),
            command: None,
            purpose: Purpose::Login,
            number_due: true,
            issued: 0,
            expires: 45,
            nonce: String::new(),
        }
    }

    #[test]
    fn who_where_from_and_what_for_are_there() {
        let text = body(&announcement(&request(), false), false);
        for part in ["Account: alice", "On: web-1", "Service: sshd", "From: 192.0.2.7", "Terminal: ssh", "number"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn nothing_the_requester_wrote_is_the_headline_or_survives_as_markup() {
        let hostile = "<b>x</b>\u{202e}\n&'\"".to_owned() + &"y".repeat(10_000);
        let hostile = Request {
            user: hostile.clone(),
            approver: hostile.clone(),
            host: hostile.clone(),
            service: hostile.clone(),
            tty: Some(hostile.clone()),
            rhost: Some(hostile.clone()),
            ruser: Some(hostile.clone()),
            command: Some(hostile),
            ..request()
        };
        let words = announcement(&hostile, false);
        assert_eq!(words.title, announcement(&request(), false).title);
        let text = body(&words, true);
        assert!(!text.contains(['<', '>', '"', '\'', '\u{202e}']));
        assert_eq!(text.lines().count(), words.lines.len());
        assert!(text.len() < 2048, "{}", text.len());
    }

    #[test]
    fn a_locked_screen_shows_nothing_of_the_request() {
        let text = body(&announcement(&request(), true), false);
        for part in ["alice", "web-1", "192.0.2.7", "sshd"] {
            assert!(!text.contains(part));
        }
    }

    #[test]
    fn a_device_is_shown_by_its_fingerprint() {
        let purpose = Purpose::AddDevice { fingerprint: "0123456789abcdef".repeat(4) };
        let text = body(&announcement(&Request { purpose, ..request() }, false), false);
        assert!(text.contains("0123 4567 89ab cdef"));
    }
}
