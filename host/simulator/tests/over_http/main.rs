//! The simulators over real HTTP, with a tiny hub on the other side.

mod graph_send;
mod graph_webhooks;
mod hub;
mod open_messaging;
mod people;
mod x_api;
mod x_webhooks;
