//! The agent's D-Bus methods against a table of who may call them, on both buses; a method without a row fails.
//!
//! What `bus.rs` is for mfad. On a session bus its user's programs alone can speak; on the system bus the shipped policy lets
//! mfad's account alone speak to `Agent1`, and the agent believes nobody but the owner of mfad's name.

use pam_mfa_tests::harness::calls::{methods, send};
use pam_mfa_tests::harness::{House, Mfactl, Mfad, Ran, Session, SystemBus, User, World, number_in};
use std::collections::BTreeSet;

const AGENT1: &str = include_str!("../../packaging/dbus/io.github.pam_mfa.Agent1.xml");

const AGENT: &str = "io.github.pam_mfa.Authenticator.Agent";
const APPROVALS_PATH: &str = "/io/github/pam_mfa/Authenticator/Agent";
const AGENT_PATH: &str = "/io/github/pam_mfa/Agent";

/// A method on one of the buses, its arguments as dbus-send takes them, and what each caller gets; `None`: it is served.
struct Row {
    method: &'static str,
    args: &'static [&'static str],
    /// The agent's own user.
    owner: Option<&'static str>,
    /// Everybody else: another user, an account without any right, root.
    others: Option<&'static str>,
    /// mfad's account, by a connection that does not own mfad's name.
    daemon: Option<&'static str>,
}

/// Not even connected: the session bus is its user's.
const NO_BUS: Option<&str> = Some("Failed to open connection");
/// The system bus itself says no.
const BUS_SAYS_NO: Option<&str> = Some("org.freedesktop.DBus.Error.AccessDenied");
/// The agent says no.
const NOT_MFAD: Option<&str> = Some("io.github.pam_mfa.Error.NotAuthorized");
const NO_SUCH_REQUEST: Option<&str> = Some("io.github.pam_mfa.Error.NoSuchRequest");

const fn on_the_session(method: &'static str, args: &'static [&'static str], owner: Option<&'static str>) -> Row {
    Row { method, args, owner, others: NO_BUS, daemon: NO_BUS }
}

const fn on_the_system(method: &'static str, args: &'static [&'static str]) -> Row {
    Row { method, args, owner: BUS_SAYS_NO, others: BUS_SAYS_NO, daemon: NOT_MFAD }
}

const APPROVALS: [Row; 4] = [
    on_the_session("Approvals1.List", &[], None),
    on_the_session("Approvals1.History", &[], None),
    on_the_session("Approvals1.Approve", &["string:00", "string:000000", "string:"], NO_SUCH_REQUEST),
    on_the_session("Approvals1.Deny", &["string:00", "boolean:true"], NO_SUCH_REQUEST),
];

const EAR: [Row; 3] = [
    on_the_system("Agent1.Present", &["array:byte:123,125"]),
    on_the_system("Agent1.Withdraw", &["string:00", "string:denied"]),
    on_the_system("Agent1.Announce", &["string:x"]),
];

fn named(rows: &[Row]) -> BTreeSet<String> {
    rows.iter().map(|row| row.method.to_owned()).collect()
}

fn ended_as(row: &Row, caller: &User, ran: &Ran, expected: Option<&str>) {
    match expected {
        None => assert_eq!(ran.code, 0, "{} by {}: {ran:?}", row.method, caller.name),
        Some(error) => assert!(ran.stderr.contains(error), "{} by {}: {ran:?}", row.method, caller.name),
    }
}

/// The agent's name on the system bus: that of this process.
fn on_the_system_bus(root: &User, agent: u32) -> String {
    const BUS: &str = "org.freedesktop.DBus";
    let ask = |method: &str, args: &[&str]| {
        send("--system", (BUS, "/"), &format!("{BUS}.{method}"), args).as_user(root).run("").stdout
    };
    let names = ask("ListNames", &[]);
    let mut names = names.split('"').filter(|name| name.starts_with(':'));
    let is_the_agents = |name: &&str| {
        ask("GetConnectionUnixProcessID", &[&format!("string:{name}")]).contains(&format!("uint32 {agent}\n"))
    };
    names.find(is_the_agents).expect("the agent is on the system bus").to_owned()
}

#[test]
fn every_method_of_the_agent_answers_each_caller_as_the_table_says() {
    let mut world = World::new("callers");
    let guest = world.add_user("guest", 65_000);
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    let user = |name: &str| house.world.user(name);
    let enrolled = house.enroll("alice", "totp");
    let session = Session::start(&house.world, &user("alice"));
    let _ = session.authenticator(&["pair"]).run(&format!("{}\n", enrolled.recovery_codes[0])).ok();
    let mut agent = session.agent();
    session.agent_serves(1);
    let name = on_the_system_bus(&user("root"), agent.id());
    // One waits meanwhile, and still does afterwards: nothing that was refused touched it.
    let mut call = house.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let waits =
        || session.authenticator(&["requests", "--json"]).run("").ok().json()[0]["id"].as_str().map(str::to_owned);
    let id = waits().expect("a request");

    let introspect = "org.freedesktop.DBus.Introspectable.Introspect";
    let xml = send::<&str>("--session", (AGENT, APPROVALS_PATH), introspect, &[]);
    let xml = session.reached(xml).as_user(&user("alice")).run("").ok().stdout;
    assert_eq!(methods(&xml), named(&APPROVALS), "every method has a row, and every row a method");
    // What it serves there is compared with the shipped description where a bus lets it be asked.
    assert_eq!(methods(AGENT1), named(&EAR), "every method has a row, and every row a method");

    let daemon = User { name: "_mfad".into(), uid: 990, home: "/".into() };
    for (rows, bus, to, path) in
        [(&APPROVALS[..], "--session", AGENT, APPROVALS_PATH), (&EAR[..], "--system", name.as_str(), AGENT_PATH)]
    {
        for row in rows {
            let callers = [(user("alice"), row.owner), (user("bob"), row.others), (user("root"), row.others)];
            for (caller, expected) in
                callers.into_iter().chain([(guest.clone(), row.others), (daemon.clone(), row.daemon)])
            {
                let method = format!("io.github.pam_mfa.{}", row.method);
                let ran = session.reached(send(bus, (to, path), &method, row.args)).as_user(&caller).run("");
                ended_as(row, &caller, &ran, expected);
            }
        }
    }
    // The list is not to be had on the system bus either.
    for caller in ["alice", "bob", "root"].map(user) {
        let ran = send::<&str>("--system", (&name, APPROVALS_PATH), "io.github.pam_mfa.Approvals1.List", &[])
            .as_user(&caller)
            .run("");
        assert!(ran.stderr.contains("AccessDenied"), "{}: {ran:?}", caller.name);
    }
    assert_eq!(waits(), Some(id.clone()));
    let _ = session.authenticator(&["approve", &id, &number]).run("").ok();
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    let _ = agent.kill();
    let _ = agent.wait();
}
