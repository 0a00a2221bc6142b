//! Where redirects lead.

use crate::inner::{embedded, is_local};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, StatusCode};
use std::net::IpAddr;
use url::{Host, Url};

/// Where a request may be redirected in addition to its own origin. It goes there without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Nowhere.
    Nowhere,
    /// To any encrypted address.
    Anywhere,
    /// To encrypted addresses of these hosts and of those below them, outside private networks.
    Hosts(&'static [&'static str]),
}

/// Where a redirect leads, if it may be followed: to the same origin, with the same method and body.
pub(crate) fn next_hop(method: &Method, from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let keeps_method = match status.as_u16() {
        301..=303 => method == Method::GET,
        307 | 308 => true,
        _ => false,
    };
    let to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    (keeps_method && to.origin() == from.origin()).then_some(to)
}

impl Elsewhere {
    /// Where a redirect to another host leads: to an encrypted address, or on this machine from an address on this machine.
    pub(crate) fn of(self, from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
        let to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
        (matches!(status.as_u16(), 301..=303 | 307 | 308) && self.reaches(from, &to)).then_some(to)
    }

    /// Whether one address may redirect to another.
    pub(crate) fn reaches(self, from: &Url, to: &Url) -> bool {
        let is_here = to.scheme() == "http" && from.scheme() == "http" && is_local(to);
        match self {
            Self::Nowhere => false,
            Self::Anywhere => is_here || to.scheme() == "https",
            Self::Hosts(hosts) => is_here || to.scheme() == "https" && is_below(to, hosts),
        }
    }

    /// Whether an address that [`Elsewhere::of`] allowed is in a private network after all, whatever its name is.
    pub(crate) async fn is_private(self, to: &Url) -> bool {
        matches!(self, Self::Hosts(_)) && to.scheme() == "https" && leads_inside(to).await
    }
}

/// Whether a URL's host is one of these or below one of them.
fn is_below(url: &Url, hosts: &[&str]) -> bool {
    let Some(Host::Domain(name)) = url.host() else { return false };
    let is_below =
        |host: &&str| name == *host || name.strip_suffix(host).is_some_and(|rest| rest.ends_with('.'));
    hosts.iter().any(is_below)
}

/// Whether any address of a URL's host is not publicly reachable. A name that cannot be resolved here leads nowhere, or is
/// found by a proxy.
async fn leads_inside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(name)) => {
            let port = url.port_or_known_default().unwrap_or_default();
            let found = tokio::net::lookup_host((name, port)).await;
            found.is_ok_and(|mut found| found.any(|address| !is_public(address.ip())))
        }
        None => true,
    }
}

/// Whether everybody on the internet reaches an address: the
/// [special-purpose ones](https://www.iana.org/assignments/iana-ipv4-special-registry) are not, including clouds' own services.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let is_special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || matches!((first, second), (0 | 240.., _) | (100, 64..=127) | (198, 18..=19))
                || (first, second, third) == (192, 0, 0);
            !is_special
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public(inner.into()),
            // Global addresses begin with these three bits.
            None => address.segments()[0] & 0xe000 == 0x2000,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    const HOSTS: Elsewhere = Elsewhere::Hosts(&["media.example", "files.example.com"]);

    fn followed(elsewhere: Elsewhere, from: &str, to: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))]);
        elsewhere.of(&Url::parse(from).unwrap(), StatusCode::SEE_OTHER, &headers).is_some()
    }

    #[test]
    fn a_download_goes_to_known_hosts_alone_and_encrypted() {
        let home = "https://tracker.example/file";
        for to in [
            "https://media.example/1?key=x",
            "https://eu.media.example/1",
            "https://files.example.com:8443/1",
        ] {
            assert!(followed(HOSTS, home, to) && followed(Elsewhere::Anywhere, home, to), "{to}");
            assert!(!followed(Elsewhere::Nowhere, home, to), "{to}");
        }
        for to in [
            "https://evil.example/1",
            "https://notmedia.example/1",
            "https://media.example.evil.example/1",
            "https://evil.example/media.example",
            "https://media.example@evil.example/1",
            "http://media.example/1",
            "https://example.com/1",
            "https://10.0.0.1/1",
            "https://[::1]/1",
            "http://127.0.0.1/1",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
        ] {
            assert!(!followed(HOSTS, home, to), "{to}");
        }
        assert!(followed(HOSTS, "http://127.0.0.1:1/file", "http://localhost:2/1"), "on one machine");
    }

    #[test]
    fn addresses_of_networks_of_their_own_are_not_public() {
        for inside in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::101:101", "::ffff:1.1.1.1"]
        {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_known_name_may_not_lead_inside() {
        let known = Elsewhere::Hosts(&["localhost"]);
        assert!(known.is_private(&Url::parse("https://localhost/1").unwrap()).await);
        assert!(known.is_private(&Url::parse("https://192.168.0.1/1").unwrap()).await);
        assert!(!known.is_private(&Url::parse("https://1.1.1.1/1").unwrap()).await);
        // What is tried on one machine stays there.
        assert!(!known.is_private(&Url::parse("http://localhost/1").unwrap()).await);
    }
}
