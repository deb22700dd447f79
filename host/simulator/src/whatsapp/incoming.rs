//! What customers do, and what happens around them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::media::MediaKind;

/// Something that a customer does, with what surrounds it. In JSON, all stands side by side:
/// `{"type": "text", "text": "Hello", "reply_to": "wamid..."}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// What it is.
    #[serde(flatten)]
    pub what: Happening,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Whether the customer forwarded it.
    #[serde(default)]
    pub forwarded: Forwarded,
    /// The ad that the customer came by, as the webhook's `referral`.
    #[serde(default)]
    pub referral: Option<Value>,
    /// The product that it is about, as the context's `referred_product`.
    #[serde(default)]
    pub product: Option<Value>,
}

/// How often a message was forwarded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarded {
    /// Never.
    #[default]
    No,
    /// Now and then.
    Once,
    /// More than five times.
    Often,
}

/// Something that a customer does, or that happens around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// Media.
    Media {
        /// Image, video, audio, document or sticker.
        media: MediaKind,
        /// The media id; [`super::WhatsAppSimulator::add_media`] gives them.
        id: String,
        /// The text below a picture, video or document.
        #[serde(default)]
        caption: Option<String>,
        /// The name of a document.
        #[serde(default)]
        filename: Option<String>,
        /// It is a voice message.
        #[serde(default)]
        voice: bool,
        /// It is an animated sticker.
        #[serde(default)]
        animated: bool,
    },
    /// A place.
    Location {
        /// Latitude in degrees.
        latitude: f64,
        /// Longitude in degrees.
        longitude: f64,
        /// The place's name.
        #[serde(default)]
        name: Option<String>,
        /// Its address.
        #[serde(default)]
        address: Option<String>,
        /// Its page.
        #[serde(default)]
        url: Option<String>,
    },
    /// Contacts, in the network's own form.
    Contacts {
        /// The contacts.
        contacts: Vec<Value>,
    },
    /// A tap on a template's quick reply; it answers that message.
    Button {
        /// The button's text.
        text: String,
        /// The payload that was sent with it, else the text.
        payload: String,
    },
    /// A tap on a reply button; it answers that message.
    ButtonReply {
        /// The button's id.
        id: String,
        /// Its title.
        title: String,
    },
    /// A choice from a list; it answers that message.
    ListReply {
        /// The row's id.
        id: String,
        /// Its title.
        title: String,
        /// Its description.
        #[serde(default)]
        description: Option<String>,
    },
    /// A form that was filled in.
    FlowReply {
        /// The values.
        response: Value,
    },
    /// An order from the catalogue.
    Order {
        /// The catalogue's id.
        catalog_id: String,
        /// A text beside it.
        #[serde(default)]
        text: String,
        /// The products, in the network's own form.
        product_items: Vec<Value>,
    },
    /// A reaction to a message.
    Reaction {
        /// The message.
        message_id: String,
        /// The emoji; none or empty takes the reaction back, both of which occur.
        #[serde(default)]
        emoji: Option<String>,
    },
    /// The customer changes a message.
    Edit {
        /// The message.
        message_id: String,
        /// The new text or caption.
        text: String,
    },
    /// The customer takes a message back.
    Revoke {
        /// The message.
        message_id: String,
    },
    /// The customer has another phone number from now on.
    ChangeNumber {
        /// The new number.
        phone: String,
    },
    /// The customer has another user id from now on.
    ChangeUserId {
        /// The new user id.
        user_id: String,
        /// It is told in the field `user_id_update` instead of a system message.
        #[serde(default)]
        as_update: bool,
    },
    /// The customer's keys have changed.
    ChangeIdentity {
        /// The new hash.
        hash: String,
    },
    /// A message that no API can carry.
    Unsupported {
        /// The kind, where the network tells it.
        #[serde(default)]
        kind: Option<String>,
    },
    /// The customer stops or resumes marketing messages.
    MarketingPreference {
        /// Stop.
        stop: bool,
    },
    /// A status of a message from the hub, out of turn.
    Status {
        /// The message.
        message_id: String,
        /// The status.
        status: Status,
        /// Why it failed.
        #[serde(default)]
        code: Option<u32>,
    },
    /// An error of the account, which stands beside no message.
    AccountError {
        /// The code.
        code: u32,
    },
    /// A message as given, which gets sender, id and time as far as it has none.
    Raw {
        /// The message.
        message: Value,
    },
    /// A change of another field, such as `account_update`.
    Field {
        /// The field.
        field: String,
        /// The value.
        value: Value,
    },
}

/// The status of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The network has it.
    Sent,
    /// The customer's device has it.
    Delivered,
    /// The customer has read it.
    Read,
    /// The customer has heard it.
    Played,
    /// It will never arrive.
    Failed,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }
}

impl From<Happening> for Incoming {
    fn from(what: Happening) -> Self {
        Self {
            what,
            reply_to: None,
            forwarded: Forwarded::No,
            referral: None,
            product: None,
        }
    }
}

impl Incoming {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Happening::Text { text: text.into() }.into()
    }

    /// Media by their id.
    pub fn media(media: MediaKind, id: impl Into<String>) -> Self {
        Happening::Media {
            media,
            id: id.into(),
            caption: None,
            filename: None,
            voice: false,
            animated: false,
        }
        .into()
    }

    /// A reaction, or with no emoji its end.
    pub fn reaction(message_id: impl Into<String>, emoji: Option<&str>) -> Self {
        Happening::Reaction {
            message_id: message_id.into(),
            emoji: emoji.map(str::to_owned),
        }
        .into()
    }

    /// The same as an answer to a message.
    #[must_use]
    pub fn replying_to(mut self, message_id: impl Into<String>) -> Self {
        self.reply_to = Some(message_id.into());
        self
    }
}

impl Happening {
    /// Whether this opens or extends the 24-hour window: messages do, what is about them does not.
    pub(crate) fn opens_window(&self) -> bool {
        !matches!(
            self,
            Self::Edit { .. }
                | Self::Revoke { .. }
                | Self::ChangeNumber { .. }
                | Self::ChangeUserId { .. }
                | Self::ChangeIdentity { .. }
                | Self::MarketingPreference { .. }
                | Self::Status { .. }
                | Self::AccountError { .. }
                | Self::Field { .. }
        )
    }
}
