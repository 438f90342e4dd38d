# a bad policy at boot: the machine is up, the sockets listen, and mending the file is enough
# after a reboot
sockets_listen || wrong "a socket is dead"
! systemctl is-active --quiet mfad.service || wrong "mfad runs on a policy it should refuse"
# Nothing asks for a factor yet: nobody is kept out.
by_ssh 'password:' "$password" || { cat /root/shown && wrong "anna does not get in"; }
rm /etc/pam_mfa/mfa.toml
within 20 mfad_answers
systemctl is-active --quiet mfad.service || wrong "mfad does not run"
told "up within seconds of the file being mended"
