//! The harness proved on the system's own parts: before it judges ours, it must tell right from wrong.

mod clients;
mod logins;
mod worlds;

/// The secret of RFC 4226, base32.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const ONE_TRY: &str = "NumberOfPasswordPrompts=1";
