//! Which country an address is in, by a database in MaxMind's format that the administrator gives.
//!
//! Read with the configuration. What must never happen: a database that cannot be read being taken for "no country known",
//! or a lookup over the network.

use maxminddb::{PathElement, Reader};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;

/// Largest database read, in bytes: those of cities are ten times one of countries.
const MAX_BYTES: u64 = 128 * 1024 * 1024;

/// An open database.
pub struct Countries(Reader<Vec<u8>>);

impl fmt::Debug for Countries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Countries")
    }
}

impl Countries {
    /// Reads a database.
    ///
    /// # Errors
    /// When it is missing, too large, or none.
    pub fn open(path: &Path) -> Result<Self, String> {
        let said = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
        let length = std::fs::metadata(path).map_err(|why| said(&why))?.len();
        if length > MAX_BYTES {
            return Err(said(&"larger than 128 MiB"));
        }
        let bytes = std::fs::read(path).map_err(|why| said(&why))?;
        Reader::from_source(bytes).map(Self).map_err(|why| said(&why))
    }

    /// The country of an address by two letters; `None` where the database does not tell.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<String> {
        let code = |path: &[PathElement<'_>]| self.0.lookup(address).ok()?.decode_path::<String>(path).ok().flatten();
        code(&[PathElement::Key("country"), PathElement::Key("iso_code")])
            .or_else(|| code(&[PathElement::Key("registered_country"), PathElement::Key("iso_code")]))
    }
}
