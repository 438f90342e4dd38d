//! The window: a GTK application that shows what waits and takes the user's word.
//!
//! What decides stands in pure modules that every build has; what draws is behind the feature `gui`.

pub mod adding;
#[cfg(feature = "gui")]
mod agent;
#[cfg(feature = "gui")]
mod application;
#[cfg(feature = "gui")]
mod back;
pub mod codes;
#[cfg(feature = "gui")]
mod computer;
#[cfg(feature = "gui")]
mod group;
pub mod lock;
#[cfg(feature = "gui")]
mod main;
#[cfg(feature = "gui")]
mod notice;
#[cfg(feature = "gui")]
mod pane;
#[cfg(feature = "gui")]
mod parts;
#[cfg(feature = "gui")]
mod portal;
#[cfg(feature = "gui")]
mod queue;
pub mod request;
#[cfg(feature = "gui")]
mod text;
#[cfg(feature = "gui")]
mod window;

#[cfg(feature = "gui")]
pub use application::{NoWindow, Show, run};

/// Its object on the session bus: the application id as a path, as GApplication makes it.
pub const OBJECT: &str = "/io/github/pam_mfa/Authenticator";

/// Its action that shows one request; the parameter is the request's name.
pub const OPEN_REQUEST: &str = "open-request";

/// Its action that shows the sign-in requests that wait.
#[cfg(feature = "gui")]
const REQUESTS: &str = "requests";
