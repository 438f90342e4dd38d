# switched off, removed, installed again, purged: no stack is left that names a module that is gone
pam-auth-update --disable mfa
diff /root/before <(stacks) || wrong "disabling left something"
by_ssh 'password:' "$password" || { cat /root/shown && wrong "ssh after disabling"; }
told "disabled: the stacks are as before"

pam-auth-update --enable mfa
cp /etc/pam.d/su /root/su
echo 'auth required pam_mfa.so first_factor=stack' >>/etc/pam.d/su
! apt-get remove -y libpam-mfa >/root/apt.log 2>&1 || wrong "removed although /etc/pam.d/su names the module"
grep -q '/etc/pam.d/su' /root/apt.log || { cat /root/apt.log && wrong "apt does not say which stack"; }
[ -e /usr/lib/x86_64-linux-gnu/security/pam_mfa.so ] || wrong "the module is gone"
! by_ssh 'password:' "$password" || wrong "a refused removal switched the second factor off"
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh after a refused removal"; }
told "with a line of the administrator's the removal is refused, says which file, and leaves logins as they were"
cp /root/su /etc/pam.d/su

mkdir -p /usr/lib/pam.d
printf 'auth required \\\n pam_mfa.so first_factor=stack\n' >/usr/lib/pam.d/check-vendor
for package in libpam-mfa mfad; do
    ! apt-get remove -y $package >/root/apt.log 2>&1 || wrong "$package is removed although /usr/lib/pam.d/check-vendor names the module"
    grep -q '/usr/lib/pam.d/check-vendor' /root/apt.log || { cat /root/apt.log && wrong "apt does not say which package's stack"; }
done
rm /usr/lib/pam.d/check-vendor
told "with a line in a package's own stack below /usr/lib, too"

cp /etc/pam.d/common-auth /root/common-auth
sed -i 's/nullok/nullok try_first_pass/; /^# end of pam-auth-update config/d' /etc/pam.d/common-auth
! apt-get remove -y libpam-mfa >/root/apt.log 2>&1 || wrong "removed although an edited common-auth names the module"
grep -q '/etc/pam.d/common-auth' /root/apt.log || { cat /root/apt.log && wrong "apt does not say that common-auth was edited"; }
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh through an edited common-auth"; }
told "with a common-auth that was edited, too"
cp /root/common-auth /etc/pam.d/common-auth
pam-auth-update --enable mfa

apt-get remove -y libpam-mfa mfad mfa-authenticator >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt remove"; }
diff /root/before <(stacks) || wrong "removal left something in a stack"
[ ! -e /usr/lib/x86_64-linux-gnu/security/pam_mfa.so ] || wrong "the module is still there"
[ -s /var/lib/pam_mfa/users/anna.toml ] || wrong "the enrolment is gone"
! systemctl is-active --quiet mfad.socket || wrong "a socket is still open"
by_ssh 'password:' "$password" || { cat /root/shown && wrong "ssh after removal"; }
printf 'password\t%s\n' "$password" | as_anna sudo -k true >/root/shown 2>&1 || { cat /root/shown && wrong "sudo after removal"; }
told "removed: the stacks are as before, the enrolments are kept"

apt-get install -y --no-install-recommends /next/*.deb >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt"; }
pam-auth-update --enable mfa
by_ssh 'password:' "$password" 'code' "$(fresh_code)" || { cat /root/shown && wrong "ssh after reinstalling"; }
told "installed again: anna's factor is as it was"

apt-get purge -y libpam-mfa mfad mfa-authenticator >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt purge"; }
[ ! -e /var/lib/pam_mfa ] && [ ! -e /etc/pam_mfa ] || wrong "the purge left something: $(ls -d /var/lib/pam_mfa /etc/pam_mfa 2>/dev/null)"
grep -q 'every enrolment' /root/apt.log || { cat /root/apt.log && wrong "the purge does not say that enrolments are gone"; }
diff /root/before <(stacks) || wrong "the purge left something in a stack"
left=$(find /etc /usr /var/lib -xdev \( -name '*pam_mfa*' -o -name 'mfad*' -o -name '*mfa-authenticator*' \) ! -path '/var/lib/dpkg/*' ! -path '/var/lib/apt/*' ! -path '/usr/share/*/check/*')
[ -z "$left" ] || wrong "the purge left $left"
by_ssh 'password:' "$password" || { cat /root/shown && wrong "ssh after the purge"; }
told "purged: enrolments, policy and files are gone, and it was said"

apt-get install -y --no-install-recommends /debs/mfa-authenticator_*.deb >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt"; }
[ ! -e /usr/libexec/mfad ] || wrong "the authenticator brings mfad along"
mfa-authenticator --version >/root/shown 2>&1 || { cat /root/shown && wrong "the authenticator alone"; }
told "the authenticator alone, without mfad"
apt-get install -y --no-install-recommends /debs/*.deb >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt"; }
within 20 mfad_answers
[ "$(mfactl list | grep -c anna)" = 0 ] || wrong "anna is enrolled again"
told "installed anew: nobody is enrolled, and mfad answers"
