//! Finding the contact behind a message, and what the networks tell about people.

use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity, ContactThread};
use linecard_model::event::Event;
use linecard_model::platform::{Author, Identity, Profile};
use linecard_model::{ChannelId, ContactId, Timestamp};
use linecard_store::StoreError;

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

/// The contact of a person: by the id, or, if that is new, by another id of theirs under which the hub
/// has known them so far.
pub(super) async fn known(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    identity: &Identity,
) -> Result<Option<Arc<Contact>>, StoreError> {
    let by_id = batch
        .work
        .contact_by_identity(channel, &identity.id)
        .await?;
    if by_id.is_some() {
        return Ok(by_id);
    }
    for alias in &identity.aliases {
        let Some(contact) = batch
            .work
            .contact_by_identity(channel, &alias.value)
            .await?
        else {
            continue;
        };
        // Somebody who has it as an alias beside another id is not the one who has it now: numbers
        // are given to new people.
        let is_taken = contact
            .identities
            .iter()
            .any(|i| &i.channel == channel && i.aliases.contains(alias));
        if !is_taken {
            return Ok(Some(contact));
        }
    }
    Ok(None)
}

/// The contact of an author, made if there is none; new facts are merged in.
pub(super) async fn find_or_create(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    author: &Author,
    events: &mut Vec<Event>,
) -> Result<Contact, StoreError> {
    let known = known(batch, arrival.channel, &author.identity).await?;
    let (mut contact, is_new) = match known {
        Some(contact) => {
            let mut contact = Arc::unwrap_or_clone(contact);
            let learnt = learn_identity(&mut contact, arrival.channel, &author.identity);
            (contact, learnt)
        }
        None => (
            Contact {
                id: ContactId::generate(),
                created_at: arrival.accepted_at,
                display_name: None,
                identities: vec![new_identity(arrival.channel, &author.identity)],
                of_thread: None,
                opt_ins: Vec::new(),
            },
            true,
        ),
    };
    let mut changed = is_new;
    if let Some(profile) = &author.profile {
        changed |= merge_profile(
            &mut contact,
            arrival.channel,
            &author.identity,
            profile,
            arrival.accepted_at,
        );
    }
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
    if changed {
        events.push(Event::ContactSaved(contact.clone()));
    }
    Ok(contact)
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
        id: ContactId::generate(),
        created_at: arrival.accepted_at,
        display_name: None,
        identities: Vec::new(),
        of_thread: Some(ContactThread {
            channel: arrival.channel.clone(),
            thread: thread.to_owned(),
        }),
        opt_ins: Vec::new(),
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
    let Some(contact) = batch.work.contact(contact).await? else {
        return Ok(());
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    // Whoever did not give a name stays unnamed: a thread's contact is not one person.
    if contact.of_thread.is_some() {
        return Ok(());
    }
    contact
        .identities
        .push(new_identity(arrival.channel, identity));
    batch.record(vec![Event::ContactSaved(contact)]).await
}

/// Adds an identity that a contact does not have yet. Says whether it was new.
fn learn_identity(contact: &mut Contact, channel: &ChannelId, identity: &Identity) -> bool {
    let is_known = contact
        .identities
        .iter()
        .any(|i| &i.channel == channel && i.id == identity.id);
    if !is_known {
        contact.identities.push(new_identity(channel, identity));
    }
    !is_known
}

fn new_identity(channel: &ChannelId, identity: &Identity) -> ContactIdentity {
    ContactIdentity {
        channel: channel.clone(),
        id: identity.id.clone(),
        aliases: identity.aliases.clone(),
        profile: None,
        profile_at: None,
    }
}

/// Takes new facts over; a fact that the network does not tell this time stays. Says whether
/// anything changed.
fn merge_profile(
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
    let mut aliases = own.aliases.clone();
    for alias in &identity.aliases {
        if !aliases.contains(alias) {
            aliases.push(alias.clone());
        }
    }
    let changed = own.profile.as_ref() != Some(&merged)
        || own.aliases != aliases
        || own
            .profile_at
            .is_none_or(|before| at.duration_since(before) > PROFILE_FRESH);
    if changed {
        let name = merged
            .display_name
            .clone()
            .or_else(|| merged.handle.clone());
        own.profile = Some(merged);
        own.aliases = aliases;
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
    let Some(contact) = batch
        .work
        .contact_by_identity(channel, &identity.id)
        .await?
    else {
        return Ok(());
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    if merge_profile(&mut contact, channel, identity, &profile, batch.at) {
        batch.record(vec![Event::ContactSaved(contact)]).await?;
    }
    Ok(())
}

/// A person has another id now: the contact keeps both.
pub(super) async fn renamed(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    author: &Author,
    previous: Option<&str>,
) -> Result<(), StoreError> {
    let before = match previous {
        Some(previous) => {
            batch
                .work
                .contact_by_identity(arrival.channel, previous)
                .await?
        }
        None => None,
    };
    let contact = match before {
        Some(contact) => Some(contact),
        None => known(batch, arrival.channel, &author.identity).await?,
    };
    let Some(contact) = contact else {
        return Ok(());
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    let mut changed = learn_identity(&mut contact, arrival.channel, &author.identity);
    if let Some(profile) = &author.profile {
        changed |= merge_profile(
            &mut contact,
            arrival.channel,
            &author.identity,
            profile,
            arrival.accepted_at,
        );
    }
    if changed {
        batch.record(vec![Event::ContactSaved(contact)]).await?;
    }
    Ok(())
}
