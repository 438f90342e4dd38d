//! The people of this host, as getent(1) lists them: directories that cannot be listed are left out.

use std::ops::RangeInclusive;
use std::process::{Command, Stdio};

/// The least uid of people (`UID_MIN`, login.defs(5)).
const FIRST_PERSON: u32 = 1000;

/// Services that systemd gives a uid while they run, `nobody`, and 16 bits' "no uid" (systemd's "Users, Groups, UIDs and GIDs").
/// Above them are the people of directories.
const NO_PEOPLE: RangeInclusive<u32> = 61_184..=65_535;

/// An account of somebody who logs in.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: String,
}

impl Person {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1)?.to_owned();
        let shell = fields.next()?;
        let logs_in = !shell.ends_with("/nologin") && !shell.ends_with("/false");
        let person = uid == 0 || (uid >= FIRST_PERSON && !NO_PEOPLE.contains(&uid));
        (person && logs_in).then_some(Self { name, uid, gid, home })
    }
}

/// All of them; nobody where nothing can be listed.
pub(super) fn people() -> Vec<Person> {
    let listed = Command::new("/usr/bin/getent").arg("passwd").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().filter_map(Person::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_services() {
        for (line, person) in [
            ("root:x:0:0:root:/root:/bin/bash", true),
            ("anna:x:1000:1000:Anna,,,:/home/anna:/bin/zsh", true),
            ("ben:x:60001:60001:Ben:/home/ben:/bin/bash", true),
            ("AD\\carla:*:1867001104:1867000513:Carla:/home/carla:/bin/bash", true),
            ("unit:x:61184:61184:Dynamic User:/:/bin/sh", false),
            ("sshd:x:102:65534::/run/sshd:/usr/sbin/nologin", false),
            ("nobody:x:65534:65534:nobody:/nonexistent:/bin/sh", false),
            ("ftp:x:1500:1500::/srv:/bin/false", false),
            ("broken", false),
            ("", false),
        ] {
            assert_eq!(Person::read(line).is_some(), person, "{line}");
        }
    }
}
