#!/bin/sh
# Installs what the tests need on Debian, builds everything, and runs all tests: with nextest where
# it is present, else with cargo test. Arguments are passed on, e.g. a test's name.
#
# As root: each test makes a mount namespace of its own and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "tests/run.sh: run it as root: it starts sshd, sudo and su in private namespaces" >&2; exit 2; }

packages="openssh-server openssh-client sudo libpam0g-dev libpam-google-authenticator libpam-oath oathtool faketime"
missing=
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    # Installing sshd must not start one.
    apt-get update -q
    # shellcheck disable=SC2086  # a list of words
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

target="${CARGO_TARGET_DIR:-target}"
cargo build --workspace
# A module that panics on purpose, in a folder of its own: it is never installed.
cargo build -p pam_mfa --features panic-probe --target-dir "$target/panic-probe"

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace "$@"
else
    cargo test --workspace -- "$@"
fi
