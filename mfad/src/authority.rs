//! What mfad decides with: the store, the policy in force, the clock, the trail.
//!
//! One of these lives in the daemon, or in `mfactl --offline`. Its functions block on the disk and the name
//! service; the daemon calls them on threads that may.

use crate::audit::Audit;
use crate::changes;
use crate::clock::{Clock, zone};
use crate::config::{Config, ConfigError};
use crate::countries::Countries;
use crate::locks::Locks;
use crate::offers::Offers;
use crate::pushes::Registry;
use crate::store::{Store, StoreError};
use crate::tickets::Tickets;
use jiff::tz::TimeZone;
use mfa_core::event::{Event, Kind};
use mfa_core::policy::{Policy, Requirements};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Everything a decision needs.
#[derive(Debug)]
pub struct Authority {
    /// The files.
    pub store: Store,
    /// The trail.
    pub audit: Audit,
    /// Both clocks.
    pub clock: Clock,
    /// One transaction per user.
    pub locks: Locks,
    /// Agents and open requests.
    pub pushes: Registry,
    /// Tickets for first devices.
    pub tickets: Tickets,
    /// Desktops that wait to be paired at a login.
    pub offers: Offers,
    config_file: Option<PathBuf>,
    in_force: RwLock<Arc<InForce>>,
    requirements: RwLock<Arc<Requirements>>,
}

/// The configuration in force.
#[derive(Debug)]
pub struct InForce {
    /// The policy.
    pub policy: Policy,
    /// Its files, weakest first.
    pub files: Vec<String>,
    /// Why a newer configuration was refused.
    pub refused: Option<String>,
    /// The host's time zone, for hours in rules.
    pub zone: TimeZone,
    /// Its country database, where it names one.
    pub countries: Option<Arc<Countries>>,
}

impl InForce {
    fn of(config: Config) -> Self {
        let files = config.files();
        let countries = config.countries.map(Arc::new);
        Self { policy: config.policy, files, refused: None, zone: zone(), countries }
    }
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error("the configuration is refused: {0}")]
    Config(#[from] ConfigError),
    /// The state folder.
    #[error("the state folder is refused: {0}")]
    Store(#[from] StoreError),
    /// The audit trail.
    #[error("the audit trail cannot be opened: {0}")]
    Audit(#[from] io::Error),
}

impl Authority {
    /// Opens the state folder and reads the configuration.
    ///
    /// # Errors
    /// When either is refused: mfad then does not start.
    pub fn open(state_dir: &Path, config_file: Option<&Path>, clock: Clock) -> Result<Self, StartError> {
        let config = Config::read(config_file)?;
        let store = Store::open(state_dir)?;
        let requirements = store.requirements()?;
        let audit = Audit::open(&store.audit_folder())?;
        Ok(Self {
            store,
            audit,
            clock,
            locks: Locks::default(),
            tickets: Tickets::default(),
            offers: Offers::default(),
            pushes: Registry::new(host_name(), &machine_id()),
            config_file: config_file.map(Path::to_owned),
            in_force: RwLock::new(Arc::new(InForce::of(config))),
            requirements: RwLock::new(Arc::new(requirements)),
        })
    }

    /// The configuration in force.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The requirements in force.
    #[must_use]
    pub fn requirements(&self) -> Arc<Requirements> {
        Arc::clone(&self.requirements.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes `requirements` durable, then puts them in force.
    ///
    /// # Errors
    /// When they are not durable; the old ones then stay.
    pub fn change_requirements(&self, change: impl FnOnce(&mut Requirements)) -> Result<(), StoreError> {
        let mut held = self.requirements.write().unwrap_or_else(PoisonError::into_inner);
        let mut requirements = Requirements::clone(&held);
        change(&mut requirements);
        self.store.save_requirements(&requirements)?;
        *held = Arc::new(requirements);
        Ok(())
    }

    /// Records what happened. What changed of a user's factors, the user's devices are told as well: whoever did it, the user
    /// learns of it.
    pub fn note(&self, event: Event) {
        // Where there is no device, no login has to be looked up for it.
        if self.pushes.has_agents()
            && let Some(uid) = event.user.as_deref().and_then(|user| self.store.roster().uid_of(user))
            && let Some(text) = changes::told(&event, uid)
        {
            self.pushes.announce(uid, &text);
        }
        self.audit.record(event);
    }

    /// Reads the configuration again (SIGHUP). A bad one is refused and the old one stays in force.
    pub fn reload(&self) {
        let fresh = match Config::read(self.config_file.as_deref()) {
            Ok(config) => {
                let files = config.files();
                tracing::info!("configuration read again: {}", listed(&files));
                self.audit.record(Event::new(Kind::PolicyChanged).detail(listed(&files)));
                InForce::of(config)
            }
            Err(why) => {
                tracing::error!("the new configuration is refused, the old one stays in force: {why}");
                self.audit.record(Event::new(Kind::PolicyChanged).detail(format!("refused: {why}")));
                let old = self.in_force();
                InForce {
                    policy: old.policy.clone(),
                    files: old.files.clone(),
                    refused: Some(why.to_string()),
                    zone: old.zone.clone(),
                    countries: old.countries.clone(),
                }
            }
        };
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// machine-id(5); an image without one is told apart by its boot.
fn machine_id() -> String {
    ["/etc/machine-id", "/proc/sys/kernel/random/boot_id"]
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok().filter(|id| !id.trim().is_empty()))
        .unwrap_or_default()
}

fn listed(files: &[String]) -> String {
    if files.is_empty() { String::from("built-in defaults") } else { files.join(", ") }
}
