//! What an operator sets for one account.

use serde::Deserialize;

/// The user's OAuth 1.0a values.
pub const OAUTH1: &str = "user-oauth1";
/// The user's OAuth 2.0 client and refresh token.
pub const OAUTH2: &str = "user-oauth2";
/// The app's bearer token.
pub const BEARER: &str = "app-bearer";
/// The app's consumer secret.
pub const CONSUMER_SECRET: &str = "consumer-secret";

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The account's user id: digits.
    pub user_id: String,
    /// The account's handle, without the sign.
    pub username: String,
    /// How calls are made in the account's name.
    pub auth: Auth,
    /// Whether searches use the app's bearer token, which has the higher limit.
    pub search_as_app: bool,
    /// Where the API is.
    pub base_url: String,
    /// Whether posts that name the account are fetched.
    pub mentions: bool,
    /// Whether direct messages are fetched.
    pub direct_messages: bool,
    /// What is searched for, in X's search language.
    pub searches: Vec<String>,
    /// How often it looks, in seconds.
    pub poll_every_seconds: u64,
    /// The most posts and messages of one look; the rest comes with the next.
    pub posts_per_poll: usize,
    /// The most posts and messages of a UTC day; what is more waits for the next day.
    pub posts_per_day: Option<u64>,
    /// Whether the account may write long posts.
    pub long_posts: bool,
    /// How far back the first look goes, in hours.
    pub first_hours: u64,
    /// What asks somebody to follow, if the agent gives no text.
    pub follow_request: String,
    /// What X charges, in US dollars.
    pub prices: Prices,
}

/// How calls are made in the account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// OAuth 1.0a.
    Oauth1,
    /// OAuth 2.0 with a refresh token.
    Oauth2,
}

/// What X charges for one of each, in US dollars.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct Prices {
    pub post_read: f64,
    /// A post that names the account, from the list of its mentions.
    pub mention_read: f64,
    pub user_read: f64,
    pub message_read: f64,
    pub post: f64,
    pub post_with_url: f64,
    pub reply: f64,
    pub message: f64,
}

impl Default for Prices {
    /// Pay per use in 2026.
    fn default() -> Self {
        Self {
            post_read: 0.005,
            mention_read: 0.001,
            user_read: 0.010,
            message_read: 0.010,
            post: 0.015,
            post_with_url: 0.20,
            reply: 0.010,
            message: 0.015,
        }
    }
}

/// So many of something at a price, in millionths of a dollar.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a price is not negative and far below what a u64 holds; casts saturate"
)]
pub fn millionths(count: usize, price: f64) -> u64 {
    let each = (price.max(0.0) * 1e6).round() as u64;
    each.saturating_mul(count as u64)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_id: String::new(),
            username: String::new(),
            auth: Auth::Oauth1,
            search_as_app: false,
            base_url: "https://api.x.com".to_owned(),
            mentions: true,
            direct_messages: true,
            searches: Vec::new(),
            poll_every_seconds: 60,
            posts_per_poll: 500,
            posts_per_day: None,
            long_posts: false,
            first_hours: 24,
            follow_request: "Please follow us, so that we can write to you privately.".to_owned(),
            prices: Prices::default(),
        }
    }
}

/// The greatest weighted length of a post.
pub const POST: u32 = 280;
/// The greatest weighted length of a long post.
pub const LONG_POST: u32 = 25_000;
/// How long a reply may wait until the mentions tell its conversation, in seconds.
const SOON: u64 = 300;

impl Config {
    /// The greatest weighted length of a post of this account.
    pub fn longest_post(&self) -> u32 {
        if self.long_posts { LONG_POST } else { POST }
    }

    /// Whether the mentions are looked at soon after a webhook came.
    pub fn is_told_soon(&self) -> bool {
        self.mentions && self.poll_every_seconds <= SOON
    }

    /// The secret for calls in the account's name.
    pub fn user(&self) -> &'static str {
        match self.auth {
            Auth::Oauth1 => OAUTH1,
            Auth::Oauth2 => OAUTH2,
        }
    }
}
