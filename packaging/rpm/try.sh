#!/bin/bash
# Installs RPM packages in a copy of this system, has a stack name the module, and removes them: what the scriptlets say and do.
#
#   packaging/rpm/try.sh PACKAGE.rpm…
#
# Called by packaging/build-rpm.sh, as root. The copy is a layer over this system in a mount namespace of its own, gone afterwards; no
# systemd and no authselect answers in it. What must not happen: a removal that leaves a stack without its module.
set -euo pipefail
if [ -z "${TRYING:-}" ]; then
    TRYING=1 exec unshare --mount --pid --fork --kill-child -- "$0" "$@"
fi

said() { printf '    %s\n' "$*"; }
wrong() { printf '    NOT AS TOLD: %s\n' "$*" >&2 && exit 1; }

# The upper layer must be on a file system that takes one: on a container's own overlay it could not be.
layer=$(mktemp -d)
mount -t tmpfs none "$layer"
mkdir "$layer"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" none "$layer/root"
mount --bind /dev "$layer/root/dev"
mkdir -p "$layer/root/packages"
cp "$@" "$layer/root/packages/"
inside() { chroot "$layer/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root "$@"; }
rpms() { inside rpm --nosignature "$@"; }
# Debian's rpm knows of no package that Debian installed.
rpms -i --nodeps --replacefiles --excludepath=/usr/share/doc $(inside sh -c 'ls /packages/*.rpm') 2>"$layer/said" || { cat "$layer/said" >&2 && wrong "installing"; }
root=$layer/root
module=$(rpms -ql pam_mfa | grep '/pam_mfa\.so$')
[ -e "$root$module" ] && [ -x "$root/usr/libexec/mfad" ] || wrong "not installed"
! grep -rqE '^[^#]*pam_mfa' "$root/etc/pam.d" || wrong "installing changed a stack"
said "installed; no stack names the module"

mkdir -p "$root/usr/lib/pam.d"
printf 'auth required \\\n pam_mfa.so\n' >"$root/usr/lib/pam.d/tried"
for package in mfad pam_mfa; do
    ! rpms -e --nodeps $package 2>"$layer/said" || wrong "$package is removed although a package's stack names the module"
    grep -q 'not removed.*/usr/lib/pam.d/tried' "$layer/said" || { cat "$layer/said" >&2 && wrong "it is not said which package's stack"; }
done
rm "$root/usr/lib/pam.d/tried"
said "a stack of a package's in /usr/lib holds both"

printf 'auth required pam_mfa.so\n' >"$root/etc/pam.d/tried"
for packages in mfad pam_mfa "mfad pam_mfa" "mfa-authenticator mfad pam_mfa"; do
    # shellcheck disable=SC2086
    ! rpms -e --nodeps $packages 2>"$layer/said" || wrong "removed although a stack names the module: $packages"
    grep -q 'not removed.*/etc/pam.d/tried' "$layer/said" || { cat "$layer/said" >&2 && wrong "it is not said which stack"; }
    for file in "$module" /usr/libexec/mfad /usr/lib/systemd/system/mfad.service; do [ -e "$root$file" ] || wrong "$file is gone after: rpm -e $packages"; done
done
said "while a stack names the module neither it nor mfad lets itself be removed, alone or together"

rpms -U --nodeps --force --excludepath=/usr/share/doc $(inside sh -c 'ls /packages/*.rpm') 2>"$layer/said" || { cat "$layer/said" >&2 && wrong "an upgrade is refused"; }
[ -e "$root$module" ] || wrong "the upgrade lost the module"
said "an upgrade goes through meanwhile"

mv "$root/etc/pam.d/tried" "$root/etc/pam.d/tried.rpmsave"
printf '# auth required pam_mfa.so\n' >"$root/etc/pam.d/tried"
mkdir -p "$root/var/lib/pam_mfa/users" && : >"$root/var/lib/pam_mfa/users/anna.toml"
mkdir -p "$root/etc/pam_mfa" && : >"$root/etc/pam_mfa/mfa.toml"
rpms -e mfa-authenticator mfad pam_mfa 2>"$layer/said" || { cat "$layer/said" >&2 && wrong "removing"; }
[ ! -e "$root$module" ] && [ ! -e "$root/usr/libexec/mfad" ] || wrong "something was left"
[ -e "$root/var/lib/pam_mfa/users/anna.toml" ] && [ -e "$root/etc/pam_mfa/mfa.toml" ] || wrong "enrolments or policy are gone"
said "a line that is a comment, and a file that PAM does not read, hold nothing; enrolments and policy are kept"
