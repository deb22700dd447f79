//! What an operator sets for one Messenger channel.

use linecard_graph::messaging::Account;
use linecard_graph::send::Sender;
use linecard_graph::{Api, Network};
use serde::Deserialize;

/// The secret that every call carries, in the `Authorization` header.
pub const PAGE_TOKEN: &str = "page-access-token";

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The Facebook page's id: digits.
    pub page_id: String,
    /// The id of the company's own Meta app: only its echoes can be of what the hub sent. If it is
    /// not given, every app's may.
    pub app_id: Option<String>,
    /// Where the Graph API is.
    pub base_url: String,
    /// The Graph API's version, such as `v27.0`.
    pub graph_version: String,
    /// Whether Meta granted the app the Human Agent feature, which allows an answer for seven days.
    pub human_agent: bool,
    /// Whether messages that no webhook brought are looked for in the page's inbox.
    pub backfill: bool,
    /// How far back the first look goes, in hours.
    pub backfill_first_hours: u64,
    /// How often it looks, in minutes.
    pub backfill_every_minutes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_id: String::new(),
            app_id: None,
            base_url: "https://graph.facebook.com".to_owned(),
            graph_version: "v27.0".to_owned(),
            human_agent: false,
            backfill: true,
            backfill_first_hours: 24,
            backfill_every_minutes: 15,
        }
    }
}

impl Config {
    /// The Graph API that this channel calls.
    pub fn api(&self) -> Api<'_> {
        Api {
            base_url: &self.base_url,
            version: &self.graph_version,
            token: PAGE_TOKEN,
        }
    }

    /// The page, whose conversations are read.
    pub fn account(&self) -> Account<'_> {
        Account {
            id: &self.page_id,
            app_id: self.app_id.as_deref(),
        }
    }

    /// The page, which sends.
    pub fn sender(&self) -> Sender<'_> {
        Sender {
            api: self.api(),
            node: &self.page_id,
            network: Network::Messenger,
            human_agent: self.human_agent,
            replies: true,
        }
    }
}
