//! The program in another language: the translation is compiled as the Makefile does it, and German as any user's would be.

use super::Seat;
use crate::desktop::mfad::{CODE, request};
use crate::desktop::notifications::Server;
use crate::desktop::{Desktop, wait};

#[tokio::test(flavor = "multi_thread")]
async fn the_window_the_agent_and_the_command_line_speak_german() {
    let mut desktop = Desktop::with_keyring().await;
    desktop.speaks_german();
    let mut seat = Seat::at(desktop, &["pair"], CODE, "900x700").await;
    let (server, _saver) =
        (Server::start(&seat.desktop, true).await, crate::notices::saver(&seat.desktop, false).await);
    seat.mfad.present(request(1)).await;
    seat.mfad.present(request(2)).await;
    wait("both notifications", async || server.standing().len() == 2).await;
    let shown = server.standing().remove(0);
    assert_eq!(shown.title, "Melden Sie sich gerade an?");
    assert!(shown.body.starts_with("Konto: alice\nRechner: web-1\n"), "{}", shown.body);
    assert_eq!(shown.actions, ["default", "Öffnen", "open", "Öffnen", "deny", "Ablehnen"]);

    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes für Ihre Konten").await;
    seat.show("Anfragen").await;
    seat.reader.wait("label", "2 Anfragen warten").await;
    seat.reader.wait("button", "Freigeben").await;
    assert!(seat.reader.says("Nummer von der Anmeldung").await);
    assert!(seat.reader.find("button", "Das war ich nicht: melden").await.is_some());
    seat.screen.keep("requests-german");
    seat.show("Dieser Rechner").await;
    seat.reader.wait("list item", "Noch 2 Wiederherstellungscodes").await;
    seat.screen.keys(&["ctrl+l"]);
    seat.reader.wait("label", "Gesperrt").await;
    assert!(seat.reader.says("Sie haben Ihre Codes gesperrt.").await);
    seat.nothing_is_nameless().await;

    assert!(seat.desktop.done(&["requests"], "").contains("Dienst: sshd\n"));
    let status = seat.desktop.done(&["status"], "");
    assert!(status.starts_with("Schlüsselbund: entsperrt\nKonten: 0\nGeräteschlüssel hier: 1\n"), "{status}");
    assert!(status.contains("Anmeldeanfragen: werden in dieser Sitzung angezeigt\n"), "{status}");
}
