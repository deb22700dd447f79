//! The simulators over real HTTP, with a tiny hub on the other side.

mod clients;
mod feed_page;
mod graph_feed;
mod graph_feed_limits;
mod graph_feed_private_replies;
mod graph_feed_publishing;
mod graph_feed_webhooks;
mod graph_send;
mod graph_webhooks;
mod hub;
mod instagram;
mod instagram_shapes;
mod open_messaging;
mod people;
mod public_people;
mod whatsapp;
mod whatsapp_account;
mod whatsapp_media;
mod whatsapp_send;
mod whatsapp_templates;
mod whatsapp_webhooks;
mod x_api;
mod x_webhooks;
