//! Decides which addresses may be connected to: public ones, and networks that the operator allows. The address of
//! the connection itself is checked, so that neither the spelling of a host nor a name server can lead elsewhere.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use huiliu_messages::Message;
use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use crate::failure::Cause;

/// Networks outside the public internet that may be connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Arc<[IpNet]>);

/// A connection that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    host: String,
    address: IpAddr,
}

impl Networks {
    /// Parses networks such as `10.1.0.0/16`, or single addresses.
    ///
    /// # Errors
    /// The first text that is neither.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let net = |text: &str| {
            let text = text.trim();
            text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).ok_or(text.to_owned())
        };
        texts.into_iter().map(net).collect::<Result<Vec<_>, _>>().map(|nets| Self(nets.into()))
    }

    /// Returns the loopback addresses of this host, for the sandbox.
    #[must_use]
    pub fn loopback() -> Self {
        Self::parse(["127.0.0.0/8", "::1"]).unwrap_or_default()
    }

    /// Whether an address may be connected to.
    #[must_use]
    pub fn permits_address(&self, address: IpAddr) -> bool {
        let allowed = |address: &IpAddr| self.0.iter().any(|net| net.contains(address));
        if allowed(&address) {
            return true;
        }
        match address {
            IpAddr::V4(v4) => is_public(v4),
            IpAddr::V6(v6) => match embedded_ipv4(v6) {
                Some(v4) => allowed(&IpAddr::V4(v4)) || is_public(v4),
                None => is_public_v6(v6),
            },
        }
    }

    /// Refuses a URL whose host is an address that may not be connected to. Host names are checked when they are
    /// resolved.
    ///
    /// # Errors
    /// [`Refused`] if the address may not be connected to.
    pub fn check_url(&self, url: &Url) -> Result<(), Refused> {
        let address = match url.host_str().map(Host::parse) {
            Some(Ok(Host::Ipv4(v4))) => IpAddr::V4(v4),
            Some(Ok(Host::Ipv6(v6))) => IpAddr::V6(v6),
            _ => return Ok(()),
        };
        self.check_address(url.host_str().unwrap_or_default(), address)
    }

    fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        if self.permits_address(address) { Ok(()) } else { Err(Refused { host: host.to_owned(), address }) }
    }
}

/// Returns the IPv4 address that an IPv6 address embeds: mapped, compatible, NAT64 or 6to4.
fn embedded_ipv4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = v6.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match s {
        // `::1` and `::` match here, too; the IPv4 addresses they give are not public either.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(of(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// Whether an address is public by the registry of special-purpose addresses (RFC 6890). 168.63.129.16, from which a
/// cloud serves its machines, is not.
fn is_public(v4: Ipv4Addr) -> bool {
    let [a, b, c, d] = v4.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, ..) | (224..=255, ..) => true,
        (100, 64..=127, _) | (172, 16..=31, _) | (169, 254, _) | (192, 168, _) | (198, 18..=19, _) => true,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        (168, 63, 129) => d == 16,
        _ => false,
    };
    !special
}

/// Whether an address is public: only global unicast is assigned, and parts of it serve special purposes.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let isatap = matches!((s[4], s[5]), (0 | 0x200, 0x5efe));
    let special = matches!((s[0], s[1]), (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff));
    s[0] & 0xe000 == 0x2000 && !special && !isatap
}

/// Resolves names, and refuses a name with an address that may not be connected to.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(pub(crate) Networks);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One refused address refuses the whole name: a platform has no reason to be partly internal.
            for address in &found {
                networks.check_address(name.as_str(), address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Returns the refusal that caused a failed connection, if there was one.
pub(crate) fn find_refusal(e: &reqwest::Error) -> Option<&Refused> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(e);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

impl Refused {
    /// Returns the refusal as the cause of a failure.
    #[must_use]
    pub fn to_cause(&self) -> Cause {
        Cause::AddressNotPublic { host: self.host.clone(), address: self.address.to_string() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Message::new(&self.to_cause()).fmt(f)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_only_public_addresses_and_allowed_networks() {
        let none = Networks::default();
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "3fff::1",
            "2400::5efe:7f00:1",
        ] {
            assert!(!none.permits_address(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2400:3200::1", "::ffff:1.1.1.1"] {
            assert!(none.permits_address(public.parse().unwrap()), "{public}");
        }
        let some = Networks::parse(["10.1.0.0/16", "127.0.0.1"]).unwrap();
        for (address, permitted) in
            [("10.1.255.1", true), ("10.2.0.1", false), ("::ffff:10.1.0.1", true), ("127.0.0.2", false)]
        {
            assert_eq!(some.permits_address(address.parse().unwrap()), permitted, "{address}");
        }
        assert_eq!(Networks::parse(["10.0.0.0/33"]), Err("10.0.0.0/33".into()));
    }
}
