//! Linecard: a self-hosted channel hub for customer care.
//!
//! This is the program: its command line ([`cli`]), its configuration file ([`config`]) with a
//! [`reference`](mod@reference) of all keys, and the plug-ins that come with it ([`bundled`]). What it runs is a [`linecard_hub::Hub`] behind the
//! interfaces of [`linecard_api`].

pub mod bundled;
pub mod cli;
pub mod config;
pub mod reference;
pub mod templates;
