# the packages' own test (debian/tests), as Debian's machines run it
/check/tests/login >/root/shown 2>&1 || { cat /root/shown && wrong "debian/tests/login"; }
told "debian/tests/login"
pam-auth-update --enable mfa
