//! A device for tests, without a keyring: it registers with mfad, tells what it is shown, and answers as told.
//!
//! `device SEED` makes the same Ed25519 key for the same SEED (0 to 255). Commands on standard input, a line each:
//! `pair LABEL PROOF`, `offer LABEL`, `await OFFER`, `challenge add-device` (for its own key), `challenge suspend-device DEVICE`, `devices`, `lost DEVICE PROOF`, `register DEVICE`, `approve ID NUMBER` (`-` for none),
//! `forge ID NUMBER` (another key's signature), `replay` (the last approval once more), `deny ID`, `report ID`,
//! `rush ID NUMBER…` (all at once; says by what name each ended, `-` for a yes that counted), `altered ID NUMBER OLD NEW` (signs the
//! request with one text of it replaced), `signed ID NUMBER` (an approval and its signature in hex, which go nowhere),
//! `send APPROVAL SIGNATURE`. It prints `OK …` or `ERROR name: text` for each, and
//! `PRESENTED {json}`, `WITHDRAWN id reason`, `ANNOUNCED text` as they come.

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use mfa_core::approval::{Approval, Request, sign};
use mfa_core::bus::{AGENT_PATH, Agents1Proxy, Error, Factors1Proxy};
use mfa_core::device::{DeviceId, DeviceKey};
use mfa_core::secret::Secret;
use std::collections::HashMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use zbus::{ObjectPath, interface};

type Shown = Arc<Mutex<HashMap<String, Vec<u8>>>>;

struct Agent(Shown);

#[interface(name = "io.github.pam_mfa.Agent1")]
impl Agent {
    fn present(&self, request: Vec<u8>) {
        let read: Request = serde_json::from_slice(&request).expect("a request");
        let shown = String::from_utf8_lossy(&request).into_owned();
        self.0.lock().unwrap().insert(read.id.as_str().to_owned(), request);
        println!("PRESENTED {shown}");
    }

    fn withdraw(&self, request: &str, reason: &str) {
        println!("WITHDRAWN {request} {reason}");
    }

    fn announce(&self, text: &str) {
        println!("ANNOUNCED {text}");
    }
}

struct Device {
    key: SigningKey,
    id: String,
    shown: Shown,
    last: (Vec<u8>, Vec<u8>),
    agents: Agents1Proxy<'static>,
    factors: Factors1Proxy<'static>,
}

impl Device {
    async fn act(&mut self, command: &str) -> Result<String, Error> {
        let words: Vec<&str> = command.split(' ').collect();
        match *words.as_slice() {
            ["pair", label, proof] => {
                let public = self.key.verifying_key();
                self.id = self.factors.add_device(label, public.as_bytes(), proof).await?;
                Ok(self.id.clone())
            }
            ["challenge", purpose, ..] => {
                let key = DeviceKey::new(self.key.verifying_key().as_bytes()).expect("a key");
                let subject = words.get(2).map_or_else(|| key.fingerprint(), |device| (*device).to_owned());
                self.factors.challenge(purpose, &subject).await.map(|(name, number)| format!("{name} {number}"))
            }
            ["offer", label] => {
                let public = self.key.verifying_key();
                let offered = self.agents.offer_device(label, public.as_bytes()).await?;
                Ok(format!("{} {}", offered.0, offered.1))
            }
            ["await", offer] => self.agents.await_offer(offer).await,
            ["devices"] => Ok(format!("{:?}", self.factors.devices().await?)),
            ["lost", device, proof] => self.factors.suspend_device(device, proof).await.map(|()| String::new()),
            ["register", device] => {
                device.clone_into(&mut self.id);
                let path = ObjectPath::try_from(AGENT_PATH).expect("a path");
                self.agents.register(device, &path).await.map(|()| String::new())
            }
            ["approve", id, number] => self.approve(id, number, self.key.clone()).await,
            ["forge", id, number] => self.approve(id, number, SigningKey::from_bytes(&[99; 32])).await,
            ["replay"] => {
                let (approval, signature) = self.last.clone();
                self.agents.approve(&approval, &signature).await.map(|()| String::new())
            }
            ["altered", id, number, old, new] => {
                let (approval, signature) = self.signed_as(id, number, &self.key, &|text| {
                    assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
                    text.replace(old, new)
                });
                self.agents.approve(&approval, &signature).await.map(|()| String::new())
            }
            ["signed", id, number] => {
                let (approval, signature) = self.signed(id, number, &self.key);
                Ok(format!("{} {}", HEXLOWER.encode(&approval), HEXLOWER.encode(&signature)))
            }
            ["send", approval, signature] => {
                let [approval, signature] =
                    [approval, signature].map(|hex| HEXLOWER.decode(hex.as_bytes()).expect("hex"));
                self.agents.approve(&approval, &signature).await.map(|()| String::new())
            }
            ["rush", id, ref numbers @ ..] => Ok(self.rush(id, numbers).await),
            ["deny", id] => self.agents.deny(id, false).await.map(|()| String::new()),
            ["report", id] => self.agents.deny(id, true).await.map(|()| String::new()),
            _ => panic!("unknown command {command}"),
        }
    }

    async fn approve(&mut self, id: &str, number: &str, key: SigningKey) -> Result<String, Error> {
        self.last = self.signed(id, number, &key);
        let (approval, signature) = &self.last;
        self.agents.approve(approval, signature).await.map(|()| String::new())
    }

    async fn rush(&self, id: &str, numbers: &[&str]) -> String {
        let mut rush = tokio::task::JoinSet::new();
        for number in numbers {
            let (agents, (approval, signature)) = (self.agents.clone(), self.signed(id, number, &self.key));
            rush.spawn(async move { agents.approve(&approval, &signature).await });
        }
        let ends = rush.join_all().await;
        let names = ends.into_iter().map(|end| end.map_or_else(|error| format!("{error:?}"), |()| String::from("-")));
        names.map(|name| name.split('(').next().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(" ")
    }

    fn signed(&self, id: &str, number: &str, key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
        self.signed_as(id, number, key, &|text| text.to_owned())
    }

    /// Signed as if the request had been `altered` so.
    fn signed_as(
        &self,
        id: &str,
        number: &str,
        key: &SigningKey,
        altered: &dyn Fn(&str) -> String,
    ) -> (Vec<u8>, Vec<u8>) {
        let bytes = self.shown.lock().unwrap().get(id).cloned().expect("presented");
        let bytes = altered(std::str::from_utf8(&bytes).expect("text")).into_bytes();
        let request: Request = serde_json::from_slice(&bytes).expect("a request");
        let approval = Approval {
            request: request.id,
            device: DeviceId::typed(&self.id),
            purpose: request.purpose,
            number: (number != "-").then(|| Secret::from(number.to_owned())),
            time: 0,
        };
        let (approval, signature) = sign(key, &bytes, &approval).expect("signed");
        (approval, signature.to_vec())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seed: u8 = std::env::args().nth(1).expect("SEED").parse().expect("a number");
    let shown = Shown::default();
    let connection = zbus::connection::Builder::system()
        .serve_at(AGENT_PATH, Agent(Arc::clone(&shown)))
        .build()
        .await
        .expect("the system bus");
    let mut device = Device {
        key: SigningKey::from_bytes(&[seed; 32]),
        id: String::new(),
        shown,
        last: Default::default(),
        agents: Agents1Proxy::new(&connection).await.expect("a proxy"),
        factors: Factors1Proxy::new(&connection).await.expect("a proxy"),
    };
    let (sender, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let _ = sender.send(line.expect("a line"));
        }
    });
    while let Some(command) = commands.recv().await {
        match device.act(&command).await {
            Ok(text) => println!("OK {text}"),
            Err(error) => println!("ERROR {error:?}"),
        }
    }
}
