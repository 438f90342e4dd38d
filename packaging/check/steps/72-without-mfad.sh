# mfad stopped or removed while stacks ask it: refused, or the stacks first; the way back is open, and nobody is left outside
# In the wrong order: stopped before it is switched off.
systemctl disable --now mfad.service mfad.socket mfad-user.socket >/dev/null 2>&1
! by_ssh 'password:' "$password" || wrong "a stopped mfad lets by"
says 'result=refused reason=unreachable' journalctl -b --no-pager -q SYSLOG_FACILITY=10 || wrong "the log does not say why"
su -s /bin/sh anna -c true || wrong "root's own su is refused"
pam-auth-update --disable mfa
by_ssh 'password:' "$password" || { cat /root/shown && wrong "anna does not get in after disabling"; }
told "stopped first: logins are refused, root's shell switches it off without mfad, and logins are as they were"
systemctl enable --now mfad.service >/dev/null 2>&1
within 20 mfad_answers
sockets_listen || wrong "the sockets did not come with the service"
pam-auth-update --enable mfa
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh after starting it again"; }

# A line of the administrator's holds the module, and so mfad, though apt is asked for mfad alone.
cp /etc/pam.d/su /root/su
echo 'auth required pam_mfa.so first_factor=stack' >>/etc/pam.d/su
for packages in mfad 'mfad libpam-mfa'; do
    # shellcheck disable=SC2086
    ! apt-get remove -y $packages >/root/apt.log 2>&1 || wrong "removed although /etc/pam.d/su names the module: $packages"
    grep -q '/etc/pam.d/su' /root/apt.log || { cat /root/apt.log && wrong "apt does not say which stack"; }
    for file in /usr/lib/x86_64-linux-gnu/security/pam_mfa.so /usr/libexec/mfad; do
        [ -e "$file" ] || { cat /root/apt.log && wrong "$file is gone"; }
    done
    within 20 mfad_answers
    sockets_listen || wrong "a refused removal closed a socket"
done
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh after a refused removal"; }
cp /root/su /etc/pam.d/su
told "apt remove mfad is refused while a line of the administrator's names the module, and mfad goes on answering"

# Without such a line the stacks come first.
apt-get remove -y mfad >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt remove mfad"; }
[ ! -e /usr/libexec/mfad ] && [ ! -e /usr/lib/x86_64-linux-gnu/security/pam_mfa.so ] || wrong "something stayed"
diff /root/before <(stacks) || wrong "removing mfad left something in a stack"
by_ssh 'password:' "$password" || { cat /root/shown && wrong "ssh after removing mfad"; }
told "apt remove mfad takes the module along, after its line: the stacks are as before"
apt-get install -y --no-install-recommends /next/*.deb >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt"; }
within 20 mfad_answers
pam-auth-update --enable mfa
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh after reinstalling"; }
