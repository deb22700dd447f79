//! People who have another id now, and what a person says about who is who.

use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::event::Event;
use linecard_model::platform::{Author, CONSENT, CONSENT_SOURCE, ProfileChange};
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId};
use linecard_store::StoreError;
use serde_json::{Value, json};

use super::command::{Actor, CommandError, Outcome};
use super::consent;
use super::contacts::{merge_profile, take_over};
use super::holding::{Told, give_up, holder, known, learn, note_former, person};
use super::inbound::Arrival;
use super::merge::{may_be_one, merge, merge_as_told, one_conversation};
use super::people::audited;
use super::run::Batch;

/// Facts about a person changed, perhaps also an id of theirs.
pub(super) async fn profile_changed(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    author: &Author,
    change: &ProfileChange,
) -> Result<(), StoreError> {
    let channel = arrival.channel;
    let previous = change.previous_id.as_deref();
    let told = Told {
        at: arrival.event.time,
        heard_at: arrival.accepted_at,
        is_change: previous.is_some(),
    };
    let identity = &author.identity;
    let before = match previous {
        Some(previous) => holder(batch, channel, previous, told.at).await?,
        None => None,
    };
    let now = known(batch, channel, identity, told.at).await?;
    let mut events = Vec::new();
    // A person knows that they are two: no network's word changes anything about them.
    if let (Some(before), Some(now)) = (&before, &now)
        && before.apart_from.contains(&now.id)
    {
        return Ok(());
    }
    let mut contact = match (before, now) {
        (Some(before), Some(now)) if before.id != now.id => {
            let is_one = may_be_one(batch, &before, &now, channel, told.at).await?;
            let (before, now) = (Arc::unwrap_or_clone(before), Arc::unwrap_or_clone(now));
            if is_one {
                let kept = merge_as_told(batch, before, now, channel, &mut events);
                // From here on the one is found by the ids of both.
                batch.record(std::mem::take(&mut events)).await?;
                kept
            } else {
                before
            }
        }
        (Some(one), _) | (None, Some(one)) => Arc::unwrap_or_clone(one),
        // Nobody has written yet, but whoever does is known by both.
        (None, None) => Contact::new(ContactId::generate(), arrival.accepted_at),
    };
    let was = contact.clone();
    let previous = previous.filter(|previous| !identity.names(previous));
    if let Some(previous) = previous {
        give_up(&mut contact, channel, previous, told);
    }
    learn(&mut contact, channel, identity, told);
    take_over(batch, &mut contact, channel, identity, told, &mut events).await?;
    if let Some(previous) = previous {
        note_former(&mut contact, channel, previous, told);
    }
    if let Some(profile) = &author.profile {
        consent::told(&mut contact, channel, profile, told.at);
        let mut facts = profile.clone();
        // A consent is not a fact about the person: it stands where it is asked for.
        facts
            .extra
            .retain(|fact| fact.name != CONSENT && fact.name != CONSENT_SOURCE);
        let at = arrival.accepted_at;
        merge_profile(&mut contact, channel, identity, &facts, at);
    }
    if contact != was || !events.is_empty() {
        events.push(Event::ContactSaved(contact.clone()));
    }
    batch.record(events).await?;
    one_conversation(batch, &contact, channel).await
}

async fn found(batch: &mut Batch<'_>, id: ContactId) -> Result<Contact, CommandError> {
    let contact = person(batch, id).await?;
    let contact = contact.ok_or_else(|| CommandError::NotFound {
        what: "contact",
        id: id.to_string(),
    })?;
    Ok(Arc::unwrap_or_clone(contact))
}

fn allowed(actor: &Actor) -> Result<(), CommandError> {
    actor.require(Right::Contacts, "contacts are merged and parted")
}

/// A person knows that two contacts are one.
pub(super) async fn unite(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
    other: ContactId,
) -> Result<Outcome, CommandError> {
    allowed(actor)?;
    let (mut one, mut other) = (found(batch, id).await?, found(batch, other).await?);
    if one.id == other.id {
        return Ok(Outcome::Contact(one));
    }
    if one.of_thread.is_some() || other.of_thread.is_some() {
        return Err(CommandError::ContactBusy {
            contact: id,
            reason: "one of the two stands for a public conversation, not for a person",
        });
    }
    one.apart_from.retain(|apart| *apart != other.id);
    other.apart_from.retain(|apart| *apart != one.id);
    let mut events = Vec::new();
    let kept = merge(batch, one, other, actor.name.clone(), &mut events);
    events.push(audited(
        actor,
        "contact.merge",
        &kept.id.to_string(),
        Value::Null,
        json!(kept.merged.last()),
    ));
    batch.record(events).await?;
    let channels: std::collections::BTreeSet<_> =
        kept.identities.iter().map(|i| i.channel.clone()).collect();
    for channel in channels {
        one_conversation(batch, &kept, &channel).await?;
    }
    Ok(Outcome::Contact(kept))
}

/// Undoes a merge: a person knows that the two are two. The network's word does not make them one again.
pub(super) async fn part(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
    merged: ContactId,
) -> Result<Outcome, CommandError> {
    allowed(actor)?;
    let mut kept = found(batch, id).await?;
    let Some(place) = kept.merged.iter().position(|m| m.contact == merged) else {
        return Err(CommandError::NotFound {
            what: "merged contact",
            id: merged.to_string(),
        });
    };
    let Some(parted) = batch.work.contact(merged).await? else {
        return Err(CommandError::NotFound {
            what: "contact",
            id: merged.to_string(),
        });
    };
    let mut parted = Arc::unwrap_or_clone(parted);
    let before = json!(kept.merged.remove(place));
    let (theirs, own): (Vec<_>, Vec<_>) = std::mem::take(&mut kept.identities)
        .into_iter()
        .partition(|identity| identity.came_with == Some(merged));
    kept.identities = own;
    // What became known of them meanwhile stays with them.
    for mut identity in theirs {
        let same = parted
            .identities
            .iter_mut()
            .find(|i| i.channel == identity.channel && i.id == identity.id);
        if let Some(same) = same {
            identity.came_with = same.came_with;
            *same = identity;
        }
    }
    // A consent that was taken back meanwhile is not given again by this.
    parted.opt_outs.clone_from(&kept.opt_outs);
    let gone = |channel: &ChannelId| kept.opt_out(channel).is_some();
    parted.opt_ins.retain(|known| !gone(&known.channel));
    kept.opt_ins.retain(|known| !parted.opt_ins.contains(known));
    parted.merged_into = None;
    kept.apart_from.push(parted.id);
    parted.apart_from.push(kept.id);
    let subject = kept.id.to_string();
    let events = vec![
        Event::ContactSaved(kept.clone()),
        Event::ContactSaved(parted.clone()),
        Event::ContactsParted {
            contact: kept.id,
            parted: parted.id,
            by: actor.name.clone(),
        },
        audited(actor, "contact.part", &subject, before, Value::Null),
    ];
    batch.record(events).await?;
    Ok(Outcome::Contact(kept))
}
