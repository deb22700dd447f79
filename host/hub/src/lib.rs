//! A hub: one site with its store, channels and workers put together, and set up by a file.
//!
//! [`Hub`] starts the site and everything that works for it; [`configure`] makes channels and
//! analyzers of a configuration and the [`plugins`] that are installed, and replaces those at work. The
//! crate stands on the site, its traffic and its vault, and knows neither HTTP nor the command line.

pub mod configure;
mod hub;
pub mod plugins;
pub mod recorder;
pub mod searching;

pub use hub::{Hub, HubOptions};
