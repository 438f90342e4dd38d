//! Sends mfad many or large calls over the system bus: `bus_flood METHOD BYTES COUNT CONNECTIONS`.
//!
//! Each connection sends COUNT calls of `Factors1.METHOD` with a text of BYTES digits, and waits for no answer; it wants one of every
//! other call. Then it asks the bus daemon something, so that all of them have been read there.

use zbus::Message;
use zbus::fdo::DBusProxy;
use zbus::message::Flags;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [method, numbers @ ..] = &args[..] else { panic!("METHOD") };
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse().expect("a number")).collect();
    let [bytes, count, connections] = numbers[..] else { panic!("BYTES COUNT CONNECTIONS") };
    let text = "1".repeat(bytes);
    let call = |flags| {
        let call = Message::method_call(mfa_core::bus::DAEMON_PATH, method.as_str()).destination(mfa_core::bus::DAEMON);
        call.interface("io.github.pam_mfa.Factors1").with_flags(flags).build(&text).expect("a call")
    };
    let calls = [call(Flags::NO_REPLY_EXPECTED), call(Flags::default())];
    let all: Vec<_> = (0..connections).map(|_| tokio::spawn(flood(calls.clone(), count))).collect();
    for one in all {
        one.await.expect("sent");
    }
}

async fn flood(calls: [Message; 2], count: usize) {
    let connection = zbus::Connection::system().await.expect("the system bus");
    for call in calls.iter().cycle().take(count) {
        connection.send(call).await.expect("sent");
    }
    let bus = DBusProxy::new(&connection).await.expect("a proxy");
    bus.get_id().await.expect("an answer");
}
