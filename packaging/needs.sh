# What building and trying need on Debian: sourced by packaging/try.sh, tests/run.sh and .ci/run.
# shellcheck shell=bash
#
# Installs only what is missing, says so, and never starts a service.

# The oldest compiler that builds everything: `rust-version` of Cargo.toml.
oldest_rust=1.92

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# need_packages NAME…: installs the Debian packages that are missing.
need_packages() {
    local name missing=()
    command -v dpkg-query >/dev/null || fail "this is not Debian; install by hand: $*"
    for name in "$@"; do
        dpkg-query -W -f='${Status}\n' "$name" 2>/dev/null | grep -qx 'install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return
    [ "$(id -u)" = 0 ] || fail "missing, and only root can install: ${missing[*]}"
    say "Installing: ${missing[*]}"
    local said result=0
    said=$(mktemp)
    install_packages "${missing[@]}" >"$said" 2>&1 </dev/null || result=$?
    [ $result = 0 ] || cat "$said" >&2
    rm -f "$said"
    [ $result = 0 ] || fail "apt-get could not install: ${missing[*]}"
    case " ${missing[*]} " in
    *" openssh-server "*)
        say "openssh-server was not started. It starts with the next boot, unless you say: systemctl disable ssh"
        ;;
    esac
}

# In a subshell of its own, so that its trap runs however it ends.
install_packages() (
    # Debian starts a service when it installs one, unless this file says no (101).
    no_services=/usr/sbin/policy-rc.d
    if [ ! -e $no_services ]; then
        trap 'rm -f $no_services' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        printf '#!/bin/sh\nexit 101\n' >$no_services
        chmod 755 $no_services
    fi
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
)

# need_rust: a cargo that is new enough, in PATH.
need_rust() {
    local home="${CARGO_HOME:-${HOME:-/root}/.cargo}"
    if ! rust_is_new_enough && [ -x "$home/bin/cargo" ]; then
        PATH="$home/bin:$PATH"
    fi
    rust_is_new_enough && return
    say "There is no Rust $oldest_rust or newer here; rustup installs one in $home (to remove it: $home/bin/rustup self uninstall)"
    need_packages curl ca-certificates
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y -q --profile minimal --component rustfmt,clippy --no-modify-path ||
        fail "rustup could not be installed; install Rust $oldest_rust or newer by hand and try again"
    PATH="$home/bin:$PATH"
    rust_is_new_enough || fail "cargo in $home/bin is older than $oldest_rust: rustup update stable"
}

rust_is_new_enough() {
    local version
    version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || return 1
    [ -n "$version" ] && printf '%s\n%s\n' "$oldest_rust" "$version" | sort -V -C
}
