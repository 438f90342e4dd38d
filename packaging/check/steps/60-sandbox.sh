# the module works inside the sandboxes that callers put around it
# What polkit's helper has (polkit-agent-helper@.service, polkit 127), all at once; then that and what a locker's unit may have besides.
cat >/etc/pam.d/check-sandbox <<'END'
@include common-auth
account required pam_permit.so
END
polkits='CapabilityBoundingSet=CAP_AUDIT_WRITE|DeviceAllow=/dev/null rw|DevicePolicy=strict|IPAddressDeny=any|LockPersonality=yes|MemoryDenyWriteExecute=yes|NoNewPrivileges=yes|PrivateDevices=yes|PrivateNetwork=yes|PrivateTmp=yes|ProtectControlGroups=yes|ProtectHome=yes|ProtectKernelLogs=yes|ProtectKernelModules=yes|ProtectKernelTunables=yes|ProtectSystem=strict|RestrictAddressFamilies=AF_UNIX|RestrictNamespaces=yes|RestrictRealtime=yes|RestrictSUIDSGID=yes|SystemCallArchitectures=native|SystemCallFilter=@system-service'
for properties in "$polkits" "$polkits|ProtectProc=invisible|ProcSubset=pid|PrivateIPC=yes|ProtectHostname=yes|ProtectClock=yes"; do
    words=()
    IFS='|' read -r -a all <<<"$properties"
    for property in "${all[@]}"; do words+=(-p "$property"); done
    # The sandbox is there: it has no device but the few that everybody has, and no home folder.
    systemd-run --quiet --wait --pipe "${words[@]}" sh -c '! test -e /dev/console && ! ls /home/anna && ! touch /etc/sandbox' >/root/shown 2>&1 ||
        { cat /root/shown && wrong "no sandbox by $properties"; }
    printf '%s\n%s\n' "$password" "$(fresh_code)" >/root/typed
    systemd-run --quiet --wait --pipe "${words[@]}" pamtester check-sandbox anna authenticate </root/typed >/root/shown 2>&1 ||
        { cat /root/shown && wrong "not inside $properties"; }
    grep -q 'successfully authenticated' /root/shown || wrong "not authenticated"
    # What does not hold inside is not let by there either.
    printf '%s\n%s\n' "$password" 000000 >/root/typed
    ! systemd-run --quiet --wait --pipe "${words[@]}" pamtester check-sandbox anna authenticate </root/typed >/root/shown 2>&1 ||
        { cat /root/shown && wrong "a wrong code opens inside $properties"; }
    told "inside ${#all[@]} properties: $(cut -c 1-60 <<<"$properties")…"
done
rm /etc/pam.d/check-sandbox
