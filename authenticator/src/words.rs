//! What a request says, for the notification and the window. Pure: the request goes in, plain lines come out.
//!
//! What must never happen: something the requester wrote becoming the headline, or one field being taken for another.

use crate::catalogue::gettext;
use crate::requests::{ADD_DEVICE, ADD_FACTOR, DISABLE, LOGIN, REMOVE_FACTOR, RENEW_RECOVERY, SUSPEND_DEVICE};
use mfa_core::bus::Listed;
use mfa_core::clean;

/// The question a request puts; always one of ours.
#[must_use]
pub fn headline(request: &Listed) -> &'static str {
    match request.purpose.as_str() {
        LOGIN if is_for_somebody_else(request) => gettext("Approve this for somebody else?"),
        LOGIN => gettext("Is this you signing in?"),
        ADD_DEVICE => gettext("Are you adding a device?"),
        SUSPEND_DEVICE => gettext("Have you lost a device?"),
        ADD_FACTOR => gettext("Are you adding an app or a token?"),
        REMOVE_FACTOR => gettext("Are you removing a factor?"),
        RENEW_RECOVERY => gettext("Are you making new recovery codes?"),
        DISABLE => gettext("Are you removing all your factors?"),
        _ => gettext("This request is not understood"),
    }
}

/// Whether somebody is asked to approve for another person.
#[must_use]
pub fn is_for_somebody_else(request: &Listed) -> bool {
    request.approver != request.user
}

/// One line of a request: the name is ours, the value is mfad's word or the requester's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Ours.
    pub name: &'static str,
    /// Cleaned; to be shown as plain text.
    pub value: String,
}

/// Everything there is to notice a stranger by, in the order in which it helps.
#[must_use]
pub fn details(request: &Listed) -> Vec<Detail> {
    let subject = match request.purpose.as_str() {
        ADD_DEVICE => gettext("Its key"),
        SUSPEND_DEVICE => gettext("Device"),
        REMOVE_FACTOR => gettext("Factor"),
        _ => gettext("About"),
    };
    let fields = [
        (gettext("Account"), &request.user),
        (gettext("Host"), &request.host),
        (subject, &request.subject),
        (gettext("Service"), &request.service),
        (gettext("From"), &request.rhost),
        (gettext("Asked by"), &request.ruser),
        (gettext("Terminal"), &request.tty),
    ];
    let mut details: Vec<Detail> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| Detail { name, value: clean::field(value) })
        .collect();
    if !request.command.is_empty() {
        details.push(Detail { name: gettext("Command"), value: clean::command(&request.command) });
    }
    if is_for_somebody_else(request) {
        details.push(Detail { name: gettext("Approver"), value: clean::field(&request.approver) });
    }
    details
}

/// A request in which every text is as hostile as it may come, for tests of everything that shows one.
#[cfg(test)]
pub(crate) fn hostile(purpose: &str) -> Listed {
    let text = "<b>x</b><a href=\"x\">\u{202e}\n&'\"\u{1b}[2J".to_owned() + &"y".repeat(10_000);
    Listed {
        id: text.clone(),
        host: text.clone(),
        user: text.clone(),
        service: text.clone(),
        approver: text.clone(),
        ruser: text.clone(),
        rhost: text.clone(),
        tty: text.clone(),
        command: text.clone(),
        purpose: purpose.to_owned(),
        subject: text,
        number_due: true,
        issued: 1000,
        expires: 1045,
    }
}

/// A login over ssh, for tests.
#[cfg(test)]
pub(crate) fn login() -> Listed {
    Listed {
        id: "ab".repeat(16),
        host: "web-1".into(),
        user: "alice".into(),
        service: "sshd".into(),
        approver: "alice".into(),
        ruser: String::new(),
        rhost: "192.0.2.7".into(),
        tty: "ssh".into(),
        command: String::new(),
        purpose: LOGIN.into(),
        subject: String::new(),
        number_due: true,
        issued: 1000,
        expires: 1045,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: &Listed) -> Vec<(&'static str, String)> {
        details(request).into_iter().map(|detail| (detail.name, detail.value)).collect()
    }

    #[test]
    fn who_where_from_and_what_for_are_there_and_nothing_empty() {
        let expected =
            [("Account", "alice"), ("Host", "web-1"), ("Service", "sshd"), ("From", "192.0.2.7"), ("Terminal", "ssh")];
        assert_eq!(shown(&login()), expected.map(|(name, value)| (name, value.to_owned())));
        let sudo = Listed {
            service: "sudo".into(),
            rhost: String::new(),
            ruser: "bob".into(),
            command: "systemctl restart nginx".into(),
            approver: "carol".into(),
            ..login()
        };
        let names: Vec<_> = shown(&sudo).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Account", "Host", "Service", "Asked by", "Terminal", "Command", "Approver"]);
    }

    #[test]
    fn the_question_depends_on_the_purpose_and_on_who_is_asked_alone() {
        for (request, question) in [
            (login(), "Is this you signing in?"),
            (Listed { approver: "carol".into(), ..login() }, "Approve this for somebody else?"),
            (Listed { purpose: ADD_DEVICE.into(), ..login() }, "Are you adding a device?"),
            (Listed { purpose: SUSPEND_DEVICE.into(), ..login() }, "Have you lost a device?"),
            (Listed { purpose: ADD_FACTOR.into(), ..login() }, "Are you adding an app or a token?"),
            (Listed { purpose: REMOVE_FACTOR.into(), ..login() }, "Are you removing a factor?"),
            (Listed { purpose: RENEW_RECOVERY.into(), ..login() }, "Are you making new recovery codes?"),
            (Listed { purpose: DISABLE.into(), ..login() }, "Are you removing all your factors?"),
            (Listed { purpose: "Approve now!".into(), ..login() }, "This request is not understood"),
            (Listed { approver: hostile(LOGIN).user, ..hostile(LOGIN) }, "Is this you signing in?"),
        ] {
            assert_eq!(headline(&request), question);
        }
    }

    #[test]
    fn values_are_clean_and_short_and_names_are_ours() {
        for purpose in [LOGIN, ADD_DEVICE, SUSPEND_DEVICE, "x"] {
            for detail in details(&hostile(purpose)) {
                assert!(detail.name.chars().all(|c| c.is_ascii_alphabetic() || c == ' '));
                assert!(!detail.value.contains(['\n', '\u{202e}', '\u{1b}']), "{detail:?}");
                assert!(detail.value.chars().count() <= 330, "{detail:?}");
            }
        }
    }
}
