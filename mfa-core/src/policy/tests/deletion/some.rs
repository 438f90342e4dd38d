//! Policies by chance; most are valid.

/// Splitmix64: the same policies at every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const CONDITIONS: [&str; 13] = [
    r#"service = ["sshd"]"#,
    r#"service = ["*"]"#,
    r#"user = ["alice"]"#,
    r#"user = ["*"]"#,
    r#"group = ["ops"]"#,
    r#"from = ["192.0.2.0/24"]"#,
    r#"from = ["*"]"#,
    r#"tty = ["tty*"]"#,
    r#"first_factor = ["publickey"]"#,
    r#"target = ["root"]"#,
    r#"time = ["Mon-Fri 08:00-18:00"]"#,
    r#"from = ["local"]"#,
    "new_source = true",
];

fn conditions(dice: &mut Dice, more: &[&str]) -> String {
    let mut chosen: Vec<&str> = Vec::new();
    for _ in 0..=dice.roll(4) {
        let all = [&CONDITIONS[..], more].concat();
        let next = dice.one(&all);
        if !chosen.iter().any(|known| known.split(' ').next() == next.split(' ').next()) {
            chosen.push(next);
        }
    }
    chosen.join(", ")
}

/// Some policy; most of them are valid.
pub(super) fn some(dice: &mut Dice) -> String {
    let mut text = String::new();
    for key in [
        &[
            "",
            "require = \"off\"",
            "require = \"optional\"",
            "require = \"required\"",
            "require = \"approved\"\napprovers = { group = \"ops\", count = 1 }",
        ][..],
        &["", "number = false", "number = true"],
        &["", "remember = \"8h\""],
        &["", "enrol = [\"app\"]"],
        &["", "", "methods = [\"totp\", \"push\"]"],
        &["", "", "tries = 2", "tries = 5"],
        &["", "", "deadline = \"60s\""],
        &["", "echo = true"],
        &["", "", "", "", "preset = \"nist-aal2\"", "preset = \"pci-dss-4\""],
    ] {
        text.push_str(dice.one(key));
        text.push('\n');
    }
    for _ in 0..dice.roll(4) {
        let full = dice.one(&[
            r#"service = ["sshd"], user = ["alice"], from = ["*"]"#,
            r#"service = ["*"], group = ["ops"], from = ["local"]"#,
            "",
        ]);
        let matches = if full.is_empty() { conditions(dice, &[]) } else { full.to_owned() };
        let require = dice.one(&["off", "optional", "required", "approved"]);
        text.push_str(&format!("[[rule]]\nmatch = {{ {matches} }}\nrequire = \"{require}\"\n"));
        if require == "approved" {
            text.push_str(&format!("approvers = {{ group = \"ops\", count = {} }}\n", 1 + dice.roll(2)));
        }
        for key in [
            &["", "", "number = false"][..],
            &["", "", "", "remember = \"1h\""],
            &["", "", "", "enrol = [\"app\", \"token\"]"],
            &["", "", "", "methods = [\"push\"]", "methods = [\"push\", \"totp\"]"],
            &["", "", "", "tries = 1", "tries = 4"],
            &["", "", "", "deadline = \"30s\""],
        ] {
            text.push_str(dice.one(key));
            text.push('\n');
        }
    }
    for _ in 0..dice.roll(3) {
        let when = conditions(dice, &["failures = 2", "denied = true"]);
        let demand = dice.one(&["\"required\"", "\"number\", \"fresh\"", "\"push\"", "\"refuse\""]);
        text.push_str(&format!("[[raise]]\nwhen = {{ {when} }}\ndemand = [{demand}]\n"));
    }
    text.push_str(dice.one(&[
        "",
        "",
        "[floor]\nrequire = \"optional\"\n",
        "[floor]\nrequire = \"required\"\n",
        "[floor]\nrequire = \"approved\"\napprovers = { group = \"ops\", count = 1 }\n",
        "[floor]\nrequire = \"optional\"\nmethods = [\"push\", \"totp\"]\ntries = 2\nnumber = true\nremember = \"30m\"\nenrol = [\"app\"]\ndeadline = \"45s\"\n",
    ]));
    for section in [
        &[
            "",
            "[bypass]\nmax = \"4h\"\nconsent = true\n",
            "[bypass]\nmax = \"24h\"\nconsent = true\n",
            "[bypass]\nmax = \"10m\"\nconsent = false\n",
        ][..],
        &[
            "",
            "[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"365d\"\noverlap = \"14d\"\ndrop_pending = \"7d\"\n",
            "[hygiene]\nat = \"00:00\"\nsuspend_unused = \"0\"\nrenew_after = \"0\"\ndrop_pending = \"1d\"\n",
        ],
    ] {
        text.push_str(dice.one(section));
    }
    text.push_str(dice.one(&[
        "",
        "[limits]\nwait_after = 2\ndisable_after = 9\n",
        "[service.door]\nkind = \"sshd\"\n",
        "[service.sudo]\nkind = \"other\"\n",
    ]));
    text
}
