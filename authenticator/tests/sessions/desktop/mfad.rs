//! A fake mfad: it judges signatures as the real one does and remembers what was asked of it.

use super::{Desktop, wait};
use mfa_core::approval::{Approval, Pending, Purpose, Rejected, Request, RequestId, judge};
use mfa_core::bus::{AGENT_PATH, Agent1Proxy, DAEMON, DAEMON_PATH, DeviceListed, Error, FactorListed, OwnFactors};
use mfa_core::device::{Device, DeviceId, DeviceKey};
use mfa_core::secret::Secret;
use std::sync::{Arc, Mutex, MutexGuard};
use zbus::message::Header;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, ObjectPath, interface};

/// The only proof it takes.
pub(crate) const CODE: &str = "123456";

/// The number its terminals show.
pub(crate) const NUMBER: &str = "482913";

#[derive(Default)]
pub(crate) struct State {
    pub devices: Vec<Device>,
    pub agents: Vec<(String, OwnedUniqueName)>,
    pub pending: Vec<Pending>,
    pub approved: Vec<String>,
    pub denied: Vec<(String, bool)>,
    pub calls: usize,
    /// From when a factor is required, of a user who has none; 0: the user has one.
    pub deadline: u64,
    /// Purpose and subject of each.
    pub challenges: Vec<(String, String)>,
}

/// A running fake.
pub(crate) struct Mfad {
    pub connection: Connection,
    state: Arc<Mutex<State>>,
}

struct Agents(Arc<Mutex<State>>);
struct Factors(Arc<Mutex<State>>);

impl Mfad {
    pub(crate) async fn start(desktop: &Desktop) -> Self {
        Self::start_with(desktop, Vec::new()).await
    }

    /// With the devices of an earlier one, as after a restart.
    pub(crate) async fn start_with(desktop: &Desktop, devices: Vec<Device>) -> Self {
        let state = Arc::new(Mutex::new(State { devices, ..State::default() }));
        let connection = zbus::connection::Builder::address(desktop.address("system").as_str())
            .serve_at(DAEMON_PATH, Agents(Arc::clone(&state)))
            .serve_at(DAEMON_PATH, Factors(Arc::clone(&state)))
            .name(DAEMON)
            .build()
            .await
            .unwrap();
        Self { connection, state }
    }

    /// Leaves the bus.
    pub(crate) async fn stop(self) {
        self.connection.release_name(DAEMON).await.unwrap();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Waits for an agent; its proxy.
    pub(crate) async fn agent(&self) -> Agent1Proxy<'static> {
        wait("an agent to register", async || !self.state().agents.is_empty()).await;
        let name = self.state().agents.last().unwrap().1.clone();
        Agent1Proxy::builder(&self.connection).destination(name).path(AGENT_PATH).build().await.unwrap()
    }

    /// Presents a request to the agent.
    pub(crate) async fn present(&self, request: Request) -> String {
        let agent = self.agent().await;
        let bytes = serde_json::to_vec(&request).unwrap();
        let id = request.id.as_str().to_owned();
        let number = request.number_due.then(|| Secret::from(NUMBER.to_owned()));
        self.state().pending.push(Pending { request, bytes: bytes.clone(), number, until: 1000 });
        agent.present(&bytes).await.unwrap();
        id
    }

    pub(crate) fn approved(&self) -> Vec<String> {
        self.state().approved.clone()
    }

    pub(crate) fn denied(&self) -> Vec<(String, bool)> {
        self.state().denied.clone()
    }
}

/// A request as of now.
pub(crate) fn request(id: u8) -> Request {
    let now = authenticator::now();
    Request {
        id: RequestId::new([id; 16]),
        host: "web-1".into(),
        host_id: "ab".repeat(32),
        user: "alice".into(),
        approver: "alice".into(),
        ruser: None,
        service: "sshd".into(),
        tty: Some("ssh".into()),
        rhost: Some("192.0.2.7".into()),
        command: None,
        purpose: Purpose::Login,
        number_due: true,
        issued: now,
        expires: now + 45,
        nonce: "cd".repeat(32),
    }
}

#[interface(name = "io.github.pam_mfa.Agents1")]
impl Agents {
    async fn register(
        &self,
        #[zbus(header)] header: Header<'_>,
        device: &str,
        path: ObjectPath<'_>,
    ) -> Result<(), Error> {
        assert_eq!(path.as_str(), AGENT_PATH);
        let mut state = self.0.lock().unwrap();
        if !state.devices.iter().any(|known| known.id.as_str() == device && !known.suspended) {
            return Err(Error::NoSuchDevice("No such device.".into()));
        }
        let agent = header.sender().unwrap().to_owned().into();
        state.agents.push((device.to_owned(), agent));
        Ok(())
    }

    async fn approve(&self, approval: Vec<u8>, signature: Vec<u8>) -> Result<(), Error> {
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        let read: Approval = serde_json::from_slice(&approval).unwrap();
        let Some(index) = state.pending.iter().position(|pending| pending.request.id == read.request) else {
            return Err(Error::NoSuchRequest("No such request.".into()));
        };
        let judged = judge(&state.pending[index], &approval, &signature, &state.devices, 1).map(|_| ());
        if matches!(judged, Ok(()) | Err(Rejected::WrongNumber)) {
            state.pending.remove(index);
        }
        match judged {
            Ok(()) => {
                state.approved.push(read.request.as_str().to_owned());
                Ok(())
            }
            Err(Rejected::WrongNumber) => Err(Error::WrongNumber("The number is not the one shown.".into())),
            Err(other) => panic!("{other}"),
        }
    }

    async fn deny(&self, request: &str, report: bool) -> Result<(), Error> {
        let mut state = self.0.lock().unwrap();
        state.denied.push((request.to_owned(), report));
        Ok(())
    }
}

#[interface(name = "io.github.pam_mfa.Factors1")]
impl Factors {
    async fn challenge(&self, purpose: &str, subject: &str) -> Result<(String, String), Error> {
        let mut state = self.0.lock().unwrap();
        state.challenges.push((purpose.to_owned(), subject.to_owned()));
        Ok(("challenge-1".into(), NUMBER.into()))
    }

    async fn add_device(&self, label: &str, public_key: Vec<u8>, proof: &str) -> Result<String, Error> {
        let mut state = self.0.lock().unwrap();
        if proof != CODE && (proof != "challenge-1" || state.challenges.is_empty()) {
            return Err(Error::NotAuthorized("The proof was not accepted.".into()));
        }
        let id = DeviceId::new([0, 0, 0, state.devices.len() as u8 + 1]);
        let key = DeviceKey::new(&public_key).unwrap();
        state.devices.push(Device {
            id: id.clone(),
            label: label.to_owned(),
            created: 1_700_000_000,
            suspended: false,
            key,
            upkeep: Default::default(),
        });
        Ok(id.as_str().to_owned())
    }

    async fn list(&self) -> Result<OwnFactors, Error> {
        let devices = self.devices().await?;
        let factor = FactorListed {
            id: "factor-1".into(),
            method: "totp".into(),
            label: "phone".into(),
            token: String::new(),
            created: 1_700_000_000,
            last_used: 0,
            state: "active".into(),
        };
        let deadline = self.0.lock().unwrap().deadline;
        let none = deadline > 0;
        Ok(OwnFactors {
            enrolled: !none,
            required: "required".into(),
            deadline,
            preferred: String::new(),
            recovery_left: 2,
            last_login: 0,
            factors: if none { Vec::new() } else { vec![factor] },
            devices,
            problems: Vec::new(),
        })
    }

    async fn devices(&self) -> Result<Vec<DeviceListed>, Error> {
        let state = self.0.lock().unwrap();
        let listed = |device: &Device| DeviceListed {
            id: device.id.as_str().to_owned(),
            label: device.label.clone(),
            created: device.created,
            suspended: device.suspended,
            fingerprint: device.key.fingerprint(),
        };
        Ok(state.devices.iter().map(listed).collect())
    }

    async fn suspend_device(&self, device: &str, proof: &str) -> Result<(), Error> {
        if proof != CODE {
            return Err(Error::NotAuthorized("The proof was not accepted.".into()));
        }
        let mut state = self.0.lock().unwrap();
        state.devices.iter_mut().find(|known| known.id.as_str() == device).unwrap().suspended = true;
        Ok(())
    }
}
