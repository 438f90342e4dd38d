# crashes, a bad policy and floods of connections never leave a socket dead
# systemd's own limit is five starts in ten seconds (systemd.unit(5), StartLimitIntervalSec); each of these is a start of its own.
crashes=12
restarts() { systemctl show -P NRestarts mfad.service; }
runs() { [ "$(main_pid)" != 0 ]; }
another_runs() { runs && [ "$(main_pid)" != "$killed" ]; }
before=$(restarts) began=$(date +%s)
for _ in $(seq $crashes); do
    # 0 stands for no process with systemd, and for one's own group with kill(1).
    within 20 runs
    killed=$(main_pid)
    [ "$killed" = 0 ] || kill -s KILL "$killed"
    within 10 another_runs
done
took=$(($(date +%s) - began))
[ $(($(restarts) - before)) -ge $crashes ] || wrong "of $crashes crashes systemd saw $(($(restarts) - before))"
[ $((crashes * 10)) -gt $((took * 5)) ] || wrong "$crashes crashes in $took seconds are within any start limit, and show nothing"
sockets_listen || wrong "a socket is dead after $crashes crashes"
within 20 mfad_answers
told "after $crashes crashes in $took seconds mfad answers again"

echo 'requre = "off"' >/etc/pam_mfa/mfa.toml
systemctl restart mfad.service 2>/dev/null || true
sleep 8
sockets_listen || wrong "a socket is dead behind a bad policy"
says /etc/pam_mfa/mfa.toml:1 journalctl -u mfad -b --no-pager -q || wrong "the journal does not name file and line"
rm /etc/pam_mfa/mfa.toml
within 20 mfad_answers
told "a bad policy keeps mfad from starting, the journal says where, and the first good one is taken"

# 3,000 connections that say nothing, by a user who may have them; then ever new ones in their place, until mfad has answered root.
: >/root/flood
prlimit --nofile=4096:4096 setpriv --reuid=anna --regid=anna --init-groups perl -Mstrict -MSocket -e '
    $| = 1;
    my ($made, $end, @all) = (0, time + 60);
    while (time < $end) {
        socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
        connect($s, sockaddr_un("/run/pam_mfa/user.sock")) or die "connection $made: $!";
        push @all, $s;
        shift @all if @all > 3000;
        print "$made\n" if ++$made % 3000 == 0;
    }' >/root/flood &
flood=$!
within 30 grep -qx 3000 /root/flood
timeout 10 mfactl status >/dev/null || wrong "a flood on the users' socket starves root"
made=$(tail -n 1 /root/flood)
more_came() { [ "$(tail -n 1 /root/flood)" -gt "$made" ]; }
within 30 more_came
kill "$flood" 2>/dev/null || wrong "the flood ended by itself"
wait "$flood" || true
told "root is answered amid $(tail -n 1 /root/flood) connections by a user"
sockets_listen || wrong "a socket is dead after a flood"
within 20 mfad_answers

# At a start nobody is there to answer: the queue fills up until the kernel takes no more, and still nothing dies.
systemctl kill --kill-whom=main -s STOP mfad.service
prlimit --nofile=20000:20000 perl -Mstrict -MSocket=:DEFAULT,SOCK_NONBLOCK -MErrno=EAGAIN -e '
    my @all;
    while (@all < 15000) {
        socket(my $s, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) or die "socket: $!";
        if (connect($s, sockaddr_un("/run/pam_mfa/root.sock"))) { push @all, $s; next }
        die "connection ${\ scalar @all}: $!" if $! != EAGAIN;
        printf "%d\n", scalar @all;
        sleep 2;
        exit;
    }
    die "the queue takes any number";' >/root/flood || wrong "the queue was never full"
systemctl kill --kill-whom=main -s CONT mfad.service
within 20 mfad_answers
sockets_listen || wrong "a socket is dead after a full queue"
told "a queue that was full with $(cat /root/flood) while mfad stood still"
# For the next step, which comes up with it.
echo 'requre = "off"' >/etc/pam_mfa/mfa.toml
