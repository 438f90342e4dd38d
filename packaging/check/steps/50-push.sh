# a push reaches the agent, a unit of anna's own manager in a session of logind's
loginctl enable-linger anna
uid=$(id -u anna)
within 30 test -S "/run/user/$uid/bus"
hers() { setpriv --reuid=anna --regid=anna --init-groups env -i HOME=/home/anna PATH=/usr/bin:/bin TERM=dumb XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"; }
# logind's own session, opened by sshd, stays open while she is asked.
printf 'password:\t%s\ncode\t%s\n' "$password" "$(fresh_code)" >/root/answers
expect /check/scene.exp /root/answers ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=keyboard-interactive \
    anna@127.0.0.1 'timeout 20 sleep 20; exit 0' >/root/session 2>&1 &
within 20 says anna loginctl list-sessions --no-legend
told "logind: $(loginctl list-sessions --no-legend | grep anna | tr -s ' ')"

printf 'keyring-password' | hers gnome-keyring-daemon --replace --unlock --components=secrets --daemonize >/dev/null 2>&1 || wrong "no keyring"
fresh_code | hers mfa-authenticator pair --label container >/root/shown 2>&1 || { cat /root/shown && wrong "pairing"; }
hers systemctl --user start mfa-authenticator.service
hers systemctl --user is-active --quiet mfa-authenticator.service || wrong "the agent's unit does not run"
hers systemctl --user is-enabled --quiet mfa-authenticator.service || wrong "the agent's unit is not enabled for sessions"
told "paired, and the agent runs as a user unit under its hardening"

cat >/root/push.exp <<'END'
set timeout 40
log_user 1
spawn -noecho ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=keyboard-interactive anna@127.0.0.1 {echo "I am in, as $(id -un)"}
expect -nocase -re {password:}
send -- "$env(PASSWORD)\r"
expect -re {approve (\d\d\d) (\d\d\d) on your desktop}
set number "$expect_out(1,string)$expect_out(2,string)"
set file [open /root/number w]; puts $file $number; close $file
send -- "\r"
expect eof
exit [lindex [wait] 3]
END
rm -f /root/number
PASSWORD=$password expect /root/push.exp >/root/shown 2>&1 &
knocking=$!
within 30 test -s /root/number
id=''
for _ in $(seq 50); do
    id=$(hers mfa-authenticator requests --json | grep -oE '"id": *"[0-9a-f]{32}"' | grep -oE '[0-9a-f]{32}' | head -n 1 || true)
    [ -z "$id" ] || break
    sleep 0.2
done
[ -n "$id" ] || { hers mfa-authenticator requests --json && wrong "the agent shows no request"; }
hers mfa-authenticator approve "$id" "$(cat /root/number)" || wrong "the approval was not taken"
wait $knocking && grep -q '^I am in, as anna' /root/shown || { cat /root/shown && wrong "approved, and not in"; }
told "the number of the terminal, typed at the agent, opened the login"
hers systemctl --user stop mfa-authenticator.service
