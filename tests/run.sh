#!/bin/bash
# Installs what the tests need on Debian, builds everything, and runs all tests: with nextest where it is
# present, else with cargo test.
#
#   tests/run.sh [--all] [NAME…]     --all adds the long ones; NAME… runs only tests whose names hold one of these
#
# As root: most tests start a real sshd, sudo or su, each in a mount namespace of its own that leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/needs.sh
. packaging/needs.sh

if [ "${1:-}" = --all ]; then
    export MFA_LONG=1
    shift
fi
[ "$(id -u)" = 0 ] || fail "run it as root: the tests start sshd, sudo and su in namespaces of their own"

# Of fail2ban only the reader of filters is wanted: its service would watch this machine's sshd.
[ -x /usr/bin/fail2ban-regex ] || systemctl mask fail2ban.service >/dev/null 2>&1 || true
need_packages openssh-server openssh-client sudo pamtester libpam0g-dev libpam-google-authenticator libpam-oath oathtool \
    faketime libpam-wrapper zbar-tools binutils gcc libc6-dev pkg-config \
    dbus dbus-daemon gnome-keyring polkitd qrencode fail2ban strace valgrind
# The authenticator's window, on a screen that is in memory alone, beside real notification servers.
need_packages libgtk-4-dev libadwaita-1-dev adwaita-icon-theme fonts-dejavu-core at-spi2-core xvfb openbox xdotool xclip x11-utils \
    xfce4-notifyd dunst
# What is shipped besides programs is read by the programs that will read it.
need_packages make gettext man-db groff-base zsh fish systemd desktop-file-utils appstream libxml2-utils apparmor
need_rust

target=${CARGO_TARGET_DIR:-target}
gui=mfa-authenticator/gui
# The authenticator's command line in a build without the window, before the one with it takes its place.
if [ $# = 0 ]; then
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --workspace --test sessions -E 'test(/^codes_cli::(a|programs)/)'
    else
        cargo test --locked --workspace --test sessions -- codes_cli
    fi
fi
cargo build --locked --workspace --features "$gui"
# A module that panics on purpose, in a folder of its own: it is never installed.
cargo build --locked -p pam_mfa --features panic-probe --target-dir "$target/panic-probe"

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --features "$gui" --no-fail-fast "$@"
else
    cargo test --locked --workspace --features "$gui" -- "$@"
fi

# What `make check` runs needs no root: packages are built by somebody who is nobody here, where a TMPDIR may be longer than the path
# of a socket, and HOME is nowhere. Where that user may not look into this folder it is left out.
if [ $# = 0 ] && cargo nextest --version >/dev/null 2>&1; then
    nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
    if $nobody test -r Cargo.toml -a -x "$target/debug"; then
        host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
        theirs=$(mktemp -d)
        trap 'rm -rf "$theirs"' EXIT
        long=$theirs/$(printf '%0128d' 0)
        mkdir "$long"
        chmod 755 "$theirs"
        chown 65534:65534 "$long"
        env "CARGO_TARGET_${host}_RUNNER=$nobody env HOME=/nonexistent TMPDIR=$long" \
            cargo nextest run --locked --workspace --features "$gui" --no-fail-fast -E 'kind(lib) | binary(shipped_config) | binary(doctor_stacks)'
    else
        say "tests/run.sh: nobody may not look in here: what make check runs was run as root alone"
    fi
fi

# The packages, built twice and in booted containers: about a quarter of an hour for each build, and four minutes for each Debian.
if [ -n "${MFA_LONG:-}" ] && [ $# = 0 ]; then
    packaging/check.sh --twice
fi
