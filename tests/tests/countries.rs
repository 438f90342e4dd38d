//! The country of an address as a sign: by a database that this file writes itself, from the format's specification
//! (https://maxmind.github.io/MaxMind-DB/, version 2.0), at mfactl explain and at a real sshd.

use pam_mfa_tests::harness::{House, Mfactl, Mfad, PASSWORD, Ssh, Sshd, Terminal, World};
use std::net::IpAddr;
use std::time::Duration;

/// A value of the data section.
enum Data<'a> {
    Text(&'a str),
    /// An unsigned number and its type: 5, 6 and 9 are of 16, 32 and 64 bits.
    Number(u64, u8),
    List(Vec<Data<'a>>),
    Map(Vec<(&'a str, Data<'a>)>),
}

/// A control byte, with the second one of extended types; nothing here is longer than 28.
fn control(kind: u8, size: usize) -> Vec<u8> {
    let size = u8::try_from(size).unwrap();
    assert!(size < 29);
    if kind < 8 { vec![kind << 5 | size] } else { vec![size, kind - 7] }
}

impl Data<'_> {
    fn written(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => [control(2, text.len()), text.as_bytes().to_vec()].concat(),
            Self::Number(number, kind) => {
                let bytes: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
                [control(*kind, bytes.len()), bytes].concat()
            }
            Self::List(all) => [control(11, all.len()), all.iter().flat_map(Self::written).collect()].concat(),
            Self::Map(all) => {
                let pairs = all.iter().flat_map(|(key, value)| [Data::Text(key).written(), value.written()].concat());
                [control(7, all.len()), pairs.collect()].concat()
            }
        }
    }
}

/// Where a record leads.
#[derive(Clone, Copy, PartialEq)]
enum Record {
    Nowhere,
    Node(usize),
    /// By its place in the data section.
    Data(usize),
}

/// A database of these networks: 24-bit records, IPv4 below ::/96.
fn database(networks: &[(&str, &str, &str)]) -> Vec<u8> {
    let (mut tree, mut data) = (vec![[Record::Nowhere; 2]], Vec::new());
    for (network, key, country) in networks {
        let (address, bits) = network.split_once('/').unwrap();
        let bits: usize = bits.parse().unwrap();
        let (address, bits) = match address.parse().unwrap() {
            IpAddr::V4(address) => (u128::from(u32::from(address)), bits + 96),
            IpAddr::V6(address) => (u128::from(address), bits),
        };
        let mut node = 0;
        for bit in 0..bits {
            let side = usize::from(address >> (127 - bit) & 1 == 1);
            if bit + 1 == bits {
                tree[node][side] = Record::Data(data.len());
            } else if let Record::Node(next) = tree[node][side] {
                node = next;
            } else {
                tree.push([Record::Nowhere; 2]);
                tree[node][side] = Record::Node(tree.len() - 1);
                node = tree.len() - 1;
            }
        }
        data.extend(Data::Map(vec![(key, Data::Map(vec![("iso_code", Data::Text(country))]))]).written());
    }
    let mut file = Vec::new();
    for record in tree.iter().flatten() {
        let number = match record {
            Record::Nowhere => tree.len(),
            Record::Node(node) => *node,
            Record::Data(place) => tree.len() + 16 + place,
        };
        file.extend(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = Data::Map(vec![
        ("node_count", Data::Number(tree.len() as u64, 6)),
        ("record_size", Data::Number(24, 5)),
        ("ip_version", Data::Number(6, 5)),
        ("database_type", Data::Text("pam_mfa-Test-Country")),
        ("languages", Data::List(vec![Data::Text("en")])),
        ("binary_format_major_version", Data::Number(2, 5)),
        ("binary_format_minor_version", Data::Number(0, 5)),
        ("build_epoch", Data::Number(1_700_000_000, 9)),
        ("description", Data::Map(vec![("en", Data::Text("networks of a test"))])),
    ]);
    file.extend(metadata.written());
    file
}

const NETWORKS: [(&str, &str, &str); 6] = [
    ("127.0.0.0/24", "country", "DE"),
    ("127.1.0.0/16", "country", "US"),
    ("192.0.2.0/25", "country", "FR"),
    ("198.51.100.0/24", "registered_country", "DE"),
    ("2001:db8::/32", "country", "DE"),
    ("2001:db9::/32", "country", "JP"),
];

#[test]
fn a_login_from_another_country_or_from_none_that_is_known_is_asked_for_more() {
    let world = World::new("countries");
    let file = world.folder().join("countries.mmdb");
    let policy = format!(
        "require = \"optional\"\n[[raise]]\nwhen = {{ service = [\"sshd\"], outside = [\"de\", \"FR\"] }}\ndemand = [\"required\"]\n\
         [geo]\ndatabase = \"{}\"\n",
        file.display()
    );
    // A database that is not there, or is none, is no country unknown: mfad does not run by it.
    let mfad = Mfad::new(&world, &policy);
    for written in [None, Some("no database")] {
        if let Some(text) = written {
            world.write(&file, text, 0o644);
        }
        let (code, said) = mfad.fails_to_start();
        assert!(code != 0 && said.contains("mfa.toml:6: database: ") && said.contains("countries.mmdb"), "{said}");
    }
    std::fs::write(&file, database(&NETWORKS)).unwrap();
    let house = House { mfad: Mfad::start(&world, &policy), mfactl: Mfactl::new(&world), world };
    for (rhost, asked, by) in [
        ("127.0.0.1", "optional", 1),
        ("::ffff:127.0.0.1", "optional", 1),
        ("127.1.2.3", "required", 4),
        ("192.0.2.1", "optional", 1),
        // The other half of that network is nobody's.
        ("192.0.2.129", "required", 4),
        ("198.51.100.7", "optional", 1),
        ("203.0.113.5", "required", 4),
        ("2001:db8::7", "optional", 1),
        ("2001:db9::7", "required", 4),
        // A name is not looked up.
        ("host.example", "required", 4),
        ("", "optional", 1),
    ] {
        let explained = house.mfactl.run(&["explain", "carol", "sshd", "--rhost", rhost, "--json"], "").ok().json();
        let place = explained["decided_by"].as_str().unwrap();
        assert_eq!(explained["require"], asked, "{rhost}: {explained}");
        assert!(place.contains(&format!("mfa.toml:{by}: ")), "{rhost}: {place}");
    }
    let module = house.world.module("required", "first_factor=stack");
    house.world.pam("sshd", &["requisite pam_unix.so", &module, "required pam_permit.so"]);
    let sshd = Sshd::start(&house.world, "");
    for (from, let_in) in [("127.0.0.9", true), ("127.1.2.3", false)] {
        let ssh = Ssh::to(&sshd, "carol").option(&format!("BindAddress={from}"));
        let mut terminal = Terminal::start(&ssh.command("echo let''ted in"));
        terminal.answer("assword: ", PASSWORD);
        if let_in {
            terminal.expect("letted in");
        } else {
            terminal.expect("mfactl enroll carol");
            assert!(!terminal.shows("letted in", Duration::from_millis(200)));
        }
    }
    house.world.log().expect(&["user=\"carol\"", "rhost=\"127.1.2.3\"", "result=refused", "reason=enrolment-required"]);
}
