//! The hosts that an operator lets a channel call.

use std::net::IpAddr;

use linecard_model::manifest::{ConnectorManifest, HostWant};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The hosts that a channel may call. The default grants none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants {
    /// The grants, in any order.
    pub hosts: Vec<HostGrant>,
}

/// One host and port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostGrant {
    /// The name or the IP address; `*.example.com` stands for every name below `example.com`.
    pub host: String,
    /// The port. Default 443.
    #[serde(default = "https_port")]
    pub port: u16,
    /// Whether plain HTTP is allowed, and then only that. Default no: only https is.
    #[serde(default)]
    pub plain_http: bool,
    /// Whether the host may lie at an address that is not public: loopback, private, link-local.
    /// Default no.
    #[serde(default)]
    pub private: bool,
}

fn https_port() -> u16 {
    443
}

impl HostGrant {
    /// A grant of `name` or `name:port` by https at a public address.
    pub fn https(host_and_port: &str) -> Option<Self> {
        let wanted = WantedHost::parse(host_and_port)?;
        Some(Self {
            host: wanted.host,
            port: wanted.port,
            plain_http: false,
            private: false,
        })
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let named = match self.host.strip_prefix('*') {
            // "*.example.com" keeps its dot, so that "badexample.com" is not below it.
            Some(parent) => {
                host.len() > parent.len()
                    && host
                        .to_ascii_lowercase()
                        .ends_with(&parent.to_ascii_lowercase())
            }
            None => bare(&self.host).eq_ignore_ascii_case(host),
        };
        named && self.port == port
    }
}

/// The name without the brackets of an IPv6 address and without the root's dot.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .trim_end_matches('.')
}

impl Grants {
    /// The grant under which this URL may be called, or why it may not.
    pub fn check(&self, url: &Url) -> Result<&HostGrant, String> {
        let plain_http = match url.scheme() {
            "https" => false,
            "http" => true,
            other => return Err(format!("the scheme \"{other}\" is not http or https")),
        };
        let host = url.host_str().ok_or("the URL names no host")?;
        let port = url.port_or_known_default().ok_or("the URL names no port")?;
        let of_host = || {
            self.hosts
                .iter()
                .filter(|grant| grant.covers(bare(host), port))
        };
        of_host()
            .find(|grant| grant.plain_http == plain_http)
            .ok_or_else(|| match (of_host().next(), plain_http) {
                (Some(_), true) => format!("{host}:{port} is not granted by plain http"),
                (Some(_), false) => format!("{host}:{port} is granted by plain http only"),
                (None, _) => format!("{host}:{port} is not granted to this channel"),
            })
    }
}

/// A host that a connector wants to call with a certain configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedHost {
    /// The name, `*.name`, or IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the configuration asks for plain HTTP.
    pub plain_http: bool,
}

impl WantedHost {
    /// Reads `name` or `name:port`, as a manifest writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (below, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let url = Url::parse(&format!("https://{rest}")).ok()?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && !rest.contains('/');
        let host = match url.host()? {
            Host::Domain(name) if !name.contains('*') => name.to_owned(),
            Host::Ipv4(address) if !below => IpAddr::from(address).to_string(),
            Host::Ipv6(address) if !below => IpAddr::from(address).to_string(),
            _ => return None,
        };
        plain.then(|| Self {
            host: if below { format!("*.{host}") } else { host },
            port: url.port().unwrap_or(443),
            plain_http: false,
        })
    }
}

/// The hosts that a connector wants to call with this configuration: what an operator is asked to
/// grant. A pointer into the configuration that leads to no URL adds none.
pub fn wanted_hosts(manifest: &ConnectorManifest, config: &serde_json::Value) -> Vec<WantedHost> {
    let mut wanted = Vec::new();
    for want in &manifest.hosts {
        let host = match want {
            HostWant::Exact(text) => WantedHost::parse(text),
            HostWant::FromConfig(pointer) => config
                .pointer(pointer)
                .and_then(serde_json::Value::as_str)
                .and_then(|text| Url::parse(text).ok())
                .and_then(|url| {
                    Some(WantedHost {
                        host: bare(url.host_str()?).to_owned(),
                        port: url.port_or_known_default()?,
                        plain_http: url.scheme() == "http",
                    })
                }),
        };
        wanted.extend(host.filter(|host| !wanted.contains(host)));
    }
    wanted
}
