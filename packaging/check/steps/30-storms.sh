# crashes, a bad policy and floods of connections never leave a socket dead
for _ in $(seq 30); do
    systemctl kill --kill-whom=main -s KILL mfad.service 2>/dev/null || true
    sleep 0.1
done
sockets_listen || wrong "a socket is dead after thirty crashes"
within 20 mfad_answers
told "after thirty kills in a few seconds mfad answers again"

echo 'requre = "off"' >/etc/pam_mfa/mfa.toml
systemctl restart mfad.service 2>/dev/null || true
sleep 8
sockets_listen || wrong "a socket is dead behind a bad policy"
says /etc/pam_mfa/mfa.toml:1 journalctl -u mfad -b --no-pager -q || wrong "the journal does not name file and line"
rm /etc/pam_mfa/mfa.toml
within 20 mfad_answers
told "a bad policy keeps mfad from starting, the journal says where, and the first good one is taken"

# 3,000 connections that say nothing, by a user who may have them.
setpriv --reuid=anna --regid=anna --init-groups perl -MSocket -e '
    my @all;
    for (1 .. 3000) {
        socket(my $s, AF_UNIX, SOCK_STREAM, 0) or last;
        connect($s, sockaddr_un("/run/pam_mfa/user.sock")) or last;
        push @all, $s;
    }
    sleep 6;' &
sleep 1
timeout 10 mfactl status >/dev/null || wrong "a flood on the users' socket starves root"
told "during a flood of connections by a user root is answered"
wait $! || true
sockets_listen || wrong "a socket is dead after a flood"
within 20 mfad_answers

# At a start nobody is there to answer: the queue is full, and still nothing dies.
systemctl kill --kill-whom=main -s STOP mfad.service
perl -MSocket -e 'my @all; for (1 .. 300) { socket(my $s, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) or last; connect($s, sockaddr_un("/run/pam_mfa/root.sock")); push @all, $s } sleep 2'
systemctl kill --kill-whom=main -s CONT mfad.service
within 20 mfad_answers
sockets_listen || wrong "a socket is dead after a full queue"
told "a queue that was full while mfad stood still"
# For the next step, which comes up with it.
echo 'requre = "off"' >/etc/pam_mfa/mfa.toml
