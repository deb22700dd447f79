//! What the connectors for Meta's networks share: where the Graph API is and how it is called, what
//! its refusals mean, the handshake and signature of its webhooks, and what Messenger, Instagram and
//! pages have in common above that.
//!
//! | Module | What for |
//! |---|---|
//! | [`webhook`], [`delivery`] | The handshake, the signature, the body's entries |
//! | [`messaging`] | `entry[].messaging[]`: private conversations |
//! | [`send`], [`compose`], [`structured`] | The Send API |
//! | [`progress`] | Several messages for one action, in order |
//! | [`objects`] | Comments and posts |
//! | [`inbox`], [`comments`] | Polling: conversations, and posts with their comments |
//! | [`manifest`] | The secrets, hosts and sizes that the connectors' manifests name |
//! | [`paging`], [`lookup`], [`ids`] | Lists, look-ups, ids |
//! | [`inspect`] | The version, the token, the subscription |
//!
//! It is a library, not a plug-in: each connector is built with its own copy.

mod api;
mod attachments;
mod call;
pub mod comments;
pub mod compose;
pub mod delivery;
pub mod ids;
pub mod inbox;
pub mod inspect;
pub mod lookup;
pub mod manifest;
pub mod messaging;
mod network;
pub mod objects;
pub mod paging;
pub mod progress;
pub mod send;
pub mod structured;
#[cfg(feature = "testing")]
pub mod testing;
pub mod webhook;

pub use api::Api;
pub use call::{Answer, Refused, hides, judge, read_answer, refusal, remedy, unsent};
pub use network::Network;
