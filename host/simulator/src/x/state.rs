//! What the simulated X holds: users, posts, direct messages, media, follows.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::text;

/// The epoch of X's ids, in milliseconds since the Unix epoch.
const ID_EPOCH_MS: i64 = 1_288_834_974_657;

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) picture: Option<String>,
    pub(crate) created_ms: i64,
}

/// A post, a reply, a quote or a repost.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: u64,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) created_ms: i64,
    pub(crate) conversation: u64,
    pub(crate) reply_to: Option<u64>,
    pub(crate) quotes: Option<u64>,
    pub(crate) reposts: Option<u64>,
    pub(crate) media: Vec<u64>,
    /// The ids of all versions, this one last.
    pub(crate) history: Vec<u64>,
    /// A later version or a deletion took its place.
    pub(crate) gone: bool,
    pub(crate) hidden: bool,
    pub(crate) likes: BTreeSet<String>,
}

/// A direct message.
#[derive(Debug, Clone)]
pub(crate) struct DirectMessage {
    pub(crate) id: u64,
    pub(crate) conversation: String,
    pub(crate) sender: String,
    pub(crate) text: String,
    pub(crate) media: Option<u64>,
    pub(crate) created_ms: i64,
}

/// What a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Photo,
    Gif,
    Video,
}

impl Kind {
    /// The word of `media.type`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Gif => "animated_gif",
            Self::Video => "video",
        }
    }

    /// The number in front of media keys.
    pub(crate) fn prefix(self) -> u8 {
        match self {
            Self::Photo => 3,
            Self::Gif => 16,
            Self::Video => 13,
        }
    }

    /// The most bytes.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Photo => 5 * 1024 * 1024,
            Self::Gif => 15 * 1024 * 1024,
            Self::Video => 512 * 1024 * 1024,
        }
    }
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub(crate) struct Medium {
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    pub(crate) mime: String,
    pub(crate) category: String,
    pub(crate) total: usize,
    pub(crate) segments: BTreeMap<u32, Bytes>,
    pub(crate) finalized: bool,
    /// When a video can be used; simulated time.
    pub(crate) ready_ms: i64,
    /// The path under which the file is served.
    pub(crate) path: Option<String>,
}

impl Medium {
    pub(crate) fn key(&self) -> String {
        format!("{}_{}", self.kind.prefix(), self.id)
    }
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) posts: BTreeMap<u64, Post>,
    pub(crate) dms: BTreeMap<u64, DirectMessage>,
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    pub(crate) media: BTreeMap<u64, Medium>,
    /// Who follows whom.
    pub(crate) follows: BTreeSet<(String, String)>,
    last_id: u64,
}

impl State {
    /// A new id that carries the time, as X's do.
    pub(crate) fn new_id(&mut self, now_ms: i64) -> u64 {
        let floor = oldest_id_at(now_ms);
        self.last_id = floor.max(self.last_id + 1);
        self.last_id
    }

    pub(crate) fn user_by_name(&self, name: &str) -> Option<&User> {
        self.users
            .values()
            .find(|user| user.username.eq_ignore_ascii_case(name))
    }

    /// A post that is still there.
    pub(crate) fn post(&self, id: u64) -> Option<&Post> {
        self.posts.get(&id).filter(|post| !post.gone)
    }

    /// Whether a post mentions a user by name, or answers a post of the user.
    pub(crate) fn concerns(&self, post: &Post, user: &User) -> bool {
        text::mentions(&post.text)
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&user.username))
            || post
                .reply_to
                .and_then(|id| self.posts.get(&id))
                .is_some_and(|parent| parent.author == user.id)
    }

    /// The participants of a conversation.
    pub(crate) fn participants(&self, conversation: &str) -> Option<Vec<String>> {
        if let Some(group) = self.groups.get(conversation) {
            return Some(group.clone());
        }
        let (one, other) = conversation.split_once('-')?;
        Some(vec![one.to_owned(), other.to_owned()])
    }
}

/// The least id that was given out at a time.
pub(crate) fn oldest_id_at(ms: i64) -> u64 {
    u64::try_from(ms.saturating_sub(ID_EPOCH_MS)).unwrap_or_default() << 22
}

/// The id of the conversation of two: the smaller id first, as recorded answers show it.
pub(crate) fn conversation_of(one: &str, other: &str) -> String {
    let key = |id: &str| (id.len(), id.to_owned());
    if key(one) <= key(other) {
        format!("{one}-{other}")
    } else {
        format!("{other}-{one}")
    }
}
