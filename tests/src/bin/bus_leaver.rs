//! Calls what it may not over the system bus and is gone before the answer: `bus_leaver COUNT AT_ONCE`.
//!
//! COUNT connections, each for one call, so many of them at once; each leaves at another moment of the first five milliseconds.

use mfa_core::bus::{DAEMON, DAEMON_PATH, PREFIX};
use std::time::Duration;
use zbus::Message;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|number| number.parse().expect("a number")).collect();
    let [count, at_once] = numbers[..] else { panic!("COUNT AT_ONCE") };
    let all: Vec<_> = (0..at_once).map(|first| tokio::spawn(leave(first, count / at_once))).collect();
    for one in all {
        one.await.expect("it left each time");
    }
}

/// What only root and whom polkit lets may do, each to bob.
fn calls() -> [Message; 4] {
    let call = |method: &'static str| {
        let call = Message::method_call(DAEMON_PATH, method).destination(DAEMON);
        call.interface(format!("{PREFIX}.Admin1"))
    };
    [
        call("Reset").build(&("bob", 0_u64)),
        call("Require").build(&("bob", "optional", 0_u64)),
        call("Ticket").build(&"bob"),
        call("RegenerateRecoveryCodes").build(&"bob"),
    ]
    .map(|built| built.expect("a call"))
}

async fn leave(first: u64, times: u64) {
    let calls = calls();
    for (time, call) in (0..times).zip(calls.iter().cycle()) {
        let connection = zbus::Connection::system().await.expect("the system bus");
        connection.send(call).await.expect("sent");
        // 7919 is a prime: the moments spread over the five milliseconds.
        tokio::time::sleep(Duration::from_micros((first + time) * 7919 % 5000)).await;
        drop(connection);
    }
}
