//! What an operator sets for one Instagram account.

use linecard_graph::messaging::Account;
use linecard_graph::send::Sender;
use linecard_graph::{Api, Network};
use serde::Deserialize;

/// The secret that every call carries, in the `Authorization` header.
pub const TOKEN: &str = "access-token";

/// How the account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Its owner logs in with Instagram; the token is the account's own.
    Instagram,
    /// It is linked to a Facebook page; the token is the page's.
    Facebook,
}

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The professional account's id: digits.
    pub account_id: String,
    /// How it is connected.
    pub login: Login,
    /// Where the Graph API is, if not where the set-up says.
    pub base_url: Option<String>,
    /// The Graph API's version, such as `v27.0`.
    pub graph_version: String,
    /// Whether Meta granted the app the Human Agent feature, which allows an answer for seven days.
    pub human_agent: bool,
    /// Whether messages that no webhook brought are looked for in the inbox.
    pub backfill: bool,
    /// Whether comments that no webhook brought are looked for.
    pub comments: bool,
    /// How far back the first look goes, in hours.
    pub first_hours: u64,
    /// How often it looks, in minutes.
    pub every_minutes: u64,
    /// For how many days after a post new comments on it are looked for.
    pub comment_days: u64,
    /// The most posts of one look.
    pub comment_posts: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account_id: String::new(),
            login: Login::Instagram,
            base_url: None,
            graph_version: "v27.0".to_owned(),
            human_agent: false,
            backfill: true,
            comments: true,
            first_hours: 24,
            every_minutes: 15,
            comment_days: 14,
            comment_posts: 50,
        }
    }
}

impl Config {
    /// The Graph API that this channel calls.
    pub fn api(&self) -> Api<'_> {
        let usual = match self.login {
            Login::Instagram => "https://graph.instagram.com",
            Login::Facebook => "https://graph.facebook.com",
        };
        Api {
            base_url: self.base_url.as_deref().unwrap_or(usual),
            version: &self.graph_version,
            token: TOKEN,
        }
    }

    /// The account, whose messages are read.
    pub fn account(&self) -> Account<'_> {
        Account {
            id: &self.account_id,
            app_id: None,
        }
    }

    /// The account, which sends: `me` is the account itself, or the page that it is linked to.
    pub fn sender(&self) -> Sender<'_> {
        Sender {
            api: self.api(),
            node: "me",
            network: Network::Instagram,
            human_agent: self.human_agent,
            // Only for accounts that are connected by Instagram login.
            replies: self.login == Login::Instagram,
        }
    }
}
