//! The way of events to the hub's webhooks, in either form.

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::X;
use super::activity::{Happening, envelope};
use super::options::Envelope;
use crate::delivery::{Outcome, Verdict, send_until_accepted};
use crate::outbox::{Carrier, Habits};
use crate::serve::World;
use crate::signature::sha256_base64;

impl X {
    /// Sends events that nobody waits for.
    pub(crate) fn tell(&self, happenings: Vec<Happening>) {
        for happening in happenings {
            self.hooks.keep(happening.clone());
            self.outbox.tell(happening);
        }
    }

    /// Sends events and waits for the last of them.
    pub(crate) async fn tell_and_wait(&self, mut happenings: Vec<Happening>) -> Outcome {
        let Some(last) = happenings.pop() else {
            return Outcome::never("the company account is not told of it");
        };
        self.tell(happenings);
        self.hooks.keep(last.clone());
        self.outbox.tell_and_wait(last).await
    }
}

/// Sends an event of the past once more.
pub(crate) fn send_again(x: &X, happening: Happening) {
    x.outbox.tell(happening);
}

impl Carrier for X {
    type Item = Happening;

    fn world(&self) -> &World {
        &self.world
    }

    fn habits(&self) -> Habits {
        let delivery = self.delivery();
        Habits {
            duplicates: delivery.duplicates,
            losses: delivery.losses,
            batch: match delivery.envelope {
                Envelope::Activity => 1,
                Envelope::AccountActivity => delivery.batch,
            },
            gather: delivery.gather,
            disorder: delivery.disorder,
            parallel: Semaphore::MAX_PERMITS,
        }
    }

    async fn carry(&self, batch: Vec<Happening>) -> Outcome {
        if self.delivery().envelope == Envelope::AccountActivity {
            let mut body = Map::new();
            for happening in batch {
                merge(&mut body, happening.legacy);
            }
            if body.is_empty() {
                return Outcome::never("the older form has no such event");
            }
            body.insert("for_user_id".to_owned(), json!(self.options.user_id));
            return post_to_all(self, Value::Object(body)).await;
        }
        let mut outcome = Outcome::never("no valid webhook is subscribed to it");
        for happening in batch {
            for (hook, subscription) in self.hooks.targets(happening.kind) {
                let uuid = fastrand::i64(..);
                let body = envelope(
                    &happening,
                    &self.options.user_id,
                    subscription.tag.as_deref(),
                    uuid,
                );
                outcome = post(self, &hook.url, body).await;
            }
        }
        outcome
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
