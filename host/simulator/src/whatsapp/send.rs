//! `POST /{number}/messages`: messages, reactions, read receipts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::directory::{self, Person};
use super::message::{Way, change_turn, new_id};
use super::options::ClosedWindow;
use super::statuses::{Accepted, DAY_MS, Fate};
use super::templates::Category;
use super::{WhatsApp, errors};
use crate::customers::{Author, Reachability, Turn};
use crate::graph::api::Call;
use crate::graph::parameters::parameters_with;
use crate::graph::{GraphError, lock};

mod content;
mod interactive;
mod reader;
mod template;

use content::Content;
use reader::Object;

/// What stands beside the content of a message.
const AROUND: &[&str] = &[
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "context",
    "biz_opaque_callback_data",
    "access_token",
    "appsecret_proof",
];

/// The longest `biz_opaque_callback_data`.
const OPAQUE: usize = 512;

/// Who a message is for.
struct Recipient {
    /// As the hub wrote it.
    input: String,
    by_user_id: bool,
    /// None: nobody on the network has this number or user id.
    customer: Option<String>,
    person: Person,
}

pub(crate) async fn post(whatsapp: &Arc<WhatsApp>, call: &Call<()>) -> Result<Value, GraphError> {
    let parameters = parameters_with(call, &[]).await?;
    let message = Object::whole(&parameters.members);
    message.one_of("messaging_product", &["whatsapp"])?;
    if message.value("status").is_some() {
        return mark(whatsapp, &message);
    }
    note_unknown(whatsapp, call.number, &message, &parameters.members);
    if message.value("recipient_type").is_some() {
        // Groups are another product, which is not simulated.
        message.one_of("recipient_type", &["individual"])?;
    }
    let opaque = message.short("biz_opaque_callback_data", OPAQUE)?;
    let context = match message.object("context")? {
        Some(context) => Some(context.need_text("message_id")?),
        None => None,
    };
    let recipient = whatsapp.recipient(&message)?;
    let content = Content::read(whatsapp, &message)?;
    if recipient.by_user_id
        && content
            .template
            .is_some_and(|template| template.category == Category::Authentication)
    {
        return Err(errors::by_code(131_062));
    }
    let now = whatsapp.world.clock.now_ms();
    whatsapp
        .limits
        .count(whatsapp.rules(), recipient.person.digits(), now)?;
    let fate = fate(whatsapp, &recipient, &content, now)?;
    let id = new_id(&recipient.person, Way::ToCustomer);
    let answer = answer(&recipient, &id, content.template.is_some());
    let accepted = Accepted {
        id: id.clone(),
        customer: recipient.customer.clone(),
        person: recipient.person,
        by_user_id: recipient.by_user_id,
        category: content.template.map_or_else(
            || "service".to_owned(),
            |template| template.category.as_str().to_ascii_lowercase(),
        ),
        opaque: opaque.map(str::to_owned),
        audio: content.audio,
    };
    if let Some(customer) = recipient.customer.filter(|_| fate == Fate::Arrives) {
        let mut turn = Turn::new(id, Author::Hub, now);
        turn.reference = opaque.map(str::to_owned);
        turn.reply_to = context.map(str::to_owned);
        arrive(whatsapp, &customer, turn, content);
    }
    whatsapp.follow(accepted, fate);
    Ok(answer)
}

/// The network ignores what it does not know beside the content.
fn note_unknown(
    whatsapp: &WhatsApp,
    number: u64,
    message: &Object<'_>,
    members: &Map<String, Value>,
) {
    let kind = message.value("type").and_then(Value::as_str);
    let kind = kind.unwrap_or("text").to_ascii_lowercase();
    for name in members.keys() {
        if !AROUND.contains(&name.as_str()) && *name != kind {
            let note = format!("unknown parameter {name} ignored");
            whatsapp.world.record.note(number, note);
        }
    }
}

fn answer(recipient: &Recipient, id: &str, template: bool) -> Value {
    let contact = if recipient.by_user_id {
        json!({ "input": recipient.input, "user_id": recipient.input })
    } else {
        json!({ "input": recipient.input, "wa_id": directory::digits(&recipient.input) })
    };
    let message = if template {
        json!({ "id": id, "message_status": "accepted" })
    } else {
        json!({ "id": id })
    };
    json!({
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [message],
    })
}

/// What becomes of the message; `Err`: it is refused at once.
fn fate(
    whatsapp: &WhatsApp,
    recipient: &Recipient,
    content: &Content,
    now: i64,
) -> Result<Fate, GraphError> {
    if let Some(code) = lock(&whatsapp.failures).pop_front() {
        return Ok(Fate::Fails(code));
    }
    let Some(customer) = &recipient.customer else {
        return Ok(Fate::Fails(131_026));
    };
    let known = whatsapp.world.customers.look(customer, |customer| {
        let open = customer
            .last_active_ms
            .is_some_and(|active| now - active < DAY_MS);
        let target = content.reaction.as_ref().is_none_or(|(target, _)| {
            customer
                .conversation
                .iter()
                .any(|turn| &turn.message_id == target)
        });
        (customer.reachability, open, target)
    });
    let (reachability, open, target) = known.unwrap_or((Reachability::Available, false, false));
    if reachability == Reachability::Unavailable {
        return Ok(Fate::Fails(131_026));
    }
    if !open && content.template.is_none() {
        match whatsapp.rules().closed_window {
            ClosedWindow::FailedStatus => return Ok(Fate::Fails(131_047)),
            ClosedWindow::Refused => return Err(errors::by_code(131_047)),
            ClosedWindow::Ignored => {}
        }
    }
    let marketing = content
        .template
        .is_some_and(|template| template.category == Category::Marketing);
    // Without conversations there is nothing to look a reaction's message up in.
    let keeps = whatsapp.world.record.keeps_bodies();
    Ok(if marketing && recipient.person.stopped_marketing {
        Fate::Fails(131_050)
    } else if keeps && !target {
        Fate::Fails(131_009)
    } else if content.mismatch {
        Fate::Fails(131_053)
    } else if reachability == Reachability::Blocked {
        Fate::Held
    } else {
        Fate::Arrives
    })
}

/// Shows the message to the customer.
fn arrive(whatsapp: &WhatsApp, customer: &str, mut turn: Turn, content: Content) {
    let number = whatsapp.options.phone_number_id.clone();
    whatsapp.world.customers.change(customer, |customer| {
        if let Some((target, emoji)) = content.reaction {
            change_turn(customer, &target, |turn| {
                if emoji.is_empty() {
                    turn.reactions.remove(&number);
                } else {
                    turn.reactions.insert(number, emoji);
                }
            });
            return;
        }
        // An answer to a message that is gone arrives without the quotation.
        let quoted = turn.reply_to.as_ref().is_some_and(|id| {
            let mut turns = customer.conversation.iter();
            turns.any(|turn| &turn.message_id == id)
        });
        turn.reply_to = turn.reply_to.filter(|_| quoted);
        turn.text = content.text;
        turn.attachments = content.attachments;
        turn.structured = content.structured;
        customer.conversation.push(turn);
    });
}

/// `{"status": "read", "message_id"}`, perhaps with a typing indicator.
fn mark(whatsapp: &WhatsApp, message: &Object<'_>) -> Result<Value, GraphError> {
    message.one_of("status", &["read"])?;
    let id = message.need_text("message_id")?;
    let typing = match message.object("typing_indicator")? {
        Some(typing) => {
            typing.one_of("type", &["text"])?;
            true
        }
        None => false,
    };
    let Some(customer) = whatsapp.directory.writer(id) else {
        // Without conversations nobody knows who wrote what.
        if whatsapp.world.record.keeps_bodies() {
            return Err(errors::detailed(
                131_009,
                "Message ID is invalid or the message is not from a customer",
            ));
        }
        return Ok(json!({ "success": true }));
    };
    whatsapp.world.customers.change(&customer, |customer| {
        customer.signals.push("mark_seen".to_owned());
        if typing {
            customer.signals.push("typing_on".to_owned());
        }
    });
    Ok(json!({ "success": true }))
}

impl WhatsApp {
    /// The recipient: `to`, a phone number, goes before `recipient`, a user id.
    fn recipient(&self, message: &Object<'_>) -> Result<Recipient, GraphError> {
        let to = match message.value("to") {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => message.text("to")?.map(str::to_owned),
        };
        if let Some(input) = to.filter(|to| !to.is_empty()) {
            return self.by_number(input);
        }
        let Some(input) = message.text("recipient")?.filter(|id| !id.is_empty()) else {
            return Err(errors::detailed(131_008, "The parameter to is required."));
        };
        if !directory::is_user_id(input) {
            return Err(errors::detailed(
                131_009,
                "The parameter recipient is not a Business-scoped user ID (BSUID)",
            ));
        }
        let customer = self.directory.by_user_id(input).or_else(|| {
            self.enter_all();
            self.directory.by_user_id(input)
        });
        let person = customer.as_deref().map_or_else(
            || Person::stranger(None, input.to_owned()),
            |customer| self.directory.person(customer),
        );
        Ok(Recipient {
            input: input.to_owned(),
            by_user_id: true,
            customer,
            person,
        })
    }

    fn by_number(&self, input: String) -> Result<Recipient, GraphError> {
        let digits = directory::digits(&input);
        let odd = input
            .chars()
            .any(|one| !one.is_ascii_digit() && !"+-() ".contains(one));
        if odd || !(5..=15).contains(&digits.len()) {
            return Err(errors::detailed(
                131_009,
                "The parameter to is not a valid phone number",
            ));
        }
        if digits == self.options.display_phone_number {
            return Err(errors::by_code(131_021));
        }
        let customer = self.directory.by_phone(&digits).or_else(|| {
            // Somebody who was added, and has done nothing yet.
            let new = self.world.customers.contains(&digits) && !self.directory.has_left(&digits);
            new.then(|| digits.clone())
        });
        let person = customer.as_deref().map_or_else(
            || Person::stranger(Some(digits), String::new()),
            |customer| self.directory.person(customer),
        );
        Ok(Recipient {
            input,
            by_user_id: false,
            customer,
            person,
        })
    }

    /// Gives identifiers to customers who were added past the simulator's own way.
    fn enter_all(&self) {
        for customer in self.world.customers.ids() {
            self.directory.person(&customer);
        }
    }
}
