//! Real notification servers on a screen: xfce4-notifyd, which draws buttons, and dunst, which does not.

use crate::desktop::mfad::{CODE, Mfad, request};
use crate::desktop::reader::Reader;
use crate::desktop::screen::Screen;
use crate::desktop::{Desktop, wait};
use mfa_core::approval::Request;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Served {
    desktop: Desktop,
    mfad: Mfad,
    screen: Screen,
    server: Child,
    _saver: zbus::Connection,
}

impl Served {
    async fn by(program: &str) -> Self {
        let mut desktop = Desktop::with_keyring().await;
        let mfad = Mfad::start(&desktop).await;
        desktop.done(&["pair"], CODE);
        let screen = Screen::start(&mut desktop, "480x320").await;
        let mut server = desktop.command(program);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().unwrap();
        let bus = zbus::fdo::DBusProxy::new(&desktop.connect("session").await).await.unwrap();
        let name = || "org.freedesktop.Notifications".try_into().unwrap();
        wait("the notification server", async || bus.name_has_owner(name()).await.unwrap()).await;
        let _saver = crate::notices::saver(&desktop, false).await;
        desktop.start_agent();
        mfad.agent().await;
        Self { desktop, mfad, screen, server, _saver }
    }

    fn dunstctl(&self, arguments: &[&str]) -> String {
        let output = self.desktop.command("dunstctl").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn xfce_draws_open_and_deny_once_and_its_deny_denies() {
    let folder = Command::new("gcc").arg("-print-multiarch").output().unwrap();
    let folder = String::from_utf8(folder.stdout).unwrap();
    let program = format!("/usr/lib/{}/xfce4/notifyd/xfce4-notifyd", folder.trim());
    let served = Served::by(&program).await;
    let reader = Reader::start(&served.desktop).await;
    let id = served.mfad.present(request(1)).await;
    reader.wait("label", "Is this you signing in?").await;
    assert!(reader.says("Account: alice\nHost: web-1\nService: sshd\nFrom: 192.0.2.7").await);
    let tree = reader.tree().await;
    let buttons: Vec<_> = tree.iter().filter(|node| ["push button", "button"].contains(&node.role.as_str())).collect();
    assert_eq!(buttons.iter().map(|button| button.name.as_str()).collect::<Vec<_>>(), ["Open", "Deny"]);
    // It fades in.
    tokio::time::sleep(Duration::from_millis(500)).await;
    served.screen.keep("notification");
    assert!(reader.act(buttons[1]).await);
    wait("the denial", async || served.mfad.denied() == [(id.clone(), false)]).await;
    wait("the withdrawal", async || reader.find("label", "Is this you").await.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dunst_takes_what_the_requester_wrote_as_text_and_its_default_action_leads_on() {
    let served = Served::by("dunst").await;
    let hostile = "<b>b</b> &amp; <img src=\"http://x\">".to_owned();
    served.mfad.present(Request { user: hostile.clone(), approver: hostile, ..request(1) }).await;
    wait("a notification", async || served.dunstctl(&["count", "displayed"]).trim() == "1").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.screen.keep("dunst");
    served.dunstctl(&["action", "0"]);
    wait("the instructions", async || {
        served.dunstctl(&["close-all"]);
        served.dunstctl(&["history"]).contains("mfa-authenticator approve 01010101 NUMBER")
    })
    .await;
    // What it would draw: escaped once, so that it is read as text.
    let history = served.dunstctl(&["history"]);
    assert!(history.contains("&lt;b&gt;b&lt;/b&gt; &amp;amp;"), "{history}");
    assert_eq!((served.mfad.denied().len(), served.desktop.listed().len()), (0, 1));
}
