//! What an operator sets for one Open Messaging channel.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The integration's id: what middlewares put into the path and find in `channel.id`.
    pub integration_id: String,
    /// Where outbound messages are posted to.
    pub notification_url: String,
    /// The name that the middleware shows for the company.
    #[serde(default = "nickname")]
    pub nickname: String,
    /// Headers that go with every outbound message. They hold no secrets.
    #[serde(default)]
    pub notification_headers: BTreeMap<String, String>,
}

fn nickname() -> String {
    "Linecard".to_owned()
}
