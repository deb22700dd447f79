//! A customer does something, and the hub is told.

use serde_json::{Value, json};

use super::directory::Person;
use super::incoming::{Happening, Incoming};
use super::message::{Way, new_id};
use super::outbox::Change;
use super::{WhatsApp, directory, errors};
use crate::delivery::Delivery;
use crate::graph::webhook::set;

/// Does it as a customer and waits until the hub has acknowledged it.
pub(crate) async fn say(whatsapp: &WhatsApp, customer: &str, what: Incoming) -> Delivery {
    let person = whatsapp.directory.person(customer);
    let now = whatsapp.world.clock.now_ms();
    if what.what.opens_window() {
        whatsapp.world.customers.change(customer, |customer| {
            customer.last_active_ms = Some(now);
        });
    }
    let id = new_id(&person, Way::FromCustomer);
    let (change, about) = match &what.what {
        Happening::Status {
            message_id,
            status,
            code,
        } => {
            let change = whatsapp.status_out_of_turn(customer, message_id, *status, *code);
            (change, message_id.clone())
        }
        Happening::AccountError { code } => {
            let errors = json!([errors::in_webhook(*code)]);
            (whatsapp.with_members([("errors", errors)]), String::new())
        }
        Happening::Field { field, value } => {
            let change = Change {
                field: field.clone(),
                value: value.clone(),
            };
            (change, String::new())
        }
        Happening::MarketingPreference { stop } => {
            (preference(whatsapp, customer, *stop, now), String::new())
        }
        Happening::ChangeUserId {
            user_id,
            as_update: true,
        } => {
            let change = user_id_update(whatsapp, customer, user_id, now);
            (change, String::new())
        }
        Happening::ChangeNumber { .. }
        | Happening::ChangeUserId { .. }
        | Happening::ChangeIdentity { .. } => {
            (system(whatsapp, customer, &what.what, &id, now), id)
        }
        _ => (message(whatsapp, customer, &person, &what, &id, now), id),
    };
    whatsapp
        .tell_and_wait(change)
        .await
        .delivery(customer, &about)
}

fn message(
    whatsapp: &WhatsApp,
    customer: &str,
    person: &Person,
    what: &Incoming,
    id: &str,
    now: i64,
) -> Change {
    let mut message = whatsapp.world.customers.change(customer, |customer| {
        whatsapp.message(what, id, now, customer)
    });
    if whatsapp.world.record.keeps_bodies() {
        whatsapp.directory.wrote(customer, id);
    }
    person.sign(whatsapp.identifiers(), &mut message);
    whatsapp.with_members([
        ("contacts", json!([whatsapp.contact(customer)])),
        ("messages", json!([message])),
    ])
}

/// A system message; the identifiers change with it.
fn system(whatsapp: &WhatsApp, customer: &str, what: &Happening, id: &str, now: i64) -> Change {
    let by = whatsapp.identifiers();
    let name = whatsapp.name_of(customer);
    let old = whatsapp.directory.person(customer);
    let mut message = json!({ "id": id, "timestamp": whatsapp.stamp(now), "type": "system" });
    let mut contacts = None;
    let system = match what {
        Happening::ChangeNumber { phone } => {
            let phone = directory::digits(phone);
            let new = whatsapp.directory.change(customer, |person| {
                person.phone = Some(phone.clone());
            });
            // The sender is the number that there was.
            set(&mut message, "from", old.shown_phone(by).map(Value::from));
            let from = old.shown_phone(by).unwrap_or(&old.user_id);
            let mut system = json!({
                "body": format!("User {name} changed from {from} to {phone}"),
                "wa_id": phone,
                "type": "user_changed_number",
            });
            name_user(&mut system, &new, by != super::Identifiers::PhoneNumbers);
            system
        }
        Happening::ChangeUserId { user_id, .. } => {
            let new = whatsapp.directory.change(customer, |person| {
                person.user_id.clone_from(user_id);
            });
            let mut system = json!({
                "body": format!("User {name} changed from {} to {user_id}", old.user_id),
                "type": "user_changed_user_id",
            });
            name_user(&mut system, &new, true);
            system
        }
        _ => {
            old.sign(by, &mut message);
            contacts = Some(json!([whatsapp.contact(customer)]));
            if let Happening::ChangeIdentity { hash } = what {
                let identity = json!({
                    "acknowledged": true,
                    "created_timestamp": whatsapp.stamp(now),
                    "hash": hash,
                });
                set(&mut message, "identity", Some(identity));
            }
            json!({ "body": "User identity changed", "type": "customer_identity_changed" })
        }
    };
    set(&mut message, "system", Some(system));
    let messages = ("messages", json!([message]));
    match contacts {
        Some(contacts) => whatsapp.with_members([("contacts", contacts), messages]),
        None => whatsapp.with_members([messages]),
    }
}

fn name_user(system: &mut Value, person: &Person, shown: bool) {
    if shown {
        set(system, "user_id", Some(person.user_id.clone().into()));
        let parent = person.parent_user_id.clone().map(Value::from);
        set(system, "parent_user_id", parent);
    }
}

/// The field `user_id_update`.
fn user_id_update(whatsapp: &WhatsApp, customer: &str, user_id: &str, now: i64) -> Change {
    let by = whatsapp.identifiers();
    let old = whatsapp.directory.person(customer);
    let new = whatsapp.directory.change(customer, |person| {
        user_id.clone_into(&mut person.user_id);
    });
    let mut update = json!({
        "detail": format!("User id for {} has been updated.", whatsapp.name_of(customer)),
        "user_id": { "previous": old.user_id, "current": new.user_id },
        "timestamp": whatsapp.stamp(now),
    });
    set(&mut update, "wa_id", new.shown_phone(by).map(Value::from));
    if let (Some(previous), Some(current)) = (&old.parent_user_id, &new.parent_user_id) {
        let parent = json!({ "previous": previous, "current": current });
        set(&mut update, "parent_user_id", Some(parent));
    }
    Change {
        field: "user_id_update".to_owned(),
        ..whatsapp.with_members([
            ("contacts", json!([whatsapp.contact(customer)])),
            ("user_id_update", json!([update])),
        ])
    }
}

/// The field `user_preferences`. Its time is a number, unlike all others.
fn preference(whatsapp: &WhatsApp, customer: &str, stop: bool, now: i64) -> Change {
    let by = whatsapp.identifiers();
    let person = whatsapp.directory.change(customer, |person| {
        person.stopped_marketing = stop;
    });
    let word = if stop { "stop" } else { "resume" };
    let mut preference = json!({
        "detail": format!("User requested to {word} marketing messages"),
        "category": "marketing_messages",
        "value": word,
        "timestamp": now / 1000 + whatsapp.rules().clock_skew_seconds,
    });
    set(
        &mut preference,
        "wa_id",
        person.shown_phone(by).map(Value::from),
    );
    Change {
        field: "user_preferences".to_owned(),
        ..whatsapp.with_members([
            ("contacts", json!([whatsapp.contact(customer)])),
            ("user_preferences", json!([preference])),
        ])
    }
}

impl WhatsApp {
    /// A change of the field `messages` with these members.
    pub(crate) fn with_members<const N: usize>(&self, members: [(&str, Value); N]) -> Change {
        let mut value = self.value();
        for (name, member) in members {
            value.insert(name.to_owned(), member);
        }
        Change {
            field: "messages".to_owned(),
            value: Value::Object(value),
        }
    }

    /// The customer's entry in `contacts`.
    pub(crate) fn contact(&self, customer: &str) -> Value {
        let person = self.directory.person(customer);
        let profile = self
            .world
            .customers
            .look(customer, |customer| customer.profile.clone())
            .unwrap_or_default();
        person.contact(self.identifiers(), &profile)
    }

    fn name_of(&self, customer: &str) -> String {
        let look = |customer: &crate::customers::Customer| customer.profile.full_name();
        self.world
            .customers
            .look(customer, look)
            .unwrap_or_else(|| customer.to_owned())
    }
}
