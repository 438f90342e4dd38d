//! Where a login comes from, as a rule names it: a network, `local`, `remote` or `*`.

use std::fmt;
use std::net::IpAddr;

/// One entry of `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Any.
    Any,
    /// A terminal or a session of this host.
    Local,
    /// Another host, whichever.
    Remote,
    /// Another host of this network.
    Network {
        /// Its first address.
        base: IpAddr,
        /// Bits that count.
        bits: u8,
    },
}

impl From {
    /// Reads an entry.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "*" => return Ok(Self::Any),
            "local" => return Ok(Self::Local),
            "remote" => return Ok(Self::Remote),
            _ => {}
        }
        let wrong = "expected a network (192.0.2.0/24, 2001:db8::/32), \"local\", \"remote\" or \"*\"";
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.parse().map_err(|_| wrong)?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits.map_or(Ok(width), str::parse).map_err(|_| wrong)?;
        if bits > width {
            return Err("more bits than the address has");
        }
        if numbered(base) != masked(base, bits) {
            return Err("the address has bits set beyond its network; write the network's first address");
        }
        Ok(Self::Network { base, bits })
    }

    /// Whether `address` is in this network.
    #[must_use]
    pub fn holds(base: IpAddr, bits: u8, address: IpAddr) -> bool {
        base.is_ipv4() == address.is_ipv4() && masked(base, bits) == masked(address, bits)
    }
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Local => f.write_str("local"),
            Self::Remote => f.write_str("remote"),
            Self::Network { base, bits } => write!(f, "{base}/{bits}"),
        }
    }
}

/// The address as a number whose first bit is the address's first.
fn numbered(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn masked(address: IpAddr, bits: u8) -> u128 {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    numbered(address) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        for (network, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "255.1.2.3", "::1"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            ("2001:db8:1::/48", "2001:db8:1:ffff::1", "2001:db8:2::"),
            ("10.128.0.0/9", "10.255.0.1", "10.127.255.255"),
        ] {
            let Ok(From::Network { base, bits }) = From::parse(network) else { panic!("{network}") };
            assert!(From::holds(base, bits, inside.parse().unwrap()), "{network} {inside}");
            assert!(!From::holds(base, bits, outside.parse().unwrap()), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "lan", "192.0.2", "/8", "-"]
        {
            assert!(From::parse(text).is_err(), "{text}");
        }
        assert_eq!(From::parse("local"), Ok(From::Local));
        assert_eq!(From::parse("remote"), Ok(From::Remote));
        assert_eq!(From::parse("*"), Ok(From::Any));
    }
}
