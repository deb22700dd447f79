//! What customers (and people in the page's inbox) do in private messages.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::surface::Surface;

/// Something that a customer does in private messages, on Messenger or on Instagram, or that
/// happens around them. Not every network knows every kind.
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
    /// Instagram: the customer mentions the account in a story.
    StoryMention {
        /// Where the story can be fetched for a while.
        url: String,
    },
    /// Instagram: an answer to the account's story.
    StoryReply {
        /// The text.
        text: String,
        /// The story's id.
        story_id: String,
        /// Where the story can be fetched for a while.
        url: String,
    },
    /// Instagram: a picture or video that can be viewed once; nothing of it can be fetched.
    Ephemeral,
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

    /// Whether a network knows this kind.
    pub(crate) fn exists_on(&self, surface: Surface) -> bool {
        match self {
            Self::Location { .. }
            | Self::Fallback { .. }
            | Self::Sticker { .. }
            | Self::Edit { .. }
            | Self::Delivered { .. }
            | Self::OptIn { .. }
            | Self::Policy { .. } => surface == Surface::Messenger,
            Self::StoryMention { .. } | Self::StoryReply { .. } | Self::Ephemeral => {
                surface == Surface::Instagram
            }
            _ => true,
        }
    }
}
