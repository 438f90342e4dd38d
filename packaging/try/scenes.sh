# What packaging/try.sh shows, and what each scene must come to. Sourced by world.sh.
# shellcheck shell=bash disable=SC2154
#
# A scene is as told when the program lets the demo user in, or does not, and pam_mfa's line in the log gives the reason.

headlines=0 played=0

play() {
    local enrolled secret right spent recovery
    headline "The admin enrols the user demo"
    say_command "mfactl enroll demo --no-confirm --json"
    enrolled=$(mfactl enroll demo --no-confirm --json) || fail "mfactl could not enrol demo: $enrolled"
    # One line for programs; a break after each comma for people.
    sed 's/\([],"}]\),[[:space:]]*/\1,\n/g' <<<"$enrolled" | indent 'terminal'
    secret=$(field secret)
    recovery=$(field recovery_codes)

    right=$(code_now)
    scene "ssh with a key and the right code" in code-accepted "Verification code:" "$right" ssh_as_demo
    spent=$right
    scene "The same code once more" refused replay "Verification code:" "$spent" ssh_as_demo
    scene "A wrong code" refused wrong-code "Verification code:" "$(wrong_code)" ssh_as_demo

    right=$(next_code "$spent")
    scene "sudo with password and the right code" in code-accepted \
        "password for demo:" demo "Verification code:" "$right" sudo_as_demo
    # One refusal for good; sudo calls it so whatever the reason (docs/pam.md).
    printf '\n(In the next two, sudo says "Critical error": its words for any refusal that is final.)\n'
    scene "sudo, the same code once more" refused replay \
        "password for demo:" demo "Verification code:" "$right" sudo_as_demo
    scene "sudo, a wrong code" refused wrong-code \
        "password for demo:" demo "Verification code:" "$(wrong_code)" sudo_as_demo

    scene "ssh with a recovery code" in code-accepted "Verification code:" "$recovery" ssh_as_demo
    scene "The same recovery code once more: it is spent" refused replay "Verification code:" "$recovery" ssh_as_demo

    headline "mfad's own audit trail of all this"
    # It is written at most once a second.
    sleep 1.2
    say_command "mfactl log --user demo"
    mfactl log --user demo | indent 'terminal'

    stop_mfad
    scene "mfad is stopped: nobody gets in, and the log says why (the way back: docs/operations.md)" refused unreachable "Verification code:" "" ssh_as_demo
}

# scene TITLE in|refused REASON [PROMPT ANSWER]… HOW
scene() {
    local title=$1 told=$2 reason=$3 came code=0 output=$FOLDER/terminal answers=$FOLDER/answers before mfad_before
    shift 3
    : >"$answers"
    while [ $# -gt 1 ]; do
        printf '%s\t%s\n' "$1" "$2" >>"$answers"
        shift 2
    done
    headline "$title"
    played=$((played + 1))
    case $1 in
    ssh_as_demo) say_command "ssh -F $FOLDER/visitor/ssh_config demo@try" ;;
    sudo_as_demo) say_command "sudo -k sh -c 'echo \"I am in, as \$(id -un)\"'        (as demo)" ;;
    esac
    before=$(lines "$FOLDER/log") mfad_before=$(lines "$FOLDER/mfad.log")
    "$1" "$answers" >"$output" 2>&1 </dev/null || code=$?
    tr -d '\r' <"$output" | indent 'terminal'
    # The log's reader may be a moment behind.
    sleep 0.3
    tail -n "+$((before + 1))" "$FOLDER/log" | indent 'log'
    tail -n "+$((mfad_before + 1))" "$FOLDER/mfad.log" | indent 'mfad'

    came=refused
    if [ $code = 0 ] && grep -q '^I am in, as ' "$output"; then came=in; fi
    if [ $code != 0 ] && [ $came = in ]; then came="in, with exit code $code"; fi
    if [ "$came" = "$told" ] && tail -n "+$((before + 1))" "$FOLDER/log" | grep -q "pam_mfa(.* reason=$reason\b"; then
        printf '    => %s, reason %s: as told\n' "$told" "$reason"
    else
        printf '    => NOT AS TOLD: expected "%s" with reason %s, but it was "%s" (exit code %s)\n' \
            "$told" "$reason" "$came" "$code"
        failed=$((failed + 1))
    fi
}

# shellcheck disable=SC2016,SC2317  # for the shell at the other end; called by name
ssh_as_demo() {
    expect "$here/scene.exp" "$1" \
        ssh -F "$FOLDER/visitor/ssh_config" -o NumberOfPasswordPrompts=1 demo@try 'echo "I am in, as $(id -un)"'
}

# shellcheck disable=SC2016,SC2317
sudo_as_demo() {
    expect "$here/scene.exp" "$1" \
        setpriv --reuid=demo --regid=demo --init-groups env -i PATH="$PATH" TERM=dumb \
        sudo -k sh -c 'echo "I am in, as $(id -un)"'
}

stay() {
    local user=you
    start_mfad
    headline "Your turn: scan this with the authenticator app on your phone"
    mfactl enroll $user --no-confirm || fail "mfactl could not enrol $user"
    cat <<END

    From another terminal of this machine, as root:

        ssh -F $FOLDER/visitor/ssh_config $user@try

    It asks for the code of your app. Then try sudo there: the password is "demo", and a code works once,
    so wait for the app's next one.
END
    if [ -t 0 ]; then
        printf '\nEnter (or ^C) ends it and cleans up. '
        read -r _ || true
    else
        printf '\nA signal to this script (TERM or INT) ends it and cleans up.\n'
        sleep infinity &
        wait $! || true
    fi
}

stop_mfad() {
    kill "$daemon"
    wait "$daemon" || true
    daemon=
}

# ---- Codes, as a phone would make them -------------------------------------------------------------------------------

# A fresh code with ten seconds left at least, so that it does not change while it is typed.
code_now() {
    while [ $(($(date +%s) % 30)) -gt 20 ]; do sleep 0.5; done
    totp now
}

# next_code SPENT: waits for the code after a spent one.
next_code() {
    printf '\n(A code works once. Waiting for the next one: %s s at most.)\n' $((30 - $(date +%s) % 30)) >&2
    while [ "$(totp now)" = "$1" ]; do sleep 0.5; done
    totp now
}

# A code that is none of the five around now.
wrong_code() {
    local near wrong=100000
    near=$(for seconds in 60 30 0 -30 -60; do totp "$seconds seconds ago"; done)
    while grep -qx "$wrong" <<<"$near"; do wrong=$((wrong + 1)); done
    echo "$wrong"
}

# The key goes in by standard input: a command line can be seen by others.
totp() {
    oathtool --totp -b --now "$(date -u -d "$1" '+%F %T UTC')" - <<<"$secret"
}

mfactl() {
    "$FOLDER/bin/mfactl" --run-dir "$FOLDER/run" "$@"
}

# field NAME: a text of the JSON in `enrolled`, or the first of a list of texts. They hold no quotes or escapes.
field() {
    NAME=$1 perl -0777 -ne 'print $1 if /"\Q$ENV{NAME}\E"\s*:\s*(?:\[\s*)?"([^"]*)"/' <<<"$enrolled"
}

# ---- Paper -----------------------------------------------------------------------------------------------------------

headline() {
    headlines=$((headlines + 1))
    printf '\n== %s. %s\n' "$headlines" "$1"
}

say_command() {
    printf '    $ %s\n' "$1"
}

# indent NAME: each line of standard input, behind where it comes from.
indent() {
    sed "s/^/    $1 | /; s/[[:space:]]*\$//"
}

lines() {
    if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi
}
