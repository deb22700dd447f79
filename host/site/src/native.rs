//! What the company writes on the network itself, and the echoes of what the hub sent.

use linecard_model::event::Event;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Message, MessageAuthor, MessageState};
use linecard_model::platform::{self, Author, Thread};
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId};
use linecard_router::Command as RouterCommand;
use linecard_store::StoreError;
use serde_json::Value;

use super::contacts::{find_or_create, linked, of_thread};
use super::early::catch_up;
use super::echoes::{private_answer, unsettled};
use super::holding::known;
use super::inbound::{Arrival, platform_event};
use super::run::Batch;
use super::state::{ThreadKey, newest};
use super::threads::answered;
use super::{files, receipts};

/// The company wrote on the network itself, or this is the echo of what the hub sent.
pub(super) async fn native_reply(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    message: &platform::Message,
) -> Result<(), StoreError> {
    let event = arrival.event;
    let known = batch
        .work
        .message_by_platform_id(arrival.channel, &message.id)
        .await?;
    if let Some(known) = known {
        return match event.thread.as_ref().and_then(|t| t.customer.as_ref()) {
            // A private answer to a public message shows under which id its author is written to.
            Some(identity) => linked(batch, arrival, known.contact, identity).await,
            None => Ok(()),
        };
    }
    let Some(thread) = &event.thread else {
        return platform_event(batch, arrival, "native-reply", Value::Null).await;
    };
    let customers = customers_of(batch, arrival, thread, message.parent.as_deref()).await?;
    if let Some(reference) = &message.client_ref {
        let (id, is_part) = receipts::whole(reference);
        if let Some(own) = receipts::sent_as(batch, &customers, id).await? {
            // The echo of what the hub sent: that of the whole, or of its last part, settles an
            // attempt whose outcome was unknown.
            return if is_part {
                receipts::note_part(batch, &own, &message.id).await
            } else {
                receipts::settle(batch, &own, &message.id, event.time).await
            };
        }
    } else if let Some(shown) = unsettled(batch, arrival, thread, message, &customers).await? {
        return if shown.is_whole {
            receipts::settle(batch, &shown.message, &message.id, event.time).await
        } else {
            receipts::note_part(batch, &shown.message, &message.id).await
        };
    }
    if thread.visibility == Visibility::Private
        && let Some(own) = private_answer(batch, arrival, message).await?
    {
        return match &thread.customer {
            Some(identity) => linked(batch, arrival, own.contact, identity).await,
            None => Ok(()),
        };
    }
    let mut events = Vec::new();
    let Some(place) = place(batch, arrival, thread, message, &mut events).await? else {
        return platform_event(batch, arrival, "native-reply", Value::Null).await;
    };
    let Place {
        contact,
        interaction,
        thread_key,
    } = place;
    let id = MessageId::generate();
    let reply_to = answered(batch, arrival.channel, message.parent.as_deref()).await?;
    let files = files::wanted(batch, arrival.channel, &message.attachments);
    files::fetch(batch, contact, id, &files);
    events.push(Event::MessageReceived(Message {
        id,
        contact,
        interaction,
        channel: arrival.channel.clone(),
        thread: thread_key,
        visibility: thread.visibility,
        author: MessageAuthor::Native,
        posted_by: None,
        at: event.time,
        content: message.clone().into(),
        files,
        state: MessageState::Sent { at: event.time },
        platform_ids: vec![message.id.clone()],
        parent: message.parent.clone(),
        reply_to,
        addressed: None,
        referral: None,
        findings: Vec::new(),
        rules: None,
        revisions: Vec::new(),
        note: None,
        corrections: Vec::new(),
        hidden_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        raw: event.raw.clone(),
    }));
    // What the router has let go of has nobody to come back to.
    if let Ok(decided) = batch.decide(RouterCommand::CompanyWrote { interaction }) {
        events.extend(decided);
    }
    batch.record(events).await?;
    catch_up(batch, arrival.channel, &message.id).await
}

/// Where something is kept that the company wrote.
struct Place {
    contact: ContactId,
    /// The interaction whose customers it is meant for; none if nobody had asked.
    interaction: InteractionId,
    /// The conversation, as what it answers has it.
    thread_key: String,
}

/// Where a native reply is kept. `None` if nobody knows with whom the company speaks.
async fn place(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &Thread,
    message: &platform::Message,
    events: &mut Vec<Event>,
) -> Result<Option<Place>, StoreError> {
    let key = ThreadKey {
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
    };
    let at = |contact, interaction: Option<InteractionId>| {
        Some(Place {
            contact,
            interaction: interaction.unwrap_or(InteractionId::NONE),
            thread_key: thread.key.clone(),
        })
    };
    if let Some(identity) = &thread.customer {
        let author = Author {
            identity: identity.clone(),
            profile: None,
        };
        let person = find_or_create(batch, arrival, &author, events).await?;
        for contact in person.ids() {
            if let Some(open) = open_with(batch, &key, contact) {
                return Ok(at(contact, Some(open)));
            }
        }
        for contact in person.ids() {
            let last = last_interaction(batch, contact, arrival.channel, &thread.key).await?;
            if last.is_some() {
                return Ok(at(contact, last));
            }
        }
        return Ok(at(person.id, None));
    }
    let nobody = batch
        .work
        .contact_of_thread(arrival.channel, &thread.key)
        .await?
        .map(|c| c.id);
    if let Some(parent) = &message.parent
        && let Some(parent) = batch
            .work
            .message_by_platform_id(arrival.channel, parent)
            .await?
        // What the company answers to its own post is meant for those who wrote meanwhile.
        && (parent.author.is_contact() || Some(parent.contact) != nobody)
    {
        let open = open_with(batch, &key, parent.contact);
        return Ok(Some(Place {
            contact: parent.contact,
            interaction: open.unwrap_or(parent.interaction),
            thread_key: parent.thread.clone(),
        }));
    }
    if thread.visibility == Visibility::Private {
        return Ok(None);
    }
    let open = batch.state.of_thread(&key).iter().find(|w| w.goes_on);
    if let Some(work) = open {
        return Ok(at(work.contact, Some(work.id)));
    }
    // A post of the company's own, on which nobody has written yet: those who do will be read with
    // it before their eyes.
    let contact = of_thread(batch, arrival, &thread.key, events).await?.id;
    let earlier = last_interaction(batch, contact, arrival.channel, &thread.key).await?;
    Ok(at(contact, earlier))
}

/// The open interaction of a thread in which a contact takes part.
fn open_with(batch: &Batch<'_>, key: &ThreadKey, contact: ContactId) -> Option<InteractionId> {
    let mut works = batch.state.of_thread(key).iter().filter(|w| w.goes_on);
    works
        .find(|w| w.contact == contact || w.participants.iter().any(|p| p.contact == contact))
        .map(|w| w.id)
}

async fn last_interaction(
    batch: &mut Batch<'_>,
    contact: ContactId,
    channel: &ChannelId,
    thread: &str,
) -> Result<Option<InteractionId>, StoreError> {
    let messages = batch.work.history(contact, newest(50)).await?;
    Ok(messages
        .iter()
        .find(|m| &m.channel == channel && m.thread == thread && !m.interaction.is_none())
        .map(|m| m.interaction))
}

/// The contacts under whom something that the company wrote in a thread can be kept, the likeliest
/// first: the customer of a private conversation; in a public one the author of what was answered,
/// or else whoever takes part in what is open there.
pub(super) async fn customers_of(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &Thread,
    parent: Option<&str>,
) -> Result<Vec<ContactId>, StoreError> {
    if let Some(identity) = &thread.customer {
        let known = known(batch, arrival.channel, identity, arrival.event.time).await?;
        return Ok(known.map(|contact| contact.ids()).unwrap_or_default());
    }
    if let Some(parent) = parent
        && let Some(parent) = batch
            .work
            .message_by_platform_id(arrival.channel, parent)
            .await?
    {
        return Ok(vec![parent.contact]);
    }
    let key = ThreadKey {
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
    };
    let mut customers = Vec::new();
    for work in batch.state.of_thread(&key) {
        let participants = work.participants.iter().map(|p| p.contact);
        for contact in std::iter::once(work.contact).chain(participants) {
            if !customers.contains(&contact) {
                customers.push(contact);
            }
        }
    }
    Ok(customers)
}
