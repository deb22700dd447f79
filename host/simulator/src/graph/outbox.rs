//! The page's way to the hub's callback: gathering, batches, disorder, duplicates, losses, retries.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::options::WebhookDelivery;
use super::state::Graph;
use super::surface::Surface;
use super::webhook;
use crate::delivery::{Delivery, Outcome, Verdict, send_until_accepted};

/// The list of a webhook body that an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// The page's `messaging`.
    Messaging,
    /// The page's `standby`.
    Standby,
    /// The page's `changes`.
    Feed,
    /// Instagram's `messaging`.
    Instagram,
    /// Instagram's `standby`.
    InstagramStandby,
    /// Instagram's `changes`.
    InstagramChanges,
}

impl Lane {
    pub(crate) const ALL: [Self; 6] = [
        Self::Messaging,
        Self::Standby,
        Self::Feed,
        Self::Instagram,
        Self::InstagramStandby,
        Self::InstagramChanges,
    ];

    pub(crate) fn surface(self) -> Surface {
        match self {
            Self::Messaging | Self::Standby => Surface::Messenger,
            Self::Feed => Surface::Feed,
            Self::Instagram | Self::InstagramStandby | Self::InstagramChanges => Surface::Instagram,
        }
    }

    fn object(self) -> &'static str {
        match self.surface() {
            Surface::Instagram => "instagram",
            Surface::Messenger | Surface::Feed => "page",
        }
    }

    fn entry(self, account: &str, now_ms: i64, items: Vec<Value>) -> Value {
        match self {
            Self::Messaging | Self::Instagram => webhook::entry(account, now_ms, items),
            Self::Standby | Self::InstagramStandby => {
                webhook::standby_entry(account, now_ms, items)
            }
            Self::Feed | Self::InstagramChanges => webhook::changes_entry(account, now_ms, items),
        }
    }
}

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) lane: Lane,
    pub(crate) item: Value,
    /// Told how it ended; nobody waits for receipts and echoes.
    pub(crate) done: Option<oneshot::Sender<Outcome>>,
}

/// Takes events until the simulator stops.
pub(crate) async fn run(graph: Arc<Graph>, mut events: mpsc::UnboundedReceiver<Event>, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut parallel = graph.delivery().parallel.max(1);
    let mut permits = Arc::new(Semaphore::new(parallel));
    loop {
        let first = tokio::select! {
            () = graph.world.stopped() => return,
            event = events.recv() => match event {
                Some(event) => event,
                None => return,
            },
        };
        let delivery = graph.delivery();
        if delivery.parallel.max(1) != parallel {
            parallel = delivery.parallel.max(1);
            permits = Arc::new(Semaphore::new(parallel));
        }
        let mut gathered = gather(first, &mut events, &delivery).await;
        if delivery.disorder {
            random.shuffle(&mut gathered);
        }
        let mut again = Vec::new();
        let mut kept = Vec::with_capacity(gathered.len());
        for mut event in gathered {
            if random.f64() < delivery.losses {
                if let Some(done) = event.done.take() {
                    // The waiter may have gone; then nobody wants to know.
                    let _ = done.send(Outcome::never("lost on purpose"));
                }
                continue;
            }
            if random.f64() < delivery.duplicates {
                again.push(Event {
                    lane: event.lane,
                    item: event.item.clone(),
                    done: None,
                });
            }
            kept.push(event);
        }
        for batch in [kept, again]
            .into_iter()
            .flat_map(|events| by_destination(&graph, events))
            .flat_map(|events| chunks(events, delivery.batch))
        {
            // Closed never: the semaphore is not shared outside.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            let graph = Arc::clone(&graph);
            let delivery = delivery.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = graph.world.stopped() => {}
                    () = post(&graph, &delivery, batch) => {}
                }
                drop(permit);
            });
        }
    }
}

async fn gather(
    first: Event,
    events: &mut mpsc::UnboundedReceiver<Event>,
    delivery: &WebhookDelivery,
) -> Vec<Event> {
    let mut gathered = vec![first];
    let most = if delivery.disorder {
        delivery.batch.max(16)
    } else {
        delivery.batch
    };
    if most <= 1 {
        return gathered;
    }
    let end = tokio::time::sleep(delivery.gather);
    tokio::pin!(end);
    while gathered.len() < most {
        tokio::select! {
            () = &mut end => break,
            event = events.recv() => match event {
                Some(event) => gathered.push(event),
                None => break,
            },
        }
    }
    gathered
}

/// One call has one object and goes to one address.
fn by_destination(graph: &Graph, events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut groups: Vec<(_, Vec<Event>)> = Vec::new();
    for event in events {
        let lane = event.lane;
        let destination = (lane.object(), graph.callback_url(lane.surface()));
        match groups.iter_mut().find(|(known, _)| *known == destination) {
            Some((_, group)) => group.push(event),
            None => groups.push((destination, vec![event])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn chunks(events: Vec<Event>, size: usize) -> Vec<Vec<Event>> {
    let mut rest = events.into_iter();
    let mut chunks = Vec::new();
    loop {
        let chunk: Vec<Event> = rest.by_ref().take(size.max(1)).collect();
        if chunk.is_empty() {
            return chunks;
        }
        chunks.push(chunk);
    }
}

async fn post(graph: &Graph, delivery: &WebhookDelivery, batch: Vec<Event>) {
    let Some(first) = batch.first().map(|event| event.lane) else {
        return;
    };
    let mut waiting = Vec::new();
    let mut lanes: [Vec<Value>; Lane::ALL.len()] = Default::default();
    for event in batch {
        waiting.extend(event.done);
        for (lane, items) in Lane::ALL.iter().zip(&mut lanes) {
            if *lane == event.lane {
                items.push(event.item.clone());
            }
        }
    }
    let now = graph.world.clock.now_ms();
    let size = delivery.items_per_entry.max(1);
    let entries: Vec<Value> = Lane::ALL
        .iter()
        .zip(&lanes)
        .flat_map(|(lane, items)| {
            items
                .chunks(size)
                .map(|items| lane.entry(graph.account(lane.surface()), now, items.to_vec()))
        })
        .collect();
    let body = webhook::body_of(first.object(), entries);
    let outcome = post_body(graph, delivery, first.surface(), body).await;
    for done in waiting {
        // The waiter may have gone; then nobody wants to know.
        let _ = done.send(outcome.clone());
    }
}

/// Posts a body as given to where the webhooks of its object go.
pub(crate) async fn post_given(graph: &Graph, body: Value) -> Delivery {
    let feed = body
        .pointer("/entry/0/changes")
        .is_some_and(Value::is_array);
    let surface = match body.get("object").and_then(Value::as_str) {
        Some("instagram") => Surface::Instagram,
        _ if feed => Surface::Feed,
        _ => Surface::Messenger,
    };
    let outcome = post_body(graph, &graph.delivery(), surface, body).await;
    outcome.delivery("", "")
}

/// Signs and posts one body until the hub answers 200.
async fn post_body(
    graph: &Graph,
    delivery: &WebhookDelivery,
    surface: Surface,
    body: Value,
) -> Outcome {
    let Some(callback) = graph.callback_url(surface) else {
        return Outcome::never("no callback URL is set");
    };
    let signed = webhook::signed(&graph.options.app_secret, &body);
    let bytes = bytes::Bytes::from(signed.bytes);
    send_until_accepted(
        &graph.world.record,
        &delivery.retry,
        "webhook",
        body,
        // Meta counts 200 alone as accepted.
        |status| {
            if status == 200 {
                Verdict::Accepted
            } else {
                Verdict::Repeat
            }
        },
        || {
            graph
                .client
                .post(callback.clone())
                .header("content-type", "application/json")
                .header("user-agent", "facebookexternalua")
                .header("x-hub-signature-256", &signed.signature)
                .header("x-hub-signature", &signed.legacy_signature)
                .body(bytes.clone())
        },
    )
    .await
}
