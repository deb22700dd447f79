//! The page's way to the hub's callback: gathering, batches, disorder, duplicates, losses, retries.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::Graph;
use super::options::WebhookDelivery;
use super::webhook;
use crate::delivery::{Outcome, Verdict, send_until_accepted};

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) item: Value,
    pub(crate) standby: bool,
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
                    item: event.item.clone(),
                    standby: event.standby,
                    done: None,
                });
            }
            kept.push(event);
        }
        for batch in chunks(kept, delivery.batch)
            .into_iter()
            .chain(chunks(again, delivery.batch))
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
    let mut waiting = Vec::new();
    let mut owned = Vec::new();
    let mut standby = Vec::new();
    for event in batch {
        waiting.extend(event.done);
        if event.standby {
            standby.push(event.item);
        } else {
            owned.push(event.item);
        }
    }
    let page = &graph.options.page_id;
    let now = graph.world.clock.now_ms();
    let size = delivery.items_per_entry.max(1);
    let mut entries: Vec<Value> = owned
        .chunks(size)
        .map(|items| webhook::entry(page, now, items.to_vec()))
        .collect();
    entries.extend(
        standby
            .chunks(size)
            .map(|items| webhook::standby_entry(page, now, items.to_vec())),
    );
    let outcome = post_body(graph, delivery, webhook::body(entries)).await;
    for done in waiting {
        let _ = done.send(outcome.clone());
    }
}

/// Signs and posts one body until the hub answers 200.
pub(crate) async fn post_body(graph: &Graph, delivery: &WebhookDelivery, body: Value) -> Outcome {
    let Some(callback) = graph.callback_url() else {
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
