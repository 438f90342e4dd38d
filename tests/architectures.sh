#!/bin/bash
# Checks that everything but the window compiles for other architectures, and runs the tests of what is stored and sent on two of
# them: i686 (words of 32 bits, by this kernel) and s390x (big-endian, by qemu).
#
#   tests/architectures.sh
#
# Installs Debian's cross compilers and rustup's targets, so it is none of tests/run.sh. mfad's own tests run on i686 alone: qemu of
# Debian 12 has no openat2(2), without which mfad opens no file.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/needs.sh
. packaging/needs.sh

need_packages gcc-i686-linux-gnu libc6-dev-i386-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user pkg-config
need_rust
command -v rustup >/dev/null || fail "rustup is needed: it has the other architectures' standard library"

all=(i686-unknown-linux-gnu armv7-unknown-linux-gnueabihf aarch64-unknown-linux-gnu riscv64gc-unknown-linux-gnu s390x-unknown-linux-gnu)
rustup target add "${all[@]}"
# Compiling needs no library; pkg-config is only asked where this machine's D-Bus is.
export PKG_CONFIG_ALLOW_CROSS=1
for one in "${all[@]}"; do
    say "== $one: compiles"
    cargo check --quiet --locked --target "$one" -p mfa-core -p mfad -p pam_mfa -p mfa-authenticator
done

export CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER=i686-linux-gnu-gcc
export CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_RUNNER="/usr/i686-linux-gnu/lib/ld-linux.so.2 --library-path /usr/i686-linux-gnu/lib"
export CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER=s390x-linux-gnu-gcc
export CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_RUNNER="qemu-s390x -L /usr/s390x-linux-gnu"
say "== i686: mfa-core's and mfad's tests"
cargo test --quiet --locked --target i686-unknown-linux-gnu -p mfa-core -p mfad --lib
say "== s390x: mfa-core's tests"
cargo test --quiet --locked --target s390x-unknown-linux-gnu -p mfa-core --lib --all-features
