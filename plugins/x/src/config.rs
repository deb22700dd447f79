//! What an operator sets for one X account.

use serde::Deserialize;

/// The app's key that signs webhooks.
pub const CONSUMER_SECRET: &str = "consumer-secret";
/// The app's own token, which can search.
pub const BEARER: &str = "bearer";

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The account's id: digits.
    pub user_id: String,
    /// The account's handle, without the sign.
    pub username: String,
    /// Where the API is.
    pub base_url: String,
    /// Which secret signs the account's calls.
    pub auth: Auth,
    /// Whether searches use the app's own token.
    pub search_with_bearer: bool,
    /// Whether the account may write posts longer than 280.
    pub long_posts: bool,
    /// Whether anything is polled.
    pub poll: bool,
    /// Whether mentions are polled.
    pub mentions: bool,
    /// Whether direct messages are polled.
    pub direct_messages: bool,
    /// What recent search looks for, each in X's query language.
    pub searches: Vec<String>,
    /// How often, in minutes.
    pub poll_every_minutes: u64,
    /// How far back the first look goes, in hours.
    pub poll_first_hours: u64,
    /// The most posts and messages of one look.
    pub poll_posts: u64,
    /// What is written if somebody is asked to follow without a text.
    pub request_follow_text: String,
    /// What X charges.
    pub prices: Prices,
}

/// Which secret signs the account's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// OAuth 1.0a: four values that do not expire.
    OAuth1,
    /// OAuth 2.0 with a refresh token.
    OAuth2,
}

/// What X charges, in millionths of its price list's unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Prices {
    /// For each post that is read.
    pub post_read: u64,
    /// For each direct message that is read.
    pub dm_read: u64,
    /// For a post.
    pub post_create: u64,
    /// For a post with a link.
    pub post_create_with_url: u64,
    /// For a reply to somebody who addressed the account.
    pub reply: u64,
    /// For a direct message.
    pub dm_create: u64,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            post_read: 5_000,
            dm_read: 10_000,
            post_create: 15_000,
            post_create_with_url: 200_000,
            reply: 10_000,
            dm_create: 15_000,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_id: String::new(),
            username: String::new(),
            base_url: "https://api.x.com".to_owned(),
            auth: Auth::OAuth1,
            search_with_bearer: false,
            long_posts: false,
            poll: true,
            mentions: true,
            direct_messages: true,
            searches: Vec::new(),
            poll_every_minutes: 2,
            poll_first_hours: 24,
            poll_posts: 500,
            request_follow_text: "Please follow us, so that we can write to you privately."
                .to_owned(),
            prices: Prices::default(),
        }
    }
}

impl Config {
    /// The name of the secret that signs the account's calls.
    pub fn secret(&self) -> &'static str {
        match self.auth {
            Auth::OAuth1 => "oauth1",
            Auth::OAuth2 => "oauth2",
        }
    }

    /// The address of a call; the parts of the path are encoded.
    pub fn url(&self, parts: &[&str]) -> String {
        let mut url = format!("{}/2", self.base_url.trim_end_matches('/'));
        for part in parts {
            url.push('/');
            url.push_str(&linecard_sdk::encode::percent(part));
        }
        url
    }

    /// Whether it is the account's own id.
    pub fn is_own(&self, id: &str) -> bool {
        id == self.user_id
    }
}
