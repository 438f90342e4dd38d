#!/bin/sh
# Measures pushes: builds release programs and runs the benchmark in a private mount namespace, as root.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" = 0 ] || { echo "tests/bench/push.sh: run it as root: it makes a mount namespace and files of other users" >&2; exit 2; }
[ -x /usr/lib/polkit-1/polkitd ] || { echo "tests/bench/push.sh: polkitd is missing: apt-get install polkitd" >&2; exit 2; }

mkdir -p "${CARGO_TARGET_DIR:-target}"
target="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)"
cargo build --release -p mfad
cargo build --release -p pam-mfa-tests --bin bench-push --bin device

MFA_BUILT="$target/release" exec "$target/release/bench-push"
