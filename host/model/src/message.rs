//! What was said, in either direction, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Seq;
use crate::manifest::Visibility;
use crate::platform::{
    self, Attachment, Author, Location, Outgoing, OutgoingAttachment, Referral, Refusal,
    SharedContact, Structured,
};
use crate::rule::RuleTrace;
use crate::{AgentId, ChannelId, ContactId, InteractionId, MessageId, Timestamp};

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The message. Ordered as the hub came to know of them.
    pub id: MessageId,
    /// The customer with whom it was exchanged.
    pub contact: ContactId,
    /// The interaction that it belongs to; [`InteractionId::NONE`] for what the company wrote on the
    /// network itself when nobody had asked, such as a post.
    pub interaction: InteractionId,
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// Who said it.
    pub author: MessageAuthor,
    /// Who wrote it on the network, where that is not the contact's (first) identity on the channel:
    /// a commentator who has no contact of their own, or a person with another id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_by: Option<Author>,
    /// When it was said: by the network's clock if the network told, else by the hub's.
    pub at: Timestamp,
    /// What was said.
    pub content: Content,
    /// The hub's copies of `content.attachments`, one for each, in their order. Empty if the hub makes
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<AttachmentFile>,
    /// What became of it.
    pub state: MessageState,
    /// The network's ids of it; several if the network took it in parts, none until it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platform_ids: Vec<String>,
    /// The message that it answers, by the network's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The same message by the hub's id, if the hub had it when this one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Whether it addresses the company, if the network tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressed: Option<bool>,
    /// How the customer came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// What the analyzers found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What the site's rules and opening hours made of it; absent if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<RuleTrace>>,
    /// What people said in the place of the analyzers, oldest first; the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// What stood here before, oldest first, if its author changed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
    /// What a person should know about its way: the window that was used, the text that a template
    /// became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Since when it is hidden from the public, though it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_at: Option<Timestamp>,
    /// When its author, or the network, took it back. The content stays in the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Reactions to it, for those who show it. The store keeps them apart, each by itself: a message that
    /// was read from there has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<MessageReaction>,
    /// The part of the network's payload that it came from, as it came. Only on its way in: the store
    /// keeps it apart, and a message that was read from there has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub raw: String,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MessageAuthor {
    /// The customer.
    Contact,
    /// An agent, through the hub.
    Agent {
        /// The agent.
        agent: AgentId,
    },
    /// The company, on the network itself (a native reply).
    Native,
    /// A rule of the hub's.
    Rule {
        /// The rule.
        rule: String,
    },
}

impl MessageAuthor {
    /// Whether the customer said it.
    pub fn is_contact(&self) -> bool {
        matches!(self, Self::Contact)
    }
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Content {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What is to be attached, of an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outgoing_attachments: Vec<OutgoingAttachment>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Address-book entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<SharedContact>,
    /// Structured content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Structured>,
    /// What stood behind the button, quick reply or list row that the customer used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl From<platform::Message> for Content {
    /// What a network's message says.
    fn from(message: platform::Message) -> Self {
        Self {
            text: message.text,
            attachments: message.attachments,
            location: message.location,
            contacts: message.contacts,
            structured: message.structured,
            ..Self::default()
        }
    }
}

impl From<Outgoing> for Content {
    /// What an action says.
    fn from(outgoing: Outgoing) -> Self {
        Self {
            text: outgoing.text,
            outgoing_attachments: outgoing.attachments,
            location: outgoing.location,
            structured: outgoing.structured,
            ..Self::default()
        }
    }
}

impl From<Content> for Outgoing {
    fn from(content: Content) -> Self {
        Self {
            text: content.text,
            attachments: content.outgoing_attachments,
            structured: content.structured,
            location: content.location,
            reply_to: None,
        }
    }
}

/// The hub's copy of an attachment. The networks' links are short-lived, so what a customer sent is
/// fetched as it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AttachmentFile {
    /// There is nothing to copy: a link, a shared post, or what the network shows only once.
    None,
    /// It is to be fetched.
    Pending,
    /// It is in the media store.
    Stored {
        /// Its name there.
        media: String,
        /// The MIME type, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mime: Option<String>,
        /// The size in bytes.
        size: u64,
        /// The lower-case hexadecimal SHA-256.
        sha256: String,
    },
    /// It could not be fetched.
    Failed {
        /// Why not.
        reason: Refusal,
    },
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MessageState {
    /// It came from the customer, or from the network's own pages.
    Received,
    /// The hub has it on disk and will send it.
    Accepted,
    /// The network has it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It is on the customer's device.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// The customer opened it.
    Read {
        /// When.
        at: Timestamp,
    },
    /// It was not sent, or not delivered.
    Failed {
        /// When.
        at: Timestamp,
        /// The network's or the hub's code and text.
        reason: Refusal,
        /// Whether trying again can help.
        retryable: bool,
    },
    /// It may or may not have been sent: the connection broke after the request had left. It is not
    /// sent again by itself; a person decides.
    Uncertain {
        /// When.
        at: Timestamp,
        /// What happened.
        text: String,
    },
}

impl MessageState {
    /// The state's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Sent { .. } => "sent",
            Self::Delivered { .. } => "delivered",
            Self::Read { .. } => "read",
            Self::Failed { .. } => "failed",
            Self::Uncertain { .. } => "uncertain",
        }
    }

    /// How far it has come. A receipt never takes a message back to a lower rank: receipts may
    /// overtake one another.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Received | Self::Accepted => 0,
            Self::Uncertain { .. } | Self::Failed { .. } => 1,
            Self::Sent { .. } => 2,
            Self::Delivered { .. } => 3,
            Self::Read { .. } => 4,
        }
    }
}

/// What stood in a message before it was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Revision {
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// The number of the event that replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Seq>,
    /// The former text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The former attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageReaction {
    /// Who reacted, by the network's id.
    pub author: String,
    /// The network's word.
    pub name: String,
    /// The emoji, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What a person said of a message in the place of the analyzers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Correction {
    /// Who: an agent's id, or `key:` and a key's name.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The right scores, by name; those that are not named stay as they were found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, f64>,
    /// The right labels, all of them; absent if they stay as they were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeSet<String>>,
}

impl Correction {
    /// The most corrections that are kept of one message; the oldest go.
    pub const MOST: usize = 20;
    /// The most labels and the most scores of one.
    pub const MOST_NAMES: usize = 20;
    /// The longest name of a label or a score, in characters.
    pub const LONGEST_NAME: usize = 100;

    /// Whether it leaves everything as it was found.
    pub fn is_none(&self) -> bool {
        self.scores.is_empty() && self.labels.is_none()
    }
}

/// What one analyzer found in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The analyzer, by its name in the site's configuration.
    pub analyzer: String,
    /// The labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<crate::platform::Label>,
    /// The scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<crate::platform::Score>,
    /// The language that it recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Why there is nothing, if the analyzer failed: it is then unknown what it would have said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What gave it: the plug-in and its version, such as `classifier 0.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The trained model that gave it, if one did: its name and the beginning of its file's SHA-256, such
    /// as `complaints@0f3a5c21d9be`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}
