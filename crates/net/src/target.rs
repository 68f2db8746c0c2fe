//! What a URL may look like, before anything is resolved.

use crate::{NetError, address};
use ipnet::IpNet;
use std::net::IpAddr;
use url::{Host, Url};

/// Ports from 1024 on that the Fetch standard blocks, and databases that answer to stray HTTP.
const BLOCKED: [u16; 26] = [
    1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 9042, 10080, 11211, 27017, 27018,
];

/// Parses a URL and checks everything about it that needs no name server. Odd spellings of addresses
/// (decimal, hexadecimal, octal, short, full-width) have become plain ones by then, as the WHATWG URL
/// standard demands.
pub(crate) fn parse(text: &str, base: Option<&Url>, allow: &[IpNet]) -> Result<Url, NetError> {
    let parsed = Url::options().base_url(base).parse(text.trim());
    let url = parsed.map_err(|fault| NetError::Url {
        url: text.chars().take(200).collect(),
        reason: fault.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NetError::Scheme(url.scheme().chars().take(40).collect()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NetError::Userinfo);
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
        _ => None,
    };
    if let Some(address) = address
        && let Some(range) = address::refused_unless(address, allow)
    {
        return Err(NetError::Address { host: host(&url), address, range });
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !(matches!(port, 80 | 443) || port >= 1024 && !BLOCKED.contains(&port)) {
        return Err(NetError::Port(port));
    }
    Ok(url)
}

/// The host for messages.
pub(crate) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> NetError {
        parse(url, None, &[]).expect_err(url)
    }

    #[test]
    fn odd_spellings_of_addresses_are_seen_through() {
        for (url, address) in [
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f000001/", "127.0.0.1"),
            ("http://0x7f.0x0.0x0.0x1/", "127.0.0.1"),
            ("http://0177.0.0.1/", "127.0.0.1"),
            ("http://017700000001/", "127.0.0.1"),
            ("http://127.1/", "127.0.0.1"),
            ("http://127.0.1/", "127.0.0.1"),
            ("http://0/", "0.0.0.0"),
            ("http://127.0.0.1./", "127.0.0.1"),
            ("http://１２７.０.０.１/", "127.0.0.1"),
            ("http://127。0。0。1/", "127.0.0.1"),
            ("http://%31%32%37.0.0.1/", "127.0.0.1"),
            ("http://2852039166/latest/meta-data/", "169.254.169.254"),
            ("http://[::ffff:a9fe:a9fe]/", "::ffff:169.254.169.254"),
            ("http://[::1]/", "::1"),
            ("http://[0:0:0:0:0:0:0:1]/", "::1"),
            ("http:127.0.0.1/", "127.0.0.1"),
            ("http:\\\\127.0.0.1\\", "127.0.0.1"),
            (" http://127.0.0.1/ ", "127.0.0.1"),
            ("ht\ntp://127.0.0.1/", "127.0.0.1"),
        ] {
            match refused(url) {
                NetError::Address { address: found, .. } => {
                    assert_eq!(found, address.parse::<IpAddr>().expect("an address"), "{url}");
                }
                other => panic!("{url}: {other}"),
            }
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for url in ["", "example.org", "http://", "http://[::1", "http://[fe80::1%25eth0]/", "http://a b/"] {
            assert!(matches!(refused(url), NetError::Url { .. }), "{url}");
        }
        for url in ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "data:text/html,x"] {
            assert!(matches!(refused(url), NetError::Scheme(_)), "{url}");
        }
        for url in ["http://me@example.org/", "https://example.org:x@10.0.0.1/", "http://:p@example.org/"] {
            assert_eq!(refused(url), NetError::Userinfo, "{url}");
        }
        for port in [0, 1, 21, 22, 25, 79, 81, 1023, 2049, 5432, 6379, 6667, 10080] {
            assert_eq!(refused(&format!("http://example.org:{port}/")), NetError::Port(port));
        }
        for url in ["http://example.org", "https://example.org:8443/x?y#z", "http://example.org:3000/"] {
            assert!(parse(url, None, &[]).is_ok(), "{url}");
        }
    }
}
