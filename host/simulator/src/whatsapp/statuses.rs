//! The statuses of messages: sent, delivered, read, played, failed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::directory::Person;
use super::incoming::Status;
use super::outbox::Change;
use super::{Identifiers, WhatsApp, errors};
use crate::graph::webhook::set;
use crate::signature::hex;

/// How long a conversation lasts.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A message that the network accepted.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub(crate) id: String,
    /// The customer, if anybody has this number or user id.
    pub(crate) customer: Option<String>,
    pub(crate) person: Person,
    /// It went to the user id, not to the number.
    pub(crate) by_user_id: bool,
    /// What is charged: `service`, or the template's category in lower case.
    pub(crate) category: String,
    /// The hub's own word, which comes back in statuses.
    pub(crate) opaque: Option<String>,
    pub(crate) audio: bool,
}

/// What becomes of an accepted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives.
    Arrives,
    /// It never reaches a device, because the person blocked the number.
    Held,
    /// It fails with this code.
    Fails(u32),
}

impl WhatsApp {
    /// The webhook about a status.
    fn status(&self, of: &Accepted, status: Status, code: Option<u32>) -> Change {
        let now = self.world.clock.now_ms();
        let by = self.identifiers();
        let mut item = json!({
            "id": of.id,
            "status": status.as_str(),
            "timestamp": self.stamp(now),
        });
        of.person.address(by, of.by_user_id, &mut item);
        if matches!(status, Status::Sent | Status::Delivered) {
            let mut conversation = json!({
                "id": conversation_id(of, now),
                "origin": { "type": of.category },
            });
            if status == Status::Sent {
                let ends = self.stamp(now.saturating_add(DAY_MS));
                set(&mut conversation, "expiration_timestamp", Some(ends.into()));
            }
            set(&mut item, "conversation", Some(conversation));
            set(&mut item, "pricing", Some(pricing(&of.category)));
        }
        let errors = (status == Status::Failed)
            .then(|| json!([errors::in_webhook(code.unwrap_or(131_000))]));
        set(&mut item, "errors", errors);
        let opaque = of.opaque.clone().map(Value::from);
        set(&mut item, "biz_opaque_callback_data", opaque);
        let statuses = ("statuses", json!([item]));
        // People stand beside statuses since they have user ids.
        match &of.customer {
            Some(customer) if by != Identifiers::PhoneNumbers => {
                let contacts = json!([self.contact(customer)]);
                self.with_members([("contacts", contacts), statuses])
            }
            _ => self.with_members([statuses]),
        }
    }

    /// Tells what becomes of a message, one status after the other.
    pub(crate) fn follow(self: &Arc<Self>, of: Accepted, fate: Fate) {
        let wanted = self.statuses();
        let arrives = fate == Fate::Arrives;
        let mut coming = Vec::new();
        match fate {
            Fate::Fails(code) => coming.push((Status::Failed, Some(code))),
            Fate::Arrives | Fate::Held => {
                for (status, happens) in [
                    (Status::Sent, wanted.sent),
                    (Status::Delivered, wanted.delivered && arrives),
                    (Status::Read, wanted.read && arrives),
                    (Status::Played, wanted.played && arrives && of.audio),
                ] {
                    if happens {
                        coming.push((status, None));
                    }
                }
            }
        }
        let whatsapp = Arc::clone(self);
        tokio::spawn(async move {
            for (status, code) in coming {
                tokio::time::sleep(Duration::from_millis(wanted.delay_ms)).await;
                let change = whatsapp.status(&of, status, code);
                whatsapp.tell(change);
            }
        });
    }

    /// A status of a message as a test wants it.
    pub(crate) fn status_out_of_turn(
        &self,
        customer: &str,
        id: &str,
        status: Status,
        code: Option<u32>,
    ) -> Change {
        let opaque = self.world.customers.look(customer, |customer| {
            let turn = customer
                .conversation
                .iter()
                .find(|turn| turn.message_id == id)?;
            turn.reference.clone()
        });
        let of = Accepted {
            id: id.to_owned(),
            customer: Some(customer.to_owned()),
            person: self.directory.person(customer),
            by_user_id: false,
            category: "service".to_owned(),
            opaque: opaque.flatten(),
            audio: false,
        };
        self.status(&of, status, code)
    }
}

/// What a message costs: answers within the window cost nothing.
fn pricing(category: &str) -> Value {
    let free = category == "service";
    json!({
        "billable": !free,
        "pricing_model": "PMP",
        "type": if free { "free_customer_service" } else { "regular" },
        "category": category,
    })
}

/// The same for all messages of a category to one person on one day.
fn conversation_id(of: &Accepted, now_ms: i64) -> String {
    let day = now_ms.div_euclid(DAY_MS);
    let digest = Sha256::digest(format!("{}\n{}\n{day}", of.person.digits(), of.category));
    hex(digest.get(..16).unwrap_or_default())
}
