//! How far agents have read, and what they put to interactions and contacts.

use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::contact::{Blocked, Contact};
use linecard_model::desk::{Attribute, Marks, ReadMark, check_label};
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::rights::Right;
use linecard_model::routing::{EndReason, InteractionState};
use linecard_model::{AgentId, ContactId, InteractionId, MessageId};
use linecard_router::Command as RouterCommand;
use linecard_store::{Page, StoreError};
use serde_json::{Value, json};

use super::super::command::{Actor, CommandError, Outcome};
use super::super::holding::person;
use super::super::people::{audited, find, show};
use super::super::run::Batch;
use super::super::sending::unknown_message;
use super::{DeskOutcome, own_desk, unfit};

/// How many messages are read at a time to find out how many are unread.
const STEP: usize = 200;
/// The longest reason for blocking somebody, in characters.
const LONGEST_REASON: usize = 500;

/// An agent has read up to a message. Whoever reports an older one later has not read less.
pub(super) async fn read(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    message: Option<MessageId>,
) -> Result<Outcome, CommandError> {
    let agent = own_desk(actor, "read marks")?;
    let interaction = find(batch, id).await?;
    let newest = interaction.last_message.as_ref().map(|last| last.message);
    let mark = match message {
        Some(message) => ReadMark {
            message,
            inbound: interaction
                .inbound_count
                .saturating_sub(newer_than(batch, &interaction, message).await?),
        },
        None => match newest {
            Some(message) => ReadMark {
                message,
                inbound: interaction.inbound_count,
            },
            None => return Ok(so_far(&interaction, &agent)),
        },
    };
    let before = interaction.marks.reads.get(&agent);
    let is_news = before.is_none_or(|before| {
        mark.inbound > before.inbound
            || (mark.inbound == before.inbound && mark.message > before.message)
    });
    if !is_news {
        return Ok(so_far(&interaction, &agent));
    }
    let event = Event::InteractionRead {
        interaction: id,
        agent,
        message: Some(mark.message),
        inbound: mark.inbound,
        unread: interaction.inbound_count.saturating_sub(mark.inbound),
    };
    record_read(batch, event).await
}

/// All is to count as unread.
pub(super) async fn unread(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
) -> Result<Outcome, CommandError> {
    let agent = own_desk(actor, "read marks")?;
    let interaction = find(batch, id).await?;
    if !interaction.marks.reads.contains_key(&agent) {
        return Ok(so_far(&interaction, &agent));
    }
    let event = Event::InteractionRead {
        interaction: id,
        agent,
        message: None,
        inbound: 0,
        unread: interaction.inbound_count,
    };
    record_read(batch, event).await
}

async fn record_read(batch: &mut Batch<'_>, event: Event) -> Result<Outcome, CommandError> {
    let Event::InteractionRead {
        message, unread, ..
    } = event
    else {
        return Ok(Outcome::Done);
    };
    batch.record(vec![event]).await?;
    Ok(Outcome::Desk(DeskOutcome::Read { message, unread }))
}

fn so_far(interaction: &Interaction, agent: &AgentId) -> Outcome {
    let mark = interaction.marks.reads.get(agent);
    Outcome::Desk(DeskOutcome::Read {
        message: mark.map(|mark| mark.message),
        unread: interaction.unread(agent),
    })
}

/// How many of the customers' messages are newer than a message of an interaction.
async fn newer_than(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    message: MessageId,
) -> Result<u32, CommandError> {
    let mut is_there = false;
    for contact in interaction.contacts() {
        let found = batch.work.message(contact, message).await?;
        is_there |= found.is_some_and(|found| found.interaction == interaction.id);
    }
    if !is_there {
        return Err(unknown_message(message));
    }
    let mut newer = 0_u32;
    for contact in interaction.contacts() {
        let mut before = None;
        loop {
            let page = Page {
                before,
                limit: STEP,
            };
            let messages = batch.work.history(contact, page).await?;
            let count = messages.iter().filter(|m| {
                m.id > message && m.interaction == interaction.id && m.author.is_contact()
            });
            newer = newer.saturating_add(u32::try_from(count.count()).unwrap_or(u32::MAX));
            match messages.last() {
                Some(last) if last.id > message => before = Some(last.id),
                _ => break,
            }
        }
    }
    Ok(newer)
}

pub(super) async fn label(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    label: String,
    on: bool,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let mut marks = interaction.marks.clone();
    if on {
        may_be_put(batch, &label)?;
        marks.labels.insert(label);
    } else {
        marks.labels.remove(&label);
    }
    marked(batch, actor, &interaction, marks).await
}

/// Whether a label may be put on an interaction of this site.
pub(super) fn may_be_put(batch: &Batch<'_>, label: &str) -> Result<(), CommandError> {
    check_label(label).map_err(|error| unfit("", error.to_string()))?;
    match &batch.state.config.labels {
        Some(known) if !known.contains(label) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let text = format!(
                "there is no label \"{label}\" on this site; there are {}",
                known.join(", ")
            );
            Err(unfit("", text))
        }
        _ => Ok(()),
    }
}

pub(super) async fn attribute(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    name: String,
    value: Option<Attribute>,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let mut marks = interaction.marks.clone();
    put_attribute(&mut marks.attributes, name, value)?;
    marked(batch, actor, &interaction, marks).await
}

fn put_attribute(
    attributes: &mut BTreeMap<String, Attribute>,
    name: String,
    value: Option<Attribute>,
) -> Result<(), CommandError> {
    let Some(value) = value else {
        attributes.remove(&name);
        return Ok(());
    };
    value
        .check(&name)
        .map_err(|error| unfit("/value", error.to_string()))?;
    attributes.insert(name, value);
    if attributes.len() > Marks::MOST_ATTRIBUTES {
        let text = format!("there are up to {} attributes", Marks::MOST_ATTRIBUTES);
        return Err(unfit("", text));
    }
    Ok(())
}

pub(super) async fn contact_attribute(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
    name: String,
    value: Option<Attribute>,
) -> Result<Outcome, CommandError> {
    let mut contact = known(batch, id).await?;
    let before = contact.attributes.get(&name).cloned();
    put_attribute(&mut contact.attributes, name.clone(), value)?;
    if contact.attributes.get(&name) == before.as_ref() {
        return Ok(Outcome::Contact(contact));
    }
    // What it is may be said of a person: the log says only that it was changed.
    let subject = format!("{} {name}", contact.id);
    let audit = audited(
        actor,
        "contact.attribute",
        &subject,
        Value::Null,
        Value::Null,
    );
    let events = vec![Event::ContactSaved(contact.clone()), audit];
    batch.record(events).await?;
    Ok(Outcome::Contact(contact))
}

async fn known(batch: &mut Batch<'_>, id: ContactId) -> Result<Contact, CommandError> {
    let contact = person(batch, id).await?;
    let contact = contact.ok_or_else(|| CommandError::NotFound {
        what: "contact",
        id: id.to_string(),
    })?;
    Ok(Arc::unwrap_or_clone(contact))
}

pub(super) async fn follow(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    agent: AgentId,
    on: bool,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let mut marks = interaction.marks.clone();
    if on {
        if !batch.state.config.agents.contains_key(&agent) {
            return Err(CommandError::NotFound {
                what: "agent",
                id: agent.to_string(),
            });
        }
        marks.followers.insert(agent);
    } else {
        marks.followers.remove(&agent);
    }
    marked(batch, actor, &interaction, marks).await
}

/// Records what is put to an interaction now, if that is news, and shows it.
async fn marked(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: &Interaction,
    marks: Marks,
) -> Result<Outcome, CommandError> {
    let event = change(actor, interaction, marks)?;
    batch.record(event.into_iter().collect()).await?;
    show(batch, interaction.id).await
}

/// What is to be recorded of what is put to an interaction now; nothing if that is no news.
pub(super) fn change(
    actor: &Actor,
    interaction: &Interaction,
    marks: Marks,
) -> Result<Option<Event>, CommandError> {
    if marks == interaction.marks {
        return Ok(None);
    }
    for (what, count, most) in [
        ("labels", marks.labels.len(), Marks::MOST_LABELS),
        ("followers", marks.followers.len(), Marks::MOST_FOLLOWERS),
    ] {
        if count > most {
            return Err(unfit("", format!("an interaction has up to {most} {what}")));
        }
    }
    let public = Marks {
        reads: BTreeMap::new(),
        drafts: BTreeMap::new(),
        ..marks
    };
    Ok(Some(Event::InteractionMarked {
        interaction: interaction.id,
        by: actor.name.clone(),
        marks: Box::new(public),
    }))
}

/// Blocks somebody. What they wrote that nobody has taken yet is no work any more.
pub(super) async fn block(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
    reason: Option<String>,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Contacts, "contacts are blocked")?;
    let reason = reason.map(|reason| reason.trim().to_owned());
    let reason = reason.filter(|reason| !reason.is_empty());
    if reason
        .as_ref()
        .is_some_and(|reason| reason.chars().count() > LONGEST_REASON)
    {
        let text = format!("a reason has up to {LONGEST_REASON} characters");
        return Err(unfit("/reason", text));
    }
    let mut contact = known(batch, id).await?;
    if contact.of_thread.is_some() {
        return Err(CommandError::ContactBusy {
            contact: id,
            reason: "it stands for a public conversation, not for a person",
        });
    }
    if let Some(blocked) = &contact.blocked
        && blocked.reason == reason
    {
        return Ok(Outcome::Contact(contact));
    }
    let since = contact.blocked.as_ref().map_or(batch.at, |known| known.at);
    contact.blocked = Some(Blocked {
        at: since,
        by: actor.name.clone(),
        reason,
    });
    let subject = contact.id.to_string();
    let audit = audited(actor, "contact.block", &subject, Value::Null, json!(true));
    batch
        .record(vec![Event::ContactSaved(contact.clone()), audit])
        .await?;
    for id in waiting_alone(batch, &contact).await? {
        let rescind = RouterCommand::Rescind {
            interaction: id,
            reason: EndReason::Cancelled,
        };
        // A refusal means that the router has let go of it meanwhile.
        let _ = batch.route(rescind).await?;
    }
    Ok(Outcome::Contact(contact))
}

/// The interactions with a person that nobody has taken, and in which nobody else takes part.
async fn waiting_alone(
    batch: &mut Batch<'_>,
    contact: &Contact,
) -> Result<Vec<InteractionId>, StoreError> {
    let ids = contact.ids();
    let open = ids.iter().flat_map(|id| batch.state.open_with(*id));
    let open: Vec<InteractionId> = open.map(|interaction| interaction.id).collect();
    let mut waiting = Vec::new();
    for id in open {
        let Some(interaction) = batch.work.interaction(id).await? else {
            continue;
        };
        let waits = matches!(
            interaction.state,
            InteractionState::Queued | InteractionState::Offered { .. }
        );
        let alone = interaction.contacts().iter().all(|of| ids.contains(of))
            && interaction.participants.iter().all(|p| p.author.is_none());
        if waits && alone {
            waiting.push(id);
        }
    }
    Ok(waiting)
}

pub(super) async fn unblock(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Contacts, "contacts are unblocked")?;
    let mut contact = known(batch, id).await?;
    if contact.blocked.take().is_none() {
        return Ok(Outcome::Contact(contact));
    }
    let subject = contact.id.to_string();
    let audit = audited(actor, "contact.unblock", &subject, json!(true), Value::Null);
    batch
        .record(vec![Event::ContactSaved(contact.clone()), audit])
        .await?;
    Ok(Outcome::Contact(contact))
}
