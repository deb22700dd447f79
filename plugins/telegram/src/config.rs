//! What an operator sets for one Telegram channel.

use serde::Deserialize;

/// The bot's token, which the host puts into the path of each call.
pub const BOT_TOKEN: &str = "bot-token";
/// The key of which the word is made that Telegram repeats with each delivery.
pub const WEBHOOK_KEY: &str = "webhook-key";

/// A channel's configuration. The host has checked it against the manifest's schema.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// How updates come.
    #[serde(default)]
    pub updates: Updates,
    /// Where the Bot API is.
    #[serde(default = "api_url")]
    pub api_url: String,
}

/// How updates come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Updates {
    /// Telegram delivers them.
    #[default]
    Webhook,
    /// The hub fetches them.
    Polling,
}

fn api_url() -> String {
    "https://api.telegram.org".to_owned()
}

impl Config {
    /// The address of a method. The host puts the token in.
    pub fn method(&self, name: &str) -> String {
        format!("{}/bot{{{BOT_TOKEN}}}/{name}", self.base())
    }

    /// The address of a file.
    pub fn file(&self, path: &str) -> String {
        format!("{}/file/bot{{{BOT_TOKEN}}}/{path}", self.base())
    }

    fn base(&self) -> &str {
        self.api_url.trim_end_matches('/')
    }
}
