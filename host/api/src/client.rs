//! Where a request comes from: the other end of its connection or, if that is a proxy which the
//! configuration trusts, the address that the proxy says.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::FORWARDED;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who asks, as far as addresses go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Client {
    /// The address; absent where there is no connection.
    pub address: Option<IpAddr>,
    /// Whether the request says that it was forwarded, by somebody who is not trusted to say for whom.
    /// Then the address is that of whoever forwarded it.
    pub is_hidden: bool,
}

impl Client {
    /// Of a request on a connection.
    pub(super) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
            return Self::default();
        };
        let peer = peer.ip().to_canonical();
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
        let listed = named(headers, &X_FORWARDED_FOR, |list| {
            list.split(',').map(address).collect()
        });
        let told = named(headers, &FORWARDED, |list| {
            list.split(',')
                .map(|element| address(for_of(element)))
                .collect()
        });
        if !is_trusted(&peer) {
            return Self {
                address: Some(peer),
                is_hidden: listed.is_some() || told.is_some(),
            };
        }
        // From the nearest on: what a trusted proxy wrote is true, and what lies beyond the first that is
        // not trusted anybody may have written.
        let origin = |chain: &[Option<IpAddr>]| {
            let mut found = peer;
            for step in chain.iter().rev() {
                let Some(step) = step else { break };
                found = *step;
                if !is_trusted(step) {
                    break;
                }
            }
            found
        };
        let origins = [listed, told].map(|chain| chain.map(|chain| origin(&chain)));
        let address = match origins {
            [Some(one), None] | [None, Some(one)] => one,
            [Some(one), Some(other)] if one == other => one,
            // Nobody says it; or the proxy writes one of them, and whoever asks wrote the other.
            _ => peer,
        };
        Self {
            address: Some(address),
            is_hidden: false,
        }
    }

    /// Whether the request comes from this machine, and not through a proxy on it.
    pub(super) fn is_local(&self) -> bool {
        !self.is_hidden && self.address.is_some_and(|address| address.is_loopback())
    }
}

/// The addresses that a header names, the nearest last; absent if the header is.
fn named(
    headers: &HeaderMap,
    name: &HeaderName,
    read: impl Fn(&str) -> Vec<Option<IpAddr>>,
) -> Option<Vec<Option<IpAddr>>> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    let lines = lines.map(|line| line.to_str().map_or_else(|_| vec![None], &read));
    Some(lines.flatten().collect())
}

/// `for` of an element of `Forwarded` (RFC 7239).
fn for_of(element: &str) -> &str {
    element
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
        .map_or("", |(_, value)| value.trim().trim_matches('"'))
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let found = bare
        .unwrap_or(text)
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    found.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> (String, bool) {
        let mut extensions = Extensions::new();
        let peer: IpAddr = peer.parse().unwrap();
        extensions.insert(ConnectInfo(SocketAddr::new(peer, 4711)));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap());
        let client = Client::of(&extensions, &headers, &trusted);
        (client.address.unwrap().to_string(), client.is_hidden)
    }

    fn of(address: &str) -> (String, bool) {
        (address.to_owned(), false)
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks() {
        assert_eq!(client("127.0.0.1", &[]), of("127.0.0.1"));
        let xff = "x-forwarded-for";
        assert_eq!(client("127.0.0.1", &[(xff, "8.8.8.8")]), of("8.8.8.8"));
        assert_eq!(
            client("::ffff:127.0.0.1", &[(xff, "8.8.8.8")]),
            of("8.8.8.8")
        );
        assert_eq!(
            client("9.9.9.9", &[(xff, "8.8.8.8")]),
            ("9.9.9.9".to_owned(), true)
        );
        // What the customer wrote comes before what the proxies added.
        assert_eq!(
            client("10.1.1.1", &[(xff, "1.1.1.1, 8.8.8.8, 10.2.2.2")]),
            of("8.8.8.8")
        );
        assert_eq!(
            client("10.1.1.1", &[(xff, "1.1.1.1"), (xff, "8.8.8.8:99")]),
            of("8.8.8.8")
        );
        assert_eq!(
            client("10.1.1.1", &[(xff, "8.8.8.8, unknown")]),
            of("10.1.1.1")
        );
        assert_eq!(client("10.1.1.1", &[(xff, "")]), of("10.1.1.1"));
        assert_eq!(
            client("10.1.1.1", &[(xff, "[2001:db8::1]:5")]),
            of("2001:db8::1")
        );
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let told = "forwarded";
        for (value, found) in [
            ("for=8.8.8.8", "8.8.8.8"),
            (
                "proto=https; For=\"[2001:db8::1]:4711\"; by=x",
                "2001:db8::1",
            ),
            ("for=1.1.1.1, for=8.8.8.8, for=10.0.0.9", "8.8.8.8"),
            ("for=_hidden", "127.0.0.1"),
            ("proto=https", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[(told, value)]), of(found), "{value}");
        }
        let xff = "x-forwarded-for";
        let both = [(told, "for=8.8.8.8"), (xff, "8.8.8.8")];
        assert_eq!(client("127.0.0.1", &both), of("8.8.8.8"));
        let spoilt = [(told, "for=8.8.8.8"), (xff, "1.1.1.1")];
        assert_eq!(client("127.0.0.1", &spoilt), of("127.0.0.1"));
    }
}
