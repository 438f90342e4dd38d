//! The peer: polkit's round trip from a question to its answer, with an agent that answers at once.
//!
//! The real polkitd on the same bus. The agent stands for agent and helper in one: it says yes as root, as
//! `polkit-agent-helper-1` does after PAM, so that neither PAM nor a human is in the numbers.

use crate::numbers::Figures;
use pam_mfa_tests::harness::{Program, World};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use zbus::export::serde::Serialize;
use zbus::zvariant::{OwnedVariant, Type, Variant};
use zbus::{Connection, interface};

const NAME: &str = "org.freedesktop.PolicyKit1";
const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";
const AUTHORITY: &str = "org.freedesktop.PolicyKit1.Authority";
const AGENT: &str = "/bench/Agent";

/// An action that needs an administrator, of polkit's own.
const ACTION: &str = "org.freedesktop.policykit.exec";

struct Agent {
    connection: Connection,
}

#[interface(name = "org.freedesktop.PolicyKit1.AuthenticationAgent")]
impl Agent {
    async fn begin_authentication(
        &self,
        _action: String,
        _message: String,
        _icon: String,
        _details: HashMap<String, String>,
        cookie: String,
        _identities: Vec<(String, HashMap<String, OwnedVariant>)>,
    ) {
        let root = ("unix-user", HashMap::from([("uid", Variant::from(0u32))]));
        call(&self.connection, "AuthenticationAgentResponse2", &(0u32, cookie.as_str(), root)).await;
    }

    async fn cancel_authentication(&self, _cookie: String) {}
}

async fn call<B: Serialize + Type>(connection: &Connection, method: &str, body: &B) -> zbus::Message {
    connection.call_method(Some(NAME), PATH, Some(AUTHORITY), method, body).await.expect(method)
}

/// Asks polkit `count` times about a process of another user's.
pub(crate) fn run(world: &World, count: usize) -> Figures {
    let mut polkitd =
        Program::new("/usr/lib/polkit-1/polkitd").arg("--no-debug").bound_to_the_test().command().spawn().unwrap();
    let alice = world.user("alice");
    let mut subject = Program::new("sleep").arg("600").as_user(&alice).bound_to_the_test().command().spawn().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = Instant::now();
    let times = runtime.block_on(ask_all(subject.id(), alice.uid, count));
    for child in [&mut subject, &mut polkitd] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    Figures::of(times, count as f64 / start.elapsed().as_secs_f64(), 0)
}

async fn ask_all(pid: u32, uid: u32, count: usize) -> Vec<Duration> {
    let connection = zbus::connection::Builder::system().build().await.unwrap();
    connection.object_server().at(AGENT, Agent { connection: connection.clone() }).await.unwrap();
    let bus = zbus::fdo::DBusProxy::new(&connection).await.unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while !bus.name_has_owner(NAME.try_into().unwrap()).await.unwrap() {
        assert!(Instant::now() < end, "polkitd is not there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let subject = || {
        let uid = Variant::from(i32::try_from(uid).unwrap());
        let details =
            HashMap::from([("pid", Variant::from(pid)), ("start-time", Variant::from(started(pid))), ("uid", uid)]);
        ("unix-process", details)
    };
    call(&connection, "RegisterAuthenticationAgent", &(subject(), "C", AGENT)).await;
    let mut times = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        let details: HashMap<&str, &str> = HashMap::new();
        let reply = call(&connection, "CheckAuthorization", &(subject(), ACTION, details, 1u32, "")).await;
        times.push(start.elapsed());
        let (authorized, _, _): (bool, bool, HashMap<String, String>) = reply.body().deserialize().unwrap();
        assert!(authorized);
    }
    times
}

/// When a process started, in ticks since boot: field 22 of `/proc/PID/stat` (proc(5)).
fn started(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap()
}
