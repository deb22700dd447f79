//! A population of simulated customers who write and answer like people.

use std::time::Duration;

use crate::customers::{Customers, Profile, Turn};
use crate::delivery::Delivery;

/// What people need of a simulated network.
pub trait Network: Send + Sync + 'static {
    /// Adds a person.
    fn add_person(&self, id: &str, profile: Profile);

    /// The person writes a text; this waits until the hub has acknowledged it or never will.
    fn say_text(&self, id: &str, text: &str) -> impl Future<Output = Delivery> + Send;

    /// Waits until the person has got so many answers in all; `None` when they do not come in time.
    fn wait_answers(
        &self,
        id: &str,
        count: usize,
        within: Duration,
    ) -> impl Future<Output = Option<Vec<Turn>>> + Send;

    /// All customers.
    fn customers(&self) -> &Customers;

    /// An id in the network's form for somebody new.
    fn new_person_id(&self, random: &mut fastrand::Rng) -> String;
}
