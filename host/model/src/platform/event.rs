//! What happened on a network, in words that are the same for every network.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::failure::Refusal;
use super::message::{Attachment, Message};
use crate::Timestamp;
use crate::manifest::Visibility;

/// One thing that happened.
///
/// Nothing is dropped: what the connector does not understand becomes [`EventKind::Other`], with its
/// `raw`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The network's id of this event, or one derived from what makes it unique, at most 512 bytes.
    /// The host takes an id once for each channel, however often it comes.
    pub id: String,
    /// When it happened, by the network's clock.
    pub time: Timestamp,
    /// Where it happened; absent only for what concerns the whole channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Thread>,
    /// Who did it; absent only if the network does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// What happened.
    pub kind: EventKind,
    /// The part of the payload that it came from, as it came. For JSON the text of that part.
    pub raw: String,
}

/// The network's own conversation: a post with its comments, a dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The network's key, unique in the channel, at most 512 bytes. Events of one thread are handled
    /// in the order in which they were accepted.
    pub key: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// A link that opens it on the network, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permalink: Option<String>,
    /// The customer of a private conversation, whoever is the author of this event. Needed for
    /// [`EventKind::NativeReply`], whose author is the company; absent in public threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Identity>,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// Who.
    pub identity: Identity,
    /// What the network tells about them with this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A person or account on the network, as this channel sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    /// The id, unique in the channel's scope, at most 256 bytes.
    pub id: String,
    /// Other ids that mean the same person, such as a phone number, each with its kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Alias>,
}

impl Identity {
    /// Whether a value is the id or one of the aliases.
    pub fn names(&self, value: &str) -> bool {
        self.id == value || self.aliases.iter().any(|alias| alias.value == value)
    }
}

/// Another id of the same person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct Alias {
    /// The kind, such as `phone` or `email`.
    pub kind: String,
    /// The value, as the network writes it.
    pub value: String,
}

/// Facts about a person that the network gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    /// The name that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The handle, without a leading sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Where a picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// How many follow them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followers: Option<u64>,
    /// Whether the network has verified them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Whether they follow the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows_us: Option<bool>,
    /// Whether the company follows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub we_follow: Option<bool>,
    /// Whether the company may write to them privately, if the network tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts_messages: Option<bool>,
    /// Their language, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Their offset from UTC, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset_minutes: Option<i32>,
    /// Facts that have no field here, by the network's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<Fact>,
}

/// The [`Fact`] by which a network tells that a person takes the consent to be written to first back, or
/// gives it: its values are [`CONSENT_WITHDRAWN`], [`CONSENT_MARKETING_WITHDRAWN`] and [`CONSENT_GIVEN`]. It stands in the profile of an
/// [`EventKind::ProfileChanged`].
pub const CONSENT: &str = "consent";
/// What a [`CONSENT`] says that is taken back.
pub const CONSENT_WITHDRAWN: &str = "withdrawn";
/// What a [`CONSENT`] says that is taken back for offers and news alone.
pub const CONSENT_MARKETING_WITHDRAWN: &str = "marketing-withdrawn";
/// What a [`CONSENT`] says that is given.
pub const CONSENT_GIVEN: &str = "given";
/// The [`Fact`] beside a [`CONSENT`] that says how it was told.
pub const CONSENT_SOURCE: &str = "consent-source";

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// The network's name for it.
    pub name: String,
    /// The value as text.
    pub value: String,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Somebody outside the company wrote a message.
    MessageCreated(Message),
    /// They changed one.
    MessageEdited(Edit),
    /// They took one back, or the network did.
    MessageDeleted(Deletion),
    /// Somebody reacted to a message.
    ReactionAdded(Reaction),
    /// They took the reaction back.
    ReactionRemoved(Reaction),
    /// What became of messages that the company sent.
    Receipt(Receipt),
    /// The customer started (`true`) or stopped writing.
    Typing(bool),
    /// The customer used a button, a quick reply or a list that was offered.
    Postback(Postback),
    /// The customer came in through a link or an advertisement.
    Referral(Referral),
    /// The author follows the company now.
    Follow,
    /// The author follows no longer.
    Unfollow,
    /// The company wrote on the network itself, or this is the network's echo of what the hub sent:
    /// the host tells the two apart by [`Message::id`] and [`Message::client_ref`].
    NativeReply(Message),
    /// Facts about the author changed; the facts are in [`Event::author`].
    ProfileChanged(ProfileChange),
    /// The channel's own state changed.
    ChannelStatus(ChannelStatus),
    /// Something else; the text names it in the network's word.
    Other(String),
}

/// A change to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The message, by the network's id.
    pub message_id: String,
    /// The new text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The new attachments; absent if they did not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
    /// Which change it is, counted from 1, if the network counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}

/// A message that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The message, by the network's id.
    pub message_id: String,
    /// Whether its author did it; if not, the network or a moderator did.
    pub by_author: bool,
    /// Whether it is only hidden and may come back.
    pub hidden_only: bool,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The message, by the network's id.
    pub message_id: String,
    /// The network's word, such as `like` or `love`.
    pub name: String,
    /// The emoji, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// What became of messages that the company sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What became of them.
    pub state: ReceiptState,
    /// Which messages.
    pub scope: ReceiptScope,
    /// The code and text of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// What became of a message, in the order in which it can happen; `Failed` ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// The network has it.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer opened it.
    Read,
    /// It could not be delivered.
    Failed,
}

/// A message as the hub named it when it sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// The [`super::ActionRequest::id`]. A message that the network takes in parts carries `id/number`
    /// on all but the last.
    pub client_ref: String,
    /// The network's id of the message, if it is told along with the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Which messages a receipt is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptScope {
    /// These, by the network's ids.
    Messages(Vec<String>),
    /// The one that the hub sent under a reference.
    ClientRef(SentMessage),
    /// All that were sent in the thread up to this time.
    UpTo(Timestamp),
}

/// A button, quick reply or list row that the customer used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postback {
    /// The network's message id, if the choice is a message of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What kind of choice it was.
    pub source: PostbackSource,
    /// What the customer saw.
    pub title: String,
    /// What the company had set behind it.
    pub payload: String,
    /// The message that offered it, by the network's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// How the customer came in, if this says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
}

/// What kind of choice a postback was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostbackSource {
    /// A button.
    Button,
    /// A quick reply.
    QuickReply,
    /// A row of a list.
    ListRow,
    /// A date.
    Date,
    /// The button with which a conversation starts.
    GetStarted,
    /// An entry of the persistent menu.
    Menu,
}

/// How a customer came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Referral {
    /// The network's word for the source, such as `SHORTLINK` or `ADS`.
    pub source: String,
    /// The company's own reference, if the link carried one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The advertisement's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<String>,
    /// The link or page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whatever else came with it, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
}

/// Facts about a person changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileChange {
    /// The id that this person had before, if it is an id that changed. It can be one of the aliases as
    /// well, such as the former number of somebody who keeps a user id: nothing is sent to it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<String>,
}

/// The channel's own state, as the network tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStatus {
    /// The state.
    pub state: ChannelState,
    /// The network's code, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the network says.
    pub text: String,
    /// What a person must do, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// The states of a channel that a network can announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    /// It works.
    Connected,
    /// It works with restrictions.
    Restricted,
    /// Its credentials or permissions were taken away.
    CredentialsRefused,
    /// The network has stopped it.
    Stopped,
}
