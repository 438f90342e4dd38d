//! The names by which the window goes on the session bus.

/// Its object on the session bus: the application id as a path, as GApplication makes it.
pub const OBJECT: &str = "/io/github/pam_mfa/Authenticator";

/// Its action that shows one request; the parameter is the request's name.
pub const OPEN_REQUEST: &str = "open-request";
