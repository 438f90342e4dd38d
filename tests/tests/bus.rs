//! mfad's D-Bus methods against a table of who may do what; a method without a row fails.

use ed25519_dalek::SigningKey;
use pam_mfa_tests::harness::{
    Device, House, Mfactl, Mfad, PATIENCE, Polkit, Program, Ran, SystemBus, User, World, built, calls,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const DAEMON: &str = "io.github.pam_mfa.Daemon";
const PATH: &str = "/io/github/pam_mfa/Daemon";

/// A method, its arguments as dbus-send takes them, and the error each caller gets; `None`: it is served.
struct Row {
    method: &'static str,
    args: Vec<String>,
    /// Of the user whose device it is about.
    owner: Option<&'static str>,
    /// Of another user, and of an account without any right.
    others: Option<&'static str>,
    /// Of root.
    root: Option<&'static str>,
}

fn table(device: &str) -> Vec<Row> {
    let key = SigningKey::from_bytes(&[77; 32]).verifying_key();
    let bytes: Vec<String> = key.as_bytes().iter().map(ToString::to_string).collect();
    let row = |method, args: &[&str], owner, others| Row {
        method,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        owner,
        others,
        root: others,
    };
    let none = Some("NoSuchDevice");
    // Served to nobody but root and whom polkit lets; on this bus there is no polkit.
    let admin = |method, args: &[&str], root| (row(method, args, Some("NotAuthorized"), Some("NotAuthorized")), root);
    let refused = Some("Refused");
    let mut rows: Vec<Row> = [
        admin("Admin1.Status", &["string:alice"], None),
        admin("Admin1.List", &["array:string:unenrolled", "uint64:0", "string:"], None),
        admin("Admin1.Require", &["string:nobody-of-this-name", "string:required", "uint64:0"], refused),
        admin("Admin1.Reset", &["string:nobody-of-this-name", "uint64:0"], refused),
        admin("Admin1.Unlock", &["string:alice"], None),
        admin("Admin1.Enroll", &["string:nobody-of-this-name", "string:totp", "string:x"], refused),
        admin("Admin1.Confirm", &["string:alice", "string:totp-00000000", "string:000000"], refused),
        admin("Admin1.RemoveFactor", &["string:alice", "string:totp-00000000"], refused),
        admin("Admin1.RegenerateRecoveryCodes", &["string:nobody-of-this-name"], refused),
        admin("Admin1.Ticket", &["string:nobody-of-this-name"], refused),
        admin("Admin1.SetDeviceAside", &["string:alice", "string:dev-0", "boolean:true"], refused),
        admin("Admin1.Tokens", &["string:"], None),
        admin("Admin1.AssignToken", &["string:0", "string:alice"], refused),
        admin("Admin1.TakeToken", &["string:0", "boolean:true"], refused),
        admin("Admin1.Grants", &["string:alice"], None),
        admin("Admin1.RevokeGrants", &["string:alice", "string:none"], refused),
        admin("Admin1.Explain", &["string:sshd", "string:alice", "string:192.0.2.1"], None),
        admin("Admin1.ExplainAt", &["string:sshd", "string:alice", "string:192.0.2.1", "uint64:0"], None),
        admin("Admin1.Log", &["string:alice", "uint64:0"], None),
        admin("Admin1.LogFrom", &["string:alice", "uint64:0", "string:"], None),
        admin("Admin1.VerifyLog", &[], None),
        admin("Admin1.MakeBypass", &["string:alice", "uint64:1", "uint16:1", "string:x"], refused),
        admin("Admin1.ConsentToBypass", &["string:alice", "string:00000000"], refused),
        admin("Admin1.RevokeBypass", &["string:alice"], refused),
        admin("Admin1.Bypasses", &["string:"], None),
        admin("Admin1.Hygiene", &["boolean:false", "string:"], refused),
        admin("Admin1.Resume", &["string:alice", "string:"], refused),
        admin("Admin1.AddTokens", &["add_tokens"], refused),
        admin("Admin1.FindToken", &["string:0"], refused),
        admin("Admin1.RetireToken", &["string:0"], refused),
        admin("Admin1.ResyncToken", &["string:0", "string:000000", "string:000001"], refused),
        admin("Admin1.Resync", &["string:alice", "string:", "string:000000", "string:000001"], refused),
        admin("Admin1.Verify", &["string:nobody-of-this-name", "string:000000"], refused),
        admin("Admin1.Adopt", &["string:alice"], refused),
        admin("Admin1.Rename", &["string:nobody-of-this-name", "string:alice"], refused),
        admin("Admin1.Orphans", &["string:"], None),
        admin("Admin1.Purge", &["string:"], None),
        admin("Admin1.Import", &["import"], refused),
        admin("Admin1.Requirements", &[], None),
        admin("Admin1.Unlisted", &["unlisted"], None),
        admin("Admin1.About", &[], None),
    ]
    .into_iter()
    .map(|(row, root)| Row { root, ..row })
    .collect();
    rows.extend([
        row("Factors1.List", &[], None, None),
        row("Factors1.Enroll", &["string:totp", "string:x", "string:x"], Some("NotAuthorized"), Some("NotAuthorized")),
        row("Factors1.Confirm", &["string:totp-00000000", "string:x"], refused, refused),
        row(
            "Factors1.EnrollToken",
            &["string:0", "string:000000", "string:x"],
            Some("NotAuthorized"),
            Some("NotAuthorized"),
        ),
        row("Factors1.Rename", &["string:totp-00000000", "string:x"], refused, refused),
        row("Factors1.Prefer", &["string:hotp"], refused, refused),
        row("Factors1.Remove", &["string:totp-00000000", "string:x"], refused, refused),
        row("Factors1.Disable", &["string:x"], Some("NotAuthorized"), refused),
        row("Factors1.RegenerateRecoveryCodes", &["string:x"], Some("NotAuthorized"), Some("NotAuthorized")),
        row("Factors1.Verify", &["string:x"], Some("NotAuthorized"), Some("NotAuthorized")),
        row("Agents1.Register", &[&format!("string:{device}"), "objpath:/x"], None, none),
        row("Agents1.Approve", &["array:byte:123,125", "array:byte:0"], Some("BadValue"), Some("BadValue")),
        // One who has a factor needs a proof; for the others this policy sets no desktop up.
        row(
            "Agents1.OfferDevice",
            &["string:x", &format!("array:byte:{}", bytes.join(","))],
            Some("NotAuthorized"),
            refused,
        ),
        row("Agents1.AwaitOffer", &["string:00"], Some("NoSuchRequest"), Some("NoSuchRequest")),
        row("Agents1.Deny", &["string:00", "boolean:true"], Some("NoSuchRequest"), Some("NoSuchRequest")),
        row("Factors1.Devices", &[], None, None),
        // Served to everybody alike: it asks the caller's own devices, and who has none learns nothing.
        row("Factors1.Challenge", &["string:add-device", "string:00"], Some("BadValue"), Some("BadValue")),
        row(
            "Factors1.AddDevice",
            &["string:x", &format!("array:byte:{}", bytes.join(",")), "string:000000"],
            Some("NotAuthorized"),
            Some("NotAuthorized"),
        ),
        row("Factors1.SuspendDevice", &[&format!("string:{device}"), "string:000000"], Some("NotAuthorized"), none),
    ]);
    rows
}

fn call(user: &User, method: &str, args: &[String]) -> Ran {
    // dbus-send knows no structures: an empty list of them, by a program that does.
    if let ["Admin1.AddTokens" | "Admin1.Import" | "Admin1.Unlisted"] =
        [method.strip_prefix("io.github.pam_mfa.").unwrap_or_default()]
    {
        let call = format!("[{:?}, [], false]\n", args.concat());
        return Program::new(built("admin")).as_user(user).run(&call);
    }
    calls::send("--system", (DAEMON, PATH), method, args).as_user(user).run("")
}

/// The methods of ours that mfad serves, without the prefix.
fn served(user: &User) -> BTreeSet<String> {
    calls::methods(&call(user, "org.freedesktop.DBus.Introspectable.Introspect", &[]).ok().stdout)
}

#[test]
fn every_method_answers_each_caller_as_the_table_says() {
    let mut world = World::new("table");
    let nobody = world.add_user("guest", 65_000);
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    let user = |name: &str| house.world.user(name);
    let enrolled = house.enroll("alice", "totp");
    let device = Device::start(&user("alice"), 1).pair(&enrolled.recovery_codes[0]);
    let rows = table(&device);
    let named: BTreeSet<String> = rows.iter().map(|row| row.method.to_owned()).collect();
    assert_eq!(served(&user("root")), named, "every method has a row, and every row a method");
    for row in &rows {
        let callers = [(user("alice"), row.owner), (user("bob"), row.others), (user("root"), row.root)];
        for (caller, expected) in callers.into_iter().chain([(nobody.clone(), row.others)]) {
            let ran = call(&caller, &format!("io.github.pam_mfa.{}", row.method), &row.args);
            match expected {
                None => assert_eq!(ran.code, 0, "{} by {}: {ran:?}", row.method, caller.name),
                Some(error) => assert!(
                    ran.stderr.contains(&format!("io.github.pam_mfa.Error.{error}")),
                    "{} by {}: {ran:?}",
                    row.method,
                    caller.name
                ),
            }
        }
    }
    let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
    assert_eq!(status["devices"].as_array().map(Vec::len), Some(1), "nothing was changed: {status}");
}

#[test]
fn a_caller_whose_uid_has_no_number_here_is_not_served() {
    let world = World::new("unmapped-caller");
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    mfad.is_on_the_bus(1);
    let unmapped = User { name: String::from("nobody"), uid: 65_534, ..world.user("alice") };
    let list = |user: &User| call(user, "io.github.pam_mfa.Factors1.List", &[]);
    assert_eq!(list(&world.user("alice")).code, 0);
    let refused = list(&unmapped);
    assert!(refused.stderr.contains("the bus does not say who calls"), "{refused:?}");
}

#[test]
fn nobody_but_mfad_takes_its_name() {
    let world = World::new("name");
    let _bus = SystemBus::start(&world);
    for name in ["alice", "root"] {
        let program = Program::new("dbus-send").args(["--system", "--print-reply", "--dest=org.freedesktop.DBus", "/"]);
        let program = program.args(["org.freedesktop.DBus.RequestName", &format!("string:{DAEMON}"), "uint32:0"]);
        let ran = program.as_user(&world.user(name)).run("");
        assert!(ran.stderr.contains("AccessDenied"), "{name}: {ran:?}");
    }
}

/// polkit knows nobody as an administrator.
const NOBODY: &str = "polkit.addRule(function(action, subject) { return polkit.Result.NO; });\n";

#[test]
fn who_calls_and_leaves_before_mfad_knows_who_it_was_has_done_nothing() {
    let count = if std::env::var_os("MFA_LONG").is_some() { "10000" } else { "1200" };
    let mut world = World::new("leavers");
    let (_bus, polkit) = Polkit::start(&mut world, NOBODY);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    let bob = house.enroll("bob", "totp");
    let status = || house.mfactl.run(&["status", "bob", "--json"], "").ok().stdout;
    let trail = || house.mfactl.run(&["log", "--json"], "").ok().stdout;
    let before = (status(), trail());
    // With polkit to ask, with none.
    let leave = || {
        let program = Program::new(built("bus_leaver")).args([count, "6"]).as_user(&house.world.user("alice"));
        let _ = program.run_within(Duration::from_secs(240), "").ok();
    };
    leave();
    let told = house.mfad.errors();
    let gone = |line: &str| line.contains("polkit cannot be asked") && line.contains("has left the bus");
    assert!(told.lines().any(gone), "nobody was gone when polkit was asked about them:\n{told}");
    let loud = |line: &&str| line.contains("WARN") && line.contains("polkit");
    assert_eq!(told.lines().find(loud), None, "a caller who leaves is nothing to warn of");
    drop(polkit);
    leave();
    // What was under way has come to its end when the same user is served again.
    let end = Instant::now() + PATIENCE;
    while call(&house.world.user("alice"), "io.github.pam_mfa.Factors1.List", &[]).code != 0 {
        assert!(Instant::now() < end, "alice is not served");
    }
    assert_eq!((status(), trail()), before);
    assert_eq!(house.knock("bob", &bob.recovery_codes[0]).code, "PAM_SUCCESS");
}
