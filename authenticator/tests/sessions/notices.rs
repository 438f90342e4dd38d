//! What the notification server is asked to show, and whose buttons count.

use crate::approving::paired;
use crate::desktop::application::Application;
use crate::desktop::mfad::{NUMBER, request};
use crate::desktop::notifications::{Server, Shown, closed_by_the_user, give_token, give_token_to, invoke, invoke_at};
use crate::desktop::{Desktop, wait};
use mfa_core::approval::Request;
use zbus::interface;

struct Saver(bool);

#[interface(name = "org.gnome.ScreenSaver")]
impl Saver {
    async fn get_active(&self) -> bool {
        self.0
    }
}

pub(crate) async fn saver(desktop: &Desktop, active: bool) -> zbus::Connection {
    saver_as(desktop, "org.gnome.ScreenSaver", active).await
}

async fn saver_as(desktop: &Desktop, name: &'static str, active: bool) -> zbus::Connection {
    zbus::connection::Builder::address(desktop.address("session").as_str())
        .serve_at("/org/gnome/ScreenSaver", Saver(active))
        .name(name)
        .build()
        .await
        .unwrap()
}

struct Logind;

#[interface(name = "org.freedesktop.login1.Session")]
impl Logind {
    #[zbus(property)]
    async fn locked_hint(&self) -> bool {
        true
    }
}

async fn one(server: &Server) -> Shown {
    wait("a notification", async || server.standing().len() == 1).await;
    server.standing().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_announced_with_open_and_deny_and_withdrawn_when_it_is_over() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    let id = mfad.present(request(1)).await;
    let shown = one(&server).await;
    assert_eq!(shown.title, "Is this you signing in?");
    assert!(shown.body.contains("alice") && shown.body.contains("192.0.2.7"));
    assert_eq!(shown.actions, ["default", "Open", "open", "Open", "deny", "Deny"]);
    mfad.agent().await.withdraw(&id, "approved").await.unwrap();
    wait("the withdrawal", async || server.standing().is_empty()).await;
    assert_eq!(server.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn deny_in_the_notification_denies_and_open_says_how_to_go_on() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    let id = mfad.present(request(1)).await;
    let first = one(&server).await;
    server.press(first.number, "open").await;
    wait("the instructions", async || server.all().len() == 2).await;
    let second = one(&server).await;
    assert!(second.body.contains("mfa-authenticator approve 01010101 NUMBER"), "{second:?}");
    server.press(second.number, "approve").await;
    server.press(second.number, "deny").await;
    wait("the denial", async || mfad.denied() == [(id.clone(), false)]).await;
    wait("the withdrawal", async || server.standing().is_empty()).await;
    assert_eq!(mfad.state().calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_button_has_no_effect() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    mfad.present(request(1)).await;
    let local = Request { number_due: false, rhost: None, ..request(2) };
    mfad.present(local).await;
    wait("two notifications", async || server.standing().len() == 2).await;
    let forger = desktop.connect("session").await;
    let bus = zbus::fdo::DBusProxy::new(&forger).await.unwrap();
    let name = zbus::names::BusName::try_from("io.github.pam_mfa.Authenticator.Agent").unwrap();
    let agent = bus.get_name_owner(name).await.unwrap();
    for number in 0..5 {
        for key in ["approve", "deny", "open", "default"] {
            invoke(&forger, number, key).await;
            invoke_at(&forger, agent.as_str(), number, key).await;
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!((desktop.listed().len(), server.all().len()), (2, 2));
    assert_eq!(mfad.state().calls, 0);
    assert!(mfad.denied().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_dismissed_answers_nothing_and_its_request_waits_in_the_list() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    let ids = [mfad.present(request(1)).await, mfad.present(request(2)).await];
    wait("two notifications", async || server.standing().len() == 2).await;
    let shown = server.standing();
    // Somebody else's word that one was dismissed is nothing: its buttons go on counting.
    closed_by_the_user(&desktop.connect("session").await, shown[1].number).await;
    server.dismiss(shown[0].number).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(mfad.state().calls, 0, "it is no answer");
    assert!(mfad.denied().is_empty());
    assert_eq!((desktop.listed().len(), server.all().len()), (2, 2), "they wait, and are not shown anew");
    // A button of what is gone is nobody's press.
    server.press(shown[0].number, "deny").await;
    server.press(shown[1].number, "deny").await;
    wait("the denial", async || mfad.denied() == [(ids[1].clone(), false)]).await;
    assert_eq!(desktop.listed().iter().map(|listed| listed.id.as_str()).collect::<Vec<_>>(), [ids[0].as_str()]);
    desktop.done(&["approve", &ids[0], NUMBER], "");
    assert_eq!(mfad.approved(), [ids[0].clone()]);
    assert!(server.standing().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_number_is_due_the_notification_may_approve() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    let id = mfad.present(Request { number_due: false, rhost: None, service: "sudo".into(), ..request(1) }).await;
    let shown = one(&server).await;
    assert!(shown.actions.contains(&"approve".to_owned()));
    server.press(shown.number, "approve").await;
    wait("the approval", async || mfad.approved() == [id.clone()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_the_requester_are_neither_markup_nor_the_headline() {
    let (desktop, mfad) = paired().await;
    let _saver = saver(&desktop, false).await;
    let hostile = "<b>x</b><img src=\"http://x\"/>\u{202e}\n&".to_owned();
    let server = Server::start(&desktop, true).await;
    let wild = |id| Request {
        user: hostile.clone(),
        approver: hostile.clone(),
        command: Some(hostile.clone()),
        rhost: Some(hostile.clone() + &"y".repeat(2000)),
        tty: Some(hostile.clone()),
        service: hostile.clone(),
        ..request(id)
    };
    let id = mfad.present(wild(1)).await;
    let shown = one(&server).await;
    assert_eq!(shown.title, "Is this you signing in?");
    assert!(!shown.body.contains(['<', '>', '\u{202e}']), "{shown:?}");
    assert!(shown.body.len() < 1500);
    mfad.agent().await.withdraw(&id, "cancelled").await.unwrap();
    server.stop().await;

    let plain = Server::start(&desktop, false).await;
    mfad.present(wild(2)).await;
    let shown = one(&plain).await;
    assert!(shown.body.contains("<b>x</b>") && !shown.body.contains("&lt;"), "{shown:?}");

    let too_long = serde_json::to_vec(&Request { user: "x".repeat(10_000), ..request(3) }).unwrap();
    assert!(mfad.agent().await.present(&too_long).await.is_err());
    mfad.agent().await.announce("A device was <added>\n").await.unwrap();
    wait("the notice", async || plain.all().iter().any(|n| n.body == "A device was <added>\\u{a}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_screen_or_an_unknown_one_shows_no_details() {
    let (desktop, mfad) = paired().await;
    let server = Server::start(&desktop, true).await;
    for (id, locked) in [(1, None), (2, Some(true))] {
        let _saver = match locked {
            Some(active) => Some(saver(&desktop, active).await),
            None => None,
        };
        let id = mfad.present(request(id)).await;
        let shown = one(&server).await;
        assert!(!shown.body.contains("alice") && !shown.body.contains("192.0.2.7"), "{shown:?}");
        mfad.agent().await.withdraw(&id, "cancelled").await.unwrap();
        wait("the withdrawal", async || server.standing().is_empty()).await;
    }
    // The saver says that it is not active, logind that the session is locked.
    let _saver = saver(&desktop, false).await;
    let _logind = zbus::connection::Builder::address(desktop.address("system").as_str())
        .serve_at("/org/freedesktop/login1/session/auto", Logind)
        .name("org.freedesktop.login1")
        .build()
        .await
        .unwrap();
    mfad.present(request(3)).await;
    let shown = one(&server).await;
    assert!(!shown.body.contains("alice"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gnome_shell_is_asked_itself_since_its_go_between_may_not_run() {
    let (desktop, mfad) = paired().await;
    let server = Server::start(&desktop, true).await;
    for (id, locked) in [(1, false), (2, true)] {
        let _shell = saver_as(&desktop, "org.gnome.Shell.ScreenShield", locked).await;
        let id = mfad.present(request(id)).await;
        let shown = one(&server).await;
        assert_eq!(shown.body.contains("alice"), !locked, "{shown:?}");
        mfad.agent().await.withdraw(&id, "cancelled").await.unwrap();
        wait("the withdrawal", async || server.standing().is_empty()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_notification_server_is_told_what_waits() {
    let (desktop, mfad) = paired().await;
    mfad.present(request(1)).await;
    let first = Server::start(&desktop, true).await;
    one(&first).await;
    first.stop().await;
    let second = Server::start(&desktop, true).await;
    one(&second).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(second.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_asks_the_window_with_the_servers_own_token_and_nobody_elses() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    let window = Application::start(&desktop, true).await;
    let id = mfad.present(request(1)).await;
    let shown = one(&server).await;
    let forger = desktop.connect("session").await;
    let bus = zbus::fdo::DBusProxy::new(&forger).await.unwrap();
    let agent = bus.get_name_owner(mfa_core::bus::AGENT.try_into().unwrap()).await.unwrap();
    let forge = async || {
        give_token(&forger, shown.number, "forged").await;
        give_token_to(&forger, agent.as_str(), shown.number, "forged").await;
        invoke(&forger, shown.number, "open").await;
        invoke_at(&forger, agent.as_str(), shown.number, "open").await;
    };
    let open = "open-request".to_owned();
    forge().await;
    server.give_token(shown.number + 1, "of another").await;
    server.give_token(shown.number, &"x".repeat(300)).await;
    server.press(shown.number, "default").await;
    wait("the window to be asked", async || window.asked().len() == 1).await;
    assert_eq!(window.asked()[0], (open.clone(), id.clone(), None));

    server.give_token(shown.number, "token-1").await;
    forge().await;
    server.press(shown.number, "open").await;
    wait("the window to be asked", async || window.asked().len() == 2).await;
    assert_eq!(window.asked()[1], (open, id, Some("token-1".into())));
    // The window took it: nothing else is shown, nothing was answered.
    assert_eq!((server.all().len(), mfad.denied().len()), (1, 0));
    assert_eq!(mfad.state().calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_does_not_open_leaves_the_command() {
    let (desktop, mfad) = paired().await;
    let (server, _saver) = (Server::start(&desktop, true).await, saver(&desktop, false).await);
    let window = Application::start(&desktop, false).await;
    mfad.present(request(1)).await;
    let shown = one(&server).await;
    server.press(shown.number, "open").await;
    wait("the instructions", async || server.all().len() == 2).await;
    assert!(one(&server).await.body.contains("mfa-authenticator approve 01010101 NUMBER"));
    assert_eq!(window.asked().len(), 1);
}
