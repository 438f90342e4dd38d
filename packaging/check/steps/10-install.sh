# apt installs the three packages from a folder, and no login is any different
id -u anna >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo anna
echo "anna:$password" | chpasswd
printf 'KbdInteractiveAuthentication yes\nPasswordAuthentication no\n' >/etc/ssh/sshd_config.d/10-check.conf
systemctl restart ssh
stacks >/root/before
apt-get install -y --no-install-recommends /debs/*.deb >/root/apt.log 2>&1 || { cat /root/apt.log && wrong "apt"; }
! grep -iE 'warning|error' /root/apt.log || wrong "apt complains"

diff /root/before <(stacks) || wrong "installing changed a stack"
by_ssh 'password:' "$password" || { cat /root/shown && wrong "anna does not get in by her password"; }
told "installed; the stacks are as before, and anna gets in by her password"

for file in /usr/lib/x86_64-linux-gnu/security/pam_mfa.so /usr/libexec/mfad /usr/bin/mfactl /usr/bin/mfa-authenticator; do
    [ -e "$file" ] || wrong "$file is missing"
done
# Where the documents say that they are; long ones are compressed.
for file in libpam-mfa/examples/fail2ban/filter.d/pam-mfa.conf libpam-mfa/{pam,stacks,logs}.md mfad/{operations,policy,users}.md \
    mfa-authenticator/{authenticator,backup,push}.md; do
    [ -e "/usr/share/doc/$file" ] || [ -e "/usr/share/doc/$file.gz" ] || wrong "/usr/share/doc/$file is missing"
done
[ ! -e /etc/pam_mfa/mfa.toml ] || wrong "/etc/pam_mfa is not empty"
says /usr/lib/pam_mfa/mfa.toml mfactl config cat || wrong "the vendor's policy is not in force"
told "/etc/pam_mfa is empty, and the vendor's policy in /usr/lib is in force"
