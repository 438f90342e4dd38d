//! The form of what tools read, held to `docs/logs.md` and `docs/pam.md`: the module's lines and the audit trail.
//!
//! Every [`World`] looks when it ends, so that whatever the real programs write in any test has the documented form and none but
//! documented words.

use super::World;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs;

/// Lines of one world that are looked at: one of a hundred thousand users ends in time.
const MOST: usize = 5000;

/// Longest line of the module.
const LONGEST: usize = 900;

/// Members of every line of the trail, in this order; the others follow in alphabetical order.
const ALWAYS: [&str; 4] = ["seq", "prev", "at", "time"];

/// The words that the documents explain.
pub struct Words {
    /// `reason=`, mfad's.
    pub of_mfad: BTreeSet<&'static str>,
    /// `reason=`, the module's own.
    pub of_module: BTreeSet<&'static str>,
    /// `event` of the trail.
    pub events: BTreeSet<&'static str>,
}

impl Words {
    /// Those of the documents as they are.
    ///
    /// # Panics
    /// When a table is not where it was.
    #[must_use]
    pub fn documented() -> Self {
        let (pam, logs) = (include_str!("../../../docs/pam.md"), include_str!("../../../docs/logs.md"));
        Self {
            of_mfad: table(pam, "| `reason` (mfad's) |"),
            of_module: table(pam, "| `reason` (the module's) |"),
            events: table(logs, "| `event` |"),
        }
    }

    /// What is wrong with a line of the module, without its priority.
    #[must_use]
    pub fn fault_of_line(&self, line: &str) -> Option<&'static str> {
        if line.len() > LONGEST {
            return Some("longer than it may be");
        }
        let Some((service, rest)) = line.strip_prefix("pam_mfa(").and_then(|rest| rest.split_once(":auth)[")) else {
            return Some("another ident");
        };
        let Some((_, mut rest)) = rest.split_once("]: ").filter(|(pid, _)| pid.parse::<u32>().is_ok()) else {
            return Some("no process id");
        };
        if service == "panic" && rest.starts_with("panic at ") {
            return None;
        }
        for name in ["user", "ruser", "rhost", "tty"] {
            let after = rest.strip_prefix(name).and_then(|rest| quoted(rest.strip_prefix('=')?)?.strip_prefix(' '));
            let Some(after) = after else { return Some("user, ruser, rhost and tty do not stand in front") };
            rest = after;
        }
        if let Some(said) = rest.strip_prefix("debug=") {
            return (quoted(said) != Some("")).then_some("more behind debug");
        }
        let Some((method, result, rest)) = decided(rest) else { return Some("no method= result= reason=") };
        let (reason, detail) = rest.split_once(' ').map_or((rest, None), |(reason, detail)| (reason, Some(detail)));
        let is_known = match detail {
            None => self.of_mfad.contains(reason),
            Some(_) => self.of_module.contains(reason) && method == "none" && result != "granted",
        };
        if !is_known {
            return Some("a reason that docs/pam.md does not explain, or a detail where none belongs");
        }
        let is_whole = detail.is_none_or(|detail| detail.strip_prefix("detail=").and_then(quoted) == Some(""));
        let known = ["none", "totp", "hotp", "recovery", "push", "bypass"].contains(&method)
            && ["granted", "ignored", "refused"].contains(&result);
        (!is_whole || !known).then_some("a method, result or detail of another form")
    }

    /// What is wrong with a line of the trail.
    #[must_use]
    pub fn fault_of_event(&self, line: &str) -> Option<String> {
        let members: Map<String, Value> = match serde_json::from_str(line) {
            Ok(members) => members,
            Err(why) => return Some(why.to_string()),
        };
        let mut rest: Vec<&str> = members.keys().map(String::as_str).filter(|key| !ALWAYS.contains(key)).collect();
        rest.sort_unstable();
        let written = ALWAYS.iter().copied().chain(rest).filter_map(|key| {
            let value = members.get(key)?;
            Some(format!("\"{key}\":{value}"))
        });
        if format!("{{{}}}", written.collect::<Vec<_>>().join(",")) != line {
            return Some("members in another order, or blanks".to_owned());
        }
        let missing = ALWAYS.iter().chain(&["event"]).find(|key| !members.contains_key(**key));
        if let Some(missing) = missing {
            return Some(format!("no {missing}"));
        }
        members.iter().find_map(|(key, value)| {
            let text = value.as_str();
            let fits = match key.as_str() {
                "seq" | "time" | "by_uid" => value.is_u64(),
                "prev" => text.is_some_and(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())),
                "at" => text.is_some_and(|at| (at.len() == 20 && at.ends_with('Z')) || at.starts_with('@')),
                "event" => text.is_some_and(|event| self.events.contains(event)),
                "reason" => text.is_some_and(|reason| self.of_mfad.contains(reason)),
                "user" | "service" | "tty" | "rhost" | "ruser" | "method" | "factor" | "detail" => text.is_some(),
                _ => false,
            };
            (!fits).then(|| format!("{key}: {value} is not as docs/logs.md says"))
        })
    }
}

/// What of this world's logs has another form than the documents say.
#[must_use]
pub fn faults(world: &World) -> Vec<String> {
    let words = Words::documented();
    let lines = world.log().lines();
    let ours = lines.iter().filter_map(|line| line.split_once('>').filter(|(_, line)| line.starts_with("pam_mfa(")));
    let mut faults: Vec<String> = ours
        .take(MOST)
        .filter_map(|(priority, line)| match priority {
            "<82" | "<84" | "<86" | "<87" => words.fault_of_line(line).map(|fault| format!("{fault}: {line}")),
            _ => Some(format!("another priority: {priority}>{line}")),
        })
        .collect();
    let trail = fs::read_dir(world.state_dir().join("audit")).into_iter().flatten().flatten();
    for file in trail.map(|entry| entry.path()) {
        let text = fs::read(&file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        // What stands behind the last newline was cut off with its writer.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let told = whole.lines().take(MOST).filter_map(|line| Some((words.fault_of_event(line)?, line)));
        faults.extend(told.map(|(fault, line)| format!("{}: {fault}: {line}", file.display())));
    }
    faults
}

/// The words in code in the first column of the table with this heading.
fn table(page: &'static str, heading: &str) -> BTreeSet<&'static str> {
    let (_, table) = page.split_once(heading).unwrap_or_else(|| panic!("no table {heading}"));
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| `"));
    let words: BTreeSet<_> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2)).collect();
    assert!(!words.is_empty(), "nothing stands under {heading}");
    words
}

/// What follows a quoted value.
fn quoted(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            '"' if !escaped => return inside.get(at + 1..),
            c if c.is_control() => return None,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}

/// Method, result, and what stands from the reason on.
fn decided(text: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = text.strip_prefix("method=")?.split_once(' ')?;
    let (result, rest) = rest.strip_prefix("result=")?.split_once(' ')?;
    Some((method, result, rest.strip_prefix("reason=")?))
}
