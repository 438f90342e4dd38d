#!/bin/bash
# The private world of packaging/try.sh and its scenes. Runs as the first process of a new mount and process namespace:
# when it ends, however it ends, the kernel ends its processes and takes its mounts away.
#
# Given by try.sh: FOLDER (below /run, its own, empty), BUILT (mfad, mfactl, libpam_mfa.so), REPOSITORY, STAY.
set -euo pipefail
umask 022
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
here=$REPOSITORY/packaging/try
cd /
daemon= server= logger= failed=0

fail() {
    printf '\ntry.sh: %s\n' "$*" >&2
    exit 1
}

clean_up() {
    local result=$? pid
    trap '' INT TERM HUP
    for pid in $server $daemon $logger; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    done
    printf '\nCleaned up: sshd, mfad, the accounts and every mount are gone.\n'
    exit "$result"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- The world -------------------------------------------------------------------------------------------------------

make_world() {
    mkdir -m 0700 "$FOLDER/visitor" "$FOLDER/new"
    private_run "$FOLDER/new"
    mkdir "$FOLDER"/{bin,etc,run,dev,home}
    install -m 0755 "$BUILT/mfad" "$BUILT/mfactl" "$FOLDER/bin"
    install -m 0644 "$BUILT/libpam_mfa.so" "$FOLDER/bin/pam_mfa.so"
    private_dev "$FOLDER/dev"
    private_etc "$FOLDER/etc"
    local written
    for written in /var/log /var/lib/sudo /var/mail /var/spool; do
        [ ! -d $written ] || mount -n -t tmpfs -o mode=755 mfa-try $written
    done
    for user in demo you; do
        install -d -o $user -g $user -m 0755 "$FOLDER/home/$user"
    done
    ssh-keygen -q -t ed25519 -N '' -C 'a key for packaging/try.sh' -f "$FOLDER/visitor/key"
    ssh-keygen -q -t ed25519 -N '' -f "$FOLDER/host_key"
    cp "$FOLDER/visitor/key.pub" "$FOLDER/authorized_keys"
}

# A /run that may hold programs (systemd's may not); of the machine's own it shows the visitor's folder alone.
private_run() {
    mount -n -t tmpfs -o mode=755 mfa-try "$1"
    mkdir -p "$1/sshd" "$1/$(basename "$FOLDER")/visitor"
    mount -n --bind "$FOLDER/visitor" "$1/$(basename "$FOLDER")/visitor"
    mount -n --move "$1" /run
}

# With a log of its own: what is said to /dev/log is shown with the scenes.
private_dev() {
    mount -n -t tmpfs -o mode=755 mfa-try "$1"
    local node
    for node in null zero full random urandom tty; do
        touch "$1/$node"
        mount -n --bind "/dev/$node" "$1/$node"
    done
    mkdir "$1/pts" "$1/shm"
    # 5 is Debian's group tty.
    mount -n -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 mfa-try "$1/pts"
    ln -s pts/ptmx "$1/ptmx"
    ln -s /proc/self/fd "$1/fd"
    mount -n --move "$1" /dev
    perl "$here/log.pl" /dev/log "$FOLDER/log" &
    logger=$!
    until [ -S /dev/log ]; do sleep 0.05; done
}

# Accounts, PAM services and sudoers: covers for the machine's own files, which stay as they are.
private_etc() {
    local etc=$1 hash name
    hash=$(perl -e 'print crypt("demo", "\$6\$try")')
    cat >"$etc/passwd" <<END
root:x:0:0:root:/root:/bin/bash
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
_mfad:x:990:990:Second factors for PAM:/nonexistent:/usr/sbin/nologin
demo:x:1001:1001:Demo:$FOLDER/home/demo:/bin/sh
you:x:1002:1002:You:$FOLDER/home/you:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
    cat >"$etc/group" <<END
root:x:0:
tty:x:5:
shadow:x:42:
_mfad:x:990:
demo:x:1001:
you:x:1002:
nogroup:x:65534:
END
    for name in root sshd _mfad nobody; do echo "$name:*:19000:0:99999:7:::"; done >"$etc/shadow"
    for name in demo you; do echo "$name:$hash:19000:0:99999:7:::"; done >>"$etc/shadow"
    chmod 0640 "$etc/shadow"
    printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' >"$etc/nsswitch.conf"
    printf 'Defaults timestamp_timeout=0, passwd_tries=1, !lecture\ndemo,you ALL=(ALL) ALL\n' >"$etc/sudoers"
    chmod 0440 "$etc/sudoers"
    mkdir "$etc/pam.d"
    pam_services "$etc/pam.d"
    for name in passwd group shadow nsswitch.conf sudoers pam.d; do
        [ -e "/etc/$name" ] || fail "/etc/$name is missing on this machine"
        mount -n --bind "$etc/$name" "/etc/$name"
    done
}

# The examples of config/pam.d, with the paths of this world, over Debian's common files.
pam_services() {
    local service
    for service in sshd sudo su; do
        sed "s|pam_mfa\.so|$FOLDER/bin/pam_mfa.so run_dir=$FOLDER/run|" "$REPOSITORY/config/pam.d/$service" >"$1/$service"
    done
    printf 'auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n' \
        >"$1/common-auth"
    echo 'account required pam_unix.so' >"$1/common-account"
    echo 'session required pam_unix.so' | tee "$1/common-session" >"$1/common-session-noninteractive"
    echo 'password requisite pam_deny.so' >"$1/common-password"
    printf '%s required pam_deny.so\n' auth account session password >"$1/other"
}

start_mfad() {
    # One answer per login: a scene shows one refusal, not three.
    sed 's/^#tries = 3$/tries = 1/' "$REPOSITORY/config/mfa.toml" >"$FOLDER/mfa.toml"
    # What an earlier one said is not this one's word.
    : >"$FOLDER/mfad.log"
    "$FOLDER/bin/mfad" --config "$FOLDER/mfa.toml" --state-dir "$FOLDER/state" --run-dir "$FOLDER/run" --user _mfad \
        2>>"$FOLDER/mfad.log" &
    daemon=$!
    wait_for "$daemon" "mfad did not start: $FOLDER/mfad.log" grep -q 'ready;' "$FOLDER/mfad.log"
}

start_sshd() {
    local port
    # Its own lines stand after the example's, and of two sshd takes the first.
    { cat "$REPOSITORY/config/sshd_config.d/50-mfa.conf" - <<END; } >"$FOLDER/sshd_config"
ListenAddress 127.0.0.1
HostKey $FOLDER/host_key
PidFile none
AuthorizedKeysFile $FOLDER/authorized_keys
StrictModes yes
PermitRootLogin no
UseDNS no
END
    port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
    /usr/sbin/sshd -D -p "$port" -f "$FOLDER/sshd_config" &
    server=$!
    wait_for "$server" "sshd did not start" grep -q 'Server listening' "$FOLDER/log"
    echo "[127.0.0.1]:$port $(cat "$FOLDER/host_key.pub")" >"$FOLDER/visitor/known_hosts"
    cat >"$FOLDER/visitor/ssh_config" <<END
Host *
    Hostname 127.0.0.1
    Port $port
    IdentityFile $FOLDER/visitor/key
    IdentitiesOnly yes
    UserKnownHostsFile $FOLDER/visitor/known_hosts
    LogLevel ERROR
    # When PAM says "no more tries", sshd offers no method at all, and OpenSSH's client then asks for a password that
    # nobody will look at. This keeps it from asking.
    PreferredAuthentications publickey,keyboard-interactive
END
}

# wait_for PID COMPLAINT COMMAND…: until the command succeeds, while the process lives, at most ten seconds.
wait_for() {
    local pid=$1 complaint=$2 tries=0
    shift 2
    until "$@" 2>/dev/null; do
        if ! kill -0 "$pid" 2>/dev/null || [ $((tries += 1)) -gt 100 ]; then
            cat "$FOLDER/mfad.log" "$FOLDER/log" >&2 2>/dev/null || true
            fail "$complaint"
        fi
        sleep 0.1
    done
}

# ---- The scenes ------------------------------------------------------------------------------------------------------

. "$here/scenes.sh"

make_world
start_mfad
start_sshd
play
if [ -n "$STAY" ]; then
    stay
fi
[ $failed = 0 ] || fail "$failed of the $played logins did not go as told; see the lines marked NOT AS TOLD"
printf '\nAll %s logins went as told.\n' "$played"
