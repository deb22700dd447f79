//! Which ids are whose, and since when: people change their numbers, networks change their ids, and numbers
//! are given to new people.
//!
//! Networks tell of a change late, twice and in any order. Among changes the network's clock decides; a
//! message from an id tells nothing about changes, except that an id that was given up has somebody new
//! when it comes after the hub heard of that.

use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity, GivenUp, KnownAlias};
use linecard_model::platform::{Alias, Identity};
use linecard_model::{ChannelId, ContactId, Timestamp};
use linecard_store::StoreError;

use super::run::Batch;

/// The end of the kind of an alias that is another one written in another way: `phone-spelling` is an
/// alias `phone`, `id-spelling` the id itself.
const SPELLING: &str = "-spelling";
/// The kind of an alias that is the id itself, written in another way.
const ID_SPELLING: &str = "id-spelling";
/// How many former holders of an id are looked at.
const HOLDERS: usize = 8;

/// When something was told about an id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// By the network's clock.
    pub at: Timestamp,
    /// When the hub heard of it.
    pub heard_at: Timestamp,
    /// Whether it was a change, and not only a message that came from the id.
    pub is_change: bool,
}

/// A contact, or the one that it turned out to be.
pub(super) async fn person(
    batch: &mut Batch<'_>,
    id: ContactId,
) -> Result<Option<Arc<Contact>>, StoreError> {
    let mut found = batch.work.contact(id).await?;
    while let Some(into) = found.as_ref().and_then(|contact| contact.merged_into) {
        found = batch.work.contact(into).await?;
    }
    Ok(found)
}

/// Whose an id is, or was, at a time.
pub(super) async fn holder(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    value: &str,
    at: Timestamp,
) -> Result<Option<Arc<Contact>>, StoreError> {
    let found = batch.work.contact_by_identity(channel, value).await?;
    let Some(mut found) = found else {
        return Ok(None);
    };
    if found.merged_into.is_some()
        && let Some(into) = person(batch, found.id).await?
    {
        found = into;
    }
    for _ in 0..HOLDERS {
        let own = found.identities.iter().filter(|i| &i.channel == channel);
        let before = own.clone().find(|i| i.id == value);
        let Some(before) = before.and_then(|identity| identity.held_before_by) else {
            break;
        };
        let Some(before) = person(batch, before).await? else {
            break;
        };
        if before.id == found.id || is_over(&before, channel, value, at) {
            break;
        }
        found = before;
    }
    Ok((!is_over(&found, channel, value, at)).then_some(found))
}

/// Whether a contact has given an id up, so that what is said from it at a time is said by somebody else.
fn is_over(contact: &Contact, channel: &ChannelId, value: &str, at: Timestamp) -> bool {
    let own = contact.identities.iter().filter(|i| &i.channel == channel);
    let mut ends = own.flat_map(|identity| {
        let id = (identity.id == value).then_some(identity.given_up);
        let aliases = identity.aliases.iter().filter(|a| a.value == value);
        id.into_iter().chain(aliases.map(|alias| alias.given_up))
    });
    // Nothing that says that it was theirs: the index knows more than the contact.
    ends.clone().next().is_none() || ends.all(|end| end.is_some_and(|end| end.is_over(at)))
}

/// The contact of a person at a time: by the id, or, if that is new, by another id of theirs under which the
/// hub has known them so far.
pub(super) async fn known(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    identity: &Identity,
    at: Timestamp,
) -> Result<Option<Arc<Contact>>, StoreError> {
    let by_id = holder(batch, channel, &identity.id, at).await?;
    if by_id.is_some() {
        return Ok(by_id);
    }
    for alias in &identity.aliases {
        let Some(contact) = holder(batch, channel, &alias.value, at).await? else {
            continue;
        };
        // Somebody who has it as an alias beside another id is not the one who has it now: numbers
        // are given to new people.
        let mut own = contact.identities.iter().filter(|i| &i.channel == channel);
        let is_taken = own.any(|i| i.aliases.iter().any(|known| known.is(alias)));
        if !is_taken {
            return Ok(Some(contact));
        }
    }
    Ok(None)
}

/// Adds what is told about an identity to a contact that has it. Says whether anything is new.
pub(super) fn learn(
    contact: &mut Contact,
    channel: &ChannelId,
    identity: &Identity,
    told: Told,
) -> bool {
    let own = |i: &ContactIdentity| &i.channel == channel && i.id == identity.id;
    let mut changed = false;
    if !contact.identities.iter().any(own) {
        changed = true;
        let bare = Identity {
            id: identity.id.clone(),
            aliases: Vec::new(),
        };
        let new = ContactIdentity::new(channel.clone(), &bare);
        contact.identities.push(new);
    }
    let Some(known) = contact.identities.iter_mut().find(|i| own(i)) else {
        return changed;
    };
    let was = (known.since, known.given_up);
    hold(&mut known.since, &mut known.given_up, told);
    changed |= was != (known.since, known.given_up);
    let mut superseded = Vec::new();
    for alias in &identity.aliases {
        changed |= name(&mut known.aliases, alias, told);
    }
    for other in &mut known.aliases {
        let is_told = identity.aliases.iter().any(|alias| other.is(alias));
        let newest = identity
            .aliases
            .iter()
            .any(|alias| alias.kind == other.kind);
        let is_older = other
            .since
            .max(other.seen_at)
            .is_none_or(|at| at <= told.at);
        if newest && !is_told && other.given_up.is_none() && is_older {
            superseded.push(other.value.clone());
            end(&mut other.given_up, told);
            changed = true;
        }
    }
    // Before the network told the id, the number that is now an alias was the id.
    for value in superseded {
        changed |= give_up(contact, channel, &value, told);
    }
    changed | ends_agree(contact, channel)
}

/// A number can be known as an id and as an alias: what is given up as the one is as the other.
fn ends_agree(contact: &mut Contact, channel: &ChannelId) -> bool {
    let mut ended: Vec<(String, GivenUp)> = Vec::new();
    for identity in contact.identities.iter().filter(|i| &i.channel == channel) {
        ended.extend(identity.given_up.map(|end| (identity.id.clone(), end)));
        for alias in &identity.aliases {
            ended.extend(alias.given_up.map(|end| (alias.value.clone(), end)));
        }
    }
    let mut changed = false;
    let mut agree = |value: &str, since: Option<Timestamp>, given_up: &mut Option<GivenUp>| {
        let mut ends = ended.iter().filter(|(of, _)| of == value);
        let end = ends.find(|(_, end)| since.is_none_or(|since| since <= end.at));
        if let (None, Some((_, end))) = (&given_up, end) {
            *given_up = Some(*end);
            changed = true;
        }
    };
    let own = contact.identities.iter_mut();
    for identity in own.filter(|i| &i.channel == channel) {
        agree(&identity.id, identity.since, &mut identity.given_up);
        for alias in &mut identity.aliases {
            agree(&alias.value, alias.since, &mut alias.given_up);
        }
    }
    changed
}

/// Takes an alias over that was told. One that is older than what is known of its kind is not theirs now.
fn name(aliases: &mut Vec<KnownAlias>, alias: &Alias, told: Told) -> bool {
    if let Some(known) = aliases.iter_mut().find(|known| known.is(alias)) {
        let was = (known.since, known.given_up);
        hold(&mut known.since, &mut known.given_up, told);
        // When it was last named only counts when another one is named: a day is exact enough, and a
        // message does not have to change its author.
        let day = jiff::SignedDuration::from_hours(24);
        let is_news = known
            .seen_at
            .is_none_or(|seen| told.at.duration_since(seen) > day);
        if is_news {
            known.seen_at = Some(told.at);
        }
        return is_news || was != (known.since, known.given_up);
    }
    let mut new = KnownAlias::from(alias.clone());
    new.seen_at = Some(told.at);
    new.since = told.is_change.then_some(told.at);
    let is_newer = |known: &KnownAlias| {
        known.kind == alias.kind
            && known.given_up.is_none()
            && known.since.max(known.seen_at) > Some(told.at)
    };
    if aliases.iter().any(is_newer) {
        end(&mut new.given_up, told);
    }
    aliases.push(new);
    true
}

/// An id is somebody's.
fn hold(since: &mut Option<Timestamp>, given_up: &mut Option<GivenUp>, told: Told) {
    match given_up {
        Some(end) if told.is_change && told.at > end.at => *given_up = None,
        // Whoever is known by another id has it again.
        Some(end) if !told.is_change && end.is_over(told.at) => {
            *given_up = None;
            *since = Some(told.at);
        }
        Some(_) => return,
        None => {}
    }
    if told.is_change {
        *since = (*since).max(Some(told.at));
    }
}

/// An id is somebody's no longer. The first end that was heard of stays.
fn end(given_up: &mut Option<GivenUp>, told: Told) {
    given_up.get_or_insert(GivenUp {
        at: told.at,
        heard_at: told.heard_at,
    });
}

/// A contact gives an id up, in whichever way it is written; one that it was not known to have is noted, so
/// that what comes late from it finds them. Says whether anything is new.
pub(super) fn give_up(contact: &mut Contact, channel: &ChannelId, value: &str, told: Told) -> bool {
    let mut changed = false;
    let own = contact
        .identities
        .iter_mut()
        .filter(|i| &i.channel == channel);
    for identity in own {
        let is_spelled = |alias: &KnownAlias| alias.kind == ID_SPELLING && alias.value == value;
        if identity.id == value || identity.aliases.iter().any(is_spelled) {
            changed |= ends(identity.since, &mut identity.given_up, told);
            if identity.given_up.is_some() {
                for alias in &mut identity.aliases {
                    changed |= ends(alias.since, &mut alias.given_up, told);
                }
            }
            continue;
        }
        let named = identity.aliases.iter().filter(|alias| alias.value == value);
        let kinds: Vec<String> = named
            .map(|alias| alias.kind.trim_end_matches(SPELLING).to_owned())
            .collect();
        let is_newer = |alias: &KnownAlias| alias.since.is_some_and(|since| since > told.at);
        for alias in &mut identity.aliases {
            let is_spelling = alias
                .kind
                .strip_suffix(SPELLING)
                .is_some_and(|of| kinds.iter().any(|kind| kind == of));
            // That of a new number is told with it.
            let is_of = alias.value == value || (is_spelling && alias.seen_at < Some(told.at));
            if is_of && !is_newer(alias) {
                changed |= ends(alias.since, &mut alias.given_up, told);
            }
        }
    }
    changed
}

fn ends(since: Option<Timestamp>, given_up: &mut Option<GivenUp>, told: Told) -> bool {
    // What they got after it is not what they gave up.
    if given_up.is_some() || since.is_some_and(|since| since > told.at) {
        return false;
    }
    end(given_up, told);
    true
}

/// Notes an id that somebody gave up before the hub had heard of it.
pub(super) fn note_former(contact: &mut Contact, channel: &ChannelId, value: &str, told: Told) {
    let mut own = contact.identities.iter().filter(|i| &i.channel == channel);
    if own.any(|i| i.id == value || i.aliases.iter().any(|alias| alias.value == value)) {
        return;
    }
    let identity = Identity {
        id: value.to_owned(),
        aliases: Vec::new(),
    };
    let mut former = ContactIdentity::new(channel.clone(), &identity);
    end(&mut former.given_up, told);
    // The first stays the one by which they are known.
    contact.identities.push(former);
}
