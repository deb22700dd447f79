//! The way of events to the hub's webhooks: gathering, batches, disorder, duplicates, losses.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use super::X;
use super::activity::{Happening, envelope};
use super::options::{Envelope, XDelivery};
use crate::delivery::{Outcome, Verdict, send_until_accepted};
use crate::signature::sha256_base64;

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Event {
    happening: Happening,
    /// Told how it ended.
    done: Option<oneshot::Sender<Outcome>>,
}

impl X {
    /// Sends events that nobody waits for.
    pub(crate) fn tell(&self, happenings: Vec<Happening>) {
        for happening in happenings {
            self.hooks.keep(happening.clone());
            // After the stop there is nobody to tell.
            let _ = self.events.send(Event {
                happening,
                done: None,
            });
        }
    }

    /// Sends events and waits for the last of them.
    pub(crate) async fn tell_and_wait(&self, mut happenings: Vec<Happening>) -> Outcome {
        let Some(last) = happenings.pop() else {
            return Outcome::never("the company account is not told of it");
        };
        self.tell(happenings);
        self.hooks.keep(last.clone());
        let (done, ended) = oneshot::channel();
        if self
            .events
            .send(Event {
                happening: last,
                done: Some(done),
            })
            .is_err()
        {
            return Outcome::never("the simulator stopped");
        }
        ended
            .await
            .unwrap_or_else(|_| Outcome::never("the simulator stopped"))
    }
}

/// Sends an event of the past once more.
pub(crate) fn send_again(x: &X, happening: Happening) {
    let _ = x.events.send(Event {
        happening,
        done: None,
    });
}

/// Takes events until the simulator stops.
pub(crate) async fn run(x: Arc<X>, mut events: mpsc::UnboundedReceiver<Event>, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    loop {
        let first = tokio::select! {
            () = x.world.stopped() => return,
            event = events.recv() => match event {
                Some(event) => event,
                None => return,
            },
        };
        let delivery = x.delivery();
        let mut gathered = gather(first, &mut events, &delivery).await;
        if delivery.disorder {
            random.shuffle(&mut gathered);
        }
        let mut kept = Vec::new();
        let mut again = Vec::new();
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
                    happening: event.happening.clone(),
                    done: None,
                });
            }
            kept.push(event);
        }
        kept.append(&mut again);
        let size = if delivery.envelope == Envelope::AccountActivity {
            delivery.batch.max(1)
        } else {
            1
        };
        while !kept.is_empty() {
            let rest = kept.split_off(size.min(kept.len()));
            let batch = std::mem::replace(&mut kept, rest);
            let x = Arc::clone(&x);
            let delivery = delivery.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = x.world.stopped() => {}
                    () = deliver(&x, &delivery, batch) => {}
                }
            });
        }
    }
}

async fn gather(
    first: Event,
    events: &mut mpsc::UnboundedReceiver<Event>,
    delivery: &XDelivery,
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

async fn deliver(x: &X, delivery: &XDelivery, batch: Vec<Event>) {
    let mut outcome = Outcome::never("no valid webhook is subscribed to it");
    let mut waiting = Vec::new();
    if delivery.envelope == Envelope::AccountActivity {
        let mut body = Map::new();
        for event in batch {
            waiting.extend(event.done);
            merge(&mut body, event.happening.legacy);
        }
        if body.is_empty() {
            outcome = Outcome::never("the older form has no such event");
        } else {
            body.insert("for_user_id".to_owned(), json!(x.options.user_id));
            outcome = post_to_all(x, Value::Object(body)).await;
        }
    } else {
        for event in batch {
            waiting.extend(event.done);
            for (hook, subscription) in x.hooks.targets(event.happening.kind) {
                let uuid = fastrand::i64(..);
                let body = envelope(
                    &event.happening,
                    &x.options.user_id,
                    subscription.tag.as_deref(),
                    uuid,
                );
                outcome = post(x, &hook.url, body).await;
            }
        }
    }
    for done in waiting {
        let _ = done.send(outcome.clone());
    }
}

/// Lists of a kind are joined, maps of users too.
fn merge(body: &mut Map<String, Value>, more: Value) {
    let Value::Object(more) = more else {
        return;
    };
    for (name, value) in more {
        match (body.get_mut(&name), value) {
            (Some(Value::Array(known)), Value::Array(new)) => known.extend(new),
            (Some(Value::Object(known)), Value::Object(new)) => known.extend(new),
            (_, value) => {
                body.insert(name, value);
            }
        }
    }
}

/// Posts one body to every valid webhook.
pub(crate) async fn post_to_all(x: &X, body: Value) -> Outcome {
    let mut outcome = Outcome::never("no valid webhook is registered");
    for hook in x.hooks.valid() {
        outcome = post(x, &hook.url, body.clone()).await;
    }
    outcome
}

async fn post(x: &X, url: &url::Url, body: Value) -> Outcome {
    let bytes = bytes::Bytes::from(body.to_string());
    let signature = sha256_base64(&x.options.consumer_secret, &bytes);
    send_until_accepted(
        &x.world.record,
        &x.delivery().retry,
        "webhook",
        body,
        |status| {
            if (200..300).contains(&status) {
                Verdict::Accepted
            } else {
                Verdict::Repeat
            }
        },
        || {
            x.client
                .post(url.clone())
                .header("content-type", "application/json")
                .header("x-twitter-webhooks-signature", &signature)
                .body(bytes.clone())
        },
    )
    .await
}
