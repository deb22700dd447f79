//! What customers write becomes contacts, interactions and messages; what else the networks say goes
//! where it belongs.

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, Finding, Message, MessageAuthor, MessageState};
use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::platform::{
    self, Author, ChannelState, Event as PlatformEvent, EventKind, PostbackSource,
};
use linecard_model::routing::{EndReason, RoutingEvent};
use linecard_model::rule::RuleEnd;
use linecard_model::{ChannelId, InteractionId, MessageId, Timestamp};
use linecard_router::Command as RouterCommand;
use linecard_store::{InboxEntry, StoreError};
use serde_json::{Value, json};

use super::automatic::{Judged, Written, act, judge};
use super::changes::about_message;
use super::command::Prepared;
use super::contacts::met;
use super::early::catch_up;
use super::health::Source;
use super::holding::known;
use super::last_agent::last_agent;
use super::merge::named_together;
use super::native::native_reply;
use super::persons::profile_changed;
use super::run::Batch;
use super::state::newest;
use super::threads::{Begins, NoPlace, Place, answered, continued, place};
use super::{figures, files, health, letters, receipts};

/// An accepted event, taken apart.
#[derive(Clone, Copy)]
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
        mut event,
    } = entry;
    let customer = event.thread.as_ref().and_then(|t| t.customer.as_ref());
    let author = event.author.as_ref().map(|author| &author.identity);
    if let Some(identity) = customer.or(author) {
        named_together(batch, &channel, identity, event.time).await?;
    }
    if let Some(thread) = &mut event.thread
        && let Some(key) = continued(batch, &channel, thread, event.time).await?
    {
        thread.key = key;
    }
    let arrival = Arrival {
        channel: &channel,
        accepted_at,
        event: &event,
    };
    batch.work.arrives(number, &event.raw);
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
        EventKind::Postback(postback) if opens(batch, arrival, postback).await? => {
            platform_event(batch, arrival, "postback", to_value(postback)).await
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
                profile_changed(batch, arrival, author, change).await?;
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
            health::fares(batch, arrival.channel, health, Source::Network).await?;
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
        EventKind::Other(name) => letters::other(batch, arrival, name).await,
    }
}

/// Whether a press only opens a conversation: the button with which it starts, or one of those that are
/// offered before anything was said (an ice-breaker). There is nothing to answer until something is
/// written; in a conversation that somebody has or is to have, it is said to them.
async fn opens(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    postback: &platform::Postback,
) -> Result<bool, StoreError> {
    let may_open = match postback.source {
        PostbackSource::GetStarted => true,
        PostbackSource::Button => postback.in_reply_to.is_none(),
        PostbackSource::QuickReply
        | PostbackSource::ListRow
        | PostbackSource::Date
        | PostbackSource::Menu => false,
    };
    let Some(thread) = &arrival.event.thread else {
        return Ok(false);
    };
    if !may_open || thread.visibility == Visibility::Public {
        return Ok(false);
    }
    let identity = thread.customer.as_ref();
    let identity = identity.or_else(|| arrival.event.author.as_ref().map(|a| &a.identity));
    let contact = match identity {
        Some(identity) => known(batch, arrival.channel, identity, arrival.event.time).await?,
        None => None,
    };
    let Some(contact) = contact else {
        return Ok(true);
    };
    let ids = contact.ids();
    if !batch
        .state
        .conversations_of(&ids, arrival.channel)
        .is_empty()
    {
        return Ok(false);
    }
    if postback.source == PostbackSource::GetStarted {
        return Ok(true);
    }
    for id in ids {
        let said = batch.work.history(id, newest(20)).await?;
        if said
            .iter()
            .any(|message| &message.channel == arrival.channel)
        {
            return Ok(false);
        }
    }
    Ok(true)
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
        content: message.clone().into(),
        parent: message.parent.clone(),
        addressed: message.addressed,
        referral: message.referral.clone(),
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
    let mut events = Vec::new();
    let placed = place(batch, arrival, incoming.parent.as_deref(), &mut events).await?;
    let (thread, place) = match (&event.thread, placed) {
        (Some(thread), Ok(place)) => (thread, place),
        (None, Ok(_)) | (_, Err(NoPlace::NoAuthor)) => {
            let why = "the network names no author, so there is nobody to answer";
            return letters::unplaced(batch, arrival, "message-without-author", why).await;
        }
        (_, Err(NoPlace::NoChannel)) => {
            let why = "the channel was removed before the message was prepared";
            return letters::unplaced(batch, arrival, "message-to-removed-channel", why).await;
        }
    };
    let Place {
        contact,
        posted_by,
        mut interaction,
        mut begins,
    } = place;
    let platform_id = incoming.platform_id;
    let id = MessageId::generate();
    let reply_to = answered(batch, arrival.channel, incoming.parent.as_deref()).await?;
    let written = Written {
        edited: false,
        channel: arrival.channel,
        visibility: thread.visibility,
        content: &incoming.content,
        findings: &findings,
        addressed: incoming.addressed,
        answers: incoming.parent.is_some(),
        author: event.author.as_ref(),
        contact,
        interaction,
        begins: begins.as_ref().map(|begins| &begins.interaction),
        before: &events,
    };
    let judged = judge(batch, &written).await?;
    let started = begins.as_mut().map(|begins| &mut begins.interaction);
    if let (Some(judged), Some(started)) = (&judged, started) {
        if judged.drops() {
            let is_about = |event: &Event| match event {
                Event::InteractionStarted(one) => one.id == started.id,
                Event::PendingOnThread { pending, .. } => *pending == started.id,
                _ => false,
            };
            events.retain(|event| !is_about(event));
        } else {
            judged.shape(started);
            for event in &mut events {
                match event {
                    Event::InteractionStarted(one) if one.id == started.id => {
                        one.clone_from(started);
                    }
                    Event::PendingOnThread { pending, queue, .. } if *pending == started.id => {
                        queue.clone_from(&started.queue);
                    }
                    _ => {}
                }
            }
        }
    }
    if judged.as_ref().is_some_and(Judged::drops) {
        interaction = InteractionId::NONE;
        begins = None;
    }
    let files = files::wanted(batch, arrival.channel, &incoming.content.attachments);
    files::fetch(batch, contact, id, &files);
    let mut message = Message {
        id,
        contact,
        interaction,
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
        visibility: thread.visibility,
        author: MessageAuthor::Contact,
        posted_by,
        at: event.time,
        content: incoming.content,
        files,
        state: MessageState::Received,
        platform_ids: vec![platform_id.clone()],
        parent: incoming.parent,
        reply_to,
        addressed: incoming.addressed,
        referral: incoming.referral,
        findings,
        rules: None,
        revisions: Vec::new(),
        note: None,
        corrections: Vec::new(),
        hidden_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        raw: event.raw.clone(),
    };
    if judged.is_some() {
        // What is said because of it is said in an interaction, to a contact, that there is.
        batch.record(std::mem::take(&mut events)).await?;
    }
    let priority = judged.as_ref().and_then(Judged::priority);
    let held = judged.as_ref().and_then(|judged| judged.held(batch.at));
    let ends = judged.as_ref().and_then(Judged::ends);
    let marks = marks(batch, judged.as_ref(), interaction).await?;
    let done = match judged {
        Some(judged) if judged.drops() => {
            message.rules = Some(Box::new(judged.into_trace()));
            None
        }
        Some(judged) => act(batch, judged, &message).await?,
        None => None,
    };
    if let Some(done) = &done {
        message.rules = Some(Box::new(done.trace.clone()));
    }
    events.push(Event::MessageReceived(message));
    let lag = arrival.accepted_at.duration_since(event.time).as_millis();
    figures::count(batch, arrival.channel, |known| {
        known.last_inbound_at = Some(arrival.accepted_at);
        known.lag_ms = Some(u64::try_from(lag).unwrap_or(0));
    });
    let ended = begins
        .take_if(|_| ends.is_some())
        .map(|begins| over(begins.interaction, ends));
    if let Some(Begins {
        interaction: started,
        before,
    }) = begins
    {
        let first = held.or_else(|| before.and_then(|before| last_agent(batch, &started, &before)));
        let enqueue = RouterCommand::Enqueue {
            interaction,
            queue: started.queue.clone(),
            media_type: started.media_type,
            skills: started.skills.clone(),
            priority,
            first,
        };
        match batch.decide(enqueue) {
            Ok(decided) => events.extend(decided),
            // The queue is part of the configuration that the router was given; if it refuses all
            // the same, the message is kept and the interaction is over.
            Err(refusal) => {
                tracing::error!(%interaction, %refusal, "an interaction cannot be queued");
                events.push(over(started, None));
            }
        }
    } else if ended.is_none()
        && let Ok(decided) = batch.decide(RouterCommand::CustomerWrote { interaction })
    {
        // What the router has let go of has nobody to come back to.
        events.extend(decided);
        let prioritize = priority.map(|priority| RouterCommand::Prioritize {
            interaction,
            priority,
        });
        if let Some(Ok(decided)) = prioritize.map(|command| batch.decide(command)) {
            events.extend(decided);
        }
    }
    events.extend(marks);
    if let Some(done) = &done {
        events.extend(done.events.iter().cloned());
    }
    events.extend(ended);
    batch.record(events).await?;
    if let Some(done) = done {
        done.post(batch);
    }
    catch_up(batch, arrival.channel, &platform_id).await
}

/// An interaction is over before anybody was asked.
fn over(started: Interaction, end: Option<RuleEnd>) -> Event {
    Event::Routing(RoutingEvent::Ended {
        interaction: started.id,
        queue: started.queue,
        agent: None,
        reason: EndReason::Cancelled,
        disposition: end.and_then(|end| end.disposition),
        defaulted: false,
    })
}

/// What rules put to an interaction.
async fn marks(
    batch: &mut Batch<'_>,
    judged: Option<&Judged>,
    interaction: InteractionId,
) -> Result<Option<Event>, StoreError> {
    let Some(judged) = judged else {
        return Ok(None);
    };
    let Some(known) = batch.work.interaction(interaction).await? else {
        return Ok(None);
    };
    let marks = judged.marks(&known.marks);
    Ok(marks.map(|marks| Event::InteractionMarked {
        interaction,
        by: "rules".to_owned(),
        marks: Box::new(marks),
    }))
}

/// Records what has no event of its own, with its payload.
pub(super) async fn platform_event(
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
    let mut events = Vec::new();
    let contact = match identity {
        // What is kept of somebody is kept under their contact, so that it is found with them and
        // erased with them.
        Some(identity) if is_of_customer(event) => {
            let own = event
                .author
                .as_ref()
                .filter(|author| &author.identity == identity);
            let author = own.cloned().unwrap_or_else(|| Author {
                identity: identity.clone(),
                profile: None,
            });
            Some(met(batch, arrival, &author, &mut events).await?.id)
        }
        Some(identity) => {
            let known = known(batch, arrival.channel, identity, event.time).await?;
            known.map(|contact| contact.id)
        }
        None => None,
    };
    events.push(Event::PlatformEvent {
        channel: arrival.channel.clone(),
        thread: event.thread.as_ref().map(|t| t.key.clone()),
        contact,
        author: event.author.clone(),
        name: name.to_owned(),
        occurred_at: event.time,
        details,
        raw: event.raw.clone(),
    });
    batch.record(events).await
}

/// Whether an event is something that a customer did, of whom nothing may be known yet.
fn is_of_customer(event: &PlatformEvent) -> bool {
    let customer = event.thread.as_ref().and_then(|t| t.customer.as_ref());
    match &event.kind {
        EventKind::Follow | EventKind::Unfollow | EventKind::Referral(_) => true,
        EventKind::Postback(_) | EventKind::Other(_) => customer.is_some(),
        _ => false,
    }
}

fn to_value(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
