//! Two contacts that turn out to be one person.
//!
//! A merge moves nothing: the merged contact keeps what was exchanged with it, gives its identities to the
//! one that goes on, and is read together with it. So it can be undone.

use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity, MergedContact};
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::platform::Identity;
use linecard_model::routing::{EndReason, InteractionState};
use linecard_model::{ChannelId, Timestamp};
use linecard_router::Command as RouterCommand;
use linecard_store::StoreError;
use serde_json::{Value, json};

use super::holding::holder;
use super::run::Batch;
use super::state::newest;

/// How long a number has nobody before it is given to somebody new: 45 days at least in the United States
/// (47 CFR 64.3200), about as long elsewhere. Whoever used it later than that is who changed to it.
const QUARANTINE: jiff::SignedDuration = jiff::SignedDuration::from_hours(45 * 24);

/// A network names two ids together of which each has a contact: they are one person.
pub(super) async fn named_together(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    identity: &Identity,
    at: Timestamp,
) -> Result<(), StoreError> {
    for alias in &identity.aliases {
        let Some(by_id) = holder(batch, channel, &identity.id, at).await? else {
            return Ok(());
        };
        let Some(other) = holder(batch, channel, &alias.value, at).await? else {
            continue;
        };
        let is_id = |i: &ContactIdentity| {
            &i.channel == channel && i.id == alias.value && i.given_up.is_none()
        };
        if other.id == by_id.id
            || !other.identities.iter().any(is_id)
            || !may_be_one(batch, &by_id, &other, channel, at).await?
        {
            continue;
        }
        let mut events = Vec::new();
        let (one, other) = (Arc::unwrap_or_clone(by_id), Arc::unwrap_or_clone(other));
        let kept = merge_as_told(batch, one, other, channel, &mut events);
        batch.record(events).await?;
        one_conversation(batch, &kept, channel).await?;
    }
    Ok(())
}

/// Whether a network's word can make two contacts one. `other` has the id that the first one got at a time.
pub(super) async fn may_be_one(
    batch: &mut Batch<'_>,
    one: &Contact,
    other: &Contact,
    channel: &ChannelId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(one.of_thread.is_none()
        && other.of_thread.is_none()
        && !one.apart_from.contains(&other.id)
        && used_since(batch, other, channel, at).await?)
}

/// Makes two contacts one because their network says so.
pub(super) fn merge_as_told(
    batch: &Batch<'_>,
    one: Contact,
    other: Contact,
    channel: &ChannelId,
    events: &mut Vec<Event>,
) -> Contact {
    let by = format!("channel:{channel}");
    let kept = merge(batch, one, other, by.clone(), events);
    events.push(Event::Audited {
        actor: by,
        action: "contact.merge".to_owned(),
        subject: kept.id.to_string(),
        before: Value::Null,
        after: json!(kept.merged.last()),
    });
    kept
}

/// Whether somebody who has an id can be who changed to it at a time: they used it so shortly before, or
/// later, that nobody else can have had it.
async fn used_since(
    batch: &mut Batch<'_>,
    contact: &Contact,
    channel: &ChannelId,
    change: Timestamp,
) -> Result<bool, StoreError> {
    let mut last = contact.created_at;
    for id in contact.ids() {
        let messages = batch.work.history(id, newest(20)).await?;
        let own = messages.iter().find(|m| &m.channel == channel);
        last = last.max(own.map_or(last, |message| message.at));
    }
    Ok(change.duration_since(last) < QUARANTINE)
}

/// Makes two contacts one: the older goes on. Gives that one; the other is saved in `events`.
pub(super) fn merge(
    batch: &Batch<'_>,
    one: Contact,
    other: Contact,
    by: String,
    events: &mut Vec<Event>,
) -> Contact {
    let is_older = (one.created_at, one.id) <= (other.created_at, other.id);
    let (mut kept, mut merged) = if is_older { (one, other) } else { (other, one) };
    for identity in &merged.identities {
        let has = |i: &ContactIdentity| i.channel == identity.channel && i.id == identity.id;
        if !kept.identities.iter().any(has) {
            let mut identity = identity.clone();
            identity.came_with = Some(merged.id);
            kept.identities.push(identity);
        }
    }
    for opt_out in &merged.opt_outs {
        kept.opt_ins
            .retain(|known| known.channel != opt_out.channel);
        if kept.opt_out(&opt_out.channel).is_none() {
            kept.opt_outs.push(opt_out.clone());
        }
    }
    for opt_in in &merged.opt_ins {
        let known = kept.opt_in(&opt_in.channel).is_some();
        if !known && kept.opt_out(&opt_in.channel).is_none() {
            kept.opt_ins.push(opt_in.clone());
        }
    }
    if kept.display_name.is_none() {
        kept.display_name.clone_from(&merged.display_name);
    }
    for (name, attribute) in &merged.attributes {
        let known = kept.attributes.entry(name.clone());
        known.or_insert_with(|| attribute.clone());
    }
    if kept.blocked.is_none() {
        kept.blocked.clone_from(&merged.blocked);
    }
    let with = merged.ids().split_off(1);
    kept.merged.push(MergedContact {
        contact: merged.id,
        with,
        at: batch.at,
        by: by.clone(),
    });
    merged.merged_into = Some(kept.id);
    let made_one = Event::ContactsMerged {
        contact: kept.id,
        merged: merged.id,
        by,
    };
    // The one that is found no longer before the one that is found instead.
    events.push(Event::ContactSaved(merged));
    events.push(Event::ContactSaved(kept.clone()));
    events.push(made_one);
    kept
}

/// Of the private conversations of one person on a channel, those that nobody has taken yet go on in one
/// that somebody has, or else in the oldest.
pub(super) async fn one_conversation(
    batch: &mut Batch<'_>,
    contact: &Contact,
    channel: &ChannelId,
) -> Result<(), StoreError> {
    let mut open: Vec<Arc<Interaction>> = Vec::new();
    for id in batch.state.conversations_of(&contact.ids(), channel) {
        let found = batch.work.interaction(id).await?;
        open.extend(found);
    }
    let waits = |i: &Interaction| {
        matches!(
            i.state,
            InteractionState::Queued | InteractionState::Offered { .. }
        )
    };
    let taken = |i: &Interaction| {
        i.state.talking().is_some() || matches!(i.state, InteractionState::Parked { .. })
    };
    let goes_on = open
        .iter()
        .find(|i| taken(i))
        .or_else(|| open.iter().find(|i| waits(i)));
    let Some(into) = goes_on.map(|i| i.id) else {
        return Ok(());
    };
    let joined: Vec<_> = open
        .iter()
        .filter(|i| i.id != into && waits(i))
        .map(|i| i.id)
        .collect();
    for id in joined {
        let rescind = RouterCommand::Rescind {
            interaction: id,
            reason: EndReason::Joined,
        };
        // A refusal means that the router has let go of it meanwhile.
        let Ok(mut events) = batch.decide(rescind) else {
            continue;
        };
        events.push(Event::InteractionsJoined {
            interaction: into,
            joined: id,
        });
        batch.record(events).await?;
    }
    Ok(())
}
