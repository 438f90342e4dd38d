# the manuals render where they are installed, and completions load in the shells of this Debian
for page in pam_mfa.8 mfad.8 mfactl.8 mfa.toml.5 mfa-push.7 mfa-authenticator.1; do
    MANWIDTH=80 man --warnings=all "${page##*.}" "${page%.*}" >/root/page 2>/root/warnings || { cat /root/warnings && wrong "man $page"; }
    [ ! -s /root/warnings ] && [ "$(wc -l </root/page)" -gt 20 ] || { cat /root/warnings && wrong "$page warns, or is empty"; }
done
told "six manuals without a warning"

# shellcheck disable=SC2016
bash -ec '. /usr/share/bash-completion/bash_completion; _comp_load mfactl 2>/dev/null || __load_completion mfactl || _completion_loader mfactl; complete -p mfactl' >/root/shown 2>&1 ||
    bash -ec '. /usr/share/bash-completion/completions/mfactl; complete -p mfactl' || { cat /root/shown && wrong "bash"; }
# shellcheck disable=SC2016
zsh -fc 'autoload -Uz compinit && compinit -u -d /root/zdump; [ "$_comps[mfactl]" = _mfactl ] && [ "$_comps[mfa-authenticator]" = _mfa-authenticator ]' || wrong "zsh does not find them"
says enroll fish -c 'complete --do-complete="mfactl enr"' || wrong "fish does not find them"
told "bash, zsh and fish complete mfactl"
