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
//! Networks live in one module each: [`graph`] (one page with Messenger) and [`open_messaging`]
//! (the middleware side of Open Messaging). [`people`] populates either.

pub mod clock;
mod control;
pub mod customers;
pub mod delivery;
pub mod error;
pub mod faults;
pub mod graph;
mod media;
pub mod open_messaging;
pub mod people;
pub mod record;
mod serve;
pub mod signature;

pub use clock::SimulatedClock;
pub use customers::{Author, Customer, Customers, Profile, Reachability, Turn};
pub use delivery::{Delivery, RetryPolicy};
pub use error::{Result, SimulatorError};
pub use faults::{Fault, FaultAnswer, FaultPlan, Faults, When};
pub use graph::{GraphOptions, GraphSimulator};
pub use open_messaging::{OpenMessagingOptions, OpenMessagingSimulator};
pub use record::{Direction, Entry, Record, RecordMode, Tally};
