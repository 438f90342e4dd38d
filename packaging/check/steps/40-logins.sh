# pam-auth-update switches it on; anna enrols; sshd, sudo and su ask for her code
mfactl enroll anna --no-confirm --json >/root/enrolled
NAME=secret perl -0777 -ne 'print $1 if /"secret"\s*:\s*"([^"]*)"/' /root/enrolled >/root/secret
grep -oE '[0-9A-Z]{4}(-[0-9A-Z]{4}){5}' /root/enrolled >/root/recovery
[ -s /root/secret ] && [ "$(wc -l </root/recovery)" = 10 ] || { cat /root/enrolled && wrong "not enrolled"; }
pam-auth-update --enable mfa
line=$(grep -n pam_mfa /etc/pam.d/common-auth)
[ "$(wc -l <<<"$line")" = 1 ] && grep -q 'first_factor=stack' <<<"$line" || wrong "common-auth: $line"
told "common-auth, line $line"

! mfactl doctor >/root/doctor || wrong "the doctor does not see that a key alone passes the stack by"
grep -q 'No AuthenticationMethods: a login by publickey alone' /root/doctor || { cat /root/doctor && wrong "the doctor finds something else"; }
echo 'AuthenticationMethods keyboard-interactive' >>/etc/ssh/sshd_config.d/10-check.conf
systemctl reload ssh
mfactl doctor >/root/doctor || { cat /root/doctor && wrong "the doctor still finds fault"; }
told "the doctor sees that a key alone would pass the stack by, and has nothing against it after that"

code=$(app_code)
by_ssh 'password:' "$password" 'code' "$code" || { cat /root/shown && wrong "ssh by password and code"; }
told "ssh by password and code"
! by_ssh 'password:' "$password" 'code' "$code" || wrong "the same code opened a second login"
! by_ssh 'password:' "$password" 'code' 000000 || wrong "a wrong code opened a login"
! by_ssh 'password:' wrong-password || wrong "a wrong password opened a login"
told "not by the same code, a wrong code, or a wrong password"

printf 'password\t%s\ncode\t%s\n' "$password" "$(fresh_code)" | as_anna sudo -k sh -c 'echo "now $(id -un)"' >/root/shown 2>&1 && grep -q '^now root' /root/shown ||
    { cat /root/shown && wrong "sudo by password and code"; }
told "sudo by password and code"
! printf 'password\t%s\ncode\t%s\n' "$password" 000000 | as_anna sudo -k true >/root/shown 2>&1 || wrong "sudo by a wrong code"
su -s /bin/sh anna -c true || wrong "root's su asks something"
told "not by a wrong code; root's own su asks nothing"

says 'pam_mfa.sshd:auth.*user="anna".*result=granted reason=code-accepted' journalctl -b --no-pager -q SYSLOG_FACILITY=10 || wrong "no line in the log"
told "each login has its line in authpriv"
printf '%s\n' "$password" >/root/typed
pamtester cron anna authenticate </root/typed >/root/shown 2>&1 || { cat /root/shown && wrong "cron is asked for a code"; }
told "cron, which has nobody to ask, is asked nothing"
