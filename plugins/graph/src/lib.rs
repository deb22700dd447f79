//! What the connectors for Meta's networks share: where the Graph API is and how it is called, what
//! its refusals mean, and the handshake and signature of its webhooks.
//!
//! It is a library, not a plug-in: each connector is built with its own copy.

mod api;
mod call;
pub mod webhook;

pub use api::Api;
pub use call::{Answer, Refused, hides, judge, read_answer, unsent};
