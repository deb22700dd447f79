//! What the company writes on the network itself, and the echoes of what the hub sent.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Message, MessageAuthor, MessageState};
use linecard_model::platform::{self, Author, Thread};
use linecard_model::routing::{EndReason, InteractionState};
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId};
use linecard_store::StoreError;
use serde_json::Value;

use super::changes::catch_up;
use super::contacts::{find_or_create, linked, of_thread};
use super::holding::known;
use super::inbound::{Arrival, platform_event};
use super::run::Batch;
use super::state::{ThreadKey, newest};
use super::threads::{answered, start};
use super::{files, receipts};

/// How many entries of an outbox are looked at together.
const STEP: usize = 200;

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
    } else {
        for contact in &customers {
            if let Some(own) = receipts::unsettled(batch, *contact, &thread.key, message).await? {
                return receipts::settle(batch, &own, &message.id, event.time).await;
            }
        }
    }
    if let Some(own) = of_neighbour(batch, arrival, message).await? {
        return match &thread.customer {
            Some(identity) => linked(batch, arrival, own.contact, identity).await,
            None => Ok(()),
        };
    }
    let mut events = Vec::new();
    let Some((contact, earlier)) = place(batch, arrival, thread, message, &mut events).await?
    else {
        return platform_event(batch, arrival, "native-reply", Value::Null).await;
    };
    let interaction = if let Some(earlier) = earlier {
        earlier
    } else {
        let Some(mut started) = start(batch, arrival, thread, contact) else {
            return platform_event(batch, arrival, "native-reply", Value::Null).await;
        };
        // Nobody has to do anything: the company has spoken.
        started.state = InteractionState::Ended {
            reason: EndReason::AnsweredElsewhere,
            disposition: None,
        };
        started.ended_at = Some(batch.at);
        let id = started.id;
        events.push(Event::InteractionStarted(started));
        id
    };
    let id = MessageId::generate();
    let reply_to = answered(batch, arrival.channel, message.parent.as_deref()).await?;
    let files = files::wanted(batch, arrival.channel, &message.attachments);
    files::fetch(batch, contact, id, &files);
    events.push(Event::MessageReceived(Message {
        id,
        contact,
        interaction,
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
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
        revisions: Vec::new(),
        note: None,
        hidden_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        raw: event.raw.clone(),
    }));
    batch.record(events).await?;
    catch_up(batch, arrival.channel, &message.id).await
}

/// The hub's own private answer to a public message that comes back on another channel than the one on
/// which it was sent: the same network has another connector for private conversations.
async fn of_neighbour(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    shown: &platform::Message,
) -> Result<Option<Arc<Message>>, StoreError> {
    let config = Arc::clone(&batch.state.config);
    let others: Vec<&ChannelId> = config
        .channels
        .keys()
        .filter(|channel| *channel != arrival.channel)
        .collect();
    let is_it = |own: &Message| {
        own.visibility == Visibility::Private
            && own.parent.is_some()
            && matches!(own.author, MessageAuthor::Agent { .. })
            && own.content.text.as_deref().map(str::trim) == shown.text.as_deref().map(str::trim)
    };
    for other in &others {
        let own = batch.work.message_by_platform_id(other, &shown.id).await?;
        if let Some(own) = own.filter(|own| is_it(own)) {
            return Ok(Some(own));
        }
    }
    // The echo can overtake the answer to the send.
    let reference = shown.client_ref.as_deref().map(receipts::whole);
    let Some(id) = reference.and_then(|(id, _)| id.parse::<MessageId>().ok()) else {
        return Ok(None);
    };
    let (store, site) = (Arc::clone(batch.work.store()), batch.work.site().clone());
    for other in others {
        let mut after = 0;
        loop {
            let entries = store.outbox(&site, other, after, STEP).await?;
            let Some(last) = entries.last() else { break };
            after = last.number;
            let entry = entries.iter().find(|entry| entry.message == Some(id));
            if let Some(contact) = entry.and_then(|entry| entry.contact)
                && let Some(own) = batch.work.message(contact, id).await?
                && is_it(&own)
            {
                return Ok(Some(own));
            }
        }
    }
    Ok(None)
}

/// Under which contact a native reply is kept, and in which interaction, if there is one for it.
/// `None` if nobody knows with whom the company speaks.
async fn place(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &Thread,
    message: &platform::Message,
    events: &mut Vec<Event>,
) -> Result<Option<(ContactId, Option<InteractionId>)>, StoreError> {
    let key = ThreadKey {
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
    };
    if let Some(identity) = &thread.customer {
        let author = Author {
            identity: identity.clone(),
            profile: None,
        };
        let person = find_or_create(batch, arrival, &author, events).await?;
        for contact in person.ids() {
            if let Some(open) = open_with(batch, &key, contact) {
                return Ok(Some((contact, Some(open))));
            }
        }
        for contact in person.ids() {
            let last = last_interaction(batch, contact, arrival.channel, &thread.key).await?;
            if last.is_some() {
                return Ok(Some((contact, last)));
            }
        }
        return Ok(Some((person.id, None)));
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
        return Ok(Some((parent.contact, open.or(Some(parent.interaction)))));
    }
    if thread.visibility == Visibility::Private {
        return Ok(None);
    }
    let open = batch.state.of_thread(&key).iter().find(|w| w.goes_on);
    if let Some(work) = open {
        return Ok(Some((work.contact, Some(work.id))));
    }
    // A post of the company's own, on which nobody has written yet: those who do will be read with
    // it before their eyes.
    let contact = of_thread(batch, arrival, &thread.key, events).await?.id;
    let earlier = last_interaction(batch, contact, arrival.channel, &thread.key).await?;
    Ok(Some((contact, earlier)))
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
        .find(|m| &m.channel == channel && m.thread == thread)
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
