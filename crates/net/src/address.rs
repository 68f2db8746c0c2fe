//! Which addresses a fetch may reach: the public ones. The ranges are those of the IANA special-purpose
//! registries (RFC 6890 and its updates), and the metadata services that live outside them.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const V4: [(Ipv4Net, &str); 19] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local and cloud metadata"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 31, 196, 0, 24), "AS112 service"),
    (v4(192, 52, 193, 0, 24), "automatic multicast tunneling"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(192, 175, 48, 0, 24), "AS112 service"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(168, 63, 129, 16, 32), "cloud metadata"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved and broadcast"),
];

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// Only 2000::/3 is public at all; the ranges outside it stand here to be called by their names.
const V6: [(Ipv6Net, &str); 14] = [
    (v6([0; 8], 128), "unspecified"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "loopback"),
    (v6([0; 8], 96), "IPv4-compatible"),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "local-use NAT64"),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "discard"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "Teredo"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "protocol assignments and benchmarking"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "documentation"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "private"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "site-local"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// The range that forbids an address, in a few words; `None` for a public one.
pub fn refused(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refused_v4(address),
        IpAddr::V6(address) => refused_v6(address),
    }
}

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    V4.iter().find(|(range, _)| range.contains(&address)).map(|(_, name)| *name)
}

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = address.to_ipv4_mapped() {
        return refused_v4(inner);
    }
    // A NAT64 gateway hands the packet on to the IPv4 address in the last 32 bits.
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return refused_v4(Ipv4Addr::new(a, b, c, d));
    }
    // An ISATAP interface hands it on likewise.
    if matches!(address.segments()[4..6], [0 | 0x200, 0x5efe]) {
        return Some("ISATAP");
    }
    let named = V6.iter().find(|(range, _)| range.contains(&address)).map(|(_, name)| *name);
    named.or_else(|| (!GLOBAL_UNICAST.contains(&address)).then_some("reserved"))
}

/// As [`refused`], but for what an operator allows. A mapped IPv4 address counts as that IPv4 address.
pub(crate) fn refused_unless(address: IpAddr, allow: &[IpNet]) -> Option<&'static str> {
    let plain = address.to_canonical();
    if allow.iter().any(|net| net.contains(&plain)) { None } else { refused(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (address, range) in [
            ("0.0.0.0", Some("this network")),
            ("0.255.255.255", Some("this network")),
            ("1.1.1.1", None),
            ("9.255.255.255", None),
            ("10.0.0.0", Some("private")),
            ("10.255.255.255", Some("private")),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.0", Some("carrier-grade NAT")),
            ("100.100.100.200", Some("carrier-grade NAT")),
            ("100.127.255.255", Some("carrier-grade NAT")),
            ("100.128.0.0", None),
            ("126.255.255.255", None),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.255", Some("loopback")),
            ("128.0.0.0", None),
            ("168.63.129.16", Some("cloud metadata")),
            ("168.63.129.17", None),
            ("169.253.255.255", None),
            ("169.254.169.254", Some("link-local and cloud metadata")),
            ("169.255.0.0", None),
            ("172.15.255.255", None),
            ("172.16.0.0", Some("private")),
            ("172.31.255.255", Some("private")),
            ("172.32.0.0", None),
            ("192.0.0.192", Some("protocol assignments")),
            ("192.0.1.0", None),
            ("192.0.2.1", Some("documentation")),
            ("192.88.99.1", Some("6to4 relay")),
            ("192.168.0.1", Some("private")),
            ("192.169.0.0", None),
            ("198.17.255.255", None),
            ("198.18.0.1", Some("benchmarking")),
            ("198.19.255.255", Some("benchmarking")),
            ("198.20.0.0", None),
            ("198.51.100.7", Some("documentation")),
            ("203.0.113.7", Some("documentation")),
            ("223.255.255.255", None),
            ("224.0.0.1", Some("multicast")),
            ("239.255.255.255", Some("multicast")),
            ("240.0.0.1", Some("reserved and broadcast")),
            ("255.255.255.255", Some("reserved and broadcast")),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::127.0.0.1", Some("IPv4-compatible")),
            ("::8.8.8.8", Some("IPv4-compatible")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:169.254.169.254", Some("link-local and cloud metadata")),
            ("::ffff:8.8.8.8", None),
            ("::ffff:0:127.0.0.1", Some("reserved")),
            ("64:ff9b::127.0.0.1", Some("loopback")),
            ("64:ff9b::10.1.2.3", Some("private")),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b:1::1", Some("local-use NAT64")),
            ("100::1", Some("discard")),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Some("Teredo")),
            ("2001:2::1", Some("protocol assignments and benchmarking")),
            ("2001:20::1", Some("protocol assignments and benchmarking")),
            ("2001:db8::1", Some("documentation")),
            ("2001:4860:4860::8888", None),
            ("2002:7f00:1::", Some("6to4")),
            ("2002:808:808::1", Some("6to4")),
            ("2606:4700::1111", None),
            ("2606:4700::5efe:a00:1", Some("ISATAP")),
            ("3fff::1", Some("documentation")),
            ("3ffe::1", None),
            ("4000::1", Some("reserved")),
            ("5f00::1", Some("reserved")),
            ("fc00::1", Some("private")),
            ("fd00:ec2::254", Some("private")),
            ("fe80::1", Some("link-local")),
            ("febf::1", Some("link-local")),
            ("fec0::1", Some("site-local")),
            ("ff02::1", Some("multicast")),
        ] {
            let parsed: IpAddr = address.parse().expect("the table holds addresses");
            assert_eq!(refused(parsed), range, "{address}");
        }
    }

    #[test]
    fn an_operator_may_allow_a_private_range() {
        let allow = ["127.0.0.0/8".parse().expect("a range")];
        let refused = |address: &str| refused_unless(address.parse().expect("an address"), &allow);
        assert_eq!(refused("127.0.0.1"), None);
        assert_eq!(refused("::ffff:127.0.0.1"), None);
        assert_eq!(refused("::1"), Some("loopback"));
        assert_eq!(refused("10.0.0.1"), Some("private"));
    }
}
