//! What an operator sets for one WhatsApp channel.

use linecard_graph::Api;
use serde::Deserialize;

/// The secret that every call carries, in the `Authorization` header.
pub const TOKEN: &str = "access-token";

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The business number's id: digits, not the number itself.
    pub phone_number_id: String,
    /// The WhatsApp Business Account's id: its templates and its state.
    pub waba_id: String,
    /// Where the Graph API is.
    pub base_url: String,
    /// The Graph API's version, such as `v27.0`.
    pub graph_version: String,
    /// Whether the first link of a text is shown with a preview.
    pub preview_url: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            phone_number_id: String::new(),
            waba_id: String::new(),
            base_url: "https://graph.facebook.com".to_owned(),
            graph_version: "v27.0".to_owned(),
            preview_url: false,
        }
    }
}

impl Config {
    /// The Graph API that this channel calls.
    pub fn api(&self) -> Api<'_> {
        Api {
            base_url: &self.base_url,
            version: &self.graph_version,
            token: TOKEN,
        }
    }
}
