//! What sshd's settings mean for the second factor.
//!
//! Called with the output of `sshd -T`; pure. What must never happen: a list of methods called safe that
//! ends without keyboard-interactive, which is the only method that can ask for a code.

pub mod includes;

use super::findings::{Finding, Severity};
use super::rules::BeforePam;
use mfa_core::clean::{field, message};
use std::collections::BTreeMap;
use std::time::Duration;

/// Shortest `LoginGraceTime` that leaves our dialogue its 110 s, in seconds; also sshd's own default.
const GRACE_SECONDS: u64 = 120;

/// Fewest `MaxAuthTries` that leave room for a few keys and a mistyped code; sshd's default is 6.
const TRIES: u64 = 3;

const METHODS_FIX: &str = "Set AuthenticationMethods publickey,keyboard-interactive:pam (whoever has no key is out then); for password \
                           and code in one dialogue keyboard-interactive:pam (keys alone end then).";

/// The settings as `sshd -T` prints them: lower-case keys, the first value of a key that is repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads the output of `sshd -T`.
    #[must_use]
    pub fn parse(output: &str) -> Self {
        let mut map = BTreeMap::new();
        for line in output.lines() {
            if let Some((key, value)) = line.trim().split_once(char::is_whitespace) {
                map.entry(key.to_ascii_lowercase()).or_insert_with(|| value.trim().to_owned());
            }
        }
        Self(map)
    }

    /// The PAM service sshd uses, where it says so (`PAMServiceName`, OpenSSH 9.8); older ones use the name of
    /// their program.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.value("pamservicename")
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn on(&self, key: &str) -> bool {
        self.value(key) == Some("yes")
    }

    /// The ways to get in, each a list of methods that must all succeed.
    fn ways(&self) -> Vec<Vec<String>> {
        let listed = self.value("authenticationmethods").unwrap_or("any");
        if listed != "any" {
            let plain = |method: &str| method.split(':').next().unwrap_or(method).to_ascii_lowercase();
            return listed.split_whitespace().map(|way| way.split(',').map(plain).collect()).collect();
        }
        let switches = [
            ("pubkeyauthentication", "publickey"),
            ("passwordauthentication", "password"),
            ("kbdinteractiveauthentication", KBD),
            ("gssapiauthentication", "gssapi-with-mic"),
            ("hostbasedauthentication", "hostbased"),
        ];
        switches.iter().filter(|(key, _)| self.on(key)).map(|(_, method)| vec![(*method).to_owned()]).collect()
    }

    /// What sshd has always seen before it asks PAM by keyboard-interactive.
    #[must_use]
    pub fn before_pam(&self) -> BeforePam {
        let mut dialogues = self.ways().into_iter().filter(|way| way.iter().any(|method| method == KBD)).peekable();
        let something = dialogues.peek().is_some();
        let first = |way: Vec<String>| way.first().is_some_and(|method| method != KBD);
        if something && dialogues.all(first) { BeforePam::Method } else { BeforePam::Nothing }
    }

    /// Whether sshd can put a question to anybody.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.on("usepam") && self.on("kbdinteractiveauthentication") && self.ways().iter().flatten().any(|m| m == KBD)
    }

    /// Each way to get in and what it has to do with PAM, in words.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        if !self.on("usepam") {
            return vec!["UsePAM no: sshd does not ask PAM; what follows does not happen.".to_owned()];
        }
        let what = |way: &Vec<String>| {
            let end = if way.iter().any(|method| method == KBD) {
                "ends in the dialogue that follows"
            } else if way.iter().any(|method| method == "password") {
                "runs what follows with the password for every answer, so a code cannot be given"
            } else {
                "lets in without anything of what follows"
            };
            format!("sshd: a login by {} {end}.", field(&way.join(",")))
        };
        self.ways().iter().map(what).collect()
    }
}

const KBD: &str = "keyboard-interactive";

/// The findings about sshd, whose stack asks for a second factor.
#[must_use]
pub fn judge(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |severity, text: String, fix: &str| found.push(Finding::new(severity, "sshd", text, fix));
    if !settings.on("usepam") {
        say(
            Severity::LetsBy,
            "UsePAM no: sshd asks PAM for nobody, so no ssh login meets the second factor.".to_owned(),
            "Set UsePAM yes.",
        );
        return found;
    }
    let any = settings.value("authenticationmethods").unwrap_or("any") == "any";
    let ways = settings.ways();
    let dialogues = ways.iter().any(|way| way.iter().any(|method| method == KBD));
    let mut past = Vec::new();
    for way in &ways {
        let shown = field(&way.join(","));
        let (password, dialogue) = (way.iter().any(|m| m == "password"), way.iter().any(|m| m == KBD));
        if password && dialogue {
            say(
                Severity::LocksOut,
                format!(
                    "AuthenticationMethods {shown} runs the PAM stack twice, and in the password round the password is \
                     given for the code too: nobody gets in this way."
                ),
                METHODS_FIX,
            );
        } else if password {
            // A client tries keyboard-interactive first where both are offered.
            let severity = if dialogues { Severity::Warning } else { Severity::LocksOut };
            let setting =
                if any { "PasswordAuthentication yes".to_owned() } else { format!("AuthenticationMethods {shown}") };
            say(
                severity,
                format!(
                    "{setting}: for the method “password” sshd gives the password for every question, the code too, so \
                     it is refused wherever a code is asked."
                ),
                "Set PasswordAuthentication no and KbdInteractiveAuthentication yes: the dialogue asks for both.",
            );
        } else if !dialogue {
            past.push(shown);
        }
    }
    if !past.is_empty() {
        let names = past.join(" or ");
        let text = if any {
            format!(
                "No AuthenticationMethods: a login by {names} alone never runs the auth stack, so no code is asked."
            )
        } else {
            format!("AuthenticationMethods allows {names} without keyboard-interactive: no code is asked there.")
        };
        say(Severity::LetsBy, text, METHODS_FIX);
    }
    if !settings.on("kbdinteractiveauthentication") {
        say(
            Severity::LocksOut,
            "KbdInteractiveAuthentication no: sshd has no way to ask for a code.".to_owned(),
            "Set KbdInteractiveAuthentication yes.",
        );
    }
    found.extend(root(settings, &ways));
    found.extend(limits(settings));
    if found.is_empty() {
        let ways: Vec<_> = ways.iter().map(|way| field(&way.join(","))).collect();
        found.push(Finding::new(
            Severity::Fine,
            "sshd",
            format!("Every login ends in the PAM dialogue: {}.", ways.join(" or ")),
            "",
        ));
    }
    found
}

/// The findings about an sshd whose stack has no line of ours: what would lock out locks nobody out yet.
#[must_use]
pub fn before_the_line(mut found: Vec<Finding>) -> Vec<Finding> {
    for finding in found.iter_mut().filter(|finding| finding.severity == Severity::LocksOut) {
        finding.severity = Severity::Warning;
        finding.text.push_str(" Its stack asks for none yet: set this first.");
    }
    found
}

fn root(settings: &Settings, ways: &[Vec<String>]) -> Option<Finding> {
    let (text, fix) = match settings.value("permitrootlogin")? {
        "yes" if settings.before_pam() != BeforePam::Method => (
            "PermitRootLogin yes: anybody may try root's password here, and only the code stands behind it.",
            "Set PermitRootLogin no, or put a key first (AuthenticationMethods publickey,keyboard-interactive:pam).",
        ),
        // OpenSSH lets root use publickey, hostbased and gssapi only, and each method of a list counts.
        "without-password" | "prohibit-password" if ways.iter().all(|way| way.iter().any(|m| m == KBD)) => (
            "PermitRootLogin prohibit-password refuses root's keyboard-interactive step: root cannot log in by ssh, \
             whatever key and code.",
            // Without a key before it, "yes" opens root's password to everybody's guesses.
            if settings.before_pam() == BeforePam::Method {
                "Set PermitRootLogin no if that is meant; root with key and code needs PermitRootLogin yes."
            } else {
                "Set PermitRootLogin no if that is meant. Root with key and code needs PermitRootLogin yes, and a key first \
                 (AuthenticationMethods publickey,keyboard-interactive:pam)."
            },
        ),
        _ => return None,
    };
    Some(Finding::new(Severity::Warning, "sshd", text, fix))
}

fn limits(settings: &Settings) -> Vec<Finding> {
    let number = |key| settings.value(key).and_then(|value| value.parse::<u64>().ok());
    let mut found = Vec::new();
    // 0 is no limit.
    if let Some(seconds) = number("logingracetime").filter(|seconds| (1..GRACE_SECONDS).contains(seconds)) {
        found.push(Finding::new(
            Severity::Warning,
            "sshd",
            format!("LoginGraceTime {seconds}: who takes long to find the code is cut off; the dialogue may take 110 seconds."),
            "Set LoginGraceTime 120.",
        ));
    }
    if let Some(tries) = number("maxauthtries").filter(|tries| *tries < TRIES) {
        found.push(Finding::new(
            Severity::Warning,
            "sshd",
            format!("MaxAuthTries {tries}: every key the client offers counts, so few logins get as far as the code."),
            "Set MaxAuthTries 6.",
        ));
    }
    found
}

/// The finding about a PAM service that sshd uses and policy does not know as sshd's.
#[must_use]
pub fn unknown_service(service: &str) -> Finding {
    let service = field(service);
    Finding::new(
        Severity::Warning,
        "sshd",
        format!("PAMServiceName {service}: policy asks nothing there, or does not know the service as sshd's."),
        format!("Add to mfa.toml: [service.{service}] kind = \"sshd\", and see which rule matches it."),
    )
}

/// What sshd said, on one line, cleaned.
#[must_use]
pub fn own_words(said: &str) -> String {
    let lines = said.lines().map(|line| line.trim().trim_end_matches('.')).filter(|line| !line.is_empty());
    message(&lines.collect::<Vec<_>>().join("; "))
}

/// The finding about an sshd that does not tell its settings; `said` are its own words.
#[must_use]
pub fn unreadable(said: &str) -> Finding {
    Finding::new(
        Severity::LocksOut,
        "sshd",
        format!("sshd does not accept its configuration and would not start: {}.", own_words(said)),
        "Repair what sshd names, and try again with “sshd -t”.",
    )
}

/// The finding about an sshd that was killed after `patience`, before it told its settings.
#[must_use]
pub fn late(patience: Duration) -> Finding {
    Finding::new(
        Severity::Warning,
        "sshd",
        format!(
            "“sshd -T” did not end within {} seconds and was killed: its settings were not looked at, so its stack is judged as if it \
             asked for no key.",
            patience.as_secs()
        ),
        "Try “sshd -T” as root, and see what it waits for: an agent with the host's keys (HostKeyAgent), a file server, the name service.",
    )
}

#[cfg(test)]
mod tests;
