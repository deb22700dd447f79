//! What customers (and people in the page's inbox) do, and the webhook items that tell of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::webhook::{self, EchoContent, set};
use crate::customers::{Author, Customer, Turn};

/// Something that a customer does to the page, or that happens around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Incoming {
    /// A text, perhaps as an answer to a message.
    Text {
        /// The text.
        text: String,
        /// The message that it answers.
        #[serde(default)]
        reply_to: Option<String>,
    },
    /// Media, perhaps with a text.
    Media {
        /// Image, audio, video or file.
        media: MediaKind,
        /// Where the hub can fetch it; [`super::GraphSimulator::add_media`] gives addresses.
        url: String,
        /// The text beside it.
        #[serde(default)]
        text: Option<String>,
    },
    /// A place.
    Location {
        /// Latitude in degrees.
        lat: f64,
        /// Longitude in degrees.
        long: f64,
    },
    /// A link preview or something else without a form of its own.
    Fallback {
        /// The title.
        title: String,
        /// The address.
        url: String,
    },
    /// A template, such as a product.
    Template {
        /// The template's payload.
        payload: Value,
    },
    /// A shared post.
    Share {
        /// The address.
        url: String,
    },
    /// A shared reel.
    Reel {
        /// The address.
        url: String,
        /// The title.
        title: String,
        /// The reel's id.
        reel_video_id: u64,
    },
    /// A sticker, in the form that is sent since 2026-08-30.
    Sticker {
        /// The sticker's id.
        sticker_id: u64,
    },
    /// A tap on a quick reply.
    QuickReply {
        /// The title, which is sent as text.
        title: String,
        /// The payload.
        payload: String,
    },
    /// A tap on a button.
    Postback {
        /// The button's title.
        title: String,
        /// The payload.
        payload: String,
    },
    /// The customer came by a link or an ad.
    Referral {
        /// The link's parameter.
        reference: String,
        /// `SHORTLINK`, `ADS`, ...
        source: String,
    },
    /// A reaction to a message.
    React {
        /// The message.
        mid: String,
        /// `love`, `smile`, `sad`, `other`, ...
        reaction: String,
        /// The emoji.
        emoji: String,
    },
    /// A reaction is taken back.
    Unreact {
        /// The message.
        mid: String,
    },
    /// The customer changes a message.
    Edit {
        /// The message.
        mid: String,
        /// The new text.
        text: String,
    },
    /// The customer takes a message back.
    Unsend {
        /// The message.
        mid: String,
    },
    /// The customer has read everything so far.
    Read,
    /// Messages reached the customer's device.
    Delivered {
        /// The messages.
        mids: Vec<String>,
    },
    /// The customer opts in.
    OptIn {
        /// The plug-in's parameter.
        reference: String,
        /// The person's reference, for a checkbox; the item then has no sender.
        #[serde(default)]
        user_ref: Option<String>,
    },
    /// A text while another app owns the thread.
    Standby {
        /// The text.
        text: String,
    },
    /// The platform blocks or unblocks the page.
    Policy {
        /// `block` or `unblock`.
        action: String,
        /// The reason.
        reason: String,
    },
    /// A message that no API can carry.
    Unsupported,
    /// A person answers in the page's inbox, past the hub.
    PageInbox {
        /// The text.
        text: String,
        /// The inbox's app; none as for the page's own inbox.
        #[serde(default)]
        app_id: Option<u64>,
    },
    /// A messaging item as given, for anything else.
    Raw {
        /// The item.
        item: Value,
    },
}

/// The kinds of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A voice message or a song.
    Audio,
    /// A video.
    Video,
    /// Any file.
    File,
}

impl MediaKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
        }
    }
}

impl Incoming {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            reply_to: None,
        }
    }

    /// A picture at this address.
    pub fn image(url: impl Into<String>) -> Self {
        Self::Media {
            media: MediaKind::Image,
            url: url.into(),
            text: None,
        }
    }

    /// Whether this opens or extends the messaging window.
    pub(crate) fn opens_window(&self) -> bool {
        !matches!(
            self,
            Self::Read
                | Self::Delivered { .. }
                | Self::Policy { .. }
                | Self::PageInbox { .. }
                | Self::Raw { .. }
                | Self::Edit { .. }
                | Self::Unsend { .. }
                | Self::Unreact { .. }
                | Self::OptIn {
                    user_ref: Some(_),
                    ..
                }
        )
    }

    /// The webhook item, and what it does to the conversation.
    pub(crate) fn item(&self, page: &str, customer: &mut Customer, mid: &str, at_ms: i64) -> Value {
        let psid = customer.id.clone();
        let plain =
            |kind: &str, value: Value| webhook::from_customer(page, &psid, at_ms, kind, &value);
        match self {
            Self::React {
                mid,
                reaction,
                emoji,
            } => {
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.reactions.insert(psid.clone(), emoji.clone());
                }
                plain(
                    "reaction",
                    json!({ "mid": mid, "action": "react", "emoji": emoji, "reaction": reaction }),
                )
            }
            Self::Unreact { mid } => {
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.reactions.remove(&psid);
                }
                plain("reaction", json!({ "mid": mid, "action": "unreact" }))
            }
            Self::Edit { mid, text } => {
                let mut edits = 1;
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.text.clone_from(text);
                    turn.edits += 1;
                    edits = turn.edits;
                }
                // The recorded event carries the number as a string.
                plain(
                    "message_edit",
                    json!({ "mid": mid, "text": text, "num_edit": edits.to_string() }),
                )
            }
            Self::Unsend { mid } => {
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.deleted = true;
                }
                plain("message", json!({ "mid": mid, "is_deleted": true }))
            }
            Self::Read => webhook::read(page, &psid, at_ms, at_ms),
            Self::Delivered { mids } => webhook::delivery(page, &psid, mids, at_ms),
            Self::OptIn {
                reference,
                user_ref: Some(user_ref),
            } => webhook::optin_by_reference(page, at_ms, reference, user_ref),
            Self::OptIn { reference, .. } => plain("optin", json!({ "ref": reference })),
            Self::Policy { action, reason } => {
                webhook::policy_enforcement(page, at_ms, action, reason)
            }
            Self::Raw { item } => item.clone(),
            Self::Referral { reference, source } => plain(
                "referral",
                json!({ "ref": reference, "source": source, "type": "OPEN_THREAD" }),
            ),
            Self::Postback { title, payload } => {
                let mut turn = Turn::new(mid, Author::Customer, at_ms);
                turn.text.clone_from(title);
                turn.structured.push(json!({ "postback": payload }));
                customer.conversation.push(turn);
                plain(
                    "postback",
                    json!({ "mid": mid, "title": title, "payload": payload }),
                )
            }
            Self::PageInbox { text, app_id } => {
                let mut turn = Turn::new(mid, Author::Inbox, at_ms);
                turn.text.clone_from(text);
                customer.conversation.push(turn);
                let content = EchoContent {
                    text: Some(text),
                    ..EchoContent::default()
                };
                webhook::echo(page, &psid, at_ms, mid, &content, *app_id)
            }
            _ => {
                let (message, turn) = self.message(mid, at_ms);
                customer.conversation.push(turn);
                webhook::message(page, &psid, at_ms, &message)
            }
        }
    }

    /// The `message` object of what is a message, and its turn.
    fn message(&self, mid: &str, at_ms: i64) -> (Value, Turn) {
        let mut turn = Turn::new(mid, Author::Customer, at_ms);
        let mut message = json!({ "mid": mid });
        match self {
            Self::Text { text, reply_to } => {
                turn.text.clone_from(text);
                turn.reply_to.clone_from(reply_to);
                let reply = reply_to.as_ref().map(|mid| json!({ "mid": mid }));
                set(&mut message, "reply_to", reply);
            }
            Self::Standby { text } => turn.text.clone_from(text),
            Self::QuickReply { title, payload } => {
                turn.text.clone_from(title);
                turn.structured.push(json!({ "quick_reply": payload }));
                set(
                    &mut message,
                    "quick_reply",
                    Some(json!({ "payload": payload })),
                );
            }
            Self::Media { media, url, text } => {
                turn.text = text.clone().unwrap_or_default();
                turn.attachments
                    .push(json!({ "type": media.as_str(), "payload": { "url": url } }));
            }
            Self::Location { lat, long } => turn.attachments.push(json!({
                "type": "location",
                "payload": { "coordinates": { "lat": lat, "long": long } },
            })),
            Self::Fallback { title, url } => turn
                .attachments
                .push(json!({ "type": "fallback", "title": title, "url": url, "payload": null })),
            Self::Template { payload } => turn
                .attachments
                .push(json!({ "type": "template", "payload": payload })),
            Self::Share { url } => turn
                .attachments
                .push(json!({ "type": "share", "payload": { "url": url } })),
            Self::Reel {
                url,
                title,
                reel_video_id,
            } => turn.attachments.push(json!({
                "type": "reel",
                "payload": { "reel_video_id": reel_video_id, "title": title, "url": url },
            })),
            Self::Sticker { sticker_id } => {
                set(&mut message, "sticker_id", Some((*sticker_id).into()));
                turn.attachments
                    .push(json!({ "type": "sticker", "payload": { "sticker_id": sticker_id } }));
            }
            // The others are no messages; `item` has dealt with them.
            _ => set(&mut message, "is_unsupported", Some(true.into())),
        }
        if !turn.text.is_empty() {
            set(&mut message, "text", Some(turn.text.clone().into()));
        }
        if !turn.attachments.is_empty() {
            set(
                &mut message,
                "attachments",
                Some(turn.attachments.clone().into()),
            );
        }
        (message, turn)
    }
}

fn turn_mut<'a>(customer: &'a mut Customer, mid: &str) -> Option<&'a mut Turn> {
    customer
        .conversation
        .iter_mut()
        .find(|turn| turn.message_id == mid)
}
