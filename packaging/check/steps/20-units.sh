# the units are up under their hardening, with look-ups of users and groups
for unit in mfad.service mfad.socket mfad-user.socket; do
    systemctl is-active --quiet $unit || wrong "$unit is not active"
    systemctl is-enabled --quiet $unit || wrong "$unit is not enabled"
done
[ "$(ps -o user= -p "$(main_pid)")" = _mfad ] || wrong "mfad is not _mfad: $(ps -o user= -p "$(main_pid)")"
grep -q '^CapEff:[[:space:]]*0*$' "/proc/$(main_pid)/status" || wrong "mfad has capabilities"
[ "$(stat -c '%U %a' /run/pam_mfa)" = 'root 755' ] || wrong "/run/pam_mfa is $(stat -c '%U %a' /run/pam_mfa)"
[ "$(stat -c '%U %a' /run/pam_mfa/root.sock)" = 'root 600' ] || wrong "root.sock"
[ "$(stat -c '%a' /run/pam_mfa/user.sock)" = 666 ] || wrong "user.sock"
[ "$(stat -c '%U %a' /var/lib/pam_mfa)" = '_mfad 700' ] || wrong "/var/lib/pam_mfa is $(stat -c '%U %a' /var/lib/pam_mfa)"
told "mfad runs as _mfad without a capability, and both sockets are root's"

score=$(systemd-analyze security mfad.service --no-pager | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
[ "$(printf '%s\n1.0\n' "$score" | sort -V | head -n 1)" = "$score" ] || wrong "its exposure is $score"
told "exposure as this systemd sees it: $score"

mkdir -p /etc/pam_mfa/mfa.toml.d
printf '[[rule]]\nmatch = { service = ["sudo"], group = ["sudo"] }\nrequire = "required"\n' >/etc/pam_mfa/mfa.toml.d/50-check.toml
systemctl reload mfad
within 10 says required mfactl explain anna sudo
says 50-check.toml mfactl explain anna sudo || wrong "the group is not looked up: $(mfactl explain anna sudo)"
rm /etc/pam_mfa/mfa.toml.d/50-check.toml
systemctl reload mfad
told "users and groups are looked up from within the unit"

within 15 busctl --system status io.github.pam_mfa.Daemon
[ "$(busctl --system status io.github.pam_mfa.Daemon | sed -n 's/^UID=//p')" = "$(id -u _mfad)" ] || wrong "another owns the name"
setpriv --reuid=anna --regid=anna --init-groups busctl --system call io.github.pam_mfa.Daemon /io/github/pam_mfa/Daemon \
    org.freedesktop.DBus.Peer Ping || wrong "anna cannot call mfad"
! setpriv --reuid=anna --regid=anna --init-groups busctl --system call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus \
    RequestName su io.github.pam_mfa.Daemon 4 2>/dev/null || wrong "anna may own mfad's name"
systemctl stop mfad.service
busctl --system call io.github.pam_mfa.Daemon /io/github/pam_mfa/Daemon org.freedesktop.DBus.Peer Ping || wrong "the bus does not start mfad"
told "on the bus: its owner, its callers, and started by a call"
