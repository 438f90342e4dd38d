//! Everybody who is not mfad, and an mfad that comes back.

use crate::approving::paired;
use crate::desktop::mfad::{CODE, Mfad, NUMBER, request};
use crate::desktop::{Desktop, wait};
use mfa_core::bus::{AGENT_PATH, Agent1Proxy, DAEMON};
use std::process::{Command, Stdio};
use zbus::Connection;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_of_the_daemons_name_is_heard() {
    let (desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    let agent = mfad.state().agents[0].1.clone();
    let stranger = desktop.connect("system").await;
    let proxy = Agent1Proxy::builder(&stranger).destination(agent).path(AGENT_PATH).build().await.unwrap();
    let forged = serde_json::to_vec(&request(2)).unwrap();
    for outcome in [proxy.present(&forged).await, proxy.withdraw(&id, "denied").await, proxy.announce("x").await] {
        assert!(outcome.unwrap_err().to_string().contains("NotAuthorized"));
    }
    assert_eq!(desktop.listed().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn mfad_restarting_voids_its_requests_and_finds_the_agent_again() {
    let (desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    let devices = mfad.state().devices.clone();
    mfad.stop().await;
    wait("the request to be void", async || desktop.listed().is_empty()).await;
    desktop.refused(&["approve", &id, NUMBER], "");
    let mfad = Mfad::start_with(&desktop, devices).await;
    let id = mfad.present(request(2)).await;
    desktop.done(&["approve", &id, NUMBER], "");
    assert_eq!(mfad.approved(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_restarting_is_survived() {
    let (mut desktop, mfad) = paired().await;
    let devices = mfad.state().devices.clone();
    desktop.stop_system_bus();
    assert!(desktop.refused(&["devices"], "").contains("system bus does not answer"));
    desktop.start_system_bus();
    // GNOME Keyring does not survive it, and is started anew by its session.
    desktop.stop_keyring();
    desktop.start_keyring().await;
    let mfad = Mfad::start_with(&desktop, devices).await;
    let id = mfad.present(request(1)).await;
    desktop.done(&["approve", &id, NUMBER], "");
    assert_eq!(mfad.approved(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impostor_under_a_loose_policy_gets_neither_proof_nor_signature() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: needs root to become another user");
        return;
    }
    let (desktop, mfad) = paired().await;
    mfad.stop().await;
    // Another user must be able to run it, wherever the build folder is.
    let program = desktop.path("impostor");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut impostor = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(["--ignored", "--exact", "trust::the_impostor_itself"])
        .env("MFA_TEST_BUS", desktop.address("system"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let bus = zbus::fdo::DBusProxy::new(&desktop.connect("system").await).await.unwrap();
    wait("the impostor", async || bus.name_has_owner(DAEMON.try_into().unwrap()).await.unwrap()).await;

    assert!(desktop.refused(&["pair"], CODE).contains("not mfad"));
    assert!(desktop.refused(&["lost", "device-"], CODE).contains("not mfad"));
    // It ends well when no agent took its request.
    let ended = tokio::task::block_in_place(|| impostor.wait().unwrap());
    assert!(ended.success());
    assert!(desktop.listed().is_empty());
    assert!(desktop.agent_log().contains("uid 65534"), "{}", desktop.agent_log());
}

/// Run as another user by the test above: takes mfad's name and presents a request to everybody on the bus.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of another test"]
async fn the_impostor_itself() {
    let Ok(address) = std::env::var("MFA_TEST_BUS") else { return };
    let connection: Connection =
        zbus::connection::Builder::address(address.as_str()).name(DAEMON).build().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let bus = zbus::fdo::DBusProxy::new(&connection).await.unwrap();
    let bytes = serde_json::to_vec(&request(1)).unwrap();
    let mut refusals = 0;
    for name in bus.list_names().await.unwrap() {
        if name.starts_with(':') && Some(name.as_str()) != connection.unique_name().map(|own| own.as_str()) {
            let agent = Agent1Proxy::builder(&connection).destination(name).path(AGENT_PATH).build().await.unwrap();
            let error = tokio::time::timeout(std::time::Duration::from_secs(2), agent.present(&bytes)).await;
            refusals += usize::from(error.is_ok_and(|e| e.unwrap_err().to_string().contains("NotAuthorized")));
        }
    }
    assert_eq!(refusals, 1, "the agent, and nobody else, has an ear");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_outlives_an_mfad_that_is_not_there_yet() {
    let mut desktop = Desktop::with_keyring().await;
    desktop.start_agent();
    wait("the agent", async || desktop.run(&["requests"], "").status.success()).await;
    let mfad = Mfad::start(&desktop).await;
    desktop.done(&["pair"], CODE);
    let id = mfad.present(request(1)).await;
    assert_eq!(desktop.listed()[0].id, id);
}
