//! What the number tells the hub: values of changes, joined as the network joins them.

use serde_json::{Map, Value, json};

use super::WhatsApp;
use crate::delivery::{Delivery, Outcome};
use crate::graph::webhook::{Sending, body_of, change};
use crate::outbox::{Carrier, Habits};
use crate::serve::World;

/// A change on its way.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The webhook field, `messages` for messages and statuses.
    pub(crate) field: String,
    /// The value.
    pub(crate) value: Value,
}

impl Carrier for WhatsApp {
    type Item = Change;

    fn world(&self) -> &World {
        &self.world
    }

    fn habits(&self) -> Habits {
        self.delivery().habits()
    }

    async fn carry(&self, batch: Vec<Change>) -> Outcome {
        let size = self.delivery().items_per_entry.max(1);
        let entries: Vec<Value> = batch
            .chunks(size)
            .map(|changes| {
                let changes: Vec<Value> = joined(changes)
                    .into_iter()
                    .map(|one| change(&one.field, one.value))
                    .collect();
                json!({ "id": self.options.waba_id, "changes": changes })
            })
            .collect();
        self.post(body_of("whatsapp_business_account", entries))
            .await
    }
}

impl WhatsApp {
    async fn post(&self, body: Value) -> Outcome {
        Sending {
            client: &self.client,
            record: &self.world.record,
            retry: &self.delivery().retry,
            callback: self.callback_url(),
            app_secret: &self.options.app_secret,
        }
        .post(body)
        .await
    }

    /// Posts a body as given, escaped and signed.
    pub(crate) async fn post_given(&self, body: Value) -> Delivery {
        self.post(body).await.delivery("", "")
    }

    /// Why nothing is told; none when something is.
    fn unheard(&self) -> Option<Outcome> {
        (!self.subscribed()).then(|| Outcome::never("the app is not subscribed to the account"))
    }

    /// Sends a change that nobody waits for.
    pub(crate) fn tell(&self, change: Change) {
        if self.unheard().is_none() {
            self.outbox.tell(change);
        }
    }

    /// Sends a change and waits for its end.
    pub(crate) async fn tell_and_wait(&self, change: Change) -> Outcome {
        match self.unheard() {
            Some(outcome) => outcome,
            None => self.outbox.tell_and_wait(change).await,
        }
    }

    /// A value of the field `messages` with what every one has.
    pub(crate) fn value(&self) -> Map<String, Value> {
        let mut value = Map::new();
        value.insert("messaging_product".to_owned(), json!("whatsapp"));
        value.insert(
            "metadata".to_owned(),
            json!({
                "display_phone_number": self.options.display_phone_number,
                "phone_number_id": self.options.phone_number_id,
            }),
        );
        value
    }

    /// The time of a webhook in seconds, which is a string there.
    pub(crate) fn stamp(&self, at_ms: i64) -> String {
        (at_ms / 1000 + self.rules().clock_skew_seconds).to_string()
    }
}

/// Joins the lists of neighbours that have the same members: several messages, or several
/// statuses, of one number stand in one value.
fn joined(changes: &[Change]) -> Vec<Change> {
    let mut out: Vec<Change> = Vec::with_capacity(changes.len());
    for change in changes {
        let alike = out.last_mut().filter(|last| {
            last.field == "messages" && change.field == "messages" && joinable(&last.value, change)
        });
        match alike {
            Some(last) => join(&mut last.value, &change.value),
            None => out.push(change.clone()),
        }
    }
    out
}

fn joinable(one: &Value, other: &Change) -> bool {
    let (Some(one), Some(other)) = (one.as_object(), other.value.as_object()) else {
        return false;
    };
    one.keys().eq(other.keys()) && !one.contains_key("errors")
}

fn join(into: &mut Value, more: &Value) {
    let (Some(into), Some(more)) = (into.as_object_mut(), more.as_object()) else {
        return;
    };
    for (name, list) in into {
        let (Some(list), Some(new)) = (
            list.as_array_mut(),
            more.get(name).and_then(Value::as_array),
        ) else {
            continue;
        };
        for one in new {
            // A person stands in `contacts` once.
            if name != "contacts" || !list.contains(one) {
                list.push(one.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Change, joined};

    fn change(value: serde_json::Value) -> Change {
        Change {
            field: "messages".to_owned(),
            value,
        }
    }

    #[test]
    fn neighbours_of_one_kind_are_joined() {
        let message = |id: u8| {
            let contact = json!({ "wa_id": "1" });
            change(json!({ "metadata": {}, "contacts": [contact], "messages": [{ "id": id }] }))
        };
        let status = change(json!({ "metadata": {}, "statuses": [{ "id": 3 }] }));
        let out = joined(&[message(1), message(2), status.clone(), status]);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].value["messages"], json!([{ "id": 1 }, { "id": 2 }]));
        assert_eq!(out[0].value["contacts"], json!([{ "wa_id": "1" }]));
        // One status stands twice: a duplicate stays one.
        assert_eq!(out[1].value["statuses"], json!([{ "id": 3 }, { "id": 3 }]));
    }
}
