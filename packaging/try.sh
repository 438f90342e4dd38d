#!/bin/bash
# Tries pam_mfa on this machine, with a real sshd and a real sudo, and leaves the machine as it was.
#
#   packaging/try.sh           plays the scenes, prints what the terminal showed, cleans up
#   packaging/try.sh --stay    and then waits, with a QR code for your own phone, until Enter or ^C
#
# Installs the packages that are missing, builds, and does everything else in a mount and process namespace of its own:
# /etc/passwd, /etc/pam.d, /etc/sudoers, /dev, /run and /var/log are private copies there, and nothing in it
# outlives it. What is left afterwards: the packages, Rust where it was installed, and the build folder.
# Exit code: 0 all scenes went as told, 1 one did not or something is missing, 2 usage.
set -euo pipefail
umask 022
repository=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=packaging/needs.sh
. "$repository/packaging/needs.sh"

stay=
case "$*" in
"") ;;
--stay) stay=1 ;;
-h | --help)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*)
    say "usage: packaging/try.sh [--stay]" >&2
    exit 2
    ;;
esac

[ "$(id -u)" = 0 ] || fail "run it as root: it starts an sshd and mounts private copies of system files"
need_packages openssh-server openssh-client sudo expect oathtool gcc libc6-dev libpam0g-dev
need_rust

cd "$repository"
say "Building (the first time takes a few minutes)"
# The module by a cargo call of its own, as packages do: its dependencies then have no feature that mfad wants.
cargo build --quiet --release --locked -p pam_mfa
cargo build --quiet --release --locked -p mfad
target=$(cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
    fail "this machine does not let root make namespaces (a container without CAP_SYS_ADMIN?)"
# Root's alone: the demo user's key is in it. It is the only thing that is seen outside the namespace.
folder=$(mktemp -d /run/mfa-try-XXXX)
inner=

clean_up() {
    trap '' INT TERM HUP
    if [ -n "$inner" ] && kill -0 "$inner" 2>/dev/null; then
        # The first process of the namespace; the kernel ends all others with it.
        local first
        first=$(cat "/proc/$inner/task/$inner/children" 2>/dev/null || true)
        # shellcheck disable=SC2086  # one number, or none
        [ -z "$first" ] || kill -TERM $first 2>/dev/null || true
        wait "$inner" || true
    fi
    rm -rf --one-file-system "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

STAY=$stay FOLDER=$folder BUILT=$target/release REPOSITORY=$repository \
    unshare --mount --pid --fork --kill-child --mount-proc bash "$repository/packaging/try/world.sh" <&0 &
inner=$!
result=0
wait "$inner" || result=$?
inner=
exit "$result"
