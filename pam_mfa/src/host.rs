//! The edge to the application: who it says is knocking, and its conversation.
//!
//! Everything comes from the PAM handle and the kernel. What must never happen: anything decided by the process
//! environment, since under sudo it belongs to the caller.

use crate::dialogue::{ConversationFailed, Terminal};
use crate::ffi;
use crate::log::Log;
use crate::process;
use crate::watch::Watch;
use mfa_core::secret::Secret;
use mfa_core::stacked::FirstPass;
use mfa_core::wire::Context;
use pam::constants::{PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON, PAM_TEXT_INFO, PamMessageStyle};
use pam::conv::Conv;
use pam::items::{AuthTok, Item, RHost, RUser, Service, Tty, User};
use pam::module::PamHandle;
use pam::secret::SecretBytes;
use rustix::process::{geteuid, getuid};
use std::ffi::CStr;
use std::fmt;
use std::ops::Deref;

/// Most methods taken from `SSH_AUTH_INFO_0`: OpenSSH knows six (sshd_config(5), AuthenticationMethods).
const MAX_SSH_METHODS: usize = 8;

/// Longest name of an SSH method, in bytes: RFC 4251, section 6 limits names to 64.
const MAX_SSH_METHOD: usize = 64;

/// Whether the caller has the rights of root, and so root's socket.
pub(crate) fn effective_root() -> bool {
    geteuid().is_root()
}

/// The items of the handle, copied: libpam may free its own at the next conversation.
#[derive(Default)]
pub(crate) struct Caller {
    pub(crate) user: Option<Vec<u8>>,
    pub(crate) service: Option<String>,
    pub(crate) tty: Option<String>,
    pub(crate) rhost: Option<String>,
    pub(crate) ruser: Option<String>,
    pub(crate) real_uid: u32,
    /// Who is at the other end of standard input, where the real uid says nothing.
    pub(crate) stdin_peer: Option<u32>,
    pub(crate) ssh_auth_info: Vec<String>,
    /// The session of the user who started the setuid program that called PAM.
    pub(crate) session: Option<String>,
    /// What a user typed to start the setuid program that called PAM, and whether there is more of it.
    pub(crate) arguments: (Vec<String>, bool),
    /// That program was started on a terminal that shows ASCII alone.
    pub(crate) ascii: bool,
    /// sshd's `SSH_CONNECTION` of the PAM environment: used only to find the connection to watch.
    pub(crate) ssh_connection: Option<String>,
}

/// Why `PAM_USER` names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoUser {
    Missing,
    Empty,
    NotText,
}

impl fmt::Display for NoUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the application named no user, and no module before this one asked for the name",
            Self::Empty => "the user's name is empty",
            Self::NotText => "the user's name is not UTF-8",
        })
    }
}

impl Caller {
    /// Reads the handle.
    pub(crate) fn of(pamh: &mut PamHandle) -> Self {
        let auth_info = ffi::pam_environment(pamh, c"SSH_AUTH_INFO_0").unwrap_or_default();
        let setuid = effective_root() && !getuid().is_root();
        let tty = item::<Tty>(pamh).map(text);
        // sshd says `ssh`: what it was started with says nothing of the terminal at the other end.
        let has_terminal = tty.as_deref().is_some_and(|tty| !tty.is_empty() && tty != "ssh");
        Self {
            user: item::<User>(pamh),
            service: item::<Service>(pamh).map(text),
            tty,
            rhost: item::<RHost>(pamh).map(text),
            ruser: item::<RUser>(pamh).map(text),
            real_uid: getuid().as_raw(),
            // The standard input of a setuid program is its caller's choice.
            stdin_peer: if getuid().is_root() { process::stdin_peer() } else { None },
            ssh_auth_info: ssh_methods(&auth_info),
            session: if setuid { process::session() } else { None },
            arguments: if setuid { process::arguments() } else { Default::default() },
            ascii: has_terminal && process::is_on_ascii(),
            ssh_connection: ffi::pam_environment(pamh, c"SSH_CONNECTION").map(text),
        }
    }

    /// What mfad is told.
    ///
    /// # Errors
    /// When there is no user to ask about.
    pub(crate) fn context(&self, first_factor_stack: bool, first_pass: FirstPass) -> Result<Context, NoUser> {
        let user = self.user.as_deref().ok_or(NoUser::Missing)?;
        let user = std::str::from_utf8(user).map_err(|_| NoUser::NotText)?;
        if user.is_empty() {
            return Err(NoUser::Empty);
        }
        Ok(Context {
            user: user.to_owned(),
            service: self.service.clone().unwrap_or_default(),
            tty: self.tty.clone(),
            rhost: self.rhost.clone(),
            ruser: self.ruser.clone(),
            real_uid: self.real_uid,
            stdin_peer: self.stdin_peer,
            first_factor_stack,
            ssh_auth_info: self.ssh_auth_info.clone(),
            session: self.session.clone(),
            arguments: self.arguments.0.clone(),
            arguments_cut: self.arguments.1,
            ascii: self.ascii,
            first_pass,
        })
    }
}

/// The stacked password, if a module before this one, or this one, has set it. Nobody is asked for it.
pub(crate) fn stacked_password(pamh: &PamHandle) -> Option<Secret> {
    let token = pamh.get_item::<AuthTok<'_>>().ok().flatten()?;
    Some(Secret::new(token.as_bytes().to_vec()))
}

fn item<'a, T: Item<'a> + Deref<Target = &'a CStr>>(pamh: &'a PamHandle) -> Option<Vec<u8>> {
    pamh.get_item::<T>().ok().flatten().map(|item| item.to_bytes().to_vec())
}

/// Bytes that are not UTF-8 become U+FFFD, which equals nothing a policy names.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}

/// The methods named by sshd's `SSH_AUTH_INFO_0`: a line each, the first word of it; keys are left out.
fn ssh_methods(auth_info: &[u8]) -> Vec<String> {
    auth_info
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(u8::is_ascii_whitespace).next())
        .filter(|method| !method.is_empty() && method.len() <= MAX_SSH_METHOD && method.is_ascii())
        .take(MAX_SSH_METHODS)
        .map(|method| text(method.to_vec()))
        .collect()
}

/// The application's conversation function.
pub(crate) struct Conversation<'a> {
    pamh: &'a PamHandle,
    log: &'a mut Log,
    watch: Watch,
}

impl<'a> Conversation<'a> {
    /// The conversation of this handle.
    pub(crate) fn new(pamh: &'a PamHandle, log: &'a mut Log, watch: Watch) -> Self {
        Self { pamh, log, watch }
    }

    fn send(&self, style: PamMessageStyle, text: &str) -> Result<Option<SecretBytes>, ConversationFailed> {
        let conversation = self.pamh.get_item::<Conv<'_>>().ok().flatten().ok_or(ConversationFailed)?;
        conversation.send(style, text).map_err(|_| ConversationFailed)
    }
}

impl Terminal for Conversation<'_> {
    fn prompt(&mut self, text: &str, echo: bool) -> Result<Option<Secret>, ConversationFailed> {
        let style = if echo { PAM_PROMPT_ECHO_ON } else { PAM_PROMPT_ECHO_OFF };
        let typed = self.send(style, text)?;
        Ok(typed.map(|typed| Secret::new(typed.as_bytes().to_vec())))
    }

    fn tell(&mut self, text: &str) {
        if self.send(PAM_TEXT_INFO, text).is_err() {
            self.log.debug("the application did not take the notice");
        }
    }

    fn is_gone(&self) -> bool {
        self.watch.is_gone()
    }

    fn user_is(&self, user: &str) -> bool {
        item::<User>(self.pamh).is_some_and(|now| now == user.as_bytes())
    }

    fn note(&mut self, what: &str) {
        self.log.debug(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_sshd_are_taken_without_their_keys() {
        let info = b"publickey ssh-ed25519 AAAAC3Nza\npassword\nkeyboard-interactive/pam\n\n  indented\n";
        assert_eq!(ssh_methods(info), ["publickey", "password", "keyboard-interactive/pam"]);
        assert!(ssh_methods(b"").is_empty());
        assert!(ssh_methods(&[b'a'; 65]).is_empty());
        assert!(ssh_methods(b"\xff\xfe").is_empty());
        assert_eq!(ssh_methods(&b"password\n".repeat(100)).len(), MAX_SSH_METHODS);
    }

    #[test]
    fn a_missing_empty_or_binary_user_is_nobody() {
        let caller = |user: Option<&[u8]>| Caller { user: user.map(<[u8]>::to_vec), ..Caller::default() };
        assert_eq!(caller(None).context(true, FirstPass::default()), Err(NoUser::Missing));
        assert_eq!(caller(Some(b"")).context(true, FirstPass::default()), Err(NoUser::Empty));
        assert_eq!(caller(Some(b"a\xff")).context(true, FirstPass::default()), Err(NoUser::NotText));
        assert_eq!(caller(Some(b"anna")).context(true, FirstPass::default()).unwrap().user, "anna");
    }

    #[test]
    fn an_empty_remote_host_is_not_taken_for_none() {
        let caller = Caller { user: Some(b"a".to_vec()), rhost: Some(String::new()), ..Caller::default() };
        assert_eq!(caller.context(false, FirstPass::default()).unwrap().rhost.as_deref(), Some(""));
    }
}
