//! What the doctor knows of the modules that stand beside ours, and the worlds it tries a stack in.
//!
//! Called by the rules and by `--simulate`. What must never happen: a module that asks nobody anything being
//! taken for a first factor. The other mistake, an unknown module taken for one, is said in `--simulate`.

use super::control::{Action, Code};
use super::stack::{Kind, Line};
use super::walk::{Walk, walk};
use std::collections::BTreeSet;

/// Conditions of which all combinations are tried; with more, each is tried alone.
const ALL_COMBINATIONS_OF: usize = 7;

/// What a module is to a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `pam_mfa` itself.
    Ours,
    /// Asks for something the user knows, has or is.
    FirstFactor(&'static str),
    /// Always answers the same.
    Always(Code),
    /// Answers by who or where the user is; the first code is that of an ordinary user.
    Condition(Code, Code),
}

/// What `line`'s module is.
#[must_use]
pub fn role(line: &Line) -> Role {
    let has = |word: &str| line.args.iter().any(|arg| arg == word);
    match line.name() {
        // cargo's own name for the file, in a stack that tries a build.
        "pam_mfa" | "libpam_mfa" => Role::Ours,
        "pam_deny" => Role::Always(Code::AUTH_ERR),
        "pam_faillock" if has("authfail") => Role::Always(Code::AUTH_ERR),
        "pam_faillock" | "pam_permit" | "pam_env" | "pam_faildelay" | "pam_group" | "pam_exec" | "pam_setquota"
        | "pam_tally2" | "pam_access" | "pam_time" | "pam_shells" | "pam_securetty" | "pam_sepermit" => {
            Role::Always(Code::SUCCESS)
        }
        "pam_nologin" | "pam_cap" | "pam_warn" | "pam_echo" | "pam_issue" | "pam_selinux" | "pam_keyinit"
        | "pam_motd" | "pam_gnome_keyring" | "pam_kwallet" | "pam_kwallet5" | "pam_systemd" | "pam_mount"
        | "pam_ecryptfs" | "pam_xauth" | "pam_namespace" => Role::Always(Code::IGNORE),
        "pam_rootok" => Role::Condition(Code::AUTH_ERR, Code::SUCCESS),
        "pam_wheel" if has("trust") => Role::Condition(Code::IGNORE, Code::SUCCESS),
        "pam_wheel" => Role::Condition(Code::SUCCESS, Code::PERM_DENIED),
        "pam_localuser" | "pam_usertype" => Role::Condition(Code::SUCCESS, Code::PERM_DENIED),
        // Where failing it ends in a refusal, the ordinary user meets the condition; where it is a way around
        // something, not.
        "pam_succeed_if" | "pam_listfile" | "pam_rhosts" | "pam_timestamp" => match line.control.on(Code::AUTH_ERR) {
            Action::Bad | Action::Die => Role::Condition(Code::SUCCESS, Code::AUTH_ERR),
            _ => Role::Condition(Code::AUTH_ERR, Code::SUCCESS),
        },
        "pam_fprintd" | "pam_howdy" => Role::FirstFactor("asks for a fingerprint or a face"),
        "pam_u2f" | "pam_yubico" => Role::FirstFactor("asks for a security key"),
        "pam_pkcs11" | "pam_p11" => Role::FirstFactor("asks for a smart card"),
        "pam_ssh_agent_auth" => Role::FirstFactor("asks the ssh agent for a key"),
        "pam_google_authenticator" | "pam_oath" => Role::FirstFactor("asks for a code of its own"),
        "pam_unix" | "pam_sss" | "pam_krb5" | "pam_ldap" | "pam_winbind" | "pam_radius_auth" | "pam_systemd_home"
        | "pam_userdb" | "pam_tcb" | "pam_pwdfile" | "pam_mysql" | "pam_pgsql" | "pam_kanidm" | "pam_himmelblau"
        | "pam_authd" | "pam_ftp" => Role::FirstFactor("asks for the password"),
        _ => Role::FirstFactor("is not known here and is taken for a first factor"),
    }
}

/// Whether a line runs our module.
#[must_use]
pub fn is_ours(line: &Line) -> bool {
    line.kind == Kind::Module && role(line) == Role::Ours
}

/// Who stands before the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// What is right.
    pub knows: Knows,
    /// Conditions ([`fact`]) that are not those of an ordinary user.
    pub unusual: BTreeSet<String>,
}

/// Which first factors succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knows {
    /// All of them.
    All,
    /// That of one module ([`fact`]).
    Only(String),
    /// None.
    Nothing,
}

impl World {
    /// What `line` returns here, when our own module returns `ours`.
    #[must_use]
    pub fn returns(&self, line: &Line, ours: Code) -> Code {
        match role(line) {
            Role::Ours => ours,
            Role::Always(code) => code,
            Role::Condition(_, rare) if self.unusual.contains(&fact(line)) => rare,
            Role::Condition(usual, _) => usual,
            Role::FirstFactor(_) => match &self.knows {
                Knows::All => Code::SUCCESS,
                Knows::Only(module) if *module == line.name() => Code::SUCCESS,
                Knows::Only(_) | Knows::Nothing => Code::AUTH_ERR,
            },
        }
    }

    /// The walk through `lines` here, when our own module returns `ours`.
    #[must_use]
    pub fn walk(&self, lines: &[Line], ours: Code) -> Walk {
        walk(lines, |line| self.returns(line, ours))
    }
}

/// A condition by its words: two lines that ask the same get the same answer.
#[must_use]
pub fn fact(line: &Line) -> String {
    std::iter::once(line.name()).chain(line.args.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// The names of the first-factor modules of a stack, in order, each once.
#[must_use]
pub fn first_factors(lines: &[Line]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| line.kind == Kind::Module) {
        if matches!(role(line), Role::FirstFactor(_)) && !names.iter().any(|name| name == line.name()) {
            names.push(line.name().to_owned());
        }
    }
    names
}

/// All worlds in which a first factor is right, the most ordinary first. A stack without first factors has
/// them too: somebody stands before it.
#[must_use]
pub fn right_worlds(lines: &[Line]) -> Vec<World> {
    let mut knows = vec![Knows::All];
    let modules = first_factors(lines);
    if modules.len() > 1 {
        knows.extend(modules.into_iter().map(Knows::Only));
    }
    combinations(lines)
        .into_iter()
        .flat_map(|unusual| knows.iter().map(move |knows| World { knows: knows.clone(), unusual: unusual.clone() }))
        .collect()
}

/// An ordinary user, or somebody in that name, without any first factor.
#[must_use]
pub fn stranger() -> World {
    World { knows: Knows::Nothing, unusual: BTreeSet::new() }
}

/// Somebody without any first factor under every combination of conditions, the most ordinary first. Root
/// before su is left out: nobody expects a first factor there.
#[must_use]
pub fn strangers(lines: &[Line]) -> Vec<World> {
    let mut sets = combinations(lines);
    sets.retain(|unusual| !unusual.iter().any(|fact| fact.starts_with("pam_rootok")));
    sets.into_iter().map(|unusual| World { knows: Knows::Nothing, unusual }).collect()
}

fn combinations(lines: &[Line]) -> Vec<BTreeSet<String>> {
    let facts: BTreeSet<String> = lines
        .iter()
        .filter(|line| line.kind == Kind::Module && matches!(role(line), Role::Condition(..)))
        .map(fact)
        .collect();
    let mut sets = vec![BTreeSet::new()];
    for one in &facts {
        if facts.len() > ALL_COMBINATIONS_OF {
            sets.push(BTreeSet::from([one.clone()]));
            continue;
        }
        let with: Vec<_> = sets.iter().map(|set| set.iter().chain([one]).cloned().collect()).collect();
        sets.extend(with);
    }
    sets.sort_by_key(BTreeSet::len);
    sets
}
