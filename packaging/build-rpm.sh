#!/bin/bash
# Builds the RPM packages with rpmbuild, and puts them into a folder.
#
#   packaging/build-rpm.sh [FOLDER]     FOLDER: target/rpm unless said otherwise
#
# What is in them must be what packaging/rpm/payload.list says, mode, owner and flags included; and they are installed and removed
# once in a copy of this system (packaging/rpm/try.sh), where the scriptlets run.
#
# Where rpmbuild is a guest (Debian), nothing of what a spec says about build requirements is known to it: they are not asked for, and
# what was built stands for a look at it, not for use. Exit code: 0 built and as listed, 1 not.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."
repository=$PWD
# shellcheck source=packaging/needs.sh
. packaging/needs.sh
# shellcheck source=packaging/sources.sh
. packaging/sources.sh

folder=$(realpath -m "${1:-${CARGO_TARGET_DIR:-target}/rpm}")
command -v rpmbuild >/dev/null || need_packages rpm desktop-file-utils appstream
need_rust
version=$(sed -n 's/^Version: *//p' packaging/rpm/pam_mfa.spec)
# rpm takes the time of files from it, and cargo's of nothing.
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp 2>/dev/null || date -d 2026-11-26 +%s)
export SOURCE_DATE_EPOCH

work=$(mktemp -d "${TMPDIR:-/var/tmp}/mfa-rpm-XXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$work"/{SOURCES,SPECS,BUILD,RPMS,SRPMS} "$folder"

tree=$work/pam_mfa-$version
copy_the_tree "$tree"
vendor "$tree"
tar -C "$tree" -czf "$work/SOURCES/pam_mfa-$version-vendor.tar.gz" vendor
rm -rf "$tree/vendor"
tar -C "$work" -czf "$work/SOURCES/pam_mfa-$version.tar.gz" "pam_mfa-$version"
cp packaging/sysusers/mfad.conf "$work/SOURCES/mfad.sysusers"
cp packaging/rpm/pam_mfa.spec "$work/SPECS/"

without=()
rpm -q --quiet rpm 2>/dev/null || without=(--nodeps --define "_libdir /usr/lib64" --define "_docdir /usr/share/doc")
say "Building in $work"
env -u CARGO_TARGET_DIR rpmbuild -ba "${without[@]}" --define "_topdir $work" "$work/SPECS/pam_mfa.spec" >"$work/log" 2>&1 ||
    { tail -n 40 "$work/log" >&2 && fail "the packages could not be built"; }
cp "$work"/RPMS/*/*.rpm "$work"/SRPMS/*.rpm "$folder/"

say "Comparing the payload"
packaging/rpm/payload.sh "$work"/RPMS/*/*.rpm >"$work/payload"
diff -u packaging/rpm/payload.list "$work/payload" || fail "the packages hold something else than packaging/rpm/payload.list says (built: +)"
if [ "$(id -u)" = 0 ]; then packaging/rpm/try.sh "$work"/RPMS/*/*.rpm; else say "Not root: the scriptlets were not tried"; fi
say "The packages are in $folder:"
(cd "$folder" && ls -1 ./*.rpm)
