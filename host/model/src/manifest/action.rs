//! What a connector can do on its network, and the network's limits.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::connector::Visibility;

/// The kinds of action, without their details; see [`crate::platform::Action`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Write in a private conversation.
    SendMessage,
    /// Answer a public message, as its child.
    Reply,
    /// Answer a public message privately.
    PrivateReply,
    /// Like, favour or react to a message.
    React,
    /// Take a reaction back.
    Unreact,
    /// Show a message again to one's own followers.
    Repost,
    /// Take a repost back.
    Unrepost,
    /// Repost with a text.
    Quote,
    /// Follow a person.
    Follow,
    /// Stop following a person.
    Unfollow,
    /// Ask a person publicly to follow, so that private messages become possible.
    RequestFollow,
    /// Hide another's message from the public.
    Hide,
    /// Show a hidden message again.
    Unhide,
    /// Delete one's own message.
    Delete,
    /// Change one's own message.
    Edit,
    /// Tell the customer that their messages were seen.
    MarkSeen,
    /// Tell the customer that somebody is writing.
    Typing,
    /// Write a new public post.
    Publish,
    /// Send a message from an approved template.
    SendTemplate,
}

impl ActionKind {
    /// The name that files and the wire use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendMessage => "send_message",
            Self::Reply => "reply",
            Self::PrivateReply => "private_reply",
            Self::React => "react",
            Self::Unreact => "unreact",
            Self::Repost => "repost",
            Self::Unrepost => "unrepost",
            Self::Quote => "quote",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::RequestFollow => "request_follow",
            Self::Hide => "hide",
            Self::Unhide => "unhide",
            Self::Delete => "delete",
            Self::Edit => "edit",
            Self::MarkSeen => "mark_seen",
            Self::Typing => "typing",
            Self::Publish => "publish",
            Self::SendTemplate => "send_template",
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that the connector can do, with its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActionAbility {
    /// What it does.
    pub kind: ActionKind,
    /// In which conversations; empty if it does not matter.
    #[serde(default)]
    pub visibilities: Vec<Visibility>,
    /// The limit of the text, if there is a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextLimit>,
    /// The attachments that it takes; empty for none.
    #[serde(default)]
    pub media: Vec<MediaLimit>,
    /// The limit of a text that goes with attachments; absent if it is that of any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<TextLimit>,
    /// The most attachments in one action; a text counts for nothing here.
    pub max_attachments: u32,
    /// Whether a text and attachments can go in one action. If not, the connector sends several
    /// messages and reports all their ids.
    pub text_with_media: bool,
    /// The most quick replies; 0 if it has none.
    pub max_quick_replies: u32,
    /// The limit of what is behind a quick reply and comes back when it is used; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick_reply_payload: Option<TextLimit>,
    /// Whether it takes a place.
    #[serde(default)]
    pub locations: bool,
    /// The kinds of structured content that it takes, such as `quick-replies`, `card`.
    #[serde(default)]
    pub structured: Vec<String>,
    /// For how long after the customer's last message it may be done; empty if always.
    #[serde(default)]
    pub windows: Vec<ReplyWindow>,
    /// Whether repeating it with the same action id can have no second effect, so that the host may
    /// repeat an attempt whose outcome is unknown.
    pub idempotent: bool,
}

/// How long a text may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextLimit {
    /// The greatest count.
    pub max: u32,
    /// What is counted.
    pub unit: TextUnit,
    /// A greater count that some accounts have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised: Option<RaisedLimit>,
}

/// A text limit that the channel's configuration raises: for an account to which the network grants
/// longer texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RaisedLimit {
    /// The greatest count then, in the same unit; above the usual one.
    pub max: u32,
    /// It holds only when the configuration's boolean at this JSON Pointer is true.
    pub enabled_by: String,
}

/// What a text's length counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TextUnit {
    /// Unicode scalar values.
    CodePoints,
    /// UTF-16 code units.
    Utf16Units,
    /// Bytes of UTF-8.
    Bytes,
    /// X's weighted count: most scripts outside Latin count double, a URL counts 23.
    XWeighted,
}

impl fmt::Display for TextUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodePoints => "characters",
            Self::Utf16Units => "UTF-16 units",
            Self::Bytes => "bytes",
            Self::XWeighted => "characters as X weighs them",
        })
    }
}

/// Attachments of one kind that an action takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaLimit {
    /// The kind.
    pub kind: AttachmentKind,
    /// MIME types, with `*` for any subtype; empty if any.
    #[serde(default)]
    pub mime: Vec<String>,
    /// The greatest size, in bytes.
    pub max_bytes: u64,
}

/// The kinds of attachment.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A still picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Any other file.
    File,
    /// A sticker of the network's own.
    Sticker,
    /// A moving picture without sound that repeats.
    Animation,
    /// A link with a preview.
    Link,
    /// A post, story, reel or product on the network that is shared.
    Share,
    /// What the network calls something else; see [`crate::platform::Attachment::label`].
    Other,
}

impl fmt::Display for AttachmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Sticker => "sticker",
            Self::Animation => "animation",
            Self::Link => "link",
            Self::Share => "share",
            Self::Other => "other",
        })
    }
}

/// A time in which the network allows an action, counted from the customer's last message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplyWindow {
    /// A name for people, such as `standard` or `human-agent`.
    pub name: String,
    /// How long it is open, in seconds.
    pub seconds: u64,
    /// What it demands.
    pub demands: WindowDemand,
    /// If set, it counts only when the configuration's boolean at this JSON Pointer is true (a
    /// permission that the company must have been given).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_by: Option<String>,
}

/// What a reply window demands of the message.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WindowDemand {
    /// Nothing.
    Nothing,
    /// A person wrote it.
    HumanAgent,
    /// It is an approved template.
    Template,
}

/// A rate that the network documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RateLimit {
    /// What shares the budget.
    pub scope: ThrottleScope,
    /// The actions that count; empty for all calls.
    #[serde(default)]
    pub actions: Vec<ActionKind>,
    /// How many.
    pub calls: u32,
    /// In how long, in milliseconds.
    pub per_ms: u64,
}

/// How an action that fails for the time being is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetryRule {
    /// How often after the first attempt. When the last of them fails too, the action has failed.
    pub max: u32,
    /// How long it waits after each failure, in milliseconds, unless the failure names a time.
    pub pause_ms: u64,
}

/// What a rate limit or a throttle applies to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ThrottleScope {
    /// All that the channel does.
    Channel,
    /// All that goes to one recipient.
    Recipient,
}
