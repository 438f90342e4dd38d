//! What `config cat` shows means the same as what was read, and says where it is from.

use super::*;
use mfa_core::policy::{Layers, Source};

fn policy(text: &str) -> Policy {
    let main = Some(Source { file: String::from("f.toml"), text: text.to_owned() });
    Layers { main, ..Layers::default() }.merge().unwrap()
}

#[test]
fn every_key_survives_being_shown() {
    let read = policy(
        r#"
require = "approved"
approvers = { group = "o\"ps", count = 2 }
methods = ["push", "totp"]
number = false
echo = true
tries = 1
remember = "1h"
enrol = ["app"]
deadline = "1m"
issuer = "Ex"
[limits]
wait_after = 2
disable_after = 9
[[rule]]
match = { service = ["sudo"], group = ["*"], from = ["10.0.0.0/8", "local"] }
require = "off"
remember = "8h"
enrol = ["token", "app"]
[[rule]]
match = { tty = ["tty*"], first_factor = ["password"], target = ["root"], time = ["Mon-Fri 08:00-18:00"], new_source = true }
require = "approved"
approvers = { group = "o\"ps", count = 2 }
methods = ["totp"]
deadline = "20s"
[geo]
database = "/x.mmdb"
[bypass]
max = "4h"
consent = true
[hygiene]
at = "03:05"
suspend_unused = "0"
renew_after = "365d"
overlap = "14d"
drop_pending = "7d"
[[raise]]
when = { user = ["a"], new_source = true, failures = 3, denied = true, outside = ["DE"] }
demand = ["required", "refuse"]
[floor]
require = "approved"
approvers = { group = "o\"ps", count = 1 }
methods = ["push", "totp"]
tries = 2
number = true
remember = "30m"
enrol = ["app"]
deadline = "45s"
[service.x]
kind = "sudo"
"#,
    );
    for line in
        ["max = \"4h\"", "remember = \"8h\"", "deadline = \"1m\"", "deadline = \"20s\"", "drop_pending = \"7d\""]
    {
        assert!(text(&read).contains(line), "{line}: {}", text(&read));
    }
    let again = policy(&text(&read));
    let shown = |policy: &Policy| {
        let mut value = object(policy);
        strip(&mut value);
        value
    };
    assert_eq!(shown(&again), shown(&read));
}

/// Takes the origins out, which are other lines.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("origin");
            map.values_mut().for_each(strip);
        }
        Value::Array(all) => all.iter_mut().for_each(strip),
        _ => {}
    }
}

#[test]
fn what_cat_shows_means_the_same_and_names_its_origins() {
    let read = policy(
        "require = \"optional\"\nissuer = \"Ex \\\"ample\"\n\n[[rule]]\nmatch = { service = [\"sshd\"], group = [\"ops\"] }\n\
         require = \"required\"\ntries = 2\n[floor]\nrequire = \"off\"\n[service.\"my-app\"]\nkind = \"login\"\n",
    );
    let shown = text(&read);
    assert!(shown.starts_with("require = \"optional\""), "{shown}");
    for origin in ["# f.toml:1\n", "# built-in default\n", "# f.toml:4\n", "# f.toml:9\n", "# f.toml:11\n"] {
        assert!(shown.contains(origin), "{origin:?} in {shown}");
    }
    let again = policy(&shown);
    assert_eq!(again.require.value, read.require.value);
    assert_eq!(again.issuer.unwrap().value, "Ex \"ample");
    assert_eq!(again.rules[0].matcher.service, ["sshd"]);
    assert_eq!(again.rules[0].matcher.group, ["ops"]);
    assert_eq!(again.rules[0].tries.as_ref().unwrap().value, 2);
    assert_eq!(again.services["my-app"].value, read.services["my-app"].value);
    assert_eq!(object(&read)["rule"][0]["require"]["origin"], "f.toml:6");
}
