//! Where events are told: an endpoint as an administrator sets it up.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use linecard_model::Timestamp;
use linecard_model::event::Event;
use linecard_sandbox::{Grants, HostGrant, is_public};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::secret::Secrets;

/// The longest address, in bytes.
const LONGEST_URL: usize = 2_048;

/// How webhooks are sent.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// The hosts to which they may go although they are not public, or without https. Default none.
    pub hosts: Grants,
    /// How often an event is tried before it is given up. Default 10.
    pub attempts: u32,
    /// After how long it is tried a second time; each further time takes four times as long, up to six
    /// hours. Default 5 s.
    pub first_retry: Duration,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            hosts: Grants::default(),
            attempts: 10,
            first_retry: Duration::from_secs(5),
        }
    }
}

/// What an administrator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where to.
    pub url: String,
    /// The kinds of events; all if there is none.
    pub events: BTreeSet<String>,
    /// What it is for.
    pub description: String,
    /// Whether anything is sent.
    pub enabled: bool,
}

/// An endpoint. `Debug` shows nothing of its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where to.
    pub url: Url,
    /// The kinds of events; all if there is none.
    pub events: BTreeSet<String>,
    /// What it is for.
    pub description: String,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Why the hub itself sends nothing any more, if it is so.
    pub disabled_because: Option<String>,
    /// Since when there is such an endpoint.
    pub created_at: Timestamp,
    pub(crate) secrets: Secrets,
    /// The request by which the secret was last replaced, if it had a key.
    pub(crate) rotated_by: Option<Rotation>,
}

/// The request that replaced a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    pub principal: String,
    pub key: String,
    pub request_hash: [u8; 32],
}

impl Endpoint {
    /// Whether an event of this kind goes there.
    pub(crate) fn takes(&self, event: &Event) -> bool {
        self.events.is_empty() || self.events.contains(event.name())
    }

    /// Until when the former secret counts too.
    pub fn former_secret_until(&self) -> Option<Timestamp> {
        let until = self.secrets.former.as_ref().map(|(_, until)| *until);
        until.filter(|until| *until > Timestamp::now())
    }

    /// The address as logs and the audit log have it: what comes after a host can be a secret.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// Reads an address and finds out whether events may go there; says what is wrong and what helps.
pub(crate) fn address(text: &str, granted: &Grants) -> Result<Url, String> {
    if text.len() > LONGEST_URL {
        return Err(format!("it is longer than {LONGEST_URL} bytes"));
    }
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(
            "it has a user name, a password or a fragment, which an address of a webhook cannot have"
                .to_owned(),
        );
    }
    grants(&url, granted)?;
    Ok(url)
}

/// What lets a request to an address pass, or why it may not.
pub(crate) fn grants(url: &Url, granted: &Grants) -> Result<Grants, String> {
    if granted.check(url).is_ok() {
        return Ok(granted.clone());
    }
    let remedy = || {
        format!(
            "an operator can allow it: `hosts = [\"{}\"]` under `[webhooks]` in linecard.toml",
            url.origin().ascii_serialization()
        )
    };
    if url.scheme() != "https" {
        return Err(format!("only https is allowed; {}", remedy()));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
        Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => {
            Some(IpAddr::from([127, 0, 0, 1]))
        }
        Some(Host::Domain(_)) => None,
        None => return Err("it names no host".to_owned()),
    };
    if literal.is_some_and(|address| !is_public(address)) {
        return Err(format!("its host is not a public one; {}", remedy()));
    }
    let host = HostGrant {
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default().unwrap_or(443),
        plain_http: false,
        // Where the name leads is found out when it is called, each time.
        private: false,
    };
    Ok(Grants { hosts: vec![host] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_hosts_by_https_unless_an_operator_allows_others() {
        let none = Grants::default();
        assert!(address("https://hooks.example.com/a?b=c", &none).is_ok());
        assert!(address("https://93.184.216.34/a", &none).is_ok());
        for refused in [
            "http://hooks.example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://10.1.2.3:8443/",
            "https://169.254.169.254/latest",
            "https://localhost/",
            "https://api.localhost/",
            "https://user@hooks.example.com/",
            "https://user:word@hooks.example.com/",
            "https://hooks.example.com/#x",
            "ftp://hooks.example.com/",
            "hooks.example.com",
            "",
        ] {
            assert!(address(refused, &none).is_err(), "{refused}");
        }
        let granted = Grants {
            hosts: vec![HostGrant {
                host: "127.0.0.1".to_owned(),
                port: 9_000,
                plain_http: true,
                private: true,
            }],
        };
        assert!(address("http://127.0.0.1:9000/hook", &granted).is_ok());
        let told = address("http://127.0.0.1:9001/hook", &granted).unwrap_err();
        assert!(told.contains("http://127.0.0.1:9001"), "{told}");
        assert!(address("https://127.0.0.1:9000/hook", &granted).is_err());
    }
}
