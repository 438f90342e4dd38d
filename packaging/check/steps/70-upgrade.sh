# an upgrade over a running daemon, while somebody logs in
before=$(main_pid)
rm -f /root/asked
cat >/root/upgrade.exp <<'END'
set timeout 120
spawn -noecho ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o PreferredAuthentications=keyboard-interactive anna@127.0.0.1 {echo "I am in, as $(id -un)"}
expect -nocase -re {password:}
send -- "$env(PASSWORD)\r"
expect -nocase -re {code}
close [open /root/asked w]
while {![file exists /root/upgraded]} { sleep 0.2 }
send -- "$env(CODE)\r"
expect { eof {} timeout { exit 124 } }
exit [lindex [wait] 3]
END
rm -f /root/upgraded
PASSWORD=$password CODE=$(fresh_code) expect /root/upgrade.exp >/root/during 2>&1 &
waiting=$!
within 30 test -e /root/asked
# Whoever knocks in the middle of it waits in the queue of the sockets: nobody is told that mfad is not there.
(while [ ! -e /root/upgraded ]; do mfactl status >/dev/null 2>>/root/knocks || echo refused >>/root/knocks; done) &
knocking=$!
: >/root/knocks
apt-get install -y --no-install-recommends /next/*.deb >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt"; }
: >/root/upgraded
wait $knocking
result=0
wait $waiting || result=$?
[ $result != 124 ] || { cat /root/during && wrong "the login that was under way hangs"; }
[ "$(main_pid)" != "$before" ] || wrong "mfad was not started anew"
grep -q 'I am in' /root/during && told "the login under way got in" || told "the login under way was refused, and did not hang"
says '[+]next$' dpkg-query -W -f '${Version}\n' mfad || wrong "not upgraded"
# A question that mfad had accepted when it was stopped is cut off; a new one is never refused.
[ "$(grep -c 'No such file\|refused the connection\|is not running' /root/knocks)" = 0 ] || { sort /root/knocks | uniq -c && wrong "the sockets were closed meanwhile"; }
told "the sockets stayed open: $(grep -c '^refused' /root/knocks || true) of the questions asked meanwhile were cut off"
grep -q pam_mfa /etc/pam.d/common-auth || wrong "the upgrade switched it off"
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh after the upgrade"; }
told "on as before, and the next login works"
