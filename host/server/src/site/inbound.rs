//! What the networks say becomes contacts, interactions and messages.

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{
    Content, Finding, Message, MessageAuthor, MessageReaction, MessageState,
};
use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::platform::{
    self, Author, ChannelState, Event as PlatformEvent, EventKind, Thread,
};
use linecard_model::routing::{EndReason, InteractionState, MediaType};
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId, QueueId, Timestamp};
use linecard_router::Command as RouterCommand;
use linecard_store::{Early, InboxEntry, StoreError};
use serde_json::{Value, json};

use super::command::Prepared;
use super::contacts::{find_or_create, renamed};
use super::run::Batch;
use super::state::{ThreadKey, newest, now};
use super::{files, receipts};

/// An accepted event, taken apart.
pub(super) struct Arrival<'e> {
    pub channel: &'e ChannelId,
    pub accepted_at: Timestamp,
    pub event: &'e PlatformEvent,
}

/// Handles an accepted event. The inbox entry is done in the same write as what becomes of it.
pub(super) async fn handle(batch: &mut Batch<'_>, prepared: Prepared) -> Result<(), StoreError> {
    let Prepared { entry, findings } = prepared;
    let InboxEntry {
        number,
        channel,
        accepted_at,
        event,
    } = entry;
    let arrival = Arrival {
        channel: &channel,
        accepted_at,
        event: &event,
    };
    apply(batch, &arrival, findings).await?;
    batch.work.inbox_done(number);
    Ok(())
}

async fn apply(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    findings: Vec<Finding>,
) -> Result<(), StoreError> {
    match &arrival.event.kind {
        EventKind::MessageCreated(message) => {
            created(batch, arrival, incoming(message), findings).await
        }
        EventKind::Postback(postback) => {
            let incoming = Incoming {
                platform_id: postback
                    .message_id
                    .clone()
                    .unwrap_or_else(|| arrival.event.id.clone()),
                content: Content {
                    text: Some(postback.title.clone()).filter(|t| !t.is_empty()),
                    payload: Some(postback.payload.clone()),
                    ..Content::default()
                },
                parent: postback.in_reply_to.clone(),
                addressed: Some(true),
                referral: postback.referral.clone(),
            };
            created(batch, arrival, incoming, findings).await
        }
        EventKind::NativeReply(message) => native_reply(batch, arrival, message).await,
        EventKind::MessageEdited(_)
        | EventKind::MessageDeleted(_)
        | EventKind::ReactionAdded(_)
        | EventKind::ReactionRemoved(_) => about_message(batch, arrival).await,
        EventKind::Receipt(receipt) => receipts::handle(batch, arrival, receipt).await,
        EventKind::ProfileChanged(change) => {
            if let Some(author) = &arrival.event.author {
                renamed(batch, arrival, author, change.previous_id.as_deref()).await?;
            }
            platform_event(batch, arrival, "profile-changed", Value::Null).await
        }
        EventKind::ChannelStatus(status) => {
            let state = match status.state {
                ChannelState::Connected => HealthState::Connected,
                ChannelState::Restricted => HealthState::Restricted,
                ChannelState::CredentialsRefused => HealthState::CredentialsRefused,
                ChannelState::Stopped => HealthState::Stopped,
            };
            let health = ChannelHealth {
                state,
                since: Some(arrival.event.time),
                detail: Some(status.text.clone()),
                remedy: status.remedy.clone(),
                until: None,
            };
            batch
                .state
                .health
                .insert(arrival.channel.clone(), health.clone());
            batch
                .record(vec![Event::ChannelHealthChanged {
                    channel: arrival.channel.clone(),
                    health,
                }])
                .await?;
            platform_event(batch, arrival, "channel-status", to_value(status)).await
        }
        EventKind::Typing(on) => {
            platform_event(batch, arrival, "typing", json!({ "on": on })).await
        }
        EventKind::Referral(referral) => {
            platform_event(batch, arrival, "referral", to_value(referral)).await
        }
        EventKind::Follow => platform_event(batch, arrival, "follow", Value::Null).await,
        EventKind::Unfollow => platform_event(batch, arrival, "unfollow", Value::Null).await,
        EventKind::Other(name) => platform_event(batch, arrival, name, Value::Null).await,
    }
}

/// What a message or a postback says, in one form.
struct Incoming {
    platform_id: String,
    content: Content,
    parent: Option<String>,
    addressed: Option<bool>,
    referral: Option<platform::Referral>,
}

fn incoming(message: &platform::Message) -> Incoming {
    Incoming {
        platform_id: message.id.clone(),
        content: content(message),
        parent: message.parent.clone(),
        addressed: message.addressed,
        referral: message.referral.clone(),
    }
}

fn content(message: &platform::Message) -> Content {
    Content {
        text: message.text.clone(),
        attachments: message.attachments.clone(),
        outgoing_attachments: Vec::new(),
        location: message.location.clone(),
        contacts: message.contacts.clone(),
        structured: message.structured.clone(),
        payload: None,
    }
}

/// A customer wrote.
async fn created(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    incoming: Incoming,
    findings: Vec<Finding>,
) -> Result<(), StoreError> {
    let event = arrival.event;
    let known = batch
        .work
        .message_by_platform_id(arrival.channel, &incoming.platform_id)
        .await?;
    if known.is_some() {
        // The same message by another way, such as a poll beside a webhook.
        return Ok(());
    }
    let (Some(thread), Some(author)) = (&event.thread, &event.author) else {
        return platform_event(batch, arrival, "message-without-author", Value::Null).await;
    };
    let mut events = Vec::new();
    let contact = find_or_create(batch, arrival, author, &mut events).await?;
    let key = ThreadKey {
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
        contact,
    };
    let (interaction, enqueue) = if let Some(open) = batch.state.joinable(&key) {
        (open, None)
    } else {
        let Some(started) = start_interaction(batch, arrival, thread, contact) else {
            return platform_event(batch, arrival, "message-to-removed-channel", Value::Null).await;
        };
        let id = started.id;
        let queue = started.queue.clone();
        let enqueue = RouterCommand::Enqueue {
            interaction: id,
            queue: queue.clone(),
            media_type: started.media_type,
            skills: started.skills.clone(),
            priority: None,
        };
        events.push(Event::InteractionStarted(started));
        (id, Some((queue, enqueue)))
    };
    let platform_id = incoming.platform_id;
    let id = MessageId::generate();
    let files = files::wanted(batch, arrival.channel, &incoming.content.attachments);
    files::fetch(batch, contact, id, &files);
    let message = Message {
        id,
        contact,
        interaction,
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
        visibility: thread.visibility,
        author: MessageAuthor::Contact,
        at: event.time,
        content: incoming.content,
        files,
        state: MessageState::Received,
        platform_ids: vec![platform_id.clone()],
        parent: incoming.parent,
        addressed: incoming.addressed,
        referral: incoming.referral,
        findings,
        revisions: Vec::new(),
        deleted_at: None,
        reactions: Vec::new(),
        raw: event.raw.clone(),
    };
    events.push(Event::MessageReceived(message));
    if let Some((queue, enqueue)) = enqueue {
        match batch.decide(enqueue) {
            Ok(decided) => events.extend(decided),
            // The queue is part of the configuration that the router was given; if it refuses all
            // the same, the message is kept and the interaction is over.
            Err(refusal) => {
                tracing::error!(%interaction, %refusal, "an interaction cannot be queued");
                events.push(Event::Routing(
                    linecard_model::routing::RoutingEvent::Ended {
                        interaction,
                        queue,
                        agent: None,
                        reason: EndReason::Cancelled,
                        disposition: None,
                        defaulted: false,
                    },
                ));
            }
        }
    }
    batch.record(events).await?;
    catch_up(batch, arrival.channel, &platform_id).await
}

/// The company wrote on the network itself, or this is the echo of what the hub sent.
async fn native_reply(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    message: &platform::Message,
) -> Result<(), StoreError> {
    let event = arrival.event;
    let known = batch
        .work
        .message_by_platform_id(arrival.channel, &message.id)
        .await?;
    if known.is_some() {
        return Ok(());
    }
    let Some(thread) = &event.thread else {
        return platform_event(batch, arrival, "native-reply", Value::Null).await;
    };
    let contact = customer_of(batch, arrival, thread, Some(message)).await?;
    if let (Some(reference), Some(contact)) = (&message.client_ref, contact) {
        // A message that the network takes in parts carries `id/number` on all but the last.
        let (id, is_part) = match reference.split_once('/') {
            Some((id, _)) => (id, true),
            None => (reference.as_str(), false),
        };
        if let Ok(id) = id.parse::<MessageId>()
            && let Some(own) = batch.work.message(contact, id).await?
        {
            // The echo of what the hub sent: that of the whole, or of its last part, settles an
            // attempt whose outcome was unknown.
            return if is_part {
                receipts::note_part(batch, &own, &message.id).await
            } else {
                receipts::settle(batch, &own, &message.id, event.time).await
            };
        }
    }
    if message.client_ref.is_none()
        && let Some(contact) = contact
        && let Some(own) = receipts::unsettled(batch, contact, &thread.key, message).await?
    {
        return receipts::settle(batch, &own, &message.id, event.time).await;
    }
    let mut events = Vec::new();
    let contact = match contact {
        Some(contact) => contact,
        None => match &thread.customer {
            Some(identity) => {
                let author = Author {
                    identity: identity.clone(),
                    profile: None,
                };
                find_or_create(batch, arrival, &author, &mut events).await?
            }
            None => return platform_event(batch, arrival, "native-reply", Value::Null).await,
        },
    };
    let key = ThreadKey {
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
        contact,
    };
    let earlier = match batch.state.joinable(&key) {
        Some(open) => Some(open),
        None => last_interaction(batch, contact, arrival.channel, &thread.key).await?,
    };
    let interaction = if let Some(earlier) = earlier {
        earlier
    } else {
        let Some(mut started) = start_interaction(batch, arrival, thread, contact) else {
            return platform_event(batch, arrival, "native-reply", Value::Null).await;
        };
        // Nobody has to do anything: the company has spoken.
        started.state = InteractionState::Ended {
            reason: EndReason::AnsweredElsewhere,
            disposition: None,
        };
        started.ended_at = Some(now());
        let id = started.id;
        events.push(Event::InteractionStarted(started));
        id
    };
    let id = MessageId::generate();
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
        at: event.time,
        content: content(message),
        files,
        state: MessageState::Sent { at: event.time },
        platform_ids: vec![message.id.clone()],
        parent: message.parent.clone(),
        addressed: None,
        referral: None,
        findings: Vec::new(),
        revisions: Vec::new(),
        deleted_at: None,
        reactions: Vec::new(),
        raw: event.raw.clone(),
    }));
    batch.record(events).await?;
    catch_up(batch, arrival.channel, &message.id).await
}

/// An edit, a deletion or a reaction.
async fn about_message(batch: &mut Batch<'_>, arrival: &Arrival<'_>) -> Result<(), StoreError> {
    let platform_id = match &arrival.event.kind {
        EventKind::MessageEdited(edit) => &edit.message_id,
        EventKind::MessageDeleted(deletion) => &deletion.message_id,
        EventKind::ReactionAdded(reaction) | EventKind::ReactionRemoved(reaction) => {
            &reaction.message_id
        }
        _ => return Ok(()),
    };
    match batch
        .work
        .message_by_platform_id(arrival.channel, platform_id)
        .await?
    {
        Some(message) => change_message(batch, arrival, &message).await,
        None => keep_early(batch, arrival, platform_id).await,
    }
}

async fn change_message(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    target: &Message,
) -> Result<(), StoreError> {
    let (message, contact, interaction) = (target.id, target.contact, target.interaction);
    let event = arrival.event;
    let reaction = |reaction: &platform::Reaction| MessageReaction {
        author: event
            .author
            .as_ref()
            .map(|a| a.identity.id.clone())
            .unwrap_or_default(),
        name: reaction.name.clone(),
        emoji: reaction.emoji.clone(),
        at: event.time,
    };
    let recorded = match &event.kind {
        EventKind::MessageEdited(edit) => {
            let new = edit.attachments.as_deref().unwrap_or_default();
            let files = files::wanted(batch, arrival.channel, new);
            files::fetch(batch, contact, message, &files);
            Event::MessageEdited {
                message,
                contact,
                interaction,
                text: edit.text.clone(),
                attachments: edit.attachments.clone(),
                files,
                edited_at: event.time,
            }
        }
        EventKind::MessageDeleted(_) => Event::MessageDeleted {
            message,
            contact,
            interaction,
            deleted_at: event.time,
        },
        EventKind::ReactionAdded(r) => Event::ReactionAdded {
            message,
            contact,
            interaction,
            reaction: reaction(r),
        },
        EventKind::ReactionRemoved(r) => Event::ReactionRemoved {
            message,
            contact,
            interaction,
            reaction: reaction(r),
        },
        _ => return Ok(()),
    };
    let deletes = matches!(recorded, Event::MessageDeleted { .. });
    batch.record(vec![recorded]).await?;
    if deletes && target.author.is_contact() {
        rescind_if_empty(batch, contact, interaction).await?;
    }
    Ok(())
}

/// When the customer took back all that was to be answered, nobody needs to be offered it.
async fn rescind_if_empty(
    batch: &mut Batch<'_>,
    contact: ContactId,
    interaction: InteractionId,
) -> Result<(), StoreError> {
    let Some(current) = batch.work.interaction(interaction).await? else {
        return Ok(());
    };
    let waits = matches!(
        current.state,
        InteractionState::Queued | InteractionState::Offered { .. }
    );
    if !waits {
        return Ok(());
    }
    let messages = batch.work.history(contact, newest(200)).await?;
    let anything_left = messages
        .iter()
        .any(|m| m.interaction == interaction && m.author.is_contact() && m.deleted_at.is_none());
    if !anything_left {
        // A refusal means that the router has let go of it meanwhile.
        let _ = batch
            .route(RouterCommand::Rescind {
                interaction,
                reason: EndReason::MessageDeleted,
            })
            .await?;
    }
    Ok(())
}

/// Keeps an event about a message that has not come yet: networks promise no order.
pub(super) async fn keep_early(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    platform_id: &str,
) -> Result<(), StoreError> {
    let kept = batch.work.early(arrival.channel, platform_id).await?;
    // A network that repeats itself under ever new ids must not fill the disk.
    if kept.len() >= 64 {
        return Ok(());
    }
    let early = Early {
        accepted_at: arrival.accepted_at,
        event: arrival.event.clone(),
    };
    batch
        .work
        .put_early(arrival.channel, platform_id, early)
        .await
}

/// Applies what came before its message.
pub(super) async fn catch_up(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    platform_id: &str,
) -> Result<(), StoreError> {
    let early = batch.work.early(channel, platform_id).await?;
    if early.is_empty() {
        return Ok(());
    }
    batch.work.remove_early(channel, platform_id);
    for Early { accepted_at, event } in early.iter() {
        let arrival = Arrival {
            channel,
            accepted_at: *accepted_at,
            event,
        };
        let target = batch
            .work
            .message_by_platform_id(channel, platform_id)
            .await?;
        match (&event.kind, target) {
            (EventKind::Receipt(receipt), Some(message)) => {
                receipts::apply(batch, &message, receipt, event.time).await?;
            }
            (_, Some(message)) => change_message(batch, &arrival, &message).await?,
            (_, None) => {}
        }
    }
    Ok(())
}

/// Records what has no event of its own, with its payload.
async fn platform_event(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    name: &str,
    details: Value,
) -> Result<(), StoreError> {
    let event = arrival.event;
    let identity = event
        .thread
        .as_ref()
        .and_then(|t| t.customer.as_ref())
        .or_else(|| event.author.as_ref().map(|a| &a.identity));
    let contact = match identity {
        Some(identity) => batch
            .work
            .contact_by_identity(arrival.channel, &identity.id)
            .await?
            .map(|c| c.id),
        None => None,
    };
    batch
        .record(vec![Event::PlatformEvent {
            channel: arrival.channel.clone(),
            thread: event.thread.as_ref().map(|t| t.key.clone()),
            contact,
            name: name.to_owned(),
            occurred_at: event.time,
            details,
            raw: event.raw.clone(),
        }])
        .await
}

fn to_value(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The contact with whom a private conversation is held.
pub(super) async fn customer_of(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &Thread,
    message: Option<&platform::Message>,
) -> Result<Option<ContactId>, StoreError> {
    if let Some(identity) = &thread.customer {
        return Ok(batch
            .work
            .contact_by_identity(arrival.channel, &identity.id)
            .await?
            .map(|c| c.id));
    }
    if let Some(parent) = message.and_then(|m| m.parent.as_deref()) {
        return Ok(batch
            .work
            .message_by_platform_id(arrival.channel, parent)
            .await?
            .map(|m| m.contact));
    }
    Ok(None)
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

fn queue_of(batch: &Batch<'_>, channel: &ChannelId, visibility: Visibility) -> Option<QueueId> {
    let config = batch.state.config.channels.get(channel)?;
    let public = match visibility {
        Visibility::Public => config.public_queue.as_ref(),
        Visibility::Private => None,
    };
    Some(public.unwrap_or(&config.queue).clone())
}

/// A new interaction, not yet queued. `None` if the channel is no longer configured.
fn start_interaction(
    batch: &Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &Thread,
    contact: ContactId,
) -> Option<Interaction> {
    let queue = queue_of(batch, arrival.channel, thread.visibility)?;
    let skills = batch
        .state
        .config
        .channels
        .get(arrival.channel)
        .map(|c| c.skills.clone())
        .unwrap_or_default();
    Some(Interaction {
        id: InteractionId::generate(),
        contact,
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
        visibility: thread.visibility,
        media_type: match thread.visibility {
            Visibility::Public => MediaType::SocialConversation,
            Visibility::Private => MediaType::SocialDirectMessage,
        },
        queue,
        skills,
        state: InteractionState::Queued,
        created_at: now(),
        answered_at: None,
        ended_at: None,
        last_agent: None,
        last_inbound_at: None,
        last_outbound_at: None,
        inbound_count: 0,
        outbound_count: 0,
    })
}
