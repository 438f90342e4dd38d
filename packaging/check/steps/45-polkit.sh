# the real polkit knows our actions: root is answered, anna is refused, and admitted by a rule of the administrator's
for action in enroll-own manage-users manage-bypasses; do
    says "mfad|_mfad|second factor" pkaction --verbose --action-id io.github.pam_mfa.$action || wrong "polkit does not know $action"
done
told "polkit knows the three actions"

status=(busctl --system --json=short call io.github.pam_mfa.Daemon /io/github/pam_mfa/Daemon io.github.pam_mfa.Admin1 Status s anna)
hers_without_agent() { setpriv --reuid=anna --regid=anna --init-groups env -i PATH=/usr/bin:/bin "$@"; }
"${status[@]}" >/root/shown 2>&1 || { cat /root/shown && wrong "root asks over the bus"; }
! hers_without_agent "${status[@]}" >/root/shown 2>&1 || { cat /root/shown && wrong "anna administers"; }
says 'polkit does not let you' cat /root/shown || { cat /root/shown && wrong "anna is refused for another reason"; }
told "root is answered, and anna is not"

rule=/etc/polkit-1/rules.d/10-check.rules
cat >$rule <<'RULE'
polkit.addRule(function(action, subject) {
    if (action.id == "io.github.pam_mfa.manage-users" && subject.user == "anna") { return polkit.Result.YES; }
});
RULE
chmod 644 $rule
within 10 hers_without_agent "${status[@]}"
told "a rule of the administrator's lets her"
rm $rule
refused() { ! hers_without_agent "${status[@]}"; }
within 10 refused
told "and not after it is gone"
