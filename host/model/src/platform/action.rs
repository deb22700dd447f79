//! What an agent or a rule does on the network.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::Identity;
use super::message::{Attachment, Location, Structured};
use crate::Timestamp;
use crate::manifest::{ActionKind, ThrottleScope};

/// One action, as the host asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionRequest {
    /// The hub's id of this action, the same in every attempt.
    pub id: String,
    /// Which attempt this is, counted from 1.
    pub attempt: u32,
    /// Whether an earlier attempt may have had its effect.
    pub uncertain_before: bool,
    /// The thread's key.
    pub thread: String,
    /// The customer, if the action is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Identity>,
    /// When the customer last wrote in this thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound: Option<Timestamp>,
    /// Whether a person wrote it (`true`) or a rule.
    pub by_human: bool,
    /// What the attempt before this one left in [`Unfinished::progress`](super::Unfinished); empty in
    /// the first.
    #[serde(default, with = "serde_bytes", skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<u8>,
    /// What to do.
    pub action: Action,
}

/// The actions. Message ids are the network's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Write in a private conversation.
    SendMessage(Outgoing),
    /// Answer a public message, as its child: [`Outgoing::reply_to`] names it.
    Reply(Outgoing),
    /// Answer a public message privately: [`Outgoing::reply_to`] names it.
    PrivateReply(Outgoing),
    /// React to a message.
    React(ReactionTarget),
    /// Take a reaction back.
    Unreact(ReactionTarget),
    /// Repost a message.
    Repost(String),
    /// Take a repost back.
    Unrepost(String),
    /// Repost with a text: [`Outgoing::reply_to`] names the message.
    Quote(Outgoing),
    /// Follow the recipient.
    Follow,
    /// Stop following the recipient.
    Unfollow,
    /// Ask publicly to follow: [`Outgoing::reply_to`] names the message that is answered.
    RequestFollow(Outgoing),
    /// Hide a message.
    Hide(String),
    /// Show it again.
    Unhide(String),
    /// Delete one's own message.
    Delete(String),
    /// Change one's own message.
    Edit(EditTarget),
    /// Tell that messages were seen, up to this one if given.
    MarkSeen(Option<String>),
    /// Tell that somebody is writing (`true`) or has stopped.
    Typing(bool),
    /// Write a new public post.
    Publish(Outgoing),
    /// Send an approved template.
    SendTemplate(Template),
}

impl Action {
    /// The kind, under which the manifest says whether and how the connector can do it.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::SendMessage(_) => ActionKind::SendMessage,
            Self::Reply(_) => ActionKind::Reply,
            Self::PrivateReply(_) => ActionKind::PrivateReply,
            Self::React(_) => ActionKind::React,
            Self::Unreact(_) => ActionKind::Unreact,
            Self::Repost(_) => ActionKind::Repost,
            Self::Unrepost(_) => ActionKind::Unrepost,
            Self::Quote(_) => ActionKind::Quote,
            Self::Follow => ActionKind::Follow,
            Self::Unfollow => ActionKind::Unfollow,
            Self::RequestFollow(_) => ActionKind::RequestFollow,
            Self::Hide(_) => ActionKind::Hide,
            Self::Unhide(_) => ActionKind::Unhide,
            Self::Delete(_) => ActionKind::Delete,
            Self::Edit(_) => ActionKind::Edit,
            Self::MarkSeen(_) => ActionKind::MarkSeen,
            Self::Typing(_) => ActionKind::Typing,
            Self::Publish(_) => ActionKind::Publish,
            Self::SendTemplate(_) => ActionKind::SendTemplate,
        }
    }

    /// What it says, for the actions that say something.
    pub fn outgoing(&self) -> Option<&Outgoing> {
        match self {
            Self::SendMessage(outgoing)
            | Self::Reply(outgoing)
            | Self::PrivateReply(outgoing)
            | Self::Quote(outgoing)
            | Self::RequestFollow(outgoing)
            | Self::Publish(outgoing) => Some(outgoing),
            _ => None,
        }
    }
}

/// What the company says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outgoing {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<OutgoingAttachment>,
    /// Structured content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Structured>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The message that it answers, by the network's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// Something to attach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutgoingAttachment {
    /// The kind, name, type, size, and the public URL if there is one.
    pub attachment: Attachment,
    /// The file in the hub's media store, which the connector uploads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
}

/// A message and a reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionTarget {
    /// The message.
    pub message_id: String,
    /// The network's word, such as `like`.
    pub name: String,
    /// The emoji, where the network takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// A message of one's own and its new text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EditTarget {
    /// The message.
    pub message_id: String,
    /// The new text.
    pub text: String,
}

/// A template and what fills it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Template {
    /// The template's name on the network.
    pub name: String,
    /// The language, as the network writes it.
    pub language: String,
    /// The parameters as JSON, in the network's form.
    pub parameters: String,
}

/// What an action did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The ids of the messages that it made, in order; empty if it made none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message_ids: Vec<String>,
    /// When, by the network's clock, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Whether the network told that it had been done before (a repeated attempt).
    pub already_done: bool,
    /// What the network's headers say about the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Something that a person should know, such as a window that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What the network charges for it, in millionths of the unit of its price list.
    #[serde(default)]
    pub cost: u64,
}

/// How much of a rate budget is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// What it applies to.
    pub scope: ThrottleScope,
    /// Used, in percent of what is allowed.
    pub used_percent: u32,
    /// When it is whole again, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
}
