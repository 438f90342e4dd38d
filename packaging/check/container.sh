# Containers that boot a real Debian: sourced by packaging/check.sh, which gives `work`.
# shellcheck shell=bash disable=SC2154
#
# The roots are made once by debootstrap and never written to again: each container writes to a layer of its own.

roots=/var/cache/pam_mfa-check
# What a server and a desktop have before our packages come: with it apt needs no network inside.
furniture=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,libpam-runtime,openssh-server,openssh-client,sudo,expect,oathtool
furniture+=,pamtester,man-db,polkitd,pkexec,gnome-keyring,libglib2.0-bin,zsh,fish,bash-completion,apparmor
libraries=(libgtk-4-1 libadwaita-1-0)

# make_root SUITE: unless it is there.
make_root() {
    [ ! -d "$roots/$1" ] || return 0
    local new mirror script=()
    # Of a release that came after this machine's debootstrap it knows nothing but how it began.
    [ -e "/usr/share/debootstrap/scripts/$1" ] || script=(/usr/share/debootstrap/scripts/sid)
    # Either of the two may be missing.
    mirror=$(sed -n 's/^URIs: *\(.*debian\)\/*$/\1/p; s/^deb \(http[^ ]*debian\)\/* .*/\1/p' /etc/apt/sources.list.d/* /etc/apt/sources.list 2>/dev/null | head -n 1 || true)
    say "Making a Debian $1 in $roots"
    mkdir -p "$roots"
    new=$(mktemp -d "$roots/new-XXXX")
    debootstrap --variant=minbase --include="$furniture" "$1" "$new" "${mirror:-http://deb.debian.org/debian}" "${script[@]}" >"$new.log" 2>&1 &&
        chroot "$new" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${libraries[@]}" >>"$new.log" 2>&1 ||
        { tail -n 20 "$new.log" >&2 && rm -rf "$new" && fail "debootstrap $1"; }
    rm -f "$new.log"
    mv "$new" "$roots/$1"
}

# mount_root SUITE: `root` is then a Debian that may be written to.
mount_root() {
    layer=$work/$1
    root=$layer/root
    mkdir -p "$layer"/{root,written,used}
    mount -t overlay "pam_mfa-check" -o "lowerdir=$roots/$1,upperdir=$layer/written,workdir=$layer/used" "$root"
    # The root was made by debootstrap: nobody knows root's password, and every container is another machine.
    echo "checked" >"$root/etc/hostname"
    : >"$root/etc/machine-id"
}

umount_root() {
    [ -z "${root:-}" ] || ! mountpoint -q "$root" || umount "$root"
    root=
}

# The first process inside, as seen from here; empty while none runs.
first='' container=''

# One hierarchy of control groups, whatever this machine has: systemd knows no other since 258.
start_container() {
    local waited=0
    setsid env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet -D "$root" --boot --register=no --keep-unit --private-network --console=pipe \
        </dev/null >>"$layer/console.log" 2>&1 &
    container=$!
    until first=$(ps --ppid "$container" -o pid= | tr -d ' ') && [ -n "$first" ] && inside systemctl is-system-running --wait >/dev/null 2>&1 ||
        [ "$(inside systemctl is-system-running 2>/dev/null)" = degraded ]; do
        waited=$((waited + 1))
        [ $waited -lt 120 ] || { tail -n 30 "$layer/console.log" >&2 && fail "the container does not come up"; }
        sleep 0.5
    done
}

# As the container's root, with its processes, network and files.
inside() {
    nsenter -t "$first" -m -u -i -n -p -C env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb HOME=/root DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

stop_container() {
    [ -n "$container" ] || return 0
    [ -z "$first" ] || inside systemctl poweroff >/dev/null 2>&1 || true
    wait "$container" || true
    container='' first=''
}
