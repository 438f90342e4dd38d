# the module works inside the sandboxes that callers put around it
# Those of polkit's helper (polkit-agent-helper@.service, polkit 127), then what a locker's unit may have besides.
cat >/etc/pam.d/check-sandbox <<'END'
@include common-auth
account required pam_permit.so
END
for properties in \
    'CapabilityBoundingSet=CAP_AUDIT_WRITE|DeviceAllow=/dev/null rw|DevicePolicy=strict|IPAddressDeny=any|LockPersonality=yes|MemoryDenyWriteExecute=yes|PrivateDevices=yes|PrivateNetwork=yes|PrivateTmp=yes|ProtectControlGroups=yes|ProtectHome=yes|ProtectKernelLogs=yes|ProtectKernelModules=yes|ProtectKernelTunables=yes|ProtectSystem=strict|RestrictAddressFamilies=AF_UNIX|RestrictNamespaces=yes|RestrictRealtime=yes|RestrictSUIDSGID=yes|SystemCallArchitectures=native' \
    'NoNewPrivileges=yes|ProtectProc=invisible|ProcSubset=pid|PrivateIPC=yes|ProtectHostname=yes|ProtectClock=yes|SystemCallFilter=@system-service'; do
    words=()
    IFS='|' read -r -a all <<<"$properties"
    for property in "${all[@]}"; do words+=(-p "$property"); done
    printf '%s\n%s\n' "$password" "$(fresh_code)" >/root/typed
    systemd-run --quiet --wait --pipe "${words[@]}" pamtester check-sandbox anna authenticate </root/typed >/root/shown 2>&1 ||
        { cat /root/shown && wrong "not inside $properties"; }
    grep -q 'successfully authenticated' /root/shown || wrong "not authenticated"
    told "inside ${#all[@]} properties: $(cut -c 1-60 <<<"$properties")…"
done
rm /etc/pam.d/check-sandbox
