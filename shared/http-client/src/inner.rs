//! Addresses with a special meaning on every machine: its own, and those that are never a configured service.

use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Whether `http` may be used: the address is on this machine, in its plain form.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether an address is on this machine, in whatever form: names are not resolved.
pub fn is_on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || embedded(address).is_some_and(|inner| inner.is_loopback())
        }
        None => false,
    }
}

/// Whether an address can never be that of a configured service: link-local addresses, where clouds give the machine's credentials to every caller, those of
/// clouds' own services, and the unspecified address, each in every form. Names are not resolved: other machines are only asked encrypted, and nothing there
/// has a certificate for a name that leads to it.
pub(crate) fn is_never_a_service(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_metadata(address),
        Some(Host::Ipv6(address)) => {
            let is_own = match address.segments() {
                // The local services of AWS and of Google Cloud.
                [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..] => true,
                _ => address.is_unspecified() || address.is_unicast_link_local(),
            };
            is_own || embedded(address).is_some_and(is_metadata)
        }
        Some(Host::Domain(_)) | None => false,
    }
}

fn is_metadata(address: Ipv4Addr) -> bool {
    // The last one is that of Alibaba Cloud.
    address.is_link_local() || address.is_unspecified() || address.octets() == [100, 100, 100, 200]
}

/// The address of the old kind in one of the new kind: mapped, compatible, translated or tunneled.
pub(crate) fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is: impl Fn(&Url) -> bool, yes: &[&str], no: &[&str]) {
        for (hosts, expected) in [(yes, true), (no, false)] {
            for host in hosts {
                let url = Url::parse(&format!("https://{host}/api")).unwrap();
                assert_eq!(is(&url), expected, "{host}");
            }
        }
    }

    #[test]
    fn where_clouds_hand_out_credentials_there_is_no_service() {
        let metadata = [
            "169.254.169.254",
            "169.254.170.2",
            "0xa9fea9fe",
            "0.0.0.0",
            "100.100.100.200",
            "[fd00:ec2::254]",
            "[fd20:ce::254]",
            "[fe80::1]",
            "[::]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::169.254.169.254]",
            "[2002:a9fe:a9fe::1]",
        ];
        let services =
            ["10.0.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1", "[fd12::1]", "[::1]", "a.example"];
        check(is_never_a_service, &metadata, &services);
    }

    #[test]
    fn this_machine_is_known_in_every_form() {
        let here = [
            "localhost",
            "LOCALHOST.",
            "jira.localhost",
            "127.0.0.1",
            "127.8.8.8",
            "2130706433",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ];
        check(
            is_on_this_machine,
            &here,
            &["localhost.example", "10.0.0.1", "[fd12::1]", "[::ffff:10.0.0.1]"],
        );
    }
}
