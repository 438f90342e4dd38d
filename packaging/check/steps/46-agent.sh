# polkit's own agent asks for password and code: by a helper with root's bit, and from polkit 127 on by one that systemd starts
# (pkexec's built-in agent is none: with polkit 128 every answer to it is lost, with our module and without.)
cat >/root/agent.sh <<'AGENT'
pkttyagent --process $$ &
sleep 1
pkexec --disable-internal-agent sh -c 'echo "now $(id -un)"'
ended=$?
kill $!
exit $ended
AGENT
chmod 755 /root /root/agent.sh
pkexec_by() {
    printf 'password\t%s\ncode\t%s\n' "$password" "$1" | as_anna sh /root/agent.sh >/root/shown 2>&1 && grep -q 'now root' /root/shown
}
code=$(fresh_code)
pkexec_by "$code" || { cat /root/shown && wrong "pkexec by password and code"; }
! pkexec_by "$code" || wrong "the same code opened a second shell"
! pkexec_by 000000 || wrong "a wrong code opened a shell"
says 'pam_mfa.polkit-1:auth.*user="anna".*result=granted' journalctl -b --no-pager -q SYSLOG_FACILITY=10 || wrong "no line in the log"
helper=$(systemctl is-active polkit-agent-helper.socket 2>/dev/null || true)
told "pkexec by password and code, not by the same or a wrong one (systemd starts the helper: ${helper:-no})"
