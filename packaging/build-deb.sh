#!/bin/bash
# Builds the Debian packages, and puts them into a folder.
#
#   packaging/build-deb.sh [--source] [--twice] [FOLDER]     FOLDER: target/debian unless said otherwise
#
#   --source  builds the source package, too: the tree, the crates it vendors (orig-vendor), and debian/
#   --twice   builds a second time in another folder and under another name, and compares the bytes of every package
#
# The tree is copied first, and vendored from what cargo has fetched; nothing in it changes. No test runs in the build, unless
# DEB_BUILD_OPTIONS is set without nocheck. Exit code: 0 built (and, with --twice, equal), 1 not.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."
repository=$PWD
# shellcheck source=packaging/needs.sh
. packaging/needs.sh
# shellcheck source=packaging/sources.sh
. packaging/sources.sh

source='' twice='' folder=''
for word in "$@"; do
    case $word in
    --source) source=1 ;;
    --twice) twice=1 ;;
    -*) fail "usage: packaging/build-deb.sh [--source] [--twice] [FOLDER]" ;;
    *) folder=$word ;;
    esac
done
folder=$(realpath -m "${folder:-${CARGO_TARGET_DIR:-target}/debian}")

need_packages debhelper dh-apparmor dpkg-dev gettext make gcc libc6-dev libpam0g-dev pkg-config libgtk-4-dev \
    libadwaita-1-dev apparmor
need_rust

version=$(sed -n '1s/.*(\(.*\)-[^-]*).*/\1/p' packaging/debian/changelog)
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)
export SOURCE_DATE_EPOCH
export DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS-nocheck}

work=$(mktemp -d "${TMPDIR:-/var/tmp}/mfa-deb-XXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A crate's own stanzas stand behind those of debian/copyright, in the tree that is built.
name_the_crates() {
    (cd "$1" && cargo run --quiet --locked -p mfa-bill --target-dir "$work/bill" -- copyright >>debian/copyright &&
        cargo run --quiet --locked -p mfa-bill --target-dir "$work/bill" -- notices >debian/NOTICES.crates)
}

# build TREE: its packages stand beside it.
build() {
    say "Building in $1"
    # -d: Rust may come from rustup instead of Debian; the rest was looked after above.
    (cd "$1" && dpkg-buildpackage -b -us -uc -d) >"$1.log" 2>&1 ||
        { tail -n 40 "$1.log" >&2 && fail "the packages could not be built"; }
}

tree=$work/pam-mfa-$version
copy_the_tree "$tree"
cp -r packaging/debian "$tree/debian"
vendor "$tree"
name_the_crates "$tree"
mkdir -p "$folder"

if [ -n "$source" ]; then
    say "Packing the sources"
    pack() { # pack FILE WORDS…: the same bytes for the same tree
        local file=$1
        shift
        tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw "$@" | xz -T2 -3 >"$file"
    }
    pack "$work/pam-mfa_$version.orig-vendor.tar.xz" -C "$tree" -c vendor
    pack "$work/pam-mfa_$version.orig.tar.xz" -C "$work" --exclude=vendor --exclude="pam-mfa-$version/debian" -c "pam-mfa-$version"
    (cd "$work" && dpkg-source -b "pam-mfa-$version") >"$work/source.log" 2>&1 ||
        { tail -n 20 "$work/source.log" >&2 && fail "the source package could not be built"; }
    cp "$work"/pam-mfa_*.dsc "$work"/pam-mfa_*.tar.xz "$folder/"
fi

[ -z "$twice" ] || cp -a "$tree" "$work/copy"
build "$tree"
cp "$work"/*.deb "$work"/*.buildinfo "$work"/*.changes "$folder/"

if [ -n "$twice" ]; then
    mkdir -p "$work/another/place"
    mv "$work/copy" "$work/another/place/pam_mfa"
    rm -rf "$tree"
    build "$work/another/place/pam_mfa"
    for deb in "$work"/*.deb; do
        cmp "$deb" "$work/another/place/${deb##*/}" || fail "${deb##*/} is not the same in two folders"
    done
    say "Built twice, in two folders, to the same bytes"
fi
say "The packages are in $folder:"
(cd "$folder" && ls -1 ./*.deb)
