//! What was typed to start sudo or su: to be shown, and what it says of whom the user wants to become.
//!
//! The kernel's copy of a setuid program's arguments is what the program itself reads; its user cannot change it any more.
//! What must never happen: an argument read otherwise than sudo reads it being taken for certain.

use crate::wire::Context;

/// sudo's short options that take a value, attached or as the next word (sudo 1.9, `parse_args.c`; sudo(8)).
const WITH_VALUE: &str = "aCcDgpRrTtUu";

/// Those without one. `h` is both, and left out: what follows it cannot be told.
const WITHOUT_VALUE: &str = "ABbEeHiKklNnPSsVv";

/// The long options of the same (sudo(8)), and whether they take a value of their own word.
const LONG: [(&str, bool); 31] = [
    ("askpass", false),
    ("auth-type", true),
    ("background", false),
    ("bell", false),
    ("chdir", true),
    ("chroot", true),
    ("close-from", true),
    ("command-timeout", true),
    ("edit", false),
    ("group", true),
    ("help", false),
    ("list", false),
    ("login", false),
    ("login-class", true),
    ("no-update", false),
    ("non-interactive", false),
    ("other-user", true),
    ("preserve-groups", false),
    ("prompt", true),
    ("remove-timestamp", false),
    ("reset-timestamp", false),
    ("role", true),
    ("set-home", false),
    ("shell", false),
    ("stdin", false),
    ("type", true),
    ("user", true),
    ("validate", false),
    ("version", false),
    // With a value only behind `=`.
    ("preserve-env", false),
    // Takes a value or not, as -h does: see `long`.
    ("host", false),
];

/// What sudo's command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sudo {
    /// `-u`: whom to become; `None`: root, as sudo's default is, or what sudoers makes of it.
    pub user: Option<String>,
    /// `-n`: nothing may be asked.
    pub non_interactive: bool,
}

/// Reads the arguments of sudo; `None` where it cannot be told how sudo reads them.
#[must_use]
pub fn sudo(context: &Context) -> Option<Sudo> {
    let mut words = context.arguments.iter().skip(1).map(String::as_str);
    let mut read = Sudo { user: None, non_interactive: false };
    loop {
        let Some(word) = words.next() else {
            // Of a line that was cut the rest is not known.
            return (!context.arguments_cut).then_some(read);
        };
        if word == "--" {
            return Some(read);
        }
        if let Some(name) = word.strip_prefix("--") {
            long(&mut read, name, &mut words)?;
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            short(&mut read, letters, &mut words)?;
        } else if word.starts_with('/') || !word.contains('=') {
            return Some(read);
        } else if !is_assignment(word) {
            return None;
        }
    }
}

/// The next word as an option's value. After `--` sudo looks for no more `NAME=value`, even where that was a value.
fn value<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<&'a str> {
    words.next().filter(|value| *value != "--")
}

impl Sudo {
    /// Not every sudo lets a second `-u` count, or is there.
    fn becomes(&mut self, user: &str) -> Option<()> {
        self.user.replace(user.to_owned()).is_none().then_some(())
    }
}

fn short<'a>(read: &mut Sudo, letters: &'a str, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        if WITH_VALUE.contains(letter) {
            let value = if rest.as_str().is_empty() { value(words)? } else { rest.as_str() };
            return if letter == 'u' { read.becomes(value) } else { Some(()) };
        }
        if !WITHOUT_VALUE.contains(letter) {
            return None;
        }
        read.non_interactive |= letter == 'n';
    }
    Some(())
}

fn long<'a>(read: &mut Sudo, text: &'a str, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    let (typed, attached) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    // getopt_long(3) takes any beginning that only one begins with; an exact name before all.
    let mut fitting = LONG.iter().filter(|(name, _)| name.starts_with(typed));
    let exact = LONG.iter().find(|(name, _)| *name == typed);
    let (name, takes_value) = match (exact, fitting.next(), fitting.next()) {
        (Some(exact), ..) => *exact,
        (None, Some(only), None) => *only,
        _ => return None,
    };
    match name {
        "host" | "help" => return None,
        "non-interactive" => read.non_interactive = true,
        _ => {}
    }
    if takes_value {
        let value = match attached {
            Some(value) => value,
            None => value(words)?,
        };
        if name == "user" {
            read.becomes(value)?;
        }
    }
    Some(())
}

/// `NAME=value`, which sudo puts into the environment of the command; options may follow. sudo takes any word with `=` that
/// does not begin with `/` for one; what no variable is called is left in doubt.
fn is_assignment(word: &str) -> bool {
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    word.split_once('=').is_some_and(|(name, _)| plain(name) && name.starts_with(|c: char| !c.is_ascii_digit()))
}

/// The arguments as a shell would take them, each told from the next; empty where nothing is known.
#[must_use]
pub fn command(context: &Context) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '=' | ':' | ',' | '+' | '@' | '%');
    let spelled = |word: &String| {
        if word.is_empty() || !word.chars().all(plain) {
            format!("'{}'", word.replace('\'', r"'\''"))
        } else {
            word.clone()
        }
    };
    let mut text = context.arguments.iter().map(spelled).collect::<Vec<_>>().join(" ");
    if context.arguments_cut {
        text.push_str(" …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &[&str]) -> Context {
        Context { arguments: line.iter().map(|word| (*word).to_owned()).collect(), ..Context::default() }
    }

    fn read(line: &[&str]) -> Option<(Option<String>, bool)> {
        sudo(&of(line)).map(|sudo| (sudo.user, sudo.non_interactive))
    }

    #[test]
    fn sudos_options_are_read_as_sudo_reads_them() {
        let user = |name: &str| Some(name.to_owned());
        for (line, expected) in [
            (vec!["sudo", "id"], (None, false)),
            (vec!["sudo", "-u", "bob", "id"], (user("bob"), false)),
            (vec!["sudo", "-ubob", "id"], (user("bob"), false)),
            (vec!["sudo", "-nu", "bob", "id", "-u"], (user("bob"), true)),
            (vec!["sudo", "-nubob"], (user("bob"), true)),
            (vec!["sudo", "-un", "id"], (user("n"), false)),
            (vec!["sudo", "--user=bob", "--non-interactive", "id"], (user("bob"), true)),
            (vec!["sudo", "--us", "bob", "--non", "id"], (user("bob"), true)),
            (vec!["sudo", "-p", "-n", "id"], (None, false)),
            (vec!["sudo", "-g", "wheel", "-n", "id", "-u", "carol"], (None, true)),
            (vec!["sudo", "A=b", "-u", "bob", "id"], (user("bob"), false)),
            (vec!["sudo", "--", "-n"], (None, false)),
            (vec!["sudo", "A=/b", "_c=", "-nu", "bob", "id", "d=e"], (user("bob"), true)),
            (vec!["sudo", "/bin/a=b", "-u", "bob"], (None, false)),
            (vec!["sudoedit", "-n", "/etc/hosts"], (None, true)),
            (vec!["sudo", "id", "-n"], (None, false)),
            (vec![], (None, false)),
        ] {
            assert_eq!(read(&line), Some(expected), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for line in [
            vec!["sudo", "-h", "host", "-u", "bob", "id"],
            vec!["sudo", "-X", "id"],
            vec!["sudo", "-u"],
            vec!["sudo", "--s", "id"],
            vec!["sudo", "--no", "id"],
            vec!["sudo", "--host=x", "id"],
            vec!["sudo", "--unheard-of", "id"],
            vec!["sudo", "-é"],
            vec!["sudo", "-p", "--", "A=/x", "-u", "bob"],
            vec!["sudo", "--prompt", "--", "A=/x", "-u", "bob"],
            vec!["sudo", "-u", "--", "id"],
            vec!["sudo", "-u", "alice", "-u", "bob", "id"],
            vec!["sudo", "-u", "alice", "--user=bob", "id"],
            vec!["sudo", "a/b=c", "-u", "bob", "id"],
            vec!["sudo", "=c", "-u", "bob", "id"],
            vec!["sudo", "1a=c", "-u", "bob", "id"],
        ] {
            assert_eq!(read(&line), None, "{line:?}");
        }
        let cut = |line: &[&str]| sudo(&Context { arguments_cut: true, ..of(line) });
        assert_eq!(cut(&["sudo", "-p", "x"]), None, "what follows may be -u");
        assert!(cut(&["sudo", "-u", "bob", "id"]).is_some());
    }

    #[test]
    fn arguments_are_spelled_so_that_each_can_be_told_from_the_next() {
        for (line, expected) in [
            (vec!["sudo", "id", "-un"], "sudo id -un"),
            (vec!["sudo", "sh", "-c", "rm it's"], r"sudo sh -c 'rm it'\''s'"),
            (vec!["sudo", "", "a\nb"], "sudo '' 'a\nb'"),
            (vec![], ""),
        ] {
            assert_eq!(command(&of(&line)), expected);
        }
        assert_eq!(command(&Context { arguments_cut: true, ..of(&["sudo", "id"]) }), "sudo id …");
    }
}
