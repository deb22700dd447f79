//! The structured content that the contract gives a form, and limits that are told by name.

use linecard_sdk::actions::Failure;
use linecard_sdk::events::Structured;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `quick-replies`.
#[derive(Deserialize)]
pub struct QuickReplies {
    /// The answers that the customer can choose from.
    pub options: Vec<QuickReply>,
}

/// An answer that the customer can choose.
#[derive(Deserialize)]
pub struct QuickReply {
    /// `text`, or what the network fills in: `user_phone_number`, `user_email`.
    #[serde(rename = "type", alias = "content_type", default)]
    pub kind: Option<String>,
    /// What the customer sees and says by it. What the network fills in has none.
    #[serde(default)]
    pub text: String,
    /// What comes back; the text if it is not given.
    #[serde(default)]
    pub payload: Option<String>,
    /// A small picture beside it.
    #[serde(default)]
    pub image_url: Option<String>,
}

/// `carousel`.
#[derive(Deserialize)]
pub struct Carousel {
    /// The cards, in order.
    pub cards: Vec<Card>,
}

/// `card`.
#[derive(Deserialize)]
pub struct Card {
    /// The title.
    pub title: String,
    /// The text below the title.
    #[serde(default)]
    pub description: Option<String>,
    /// The picture.
    #[serde(default)]
    pub image_url: Option<String>,
    /// The buttons.
    #[serde(default)]
    pub actions: Vec<CardAction>,
}

/// A button of a card.
#[derive(Deserialize)]
pub struct CardAction {
    /// `link` or `postback`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the button says.
    pub text: String,
    /// Where a link leads.
    #[serde(default)]
    pub url: Option<String>,
    /// What a postback brings; the text if it is not given.
    #[serde(default)]
    pub payload: Option<String>,
}

/// Reads structured content, or gives a failure that says what is wrong with it.
pub fn read<T: DeserializeOwned>(structured: &Structured) -> Result<T, Failure> {
    serde_json::from_str(&structured.json).map_err(|error| {
        Failure::rejected(
            "structured",
            format!("the `{}` cannot be read: {error}", structured.kind),
        )
    })
}

/// Checks a network's limit; the failure names what is too long or too many, and the limit.
pub fn at_most(
    network: &str,
    what: &str,
    unit: &str,
    count: usize,
    max: u32,
) -> Result<(), Failure> {
    if count <= max as usize {
        return Ok(());
    }
    let text = format!("{what}: {count} {unit}, {network} takes at most {max}");
    Err(Failure::rejected("too-long", text))
}
