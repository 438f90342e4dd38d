# The machine's log in the private namespace: perl log.pl SOCKET FILE
#
# Keeps every line that sshd, sudo and pam_mfa send to /dev/log, with facility and severity in words.
use strict;
use warnings;
use IO::Handle;
use Socket;

my ($path, $file) = @ARGV;
my @severities = qw(emerg alert crit err warning notice info debug);
my %facilities = (4 => 'auth', 10 => 'authpriv');
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, sockaddr_un($path)) or die "$path: $!";
chmod 0666, $path;
open(my $kept, '>>', $file) or die "$file: $!";
$kept->autoflush(1);
while (defined recv($socket, my $line, 65536, 0)) {
    $line =~ s/[\0\n]+\z//;
    my $priority = $line =~ s/\A<(\d+)>// ? $1 : 13;
    $line =~ s/\A[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d //;
    my $facility = $facilities{$priority >> 3} // 'facility ' . ($priority >> 3);
    print $kept "$facility.$severities[$priority & 7] $line\n";
}
