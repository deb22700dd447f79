//! How the channels fare.

use linecard_hub::Hub;
use linecard_model::Timestamp;
use linecard_model::outbox::HealthState;
use linecard_model::platform::Severity;
use linecard_traffic::refusals::Reason;
use prometheus_client::registry::Registry;

use super::{COUNTED, counters, gauge, gauges};
use crate::problem::Problem;

/// Every state with its word, so that a state that ends shows as 0.
const STATES: [(HealthState, &str); 9] = [
    (HealthState::Unknown, "unknown"),
    (HealthState::Connected, "connected"),
    (HealthState::Throttled, "throttled"),
    (HealthState::TransientFault, "transient-fault"),
    (HealthState::CredentialsRefused, "credentials-refused"),
    (HealthState::Restricted, "restricted"),
    (HealthState::Stopped, "stopped"),
    (HealthState::Paused, "paused"),
    (HealthState::BudgetSpent, "budget-spent"),
];

/// Adds the figures of every channel.
pub(super) async fn add(registry: &mut Registry, hub: &Hub) -> Result<(), Problem> {
    let channels = hub
        .site
        .query(|state| {
            let ids = state.config().channels.keys();
            ids.map(|id| {
                let health = state.health(id).state;
                let shown = if state.is_paused(id) {
                    HealthState::Paused
                } else {
                    health
                };
                (id.clone(), shown, state.figures(id))
            })
            .collect::<Vec<_>>()
        })
        .await?;
    let mut family = |name, help| gauges(registry, name, help);
    let state = family(
        "channel_state",
        "1 for the state that a channel is in, 0 for the others",
    );
    let outbox = family(
        "outbox_depth",
        "Actions that wait to be done on a network, by channel, up to 10000",
    );
    let letters = family(
        "dead_letters",
        "What failed for good, by channel, up to 10000",
    );
    let inbound = family(
        "channel_last_inbound_timestamp_seconds",
        "When the hub took the last message of a customer, in Unix time",
    );
    let outbound = family(
        "channel_last_outbound_timestamp_seconds",
        "When the network last did something that the hub asked for, in Unix time",
    );
    let lag = family(
        "channel_lag_milliseconds",
        "How late the last message of a customer came",
    );
    let polled = family(
        "channel_last_poll_timestamp_seconds",
        "When a poll last succeeded, in Unix time",
    );
    let day = family(
        "channel_charged_today_millionths",
        "What the network charged on this UTC day, in millionths of the unit of its price list",
    );
    let month = family(
        "channel_charged_this_month_millionths",
        "What the network charged in this UTC month, in millionths of the unit of its price list",
    );
    let found = family(
        "channel_findings",
        "What should be seen to in how a channel is set up, by severity",
    );
    let charged = counters(
        registry,
        "channel_charged_millionths",
        "What the network charged, in millionths of the unit of its price list",
    );
    let refused = counters(
        registry,
        "channel_refused_deliveries",
        "Deliveries of a network that were not taken, by reason",
    );
    let now = Timestamp::now();
    for (id, current, figures) in channels {
        let labels = vec![("channel", id.to_string())];
        for (one, word) in STATES {
            let mut labels = labels.clone();
            labels.push(("state", word.to_owned()));
            state.get_or_create(&labels).set(i64::from(one == current));
        }
        let backlog = hub.store.backlog(hub.site.id(), &id, COUNTED).await?;
        outbox.get_or_create(&labels).set(gauge(backlog.outbox));
        letters
            .get_or_create(&labels)
            .set(gauge(backlog.dead_letters));
        for (family, at) in [
            (&inbound, figures.last_inbound_at),
            (&outbound, figures.last_outbound_at),
            (&polled, figures.polled_at),
        ] {
            if let Some(at) = at {
                family.get_or_create(&labels).set(at.as_second());
            }
        }
        if let Some(late) = figures.lag_ms {
            lag.get_or_create(&labels).set(gauge(late));
        }
        let spent = &figures.spent;
        day.get_or_create(&labels).set(gauge(spent.today(now)));
        month
            .get_or_create(&labels)
            .set(gauge(spent.this_month(now)));
        charged.get_or_create(&labels).inc_by(spent.total);
        let known = hub.channels.told.findings(&id).findings;
        for severity in Severity::ALL {
            let mut labels = labels.clone();
            labels.push(("severity", severity.as_str().to_owned()));
            let count = known.iter().filter(|f| f.severity == severity).count();
            found.get_or_create(&labels).set(gauge(count));
        }
        let counts = hub.receiver.refusals.of(&id).counts;
        for reason in Reason::ALL {
            let mut labels = labels.clone();
            labels.push(("reason", reason.word().to_owned()));
            let count = counts.get(&reason).copied().unwrap_or(0);
            refused.get_or_create(&labels).inc_by(count);
        }
    }
    Ok(())
}
