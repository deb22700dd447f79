//! Simulated networks that Linecard and its plug-ins are developed and tested against.
//!
//! A simulator listens on its own address, serves the network's API with the network's own rules
//! and refusals, and sends the network's webhooks to the hub. Its faults are planned
//! ([`faults`]), its clock can be moved ([`clock`]), and everything that passed between the hub
//! and the network is kept ([`record`]), beside the conversations as the customers saw them
//! ([`customers`]). The same can be steered over HTTP under `/_sim`, so that a plug-in written in
//! any language can be developed against `linecard simulate`.
//!
//! ```no_run
//! use linecard_simulator::graph::{GraphOptions, GraphSimulator, Incoming};
//!
//! # async fn example() -> linecard_simulator::Result<()> {
//! let page = GraphSimulator::start(GraphOptions::default()).await?;
//! let delivery = page.say("1234567890123456", Incoming::text("Where is my parcel?")).await;
//! assert!(!delivery.acknowledged, "nobody told the page where the hub is");
//! page.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! | control endpoint | what it does |
//! |---|---|
//! | `GET /_sim/record?since=&operation=&direction=` | calls in both directions; `DELETE` forgets them |
//! | `GET /_sim/tallies` | how often each kind of call happened |
//! | `POST /_sim/faults` `{"fault","times" or "probability","operation","customer","hold_ms"}` | plans a fault by name or as a [`Fault`]; `GET` lists, `DELETE` clears |
//! | `POST /_sim/clock` `{"advance_ms"}` | moves the clock; `GET` reads it |
//! | `POST /_sim/customers` `{"id","profile"}` | adds a customer; `GET` lists them |
//! | `GET /_sim/customers/{id}` | the conversation as the customer sees it |
//! | `GET /_sim/customers/{id}/delivered` | what the hub delivered, with duplicates |
//! | `POST /_sim/customers/{id}/say` | Graph API: a [`graph::Act`] by its `on` (`messenger` when absent, `feed`, `instagram`, `instagram_comments`) and `type`; Open Messaging: an [`open_messaging::Said`], X: an [`x::Incoming`], WhatsApp: a [`whatsapp::Incoming`], Telegram: a [`telegram::Incoming`], by its `type` |
//! | `POST /_sim/customers/{id}/reachability` `{"reachability"}` | `available`, `unavailable` or `blocked` |
//! | `PUT /_sim/callback` `{"url","on"}`, `POST /_sim/subscribe?on=` | Graph API: where webhooks go, all or those of `feed` or `instagram`; the handshake. WhatsApp: the same without `on` |
//! | `POST /_sim/feed` `{"text","photos"}`, `POST /_sim/instagram/media` | Graph API: the page or the account publishes past the hub |
//! | `PUT /_sim/delivery`, `PUT /_sim/after-send` | Graph API, WhatsApp: duplicates, losses, batches, disorder; what follows a send |
//! | `POST /_sim/webhook` | Graph API, WhatsApp: signs and posts a webhook body as given |
//! | `PUT /_sim/hub` `{"url","token_url"}` | Open Messaging: where the hub is |
//! | `PUT /_sim/receipts` | Open Messaging: which receipts follow; `GET` shows those from the hub |
//! | `PUT /_sim/rules`, `PUT /_sim/access`, `PUT /_sim/profile` | X: what is allowed; expired or revoked tokens; the company's profile |
//! | `PUT /_sim/customers/{id}/account` | X: gives somebody an account with a profile |
//! | `PUT /_sim/rules`, `PUT /_sim/access` `{"expired","revoked"}`, `PUT /_sim/identifiers` `{"identifiers"}` | WhatsApp: what is allowed; expired or revoked token; by what webhooks name people |
//! | `PUT /_sim/templates`, `POST /_sim/failures` `{"code","times"}`, `POST /_sim/media` | WhatsApp: a [`whatsapp::Template`]; the next messages fail in a status; keeps the body as a file and answers with its media id |
//!
//! Networks live in one module each: [`graph`] (one page with Messenger and a feed, and the
//! Instagram account linked to it), [`open_messaging`] (the middleware side of Open Messaging),
//! [`telegram`] (one bot), [`whatsapp`] (one business phone number on WhatsApp) and [`x`] (one account on X). [`people`]
//! populates any of them.

pub mod clock;
mod control;
pub mod customers;
pub mod delivery;
pub mod error;
pub mod faults;
pub mod graph;
mod handshake;
mod media;
pub mod open_messaging;
mod outbox;
pub mod people;
pub mod record;
mod serve;
mod shown;
pub mod signature;
pub mod telegram;
pub mod whatsapp;
pub mod x;

pub use clock::SimulatedClock;
pub use customers::{Author, Customer, Customers, Profile, Reachability, Turn};
pub use delivery::{Delivery, RetryPolicy};
pub use error::{Result, SimulatorError};
pub use faults::{Fault, FaultAnswer, FaultPlan, Faults, When};
pub use graph::{GraphOptions, GraphSimulator};
pub use open_messaging::{OpenMessagingOptions, OpenMessagingSimulator};
pub use record::{Direction, Entry, Record, RecordMode, Tally};
pub use telegram::{TelegramOptions, TelegramSimulator};
pub use whatsapp::{WhatsAppOptions, WhatsAppSimulator};
pub use x::{XOptions, XSimulator};
