//! Webhook requests: the handshake, the signature, and the batch.

use linecard_graph::delivery::{self, keep};
use linecard_graph::messaging::{read_item, read_standby};
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};

use crate::config::Config;

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    delivery::receive(request, "page", &config.page_id, |entry, time, intake| {
        for item in entry.list("messaging") {
            intake.read("item", item, |item, _| {
                Ok(read_item(config.account(), time, item))
            });
        }
        for item in entry.list("standby") {
            intake.read("standby", item, |item, _| {
                Ok(read_standby(config.account(), time, item))
            });
        }
        // What happens on the page itself is another connector's.
        if delivery::is_for_neighbour(request, "facebook") {
            return;
        }
        for change in entry.list("changes") {
            keep(intake, "page-change", time, change);
        }
    })
}
