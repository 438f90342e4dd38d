#!/bin/bash
# Plays one step inside the container, as root: play.sh STEP. What steps have in common; nothing here knows their order.
#
# What one step leaves for the next stands in /root: secret (anna's key), recovery (her codes, one a line), before (PAM's files).
set -euo pipefail
password=anna-has-a-password
trap 'echo "    line $LINENO of ${BASH_SOURCE[0]}: $BASH_COMMAND"; journalctl -b -n 40 --no-pager -q >&2' ERR
set -E

told() { printf '    as told: %s\n' "$*"; }

wrong() {
    printf '    NOT AS TOLD: %s\n' "$*" >&2
    journalctl -b -n 60 --no-pager -q >&2
    exit 1
}

# within SECONDS WORDS…: the command succeeds by then.
within() {
    local seconds=$1 end
    shift
    end=$(($(date +%s) + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $end ] || wrong "not within $seconds seconds: $*"
        sleep 0.2
    done
}

# says PATTERN WORDS…: whether the command's output holds a line like this. (grep -q would end a pipe before its writer.)
says() { grep -qE -- "$1" <<<"$("${@:2}" 2>&1)"; }

# A code that was not used: recovery codes are there at once, and each is as good as a code.
fresh_code() {
    [ -s /root/recovery ] || new_recovery_codes
    head -n 1 /root/recovery
    sed -i 1d /root/recovery
}

new_recovery_codes() {
    mfactl recovery new anna --json | grep -oE '[0-9A-Z]{4}(-[0-9A-Z]{4}){5}' >/root/recovery
}

# The code of anna's app, one that was not used yet.
app_code() {
    local code last
    last=$(cat /root/last_code 2>/dev/null || true)
    until code=$(oathtool --totp -b - </root/secret) && [ "$code" != "$last" ]; do sleep 0.5; done
    echo "$code" | tee /root/last_code
}

# as_anna WORDS…: a program of hers, on a terminal, with the prompts and answers of standard input.
as_anna() {
    expect /check/scene.exp /dev/stdin setpriv --reuid=anna --regid=anna --init-groups env -i HOME=/home/anna PATH=/usr/bin:/bin TERM=dumb "$@"
}

# by_ssh [PROMPT ANSWER]…: whether anna gets in through the real sshd; what was shown is in /root/shown.
by_ssh() {
    local answers=/root/answers
    : >$answers
    while [ $# -gt 0 ]; do
        printf '%s\t%s\n' "$1" "$2" >>$answers
        shift 2
    done
    expect /check/scene.exp $answers ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 \
        -o PreferredAuthentications=keyboard-interactive anna@127.0.0.1 'echo "I am in, as $(id -un)"' >/root/shown 2>&1 &&
        grep -q '^I am in, as anna' /root/shown
}

# The sockets are systemd's: whatever happens to mfad, they listen.
sockets_listen() { systemctl is-active --quiet mfad.socket && systemctl is-active --quiet mfad-user.socket; }
mfad_answers() { mfactl status; }
main_pid() { systemctl show -P MainPID mfad.service; }
# The same for each stack: what PAM would read, without what comments say.
stacks() { (cd /etc/pam.d && grep -v '^#' -- *); }

# shellcheck disable=SC1090
. "$1"
