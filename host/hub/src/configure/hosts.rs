//! Which hosts a channel may call: what the operator granted, held against what the connector wants.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use linecard_model::manifest::{ConnectorManifest, HostWant};
use linecard_model::site::ChannelConfig;
use linecard_sandbox::{Grants, HostGrant, WantedHost, wanted_hosts};
use serde_json::Value;
use url::{Host, Url};

use super::problem::Problem;

/// The grants of a channel, or what is wrong with them. `at` is the channel's path.
pub(super) fn grants(
    at: &[&str],
    channel: &ChannelConfig,
    settings: &Value,
    manifest: &ConnectorManifest,
) -> Result<Grants, Vec<Problem>> {
    let wanted = wanted_hosts(manifest, settings);
    let mut path = at.to_vec();
    path.push("hosts");
    let mut problems = Vec::new();
    let mut grants = Grants::default();
    match &channel.hosts {
        None => {
            for want in &wanted {
                if want.plain_http || is_private(&want.host) {
                    problems.push(Problem::new(
                        &path,
                        format!(
                            "the connector wants to call {url}, which is not a public host by https: \
                             if you want that, grant it here by name, with the others that it needs: \
                             hosts = [{all}]",
                            url = url_of(want),
                            all = all(&wanted),
                        ),
                    ));
                } else {
                    grants.hosts.push(HostGrant {
                        host: want.host.clone(),
                        port: want.port,
                        plain_http: false,
                        private: false,
                    });
                }
            }
        }
        Some(granted) => {
            for (index, text) in granted.iter().enumerate() {
                match grant(text) {
                    Ok(grant) => grants.hosts.push(grant),
                    Err(reason) => {
                        let index = index.to_string();
                        let mut path = path.clone();
                        path.push(&index);
                        problems.push(Problem::new(&path, reason));
                    }
                }
            }
            if problems.is_empty() {
                // A host of the manifest's own may be withheld: what the connector asks of it fails
                // then. One that the operator wrote into the configuration is meant to be called.
                let configured = ConnectorManifest {
                    hosts: from_config(manifest),
                    ..manifest.clone()
                };
                let meant = wanted_hosts(&configured, settings);
                let missing = meant.iter().filter(|want| !covered(&grants, want));
                problems.extend(missing.map(|want| {
                    Problem::new(
                        &path,
                        format!(
                            "the connector cannot work without {want}, which is not granted: add it, \
                             or leave `hosts` out to grant what the connector asks for",
                            want = entry(want)
                        ),
                    )
                }));
            }
        }
    }
    if problems.is_empty() {
        Ok(grants)
    } else {
        Err(problems)
    }
}

fn from_config(manifest: &ConnectorManifest) -> Vec<HostWant> {
    let hosts = manifest.hosts.iter();
    let is_configured = |want: &&HostWant| matches!(want, HostWant::FromConfig(_));
    hosts.filter(is_configured).cloned().collect()
}

/// Reads `name`, `name:port`, or a URL that names a host which may be private or without https.
pub fn grant(text: &str) -> Result<HostGrant, String> {
    let form = || {
        format!(
            "\"{text}\" is not a host: write a name such as graph.facebook.com, name:port, or for a \
             private host or one without https a URL such as http://127.0.0.1:8080"
        )
    };
    if !text.contains("://") {
        return HostGrant::https(text).ok_or_else(form);
    }
    let url = Url::parse(text).map_err(|_| form())?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    let plain_http = match url.scheme() {
        "http" => true,
        "https" => false,
        _ => return Err(form()),
    };
    match (url.host(), url.port_or_known_default()) {
        (Some(host), Some(port)) if bare => Ok(HostGrant {
            host: match host {
                Host::Domain(name) => name.to_owned(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            port,
            plain_http,
            private: true,
        }),
        _ => Err(form()),
    }
}

fn covered(grants: &Grants, want: &WantedHost) -> bool {
    // A wish for all names below one is met by the same grant; any of them stands for all.
    let mut example = want.clone();
    if let Some(parent) = want.host.strip_prefix("*.") {
        example.host = format!("any.{parent}");
    }
    let Ok(url) = Url::parse(&url_of(&example)) else {
        return false;
    };
    grants
        .check(&url)
        .is_ok_and(|grant| grant.private || !is_private(&want.host))
}

/// Whether a host is private by its very name. A name that leads to a private address is found out
/// when it is called.
fn is_private(host: &str) -> bool {
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => is_private_v4(address),
        Ok(IpAddr::V6(address)) => is_private_v6(address),
        Err(_) => false,
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4().is_some_and(is_private_v4)
}

fn url_of(want: &WantedHost) -> String {
    let scheme = if want.plain_http { "http" } else { "https" };
    let host = if want.host.contains(':') {
        format!("[{}]", want.host)
    } else {
        want.host.clone()
    };
    format!("{scheme}://{host}:{}", want.port)
}

/// As it is written in `hosts`.
fn entry(want: &WantedHost) -> String {
    if want.plain_http || is_private(&want.host) {
        url_of(want)
    } else if want.port == 443 {
        want.host.clone()
    } else {
        format!("{}:{}", want.host, want.port)
    }
}

fn all(wanted: &[WantedHost]) -> String {
    let entries: Vec<String> = wanted
        .iter()
        .map(|want| format!("\"{}\"", entry(want)))
        .collect();
    entries.join(", ")
}
