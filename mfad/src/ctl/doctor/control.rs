//! What libpam does with a module's return code: the control field of a PAM line.
//!
//! Called by the stack parser, the walker and the rules. What must never happen: a control read more
//! kindly than libpam reads it, so that the doctor calls a hole closed. One that libpam cannot parse
//! makes every code `bad`, and so it does here.

use std::fmt;

/// The names of the codes 0 to 31 as a control field spells them (pam.conf(5); `_pam_types.h` numbers them).
const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// A PAM return code, 0 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(u8);

impl Code {
    /// The module says yes.
    pub const SUCCESS: Self = Self(0);
    /// A fault in the service, or an argument a module does not know.
    pub const SERVICE_ERR: Self = Self(3);
    /// A fault of the system.
    pub const SYSTEM_ERR: Self = Self(4);
    /// What libpam itself answers when a stack decides nothing.
    pub const PERM_DENIED: Self = Self(6);
    /// The module says no.
    pub const AUTH_ERR: Self = Self(7);
    /// The authority cannot be reached.
    pub const AUTHINFO_UNAVAIL: Self = Self(9);
    /// There is no such user for this module.
    pub const USER_UNKNOWN: Self = Self(10);
    /// No further try.
    pub const MAXTRIES: Self = Self(11);
    /// The dialogue with the user failed.
    pub const CONV_ERR: Self = Self(19);
    /// The module has no opinion.
    pub const IGNORE: Self = Self(25);
    /// A fault after which nothing can be trusted.
    pub const ABORT: Self = Self(26);
    /// The module's file could not be loaded.
    pub const MODULE_UNKNOWN: Self = Self(28);

    /// The code a control field calls `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().position(|known| *known == name).and_then(|n| u8::try_from(n).ok()).map(Self)
    }

    /// All codes a module may end a call with, `incomplete` (the call is not over) left out.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..31).map(Self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.get(usize::from(self.0)).copied().unwrap_or("?"))
    }
}

/// What is done with one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// As if the module had not been there.
    Ignore,
    /// Counts as this code, unless something failed before.
    Ok,
    /// As `ok`, and the stack ends here.
    Done,
    /// The stack fails, but goes on.
    Bad,
    /// The stack fails and ends here.
    Die,
    /// Forget what this stack has decided so far.
    Reset,
    /// Skip so many of the following lines.
    Jump(u32),
}

/// A control field: its text, and an action for each code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    text: String,
    actions: [Option<Action>; 32],
    default: Action,
}

impl Control {
    /// `token` as libpam understands it, and the complaint libpam would log, if any. `bracketed` says that
    /// it stood in square brackets.
    #[must_use]
    pub fn parse(token: &str, bracketed: bool) -> (Self, Option<String>) {
        let keyword = |actions: &[(Code, Action)], default| {
            let mut control = Self::every(token, default);
            for (code, action) in actions {
                control.set(*code, *action);
            }
            control
        };
        let new_token = Code(12);
        let ok = [(Code::SUCCESS, Action::Ok), (new_token, Action::Ok), (Code::IGNORE, Action::Ignore)];
        let done = [(Code::SUCCESS, Action::Done), (new_token, Action::Done)];
        // libpam compares the keywords without regard to case, and the same inside brackets.
        match token.to_ascii_lowercase().as_str() {
            "required" => (keyword(&ok, Action::Bad), None),
            "requisite" => (keyword(&ok, Action::Die), None),
            "optional" => (keyword(&ok, Action::Ignore), None),
            "sufficient" => (keyword(&done, Action::Ignore), None),
            _ => {
                let shown = if bracketed { format!("[{token}]") } else { token.to_owned() };
                match bracket(token) {
                    Ok((pairs, default)) => {
                        let mut control = Self::every(&shown, default);
                        for (code, action) in pairs {
                            control.set(code, action);
                        }
                        (control, None)
                    }
                    Err(why) => (Self::every(&shown, Action::Bad), Some(why)),
                }
            }
        }
    }

    /// A control with one action for every code.
    #[must_use]
    pub fn every(text: &str, action: Action) -> Self {
        Self { text: text.to_owned(), actions: [None; 32], default: action }
    }

    /// What is done when the module returns `code`.
    #[must_use]
    pub fn on(&self, code: Code) -> Action {
        self.actions.get(usize::from(code.0)).copied().flatten().unwrap_or(self.default)
    }

    /// The field as it stands in the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn set(&mut self, code: Code, action: Action) {
        if let Some(slot) = self.actions.get_mut(usize::from(code.0)) {
            *slot = Some(action);
        }
    }
}

type Pairs = Vec<(Code, Action)>;

/// The inside of `[code=action …]`. `default` covers what was not named before it, and a later name
/// overrides it; without one the rest is `bad`. libpam compares beginnings, so that no space is needed
/// behind an action.
fn bracket(text: &str) -> Result<(Pairs, Action), String> {
    let mut pairs = Vec::new();
    let mut default = None;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let named = Code::all().chain([Code(31)]).find_map(|code| Some((code, rest.strip_prefix(&code.to_string())?)));
        let (code, after) = match (named, rest.strip_prefix("default")) {
            (Some((code, after)), _) => (Some(code), after),
            (None, Some(after)) => (None, after),
            (None, None) => return Err(format!("“{}” is no PAM result", first_word(rest))),
        };
        let after = after
            .trim_start()
            .strip_prefix('=')
            .ok_or_else(|| format!("“=” is missing before “{}”", first_word(after)))?;
        let (action, after) = action(after.trim_start())?;
        match code {
            Some(code) => pairs.push((code, action)),
            None => {
                default.get_or_insert(action);
            }
        }
        rest = after.trim_start();
    }
    Ok((pairs, default.unwrap_or(Action::Bad)))
}

/// The action at the beginning of `text`, and what follows it.
fn action(text: &str) -> Result<(Action, &str), String> {
    let words = [
        ("ignore", Action::Ignore),
        ("ok", Action::Ok),
        ("done", Action::Done),
        ("bad", Action::Bad),
        ("die", Action::Die),
        ("reset", Action::Reset),
    ];
    if let Some(found) = words.iter().find_map(|(word, action)| Some((*action, text.strip_prefix(word)?))) {
        return Ok(found);
    }
    let (digits, after) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    match digits.parse::<u32>() {
        Ok(lines) if lines > 0 => Ok((Action::Jump(lines), after)),
        _ => Err(format!("“{}” is no action", first_word(text))),
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_mean_what_pam_conf_says() {
        let on = |keyword: &str, code: &str| Control::parse(keyword, false).0.on(Code::named(code).unwrap());
        assert_eq!(on("required", "success"), Action::Ok);
        assert_eq!(on("REQUIRED", "auth_err"), Action::Bad);
        assert_eq!(on("required", "ignore"), Action::Ignore);
        assert_eq!(on("requisite", "module_unknown"), Action::Die);
        assert_eq!(on("sufficient", "new_authtok_reqd"), Action::Done);
        assert_eq!(on("sufficient", "auth_err"), Action::Ignore);
        assert_eq!(on("optional", "module_unknown"), Action::Ignore);
    }

    #[test]
    fn brackets_name_codes_and_a_default() {
        let (control, complaint) = Control::parse("success=2 new_authtok_reqd = ok ignore=ignore default=die", true);
        assert_eq!(complaint, None);
        assert_eq!(control.on(Code::SUCCESS), Action::Jump(2));
        assert_eq!(control.on(Code::AUTH_ERR), Action::Die);
        assert_eq!(control.text(), "[success=2 new_authtok_reqd = ok ignore=ignore default=die]");
        assert_eq!(Control::parse("success=ok", true).0.on(Code::ABORT), Action::Bad);
    }

    #[test]
    fn a_control_that_cannot_be_parsed_fails_every_code() {
        for bad in ["success=maybe", "succes=ok", "success ok", "success=0", "requird", "default=okay", "SUCCESS=ok"] {
            let (control, complaint) = Control::parse(bad, true);
            assert!(complaint.is_some(), "{bad}");
            assert_eq!(control.on(Code::SUCCESS), Action::Bad, "{bad}");
        }
    }
}
