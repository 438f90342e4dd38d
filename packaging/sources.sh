# The tree that a package is built from, with the crates it needs: sourced by packaging/build-deb.sh and build-rpm.sh, which give
# `repository`.
# shellcheck shell=bash disable=SC2154

# copy_the_tree FOLDER
# What git knows of, as it stands in the working tree; without git (an unpacked tarball), everything but what was built.
copy_the_tree() {
    mkdir -p "$1"
    if git -C "$repository" rev-parse --git-dir >/dev/null 2>&1; then
        git -C "$repository" ls-files -z --cached --others --exclude-standard
    else
        find . -path ./target -prune -o -type f -print0
    fi | tar -C "$repository" --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -C "$1" -xf -
}

# Crates for other systems are named by the lock file and built by nobody: a hollow one will do, without libraries of Microsoft's.
vendor() {
    local tree=$1 needed system name
    (cd "$tree" && cargo vendor --quiet --locked --versioned-dirs vendor >/dev/null)
    needed=$(for system in x86_64 aarch64 i686 riscv64gc powerpc64le s390x; do
        (cd "$tree" && cargo tree --locked --workspace --all-features --target "$system-unknown-linux-gnu" --prefix none --format '{p}')
    done | sed -n 's/^\([^ ]*\) v\([^ ]*\).*/\1-\2/p' | sort -u)
    for name in "$tree"/vendor/*; do
        name=${name##*/}
        grep -qxF "$name" <<<"$needed" && continue
        hollow "$tree/vendor/$name"
    done
}

hollow() {
    local package
    package=$(sed -n 's/.*"package":"\([0-9a-f]*\)".*/\1/p' "$1/.cargo-checksum.json")
    find "$1" -mindepth 1 ! -name Cargo.toml ! -name .cargo-checksum.json -delete
    # What is left has to be a library, whatever else it was.
    sed -i -e '/^\[\[\(bin\|example\|test\|bench\)\]\]/,/^$/d' -e '/^\(build\|links\) = /d' -e '/^\[lib\]/,/^$/{/^path = /d}' "$1/Cargo.toml"
    mkdir -p "$1/src"
    : >"$1/src/lib.rs"
    printf '{"files":{},"package":"%s"}' "$package" >"$1/.cargo-checksum.json"
}
