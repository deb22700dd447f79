//! How changes become keys and values. This runs in the caller's task, so that the committer only
//! has to write.

use linecard_model::SiteId;
use linecard_model::event::{Record, Seq};
use linecard_model::outbox::OutboxNumber;
use linecard_model::{ChannelId, Timestamp};
use serde::{Deserialize, Serialize};

use super::committer::NewEvent;
use super::keys::{self, Family};
use super::values::{Write, encode, encode_quickly, put, put_first};
use linecard_store::content::kept_apart;
use linecard_store::{
    Accept, Append, Change, IdempotentResult, InboxNumber, RawOf, Result, StoreError,
};

/// An inbox entry as it is stored: its number is in its key.
#[derive(Serialize)]
struct EntryRef<'a> {
    channel: &'a ChannelId,
    accepted_at: Timestamp,
    event: &'a linecard_model::platform::Event,
}

/// An inbox entry as it is read.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredEntry {
    pub(crate) channel: ChannelId,
    pub(crate) accepted_at: Timestamp,
    pub(crate) event: linecard_model::platform::Event,
}

/// The answer to a request, with what its key's hash stands for.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredIdempotent {
    pub(crate) principal: String,
    pub(crate) key: String,
    pub(crate) result: IdempotentResult,
}

/// A value of bytes.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bytes(#[serde(with = "serde_bytes")] pub(crate) Vec<u8>);

/// A network's payload.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredRaw {
    /// When it was recorded, in milliseconds: how long it is kept counts from there.
    pub(crate) at: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) raw: String,
    /// The accepted event whose payload it is, if it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<InboxNumber>,
}

impl StoredRaw {
    fn new(at: Timestamp, raw: String) -> Self {
        Self {
            at: at.as_millisecond(),
            raw,
            accepted: None,
        }
    }
}

/// The router's snapshot.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredSnapshot {
    pub(crate) seq: Seq,
    #[serde(with = "serde_bytes")]
    pub(crate) state: Vec<u8>,
}

pub(super) fn accept(site: &SiteId, accept: Accept) -> Result<(Vec<NewEvent>, Option<Write>)> {
    let mut events = Vec::with_capacity(accept.events.len());
    for mut event in accept.events {
        let mark = match accept.again {
            None => keys::network_id(site, Family::Dedupe, &accept.channel, &event.id),
            Some(letter) => keys::again(site, &accept.channel, letter, &event.id),
        };
        let mark_value = encode(&mark, &accept.at.as_millisecond())?;
        let raw = std::mem::take(&mut event.raw);
        let entry = EntryRef {
            channel: &accept.channel,
            accepted_at: accept.at,
            event: &event,
        };
        let entry = encode_quickly(&mark, &entry)?;
        let raw = if raw.is_empty() {
            None
        } else {
            Some(encode(&mark, &StoredRaw::new(accept.at, raw))?)
        };
        events.push(NewEvent {
            mark,
            mark_value,
            entry,
            raw,
        });
    }
    let cursor = match &accept.cursor {
        Some(cursor) => Some(put(
            keys::channel(site, Family::Cursor, &accept.channel),
            serde_bytes::Bytes::new(cursor),
        )?),
        None => None,
    };
    Ok((events, cursor))
}

/// A batch in stored form.
pub(super) struct Encoded {
    /// The first and the last number of each record.
    pub(super) numbers: Vec<(Seq, Seq)>,
    pub(super) writes: Vec<Write>,
    /// The highest number of an outbox entry among them; 0 if there is none.
    pub(super) last_outbox: OutboxNumber,
}

pub(super) fn append(site: &SiteId, append: Append) -> Result<Encoded> {
    let mut numbers = Vec::with_capacity(append.records.len());
    let mut writes = Vec::with_capacity(append.records.len() + append.changes.len() + 1);
    for record in &append.records {
        if record.events.is_empty() {
            return Err(StoreError::EmptyRecord {
                site: site.clone(),
                seq: record.first_seq,
            });
        }
        numbers.push((record.first_seq, record.last_seq()));
        // The numbers go on: nothing stood there.
        writes.push(put_first(
            keys::record(site, record.first_seq),
            &bare(record),
        )?);
    }
    let mut last_outbox = 0;
    for change in append.changes {
        if let Change::PutOutbox(entry) = &change {
            last_outbox = last_outbox.max(entry.number);
        }
        change_to_writes(site, change, &mut writes)?;
    }
    Ok(Encoded {
        numbers,
        writes,
        last_outbox,
    })
}

/// A record as it is kept: its content is elsewhere.
pub(super) fn bare(record: &Record) -> Record {
    let events = record.events.iter();
    Record {
        first_seq: record.first_seq,
        at: record.at,
        events: events
            .map(|event| kept_apart(event).map_or_else(|| event.clone(), |(bare, _)| bare))
            .collect(),
    }
}

/// Says that outbox numbers up to this one are used.
pub(super) fn outbox_mark(site: &SiteId, highest: OutboxNumber) -> Result<Write> {
    put(keys::numbers(site), &highest)
}

/// Puts a network's payload.
pub(super) fn put_raw(site: &SiteId, of: RawOf, at: Timestamp, raw: String) -> Result<Write> {
    put(keys::raw(site, of), &StoredRaw::new(at, raw))
}

fn change_to_writes(site: &SiteId, change: Change, writes: &mut Vec<Write>) -> Result<()> {
    let write = match change {
        Change::InboxDone(number) => Write::Remove(keys::inbox(site, number)),
        Change::PutContact(contact) => put(keys::contact(site, contact.id), &contact)?,
        Change::PutIdentity {
            channel,
            identity,
            contact,
        } => put_first(
            keys::network_id(site, Family::Identity, &channel, &identity),
            &contact,
        )?,
        Change::RemoveIdentity { channel, identity } => Write::Remove(keys::network_id(
            site,
            Family::Identity,
            &channel,
            &identity,
        )),
        Change::PutInteraction(interaction) => {
            let (now, before) = if interaction.is_open() {
                (Family::Open, Family::Ended)
            } else {
                (Family::Ended, Family::Open)
            };
            writes.push(put(
                keys::interaction(site, now, interaction.id),
                &interaction,
            )?);
            Write::Remove(keys::interaction(site, before, interaction.id))
        }
        Change::PutMessage(message) => {
            put(keys::message(site, message.contact, message.id), &message)?
        }
        Change::PutDetails {
            contact,
            seq,
            event,
        } => put(keys::details(site, contact, seq), &*event)?,
        Change::RemoveDetails { contact, seq } => Write::Remove(keys::details(site, contact, seq)),
        Change::PutReaction { key, reaction } => put(keys::reaction(site, &key), &reaction)?,
        Change::RemoveReaction(key) => Write::Remove(keys::reaction(site, &key)),
        Change::PutReactionCount { message, count } => {
            let key = keys::reactions(site, Family::ReactionCount, message);
            match count {
                0 => Write::Remove(key),
                count => put(key, &count)?,
            }
        }
        Change::PutRaw { of, at, raw } => put_raw(site, of, at, raw)?,
        Change::PutRawOfAccepted { of, at, accepted } => {
            let mut stored = StoredRaw::new(at, String::new());
            stored.accepted = Some(accepted);
            put(keys::raw(site, of), &stored)?
        }
        Change::RemoveRaw(of) => Write::RemoveRaw(site.clone(), keys::raw(site, of)),
        Change::PutPlatformId {
            channel,
            platform_id,
            message,
        } => put_first(
            keys::network_id(site, Family::PlatformId, &channel, &platform_id),
            &message,
        )?,
        Change::RemovePlatformId {
            channel,
            platform_id,
        } => Write::Remove(keys::network_id(
            site,
            Family::PlatformId,
            &channel,
            &platform_id,
        )),
        Change::PutFetch(place) => put(keys::fetch(site, place.message), &place)?,
        Change::RemoveFetch(message) => Write::Remove(keys::fetch(site, message)),
        Change::PutOutbox(entry) => put(keys::outbox(site, &entry.channel, entry.number), &entry)?,
        Change::RemoveOutbox { channel, number } => {
            Write::Remove(keys::outbox(site, &channel, number))
        }
        Change::PutEarly {
            channel,
            platform_id,
            events,
        } => put(
            keys::network_id(site, Family::Early, &channel, &platform_id),
            &events,
        )?,
        Change::RemoveEarly {
            channel,
            platform_id,
        } => Write::Remove(keys::network_id(
            site,
            Family::Early,
            &channel,
            &platform_id,
        )),
        Change::PutHealth { channel, health } => {
            put(keys::channel(site, Family::Health, &channel), &health)?
        }
        Change::PutFigures { channel, figures } => {
            put(keys::channel(site, Family::Figures, &channel), &figures)?
        }
        Change::PutDeadLetter(letter) => {
            put(keys::dead_letter(site, &letter.channel, letter.id), &letter)?
        }
        Change::RemoveDeadLetter { channel, id } => {
            Write::Remove(keys::dead_letter(site, &channel, id))
        }
        Change::PutDraft {
            interaction,
            agent,
            draft,
        } => put(keys::draft(site, interaction, &agent), &draft)?,
        Change::RemoveDraft { interaction, agent } => {
            Write::Remove(keys::draft(site, interaction, &agent))
        }
        Change::PutNote(note) => put(keys::note(site, note.contact, note.id), &note)?,
        Change::RemoveNote { contact, note } => Write::Remove(keys::note(site, contact, note)),
        Change::PutResponse(response) => put(keys::response(site, &response.id), &response)?,
        Change::RemoveResponse(id) => Write::Remove(keys::response(site, &id)),
        Change::PutTraining(message) => put(keys::training(site, message.id), &message)?,
        Change::RemoveTraining(id) => Write::Remove(keys::training(site, id)),
        Change::PutMacro(kept) => put(keys::macro_of(site, &kept.id), &kept)?,
        Change::RemoveMacro(id) => Write::Remove(keys::macro_of(site, &id)),
        Change::PutConfig(config) => put(keys::config(site), &*config)?,
        Change::PutSnapshot { seq, state } => {
            put(keys::snapshot(site), &StoredSnapshot { seq, state })?
        }
        Change::PutIdempotent {
            principal,
            key,
            result,
        } => put(
            keys::idempotent(site, &principal, &key),
            &StoredIdempotent {
                principal,
                key,
                result,
            },
        )?,
        Change::PutVault { key, value } => put(keys::vault(site, &key), &Bytes(value))?,
        Change::RemoveVault { key } => Write::Remove(keys::vault(site, &key)),
    };
    writes.push(write);
    Ok(())
}
