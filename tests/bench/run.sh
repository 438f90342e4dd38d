#!/bin/sh
# Measures logins: builds release programs and runs the benchmark in a private mount namespace, as root. Arguments are
# passed on: --rounds N, --sizes 1,1000,100000, --processes 1,8,64, --only permit,mfa-totp,mfa-hotp,google,oath.
#
# The disk it measures is the one of the target folder.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" = 0 ] || { echo "tests/bench/run.sh: run it as root: it makes a mount namespace and files of other users" >&2; exit 2; }
for module in pam_google_authenticator pam_oath; do
    [ -n "$(find /lib /usr/lib -name "$module.so" -print -quit)" ] || {
        echo "tests/bench/run.sh: $module.so is missing: tests/run.sh installs it" >&2
        exit 2
    }
done

mkdir -p "${CARGO_TARGET_DIR:-target}"
target="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)"
# The module by its own call, as it is shipped: built together with others it would carry their features.
cargo build --release -p pam_mfa
cargo build --release -p mfad
cargo build --release -p pam-mfa-tests --bin bench
cc -O2 -Wall -Wextra -o "$target/release/bench-login" tests/bench/login.c -lpam

MFA_BUILT="$target/release" exec "$target/release/bench" \
    --disk "$target/bench-disk" --login "$target/release/bench-login" "$@"
