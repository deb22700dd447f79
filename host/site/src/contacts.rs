//! Finding the contact behind a message, and what the networks tell about people.

use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity, ContactThread};
use linecard_model::event::Event;
use linecard_model::platform::{Author, Identity, Profile};
use linecard_model::{ChannelId, ContactId, Timestamp};
use linecard_store::StoreError;

use super::holding::{Told, give_up, known, learn, person};
use super::inbound::Arrival;
use super::run::{After, Batch};

/// How long facts about a person are taken to be fresh.
const PROFILE_FRESH: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// A person of whom the hub knows no name yet, or an old one.
#[derive(Debug, Clone)]
pub struct UnknownProfile {
    /// The channel.
    pub channel: ChannelId,
    /// The person.
    pub identity: Identity,
}

/// The contact of an author who writes, made if there is none; new facts are merged in, and what is not known
/// is asked for.
pub(super) async fn find_or_create(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    author: &Author,
    events: &mut Vec<Event>,
) -> Result<Contact, StoreError> {
    let contact = met(batch, arrival, author, events).await?;
    let fresh = contact
        .identity(arrival.channel)
        .and_then(|i| i.profile_at)
        .is_some_and(|at| batch.at.duration_since(at) < PROFILE_FRESH);
    if !fresh {
        batch.after.push(After::UnknownProfile(UnknownProfile {
            channel: arrival.channel.clone(),
            identity: author.identity.clone(),
        }));
    }
    Ok(contact)
}

/// The contact of somebody who did something, made if there is none; new facts are merged in.
pub(super) async fn met(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    author: &Author,
    events: &mut Vec<Event>,
) -> Result<Contact, StoreError> {
    let told = Told {
        at: arrival.event.time,
        heard_at: arrival.accepted_at,
        is_change: false,
    };
    let (channel, identity) = (arrival.channel, &author.identity);
    let known = known(batch, channel, identity, told.at).await?;
    let is_new = known.is_none();
    let mut contact = known.map_or_else(
        || Contact::new(ContactId::generate(), arrival.accepted_at),
        Arc::unwrap_or_clone,
    );
    let mut changed = learn(&mut contact, channel, identity, told) || is_new;
    changed |= take_over(batch, &mut contact, channel, identity, told, events).await?;
    if let Some(profile) = &author.profile {
        let at = arrival.accepted_at;
        changed |= merge_profile(&mut contact, channel, identity, profile, at);
    }
    if changed {
        events.push(Event::ContactSaved(contact.clone()));
    }
    Ok(contact)
}

/// Notes whose the ids of an identity were before they became a contact's, and that those have them no
/// longer. Says whether anything about the contact is new.
pub(super) async fn take_over(
    batch: &mut Batch<'_>,
    contact: &mut Contact,
    channel: &ChannelId,
    identity: &Identity,
    told: Told,
    events: &mut Vec<Event>,
) -> Result<bool, StoreError> {
    let mut changed = false;
    let ids = std::iter::once(&identity.id).chain(identity.aliases.iter().map(|a| &a.value));
    for value in ids {
        let before = batch.work.contact_by_identity(channel, value).await?;
        let Some(before) = before.filter(|b| b.id != contact.id && b.merged_into.is_none()) else {
            continue;
        };
        let mut own = contact.identities.iter_mut();
        let taken = own.find(|i| &i.channel == channel && (i.id == *value));
        if let Some(taken) = taken
            && taken.given_up.is_none()
            && taken.held_before_by.is_none()
        {
            taken.held_before_by = Some(before.id);
            changed = true;
        }
        let is_theirs = contact
            .identities
            .iter()
            .any(|i| &i.channel == channel && i.present().names(value));
        let mut before = Arc::unwrap_or_clone(before);
        if is_theirs && give_up(&mut before, channel, value, told) {
            events.push(Event::ContactSaved(before));
        }
    }
    Ok(changed)
}

/// The contact that stands for a public conversation: for those of whom the network says nothing, and
/// for what the company posts there itself. Made if there is none.
pub(super) async fn of_thread(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &str,
    events: &mut Vec<Event>,
) -> Result<Contact, StoreError> {
    let known = batch
        .work
        .contact_of_thread(arrival.channel, thread)
        .await?;
    if let Some(contact) = known {
        return Ok(Arc::unwrap_or_clone(contact));
    }
    let contact = Contact {
        of_thread: Some(ContactThread {
            channel: arrival.channel.clone(),
            thread: thread.to_owned(),
        }),
        ..Contact::new(ContactId::generate(), arrival.accepted_at)
    };
    events.push(Event::ContactSaved(contact.clone()));
    Ok(contact)
}

/// A network shows that a contact is the same person as an identity that the hub does not know yet.
pub(super) async fn linked(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    contact: ContactId,
    identity: &Identity,
) -> Result<(), StoreError> {
    let known = batch
        .work
        .contact_by_identity(arrival.channel, &identity.id)
        .await?;
    if known.is_some() {
        return Ok(());
    }
    let Some(contact) = person(batch, contact).await? else {
        return Ok(());
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    // Whoever did not give a name stays unnamed: a thread's contact is not one person.
    if contact.of_thread.is_some() {
        return Ok(());
    }
    contact
        .identities
        .push(ContactIdentity::new(arrival.channel.clone(), identity));
    batch.record(vec![Event::ContactSaved(contact)]).await
}

/// Takes new facts over; a fact that the network does not tell this time stays. Says whether
/// anything changed.
pub(super) fn merge_profile(
    contact: &mut Contact,
    channel: &ChannelId,
    identity: &Identity,
    profile: &Profile,
    at: Timestamp,
) -> bool {
    let Some(own) = contact
        .identities
        .iter_mut()
        .find(|i| &i.channel == channel && i.id == identity.id)
    else {
        return false;
    };
    let mut merged = own.profile.clone().unwrap_or_default();
    macro_rules! take {
        ($($field:ident),*) => {$(
            if profile.$field.is_some() {
                merged.$field.clone_from(&profile.$field);
            }
        )*};
    }
    take!(
        display_name,
        handle,
        avatar_url,
        followers,
        verified,
        follows_us,
        we_follow,
        accepts_messages,
        locale,
        utc_offset_minutes
    );
    for fact in &profile.extra {
        match merged.extra.iter_mut().find(|f| f.name == fact.name) {
            Some(known) => known.value.clone_from(&fact.value),
            None => merged.extra.push(fact.clone()),
        }
    }
    let changed = own.profile.as_ref() != Some(&merged)
        || own
            .profile_at
            .is_none_or(|before| at.duration_since(before) > PROFILE_FRESH);
    if changed {
        let name = merged
            .display_name
            .clone()
            .or_else(|| merged.handle.clone());
        own.profile = Some(merged);
        own.profile_at = Some(at);
        if name.is_some() {
            contact.display_name = name;
        }
    }
    changed
}

/// A network told facts about a person.
pub(super) async fn profile(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    identity: &Identity,
    profile: Profile,
) -> Result<(), StoreError> {
    let Some(contact) = known(batch, channel, identity, batch.at).await? else {
        return Ok(());
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    if merge_profile(&mut contact, channel, identity, &profile, batch.at) {
        batch.record(vec![Event::ContactSaved(contact)]).await?;
    }
    Ok(())
}
