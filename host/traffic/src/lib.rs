//! What goes between the networks and a site.
//!
//! What customers write comes in through a connector ([`receive`], [`poll`]), is prepared
//! ([`prepare`]) and put before the site; their files are fetched ([`fetch`]) and kept ([`media`]), and
//! the networks are asked who they are ([`profiles`]), and which
//! templates there are. What the company does on a network leaves
//! through the [`outbox`]; what failed for good can try again ([`redeliver`]). What the doors did not take
//! is remembered ([`refusals`]), channels are registered at their networks ([`setting_up`]), and what is old is forgotten ([`retention`]).
//!
//! The crate calls the connectors and tells the site what came of it; every decision is the site's. It
//! stands on the site, the store and the sandbox, and knows neither secrets nor HTTP nor how a channel
//! is made.

pub mod fetch;
pub mod media;
mod media_type;
pub mod outbox;
pub mod poll;
pub mod prepare;
pub mod profiles;
pub mod receive;
pub mod redeliver;
pub mod refusals;
pub mod resting;
pub mod retention;
pub mod setting_up;
mod templates;
