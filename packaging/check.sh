#!/bin/bash
# Installs the Debian packages in booted containers, lives with them, and takes them away again.
#
#   packaging/check.sh [--twice | --debs FOLDER] [--keep] [SUITE…]     SUITE: one that Debian has; without any, bookworm and trixie
#
#   --twice builds the packages a second time in another folder, and compares the bytes
#   --debs  takes the packages from there instead of building them (packaging/build-deb.sh)
#   --keep  leaves the last container's files for a look, and says where
#
# Needs root, the network once (debootstrap; the roots are kept in /var/cache/pam_mfa-check) and the right to make namespaces.
# Containers have no network and are gone afterwards. What they play through: packaging/check/steps, in the order of the names.
# Exit code: 0 everything was as told, 1 something was not.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."
# shellcheck source=packaging/needs.sh
. packaging/needs.sh
# shellcheck source=packaging/check/container.sh
. packaging/check/container.sh

debs='' keep='' twice=() suites=()
while [ $# -gt 0 ]; do
    case $1 in
    --debs) debs=$(realpath "$2") && shift ;;
    --twice) twice=(--twice) ;;
    --keep) keep=1 ;;
    -*) fail "usage: packaging/check.sh [--twice | --debs FOLDER] [--keep] [SUITE…]" ;;
    *) suites+=("$1") ;;
    esac
    shift
done
[ ${#suites[@]} -gt 0 ] || suites=(bookworm trixie)
[ "$(id -u)" = 0 ] || fail "run it as root: it boots containers"
need_packages debootstrap systemd-container lintian dpkg-dev desktop-file-utils appstream

# One at a time: two containers of this machine would share one control group, and kill each other's units.
mkdir -p "$roots"
exec 9>"$roots/lock"
flock 9

work=$(mktemp -d /var/tmp/mfa-check-XXXX)
clean_up() {
    trap '' INT TERM HUP
    stop_container
    umount_root
    [ -n "$keep" ] || rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -z "$debs" ]; then
    debs=$work/debs
    packaging/build-deb.sh "${twice[@]}" "$debs"
fi

say "== lintian"
lintian --allow-root --display-info --pedantic --fail-on error,warning --suppress-tags bad-distribution-in-changes-file "$debs"/*.changes ||
    fail "lintian has something against the packages"

# What desktops read is valid as it is packed. And the next version, with the same files: what an upgrade does to a host does not depend on what is in it.
mkdir -p "$work/next"
for deb in "$debs"/*.deb; do
    dpkg-deb -R "$deb" "$work/unpacked"
    find "$work/unpacked" -name '*.desktop' -exec desktop-file-validate {} +
    find "$work/unpacked" -name '*.metainfo.xml' -exec appstreamcli validate --no-net {} +
    sed -i -e '/^Version:/s/$/+next/' -e 's/(= \([^)]*\))/(= \1+next)/' "$work/unpacked/DEBIAN/control"
    dpkg-deb --root-owner-group -b "$work/unpacked" "$work/next" >/dev/null
    rm -rf "$work/unpacked"
done

for suite in "${suites[@]}"; do
    say "== Debian $suite"
    make_root "$suite"
    mount_root "$suite"
    cp -r "$debs" "$root/debs"
    cp -r "$work/next" "$root/next"
    cp -r packaging/check "$root/check"
    cp -r packaging/debian/tests "$root/check/tests"
    install -D -m 0644 packaging/try/scene.exp "$root/check/scene.exp"
    start_container
    for step in packaging/check/steps/*.sh; do
        # A step says in its first lines whether it wants the machine to have just come up.
        if grep -q '^# after a reboot$' "$step"; then
            stop_container
            start_container
        fi
        say "-- ${step##*/}: $(sed -n '1s/^# //p' "$step")"
        inside bash /check/play.sh "/check/steps/${step##*/}" || fail "$suite, ${step##*/}: not as told"
    done
    stop_container
    umount_root
done
say "Everything was as told, on: ${suites[*]}"
