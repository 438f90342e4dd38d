//! What the tests of pam_mfa stand on: private worlds with real servers in them.
//!
//! Used by the files in `tests/tests/`, one per tier; [`recorder`] by the authenticator's tests as well. Nothing here is installed or published, and
//! nothing a test does may be seen outside its world or be left behind when it ends.

pub mod harness;
pub mod recorder;
