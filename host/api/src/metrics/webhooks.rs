//! Numbers of the outgoing webhooks, by their names.

use prometheus_client::registry::Registry;

use super::{counters, gauge, gauges};
use crate::problem::Problem;
use linecard_webhooks::Webhooks;

pub(super) async fn add(registry: &mut Registry, webhooks: &Webhooks) -> Result<(), Problem> {
    let waiting = gauges(
        registry,
        "outgoing_webhook_waiting",
        "Events that a webhook is being told, by webhook",
    );
    let letters = gauges(
        registry,
        "outgoing_webhook_dead_letters",
        "Events that a webhook could not be told, by webhook",
    );
    let enabled = gauges(
        registry,
        "outgoing_webhook_enabled",
        "Whether a webhook is told what happens: 1 or 0",
    );
    let attempts = counters(
        registry,
        "outgoing_webhook_attempts",
        "Attempts to tell an event, by webhook and outcome",
    );
    for (id, endpoint, standing) in webhooks.all().await? {
        let labels = vec![("webhook", id.to_string())];
        waiting.get_or_create(&labels).set(gauge(standing.waiting));
        letters
            .get_or_create(&labels)
            .set(gauge(standing.dead_letters));
        enabled
            .get_or_create(&labels)
            .set(i64::from(endpoint.enabled));
        for (outcome, count) in [
            ("delivered", standing.delivered),
            ("failed", standing.failed),
        ] {
            let mut labels = labels.clone();
            labels.push(("outcome", outcome.to_owned()));
            attempts.get_or_create(&labels).inc_by(count);
        }
    }
    Ok(())
}
