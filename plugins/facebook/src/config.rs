//! What an operator sets for one Facebook page.

use linecard_graph::send::Sender;
use linecard_graph::{Api, Network};
use serde::Deserialize;

/// The secret that every call carries, in the `Authorization` header.
pub const PAGE_TOKEN: &str = "page-access-token";

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The page's id: digits.
    pub page_id: String,
    /// Where the Graph API is.
    pub base_url: String,
    /// The Graph API's version, such as `v27.0`.
    pub graph_version: String,
    /// Whether likes and reactions are taken.
    pub reactions: bool,
    /// Whether the page's posts are looked through on a timer.
    pub poll: bool,
    /// How often, in minutes.
    pub poll_every_minutes: u64,
    /// How far back the first look goes, in hours.
    pub poll_first_hours: u64,
    /// For how many days after a post new comments on it are looked for.
    pub poll_days: u64,
    /// The most posts of one look.
    pub poll_posts: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_id: String::new(),
            base_url: "https://graph.facebook.com".to_owned(),
            graph_version: "v27.0".to_owned(),
            reactions: true,
            poll: true,
            poll_every_minutes: 5,
            poll_first_hours: 24,
            poll_days: 14,
            poll_posts: 100,
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

    /// The page, which answers comments privately through Messenger.
    pub fn sender(&self) -> Sender<'_> {
        Sender {
            api: self.api(),
            node: &self.page_id,
            network: Network::Messenger,
            human_agent: false,
            replies: false,
        }
    }
}
