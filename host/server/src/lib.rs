//! Linecard: a self-hosted channel hub for customer care.
//!
//! What customers write on a network comes in through a connector ([`receive`], [`poll`]), is prepared
//! ([`prepare`]) and put before the [`site`], whose one task decides, records and tells. What the
//! company does on a network leaves through the [`outbox`]; what failed for good can try again
//! ([`redeliver`]). Operators set it up by a file
//! ([`configure`]), people and machines use it over HTTP ([`http`]), and [`cli`] is the program.

pub mod auth;
pub mod capabilities;
pub mod channels;
pub mod cli;
pub mod config;
pub mod configure;
pub mod fetch;
pub mod http;
pub mod hub;
pub mod media;
pub mod outbox;
pub mod plugins;
pub mod poll;
pub mod prepare;
pub mod profiles;
pub mod receive;
pub mod redeliver;
pub mod retention;
pub(crate) mod retries;
pub mod site;
pub mod supervise;
pub mod vault;
