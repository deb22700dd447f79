//! What a call gets from its channel.

use std::sync::Arc;

use linecard_model::ChannelId;

use crate::grants::Grants;
use crate::http::HttpAccess;
use crate::media::{MediaStore, NoMedia};
use crate::secrets::{NoSecrets, SecretSource};
use crate::seen::CallObserver;

/// A channel, as the calls of its connector see it. Cheap to clone.
#[derive(Clone)]
pub struct ChannelContext {
    /// Its id.
    pub id: ChannelId,
    /// Its configuration as JSON, checked and filled in by [`linecard_schema::check_config`].
    pub config: Arc<str>,
    /// Where its network delivers to, as an address that the network can reach, if the hub has one.
    pub webhook_url: Option<Arc<str>>,
    /// Its secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// The hosts that it may call.
    pub grants: Arc<Grants>,
    /// What of the next page a poll is not to read, because earlier ones stopped on it: the marks that the
    /// connector itself gave them.
    pub skip: Vec<String>,
    /// The files that it may send and fetch.
    pub media: Arc<dyn MediaStore>,
    /// How requests are made: [`crate::HttpClient`], or a double that replays what was recorded.
    pub http: Arc<dyn HttpAccess>,
    /// Who may want to see its calls.
    pub observer: Option<Arc<dyn CallObserver>>,
}

impl ChannelContext {
    /// A channel without secrets, grants and files.
    pub fn new(id: ChannelId, config: impl Into<Arc<str>>, http: Arc<dyn HttpAccess>) -> Self {
        Self {
            id,
            config: config.into(),
            webhook_url: None,
            secrets: Arc::new(NoSecrets),
            grants: Arc::new(Grants::default()),
            skip: Vec::new(),
            media: Arc::new(NoMedia),
            http,
            observer: None,
        }
    }
}
