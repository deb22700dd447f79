//! The simulators over real HTTP, with a tiny hub on the other side.

mod clients;
mod graph_feed;
mod graph_feed_webhooks;
mod graph_send;
mod graph_webhooks;
mod hub;
mod instagram;
mod open_messaging;
mod people;
mod public_people;
