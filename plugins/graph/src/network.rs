//! What sets Messenger and Instagram's direct messages apart: the rest is one platform.

use linecard_sdk::manifest::TextUnit;

/// A network of private conversations on Meta's Send API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// A Facebook page's conversations.
    Messenger,
    /// An Instagram professional account's direct messages.
    Instagram,
}

impl Network {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messenger => "Messenger",
            Self::Instagram => "Instagram",
        }
    }

    /// Meta's word, in `platform`.
    pub fn platform(self) -> &'static str {
        match self {
            Self::Messenger => "messenger",
            Self::Instagram => "instagram",
        }
    }

    /// How long a text may be. For Messenger Meta counts UTF-8 characters; code points never count
    /// fewer.
    pub fn text_max(self) -> (u32, TextUnit) {
        match self {
            Self::Messenger => (2000, TextUnit::CodePoints),
            Self::Instagram => (1000, TextUnit::Bytes),
        }
    }

    /// How much of that a text needs, and what is counted.
    pub(crate) fn measure(self, text: &str) -> (usize, &'static str) {
        match self {
            Self::Messenger => (text.chars().count(), "characters"),
            Self::Instagram => (text.len(), "bytes"),
        }
    }
}
