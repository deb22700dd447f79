//! Webhook requests: the handshake, the signature, and the batch.

use linecard_graph::delivery;
use linecard_graph::ids::unreadable;
use linecard_graph::messaging::{read_item, read_standby};
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};

use crate::config::Config;

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    delivery::receive(
        request,
        "page",
        &config.page_id,
        |entry, time, _, events| {
            for item in entry.messaging.iter().flatten() {
                events.extend(read_item(config.account(), time, item));
            }
            for item in entry.standby.iter().flatten() {
                events.push(read_standby(config.account(), time, item));
            }
            // What happens on the page itself is another connector's.
            for change in entry.changes.iter().flatten() {
                events.push(unreadable("page-change", time, change.get()));
            }
        },
    )
}
