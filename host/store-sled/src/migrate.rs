//! From an earlier layout to the present one.
//!
//! It runs by itself when a folder is opened. Each step is a durable batch that leaves every key either
//! as it was or as it is to be, and the schema version is written last: one that was cut off at any
//! point is simply begun again. A value that cannot be read stays as it is; a check tells of it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use linecard_model::desk::{LastMessage, ReadMark};
use linecard_model::event::{Event, Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageAuthor};
use linecard_model::outbox::{OutboxEntry, OutboxNumber};
use linecard_model::{AgentId, InteractionId, MessageId, SiteId, Timestamp};
use linecard_store::content::{Place, kept_apart};
use linecard_store::{MessageRef, RawOf, ReactionKey, Result, StoreError, take_raw};
use serde::de::DeserializeOwned;

use super::committer::write_directly;
use super::keys::{self, Family};
use super::open::SCHEMA;
use super::shared::{Shared, read_error};
use super::values::{Write, put};
use super::write::{bare, outbox_mark, put_raw};

/// How many values are looked at for one batch.
const STEP: usize = 200;

/// Brings what was written under an earlier schema version to the present one.
pub(super) fn run(shared: &Shared, found: u32) -> Result<()> {
    if found < 2 {
        for site in shared.sites()? {
            content_once(shared, &site)?;
        }
    }
    if found < 3 {
        for site in shared.sites()? {
            lines_shown(shared, &site)?;
        }
    }
    write_directly(shared, vec![put(keys::SCHEMA.to_vec(), &SCHEMA)?])
}

/// What the messages of an interaction say of it.
#[derive(Default)]
struct Line {
    last: Option<LastMessage>,
    /// The company's newest message.
    outbound: Option<MessageId>,
    /// The customer's first one after that.
    waits: Option<(MessageId, Timestamp)>,
    /// The newest message of each agent, and how many of the customer's came before it.
    reads: BTreeMap<AgentId, ReadMark>,
}

impl Line {
    fn learn(&mut self, message: &Message) {
        let newest = |last: &LastMessage| (last.at, last.message);
        let line = LastMessage::of(message);
        if self.last.as_ref().map(newest) <= Some(newest(&line)) {
            self.last = Some(line);
        }
        if !message.author.is_contact() {
            self.outbound = self.outbound.max(Some(message.id));
        }
        if let MessageAuthor::Agent { agent } = &message.author {
            let first = ReadMark {
                message: message.id,
                inbound: 0,
            };
            let mark = self.reads.entry(agent.clone()).or_insert(first);
            mark.message = mark.message.max(message.id);
        }
    }

    /// Looks again at a message of the customer, now that the others are known.
    fn count(&mut self, message: &Message) {
        let id = message.id;
        if self.outbound < Some(id) && self.waits.is_none_or(|(first, _)| id < first) {
            self.waits = Some((id, message.at));
        }
        for mark in self.reads.values_mut().filter(|mark| mark.message > id) {
            mark.inbound = mark.inbound.saturating_add(1);
        }
    }
}

/// Version 2 did not keep in an interaction what a list shows of its messages.
fn lines_shown(shared: &Shared, site: &SiteId) -> Result<()> {
    let mut lines: HashMap<InteractionId, Line> = HashMap::new();
    each(shared, site, Family::Message, |_, message: Message| {
        lines
            .entry(message.interaction)
            .or_default()
            .learn(&message);
        Ok(Vec::new())
    })?;
    each(shared, site, Family::Message, |_, message: Message| {
        if message.author.is_contact() {
            lines
                .entry(message.interaction)
                .or_default()
                .count(&message);
        }
        Ok(Vec::new())
    })?;
    for family in [Family::Open, Family::Ended] {
        each(shared, site, family, |key, mut interaction: Interaction| {
            let Some(line) = lines.remove(&interaction.id) else {
                return Ok(Vec::new());
            };
            interaction.last_message = line.last;
            interaction.waiting_since = line.waits.map(|(_, at)| at);
            interaction.marks.reads = line.reads;
            Ok(vec![put(key, &interaction)?])
        })?;
    }
    Ok(())
}

/// Version 1 kept content and a network's payload in a record as well, reactions and the payload in the
/// message, and knew no mark of the outbox numbers that had been used.
fn content_once(shared: &Shared, site: &SiteId) -> Result<()> {
    each(
        shared,
        site,
        Family::Message,
        |key, mut message: Message| {
            let mut writes = reactions_apart(site, &mut message)?;
            let raw = std::mem::take(&mut message.raw);
            if !raw.is_empty() {
                // The record says better when, if it can be read.
                writes.push(put_raw(site, RawOf::Message(message.id), message.at, raw)?);
            }
            if !writes.is_empty() {
                writes.push(put(key, &message)?);
            }
            Ok(writes)
        },
    )?;
    for family in [
        Family::Dedupe,
        Family::Identity,
        Family::PlatformId,
        Family::Early,
    ] {
        ids_hashed(shared, site, family)?;
    }
    let mut edited: HashMap<Vec<u8>, Message> = HashMap::new();
    let mut highest: OutboxNumber = 0;
    each(shared, site, Family::Journal, |key, mut record: Record| {
        // Numbers began at the clock's microseconds, so none was above those of its moment.
        highest = highest.max(microseconds(record.at));
        let mut writes = Vec::new();
        for (seq, event) in (record.first_seq..).zip(&mut record.events) {
            if let Event::ActionChanged { action, .. } = event {
                highest = highest.max(action.parse().unwrap_or(0));
            }
            if let Some((of, raw)) = take_raw(seq, event) {
                writes.push(put_raw(site, of, record.at, raw)?);
            }
            if let Event::MessageEdited {
                message,
                contact,
                edited_at,
                ..
            } = event
            {
                let place = keys::message(site, *contact, *message);
                writes.extend(numbered(shared, &mut edited, place, seq, *edited_at)?);
            }
            if let Some((_, Place::Beside(contact))) = kept_apart(event) {
                writes.push(put(keys::details(site, contact, seq), event)?);
            }
        }
        let bare = bare(&record);
        if bare != record || !writes.is_empty() {
            writes.push(put(key, &bare)?);
        }
        Ok(writes)
    })?;
    each(shared, site, Family::Outbox, |_, entry: OutboxEntry| {
        highest = highest.max(entry.number);
        Ok(Vec::new())
    })?;
    write_directly(shared, vec![outbox_mark(site, highest)?])
}

/// Puts values under keys that hide the networks' ids, which name people.
fn ids_hashed(shared: &Shared, site: &SiteId, family: Family) -> Result<()> {
    steps(shared, site, family, |key, stored| {
        let Some(hashed) = keys::hashed_id(&key) else {
            return Ok(Vec::new());
        };
        Ok(match shared.whole(&key, stored)? {
            Some(whole) => vec![Write::Put(hashed, whole.to_vec()), Write::Remove(key)],
            None => Vec::new(),
        })
    })
}

/// Writes for the reactions that a message has in it.
fn reactions_apart(site: &SiteId, message: &mut Message) -> Result<Vec<Write>> {
    let reactions = std::mem::take(&mut message.reactions);
    if reactions.is_empty() {
        return Ok(Vec::new());
    }
    let of = MessageRef {
        contact: message.contact,
        message: message.id,
    };
    let mut writes = Vec::with_capacity(reactions.len() + 1);
    for reaction in &reactions {
        let key = ReactionKey::of(of, reaction);
        writes.push(put(keys::reaction(site, &key), reaction)?);
    }
    let count = keys::reactions(site, Family::ReactionCount, of);
    writes.push(put(count, &(reactions.len() as u64))?);
    Ok(writes)
}

/// Says in a message which event made its next revision. An edit that changed nothing made none.
fn numbered(
    shared: &Shared,
    edited: &mut HashMap<Vec<u8>, Message>,
    key: Vec<u8>,
    seq: Seq,
    edited_at: Timestamp,
) -> Result<Option<Write>> {
    if !edited.contains_key(&key) {
        let found: Option<Message> = shared.get(&key).ok().flatten();
        let Some(message) = found else {
            return Ok(None);
        };
        edited.insert(key.clone(), message);
    }
    let Some(message) = edited.get_mut(&key) else {
        return Ok(None);
    };
    let revisions = &mut message.revisions;
    if revisions.iter().any(|r| r.replaced_by == Some(seq)) {
        return Ok(None);
    }
    let revision = revisions
        .iter_mut()
        .find(|r| r.replaced_by.is_none() && r.replaced_at == edited_at);
    match revision {
        Some(revision) => {
            revision.replaced_by = Some(seq);
            put(key, &*message).map(Some)
        }
        None => Ok(None),
    }
}

fn microseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond()).unwrap_or(0)
}

/// Shows each value of a family and writes what is to be written in its place.
fn each<T: DeserializeOwned>(
    shared: &Shared,
    site: &SiteId,
    family: Family,
    mut change: impl FnMut(Vec<u8>, T) -> Result<Vec<Write>>,
) -> Result<()> {
    steps(shared, site, family, |key, stored| {
        match shared.value(&key, stored)? {
            Some(value) => change(key, value),
            None => Ok(Vec::new()),
        }
    })
}

/// Shows each stored value of a family and writes what is to be written in its place.
fn steps(
    shared: &Shared,
    site: &SiteId,
    family: Family,
    mut change: impl FnMut(Vec<u8>, &sled::IVec) -> Result<Vec<Write>>,
) -> Result<()> {
    let prefix = keys::family(site, family);
    let end = keys::after_prefix(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
    let mut start = Bound::Included(prefix.clone());
    loop {
        let range = (start, end.clone());
        let entries = shared.db().range::<Vec<u8>, _>(range).take(STEP);
        let entries: Vec<_> = entries
            .collect::<sled::Result<_>>()
            .map_err(|error| read_error(&prefix, &error))?;
        let Some((last, _)) = entries.last() else {
            return Ok(());
        };
        start = Bound::Excluded(last.to_vec());
        let mut writes = Vec::new();
        for (key, stored) in entries {
            match change(key.to_vec(), &stored) {
                Ok(more) => writes.extend(more),
                Err(error @ StoreError::Value { .. }) => {
                    tracing::warn!(%error, "a value stays in its former layout");
                }
                Err(error) => return Err(error),
            }
        }
        if !writes.is_empty() {
            write_directly(shared, writes)?;
        }
    }
}
