//! The trait's implementation.

use std::ops::Bound;

use async_trait::async_trait;
use linecard_model::contact::Contact;
use linecard_model::dead_letter::DeadLetter;
use linecard_model::desk::{Draft, Note};
use linecard_model::event::{Event, Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageReaction};
use linecard_model::outbox::{ChannelFigures, ChannelHealth, OutboxEntry, OutboxNumber};
use linecard_model::response::{Macro, Response};
use linecard_model::site::SiteConfig;
use linecard_model::training::TrainingMessage;
use linecard_model::{
    AgentId, ChannelId, ContactId, DeadLetterId, InteractionId, MessageId, NoteId, ResponseId,
    SiteId, Timestamp,
};

use super::SledStore;
use super::committer::{Answer, Work};
use super::keys::{self, Family};
use super::shared::read_error;
use super::values;
use super::write::{self, Bytes, StoredEntry, StoredIdempotent, StoredRaw, StoredSnapshot};
use linecard_store::{
    Accept, Accepted, Append, Backlog, BackupSink, Early, Epoch, IdempotentResult, InboxEntry,
    InboxNumber, Kept, MessageRef, Page, PurgeCursor, Purged, RawOf, ReactionKey, Reactions,
    Result, Store, StoreError,
};

/// All keys that begin with a prefix, from a bound on.
fn from(prefix: &[u8], start: Bound<Vec<u8>>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let end = keys::after_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded);
    (start, end)
}

/// All keys that begin with a prefix, up to a key that is not among them.
fn before(prefix: Vec<u8>, end: Option<Vec<u8>>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let end = end
        .or_else(|| keys::after_prefix(&prefix))
        .map_or(Bound::Unbounded, Bound::Excluded);
    (Bound::Included(prefix), end)
}

fn values_of<T>(found: Vec<(sled::IVec, T)>) -> Vec<T> {
    found.into_iter().map(|(_, value)| value).collect()
}

#[async_trait]
impl Store for SledStore {
    async fn own(&self, site: &SiteId) -> Result<Epoch> {
        match self.submit(Work::Own { site: site.clone() }).await? {
            Answer::Owned(epoch) => Ok(epoch),
            _ => Err(StoreError::Closed),
        }
    }

    async fn accept(&self, site: &SiteId, accept: Accept) -> Result<Accepted> {
        let (events, cursor) = write::accept(site, accept)?;
        let work = Work::Accept {
            site: site.clone(),
            events,
            cursor,
        };
        match self.submit(work).await? {
            Answer::Accepted(accepted) => Ok(accepted),
            _ => Err(StoreError::Closed),
        }
    }

    async fn inbox(
        &self,
        site: &SiteId,
        after: InboxNumber,
        limit: usize,
    ) -> Result<Vec<InboxEntry>> {
        let range = from(
            &keys::family(site, Family::Inbox),
            Bound::Excluded(keys::inbox(site, after)),
        );
        let found = self.shared.scan::<StoredEntry>(range, false, limit)?;
        found
            .into_iter()
            .map(|(key, entry)| {
                let number = keys::last_number(&key)
                    .ok_or_else(|| values::unreadable(&key, "its key has no number".to_owned()))?;
                let mut event = entry.event;
                if event.raw.is_empty() {
                    event.raw = self
                        .payload(site, RawOf::Accepted(number))?
                        .unwrap_or_default();
                }
                Ok(InboxEntry {
                    number,
                    channel: entry.channel,
                    accepted_at: entry.accepted_at,
                    event,
                })
            })
            .collect()
    }

    async fn append(&self, site: &SiteId, epoch: Epoch, append: Append) -> Result<()> {
        let write::Encoded {
            numbers,
            writes,
            last_outbox,
        } = write::append(site, append)?;
        let work = Work::Append {
            site: site.clone(),
            epoch,
            numbers,
            writes,
            last_outbox,
        };
        self.submit(work).await.map(|_| ())
    }

    async fn last_seq(&self, site: &SiteId) -> Result<Seq> {
        Ok(self.shared.durable(site))
    }

    async fn first_seq(&self, site: &SiteId) -> Result<Seq> {
        self.shared.first_seq(site)
    }

    async fn journal(&self, site: &SiteId, after: Seq, limit: usize) -> Result<Vec<Record>> {
        let durable = self.shared.durable(site);
        let Some(wanted) = after.checked_add(1).filter(|seq| *seq <= durable) else {
            return Ok(Vec::new());
        };
        // The record that holds the wanted event is the last one that begins at or before it.
        let prefix = keys::family(site, Family::Journal);
        let first = match self
            .shared
            .db()
            .range(prefix.clone()..=keys::record(site, wanted))
            .next_back()
        {
            Some(entry) => entry
                .map_err(|error| read_error(&prefix, &error))?
                .0
                .to_vec(),
            None => keys::record(site, wanted),
        };
        let last = keys::record(site, durable);
        let found = self.shared.scan::<Record>(first..=last, false, limit)?;
        Ok(values_of(found))
    }

    async fn snapshot(&self, site: &SiteId) -> Result<Option<(Seq, Vec<u8>)>> {
        let stored: Option<StoredSnapshot> = self.shared.get(&keys::snapshot(site))?;
        Ok(stored.map(|stored| (stored.seq, stored.state)))
    }

    async fn config(&self, site: &SiteId) -> Result<Option<SiteConfig>> {
        self.shared.get(&keys::config(site))
    }

    async fn contact(&self, site: &SiteId, id: ContactId) -> Result<Option<Contact>> {
        self.shared.get(&keys::contact(site, id))
    }

    async fn contact_by_identity(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        identity: &str,
    ) -> Result<Option<ContactId>> {
        self.shared
            .get(&keys::network_id(site, Family::Identity, channel, identity))
    }

    async fn contacts(&self, site: &SiteId, page: Page<ContactId>) -> Result<Vec<Contact>> {
        let end = page.before.map(|id| keys::contact(site, id));
        let range = before(keys::family(site, Family::Contact), end);
        Ok(values_of(self.shared.scan(range, true, page.limit)?))
    }

    async fn interaction(&self, site: &SiteId, id: InteractionId) -> Result<Option<Interaction>> {
        // One that ends, or is opened again, moves meanwhile: whoever looks at all places in turn and at
        // the first one again does not miss it.
        for family in [Family::Open, Family::Ended, Family::Open] {
            let found = self.shared.get(&keys::interaction(site, family, id))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn open_interactions(&self, site: &SiteId) -> Result<Vec<Interaction>> {
        let range = before(keys::family(site, Family::Open), None);
        Ok(values_of(self.shared.scan(range, false, usize::MAX)?))
    }

    async fn ended_interactions(
        &self,
        site: &SiteId,
        page: Page<InteractionId>,
    ) -> Result<Vec<Interaction>> {
        let end = page
            .before
            .map(|id| keys::interaction(site, Family::Ended, id));
        let range = before(keys::family(site, Family::Ended), end);
        Ok(values_of(self.shared.scan(range, true, page.limit)?))
    }

    async fn message(
        &self,
        site: &SiteId,
        contact: ContactId,
        id: MessageId,
    ) -> Result<Option<Message>> {
        self.shared.get(&keys::message(site, contact, id))
    }

    async fn reaction(&self, site: &SiteId, key: &ReactionKey) -> Result<Option<MessageReaction>> {
        self.shared.get(&keys::reaction(site, key))
    }

    async fn reactions(
        &self,
        site: &SiteId,
        message: MessageRef,
        after: Option<&ReactionKey>,
        limit: usize,
    ) -> Result<Reactions> {
        let count = keys::reactions(site, Family::ReactionCount, message);
        let all = keys::reactions(site, Family::Reaction, message);
        let start = match after {
            Some(key) => Bound::Excluded(keys::reaction(site, key)),
            None => Bound::Included(all.clone()),
        };
        Ok(Reactions {
            total: self.shared.get(&count)?.unwrap_or(0),
            page: values_of(self.shared.scan(from(&all, start), false, limit)?),
        })
    }

    async fn details(&self, site: &SiteId, contact: ContactId, seq: Seq) -> Result<Option<Event>> {
        self.shared.get(&keys::details(site, contact, seq))
    }

    async fn details_of(
        &self,
        site: &SiteId,
        contact: ContactId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Seq>> {
        let all = keys::details_of(site, contact);
        let range = from(&all, Bound::Excluded(keys::details(site, contact, after)));
        let found = self.shared.db().range::<Vec<u8>, _>(range).keys();
        found
            .take(limit)
            .map(|key| {
                let key = key.map_err(|error| read_error(&all, &error))?;
                keys::last_number(&key)
                    .ok_or_else(|| values::unreadable(&key, "its key has no number".to_owned()))
            })
            .collect()
    }

    async fn raw(&self, site: &SiteId, of: RawOf) -> Result<Option<String>> {
        self.payload(site, of)
    }

    async fn message_by_platform_id(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Option<MessageRef>> {
        self.shared.get(&keys::network_id(
            site,
            Family::PlatformId,
            channel,
            platform_id,
        ))
    }

    async fn history(
        &self,
        site: &SiteId,
        contact: ContactId,
        page: Page<MessageId>,
    ) -> Result<Vec<Message>> {
        let end = page.before.map(|id| keys::message(site, contact, id));
        let range = before(keys::messages(site, contact), end);
        Ok(values_of(self.shared.scan(range, true, page.limit)?))
    }

    async fn draft(
        &self,
        site: &SiteId,
        interaction: InteractionId,
        agent: &AgentId,
    ) -> Result<Option<Draft>> {
        self.shared.get(&keys::draft(site, interaction, agent))
    }

    async fn note(&self, site: &SiteId, contact: ContactId, id: NoteId) -> Result<Option<Note>> {
        self.shared.get(&keys::note(site, contact, id))
    }

    async fn notes(
        &self,
        site: &SiteId,
        contact: ContactId,
        page: Page<NoteId>,
    ) -> Result<Vec<Note>> {
        let end = page.before.map(|id| keys::note(site, contact, id));
        let range = before(keys::notes(site, contact), end);
        Ok(values_of(self.shared.scan(range, true, page.limit)?))
    }

    async fn responses(&self, site: &SiteId) -> Result<Vec<Response>> {
        let range = before(keys::family(site, Family::Response), None);
        Ok(values_of(self.shared.scan(range, false, usize::MAX)?))
    }

    async fn response(&self, site: &SiteId, id: &ResponseId) -> Result<Option<Response>> {
        self.shared.get(&keys::response(site, id))
    }

    async fn training_messages(
        &self,
        site: &SiteId,
        page: Page<MessageId>,
    ) -> Result<Vec<TrainingMessage>> {
        let end = page.before.map(|id| keys::training(site, id));
        let range = before(keys::family(site, Family::Training), end);
        Ok(values_of(self.shared.scan(range, true, page.limit)?))
    }

    async fn training_message(
        &self,
        site: &SiteId,
        id: MessageId,
    ) -> Result<Option<TrainingMessage>> {
        self.shared.get(&keys::training(site, id))
    }

    async fn macros(&self, site: &SiteId) -> Result<Vec<Macro>> {
        let range = before(keys::family(site, Family::Macro), None);
        Ok(values_of(self.shared.scan(range, false, usize::MAX)?))
    }

    async fn fetches(
        &self,
        site: &SiteId,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<MessageRef>> {
        let all = keys::family(site, Family::Fetch);
        let start = match after {
            Some(id) => Bound::Excluded(keys::fetch(site, id)),
            None => Bound::Included(all.clone()),
        };
        Ok(values_of(self.shared.scan(
            from(&all, start),
            false,
            limit,
        )?))
    }

    async fn outbox(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        after: OutboxNumber,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>> {
        let range = from(
            &keys::channel(site, Family::Outbox, channel),
            Bound::Excluded(keys::outbox(site, channel, after)),
        );
        Ok(values_of(self.shared.scan(range, false, limit)?))
    }

    async fn last_outbox(&self, site: &SiteId) -> Result<OutboxNumber> {
        Ok(self.shared.get(&keys::numbers(site))?.unwrap_or(0))
    }

    async fn early(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Vec<Early>> {
        let key = keys::network_id(site, Family::Early, channel, platform_id);
        Ok(self.shared.get(&key)?.unwrap_or_default())
    }

    async fn early_of(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        limit: usize,
    ) -> Result<Vec<Vec<Early>>> {
        let prefix = keys::channel(site, Family::Early, channel);
        let range = from(&prefix, Bound::Included(prefix.clone()));
        Ok(values_of(self.shared.scan(range, false, limit)?))
    }

    async fn cursor(&self, site: &SiteId, channel: &ChannelId) -> Result<Option<Vec<u8>>> {
        let stored: Option<Bytes> =
            self.shared
                .get(&keys::channel(site, Family::Cursor, channel))?;
        Ok(stored.map(|stored| stored.0))
    }

    async fn health(&self, site: &SiteId, channel: &ChannelId) -> Result<Option<ChannelHealth>> {
        self.shared
            .get(&keys::channel(site, Family::Health, channel))
    }

    async fn figures(&self, site: &SiteId, channel: &ChannelId) -> Result<Option<ChannelFigures>> {
        self.shared
            .get(&keys::channel(site, Family::Figures, channel))
    }

    async fn dead_letters(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        page: Page<DeadLetterId>,
    ) -> Result<Vec<DeadLetter>> {
        let end = page.before.map(|id| keys::dead_letter(site, channel, id));
        let range = before(keys::channel(site, Family::DeadLetter, channel), end);
        Ok(values_of(self.shared.scan(range, true, page.limit)?))
    }

    async fn dead_letter(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        id: DeadLetterId,
    ) -> Result<Option<DeadLetter>> {
        self.shared.get(&keys::dead_letter(site, channel, id))
    }

    async fn backlog(&self, site: &SiteId, channel: &ChannelId, limit: usize) -> Result<Backlog> {
        let count = |family| {
            let prefix = keys::channel(site, family, channel);
            let found = self.shared.db().scan_prefix(&prefix).keys().take(limit);
            found
                .map(|key| key.map_err(|error| read_error(&prefix, &error)))
                .try_fold(0, |count, key| key.map(|_| count + 1))
        };
        Ok(Backlog {
            outbox: count(Family::Outbox)?,
            dead_letters: count(Family::DeadLetter)?,
        })
    }

    async fn idempotent(
        &self,
        site: &SiteId,
        principal: &str,
        key: &str,
    ) -> Result<Option<IdempotentResult>> {
        let stored: Option<StoredIdempotent> =
            self.shared.get(&keys::idempotent(site, principal, key))?;
        Ok(stored.map(|stored| stored.result))
    }

    async fn idempotents(
        &self,
        site: &SiteId,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<(String, String, IdempotentResult)>> {
        let all = keys::family(site, Family::Idempotent);
        let start = match after {
            Some((principal, key)) => Bound::Excluded(keys::idempotent(site, principal, key)),
            None => Bound::Included(all.clone()),
        };
        let found = self
            .shared
            .scan::<StoredIdempotent>(from(&all, start), false, limit)?;
        let found = values_of(found).into_iter();
        Ok(found
            .map(|stored| (stored.principal, stored.key, stored.result))
            .collect())
    }

    async fn vault(&self, site: &SiteId, key: &str) -> Result<Option<Vec<u8>>> {
        let stored: Option<Bytes> = self.shared.get(&keys::vault(site, key))?;
        Ok(stored.map(|stored| stored.0))
    }

    async fn vault_scan(&self, site: &SiteId, prefix: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let family = keys::family(site, Family::Vault).len();
        let range = before(keys::vault(site, prefix), None);
        let found = self.shared.scan::<Bytes>(range, false, usize::MAX)?;
        found
            .into_iter()
            .map(|(key, value)| {
                let name = key
                    .get(family..)
                    .and_then(|name| std::str::from_utf8(name).ok())
                    .ok_or_else(|| values::unreadable(&key, "its key is not text".to_owned()))?;
                Ok((name.to_owned(), value.0))
            })
            .collect()
    }

    async fn purge(
        &self,
        site: &SiteId,
        kept: Kept,
        before: Timestamp,
        after: Option<PurgeCursor>,
        limit: usize,
    ) -> Result<Purged> {
        if kept == Kept::Journal {
            return self.purge_journal(site, before, limit).await;
        }
        let prefix = keys::family(site, family_of(kept));
        let start = match after {
            Some(PurgeCursor(key)) if key.starts_with(&prefix) => Bound::Excluded(key),
            _ => Bound::Included(prefix.clone()),
        };
        let mut seen = Vec::new();
        let mut last = None;
        let entries = self.shared.db().range::<Vec<u8>, _>(from(&prefix, start));
        for (looked_at, entry) in entries.take(limit).enumerate() {
            let (key, stored) = entry.map_err(|error| read_error(&prefix, &error))?;
            // What cannot be read stays, for a check to tell.
            let is_old = self
                .time_of(kept, &key, &stored)
                .is_ok_and(|at| at.is_some_and(|at| at < before));
            if is_old && !self.waits(site, &key)? {
                seen.push((key.to_vec(), stored));
            }
            if looked_at + 1 == limit {
                last = Some(PurgeCursor(key.to_vec()));
            }
        }
        let mut removed = 0;
        if !seen.is_empty()
            && let Answer::Purged(count) = self.submit(Work::Purge { seen, mark: None }).await?
        {
            removed = count;
        }
        Ok(Purged {
            removed,
            next: last,
        })
    }

    async fn backup(&self, out: BackupSink) -> Result<u64> {
        self.write_backup(out).await
    }

    async fn close(&self) -> Result<()> {
        self.submit(Work::Close).await.map(|_| ())
    }
}

fn family_of(kept: Kept) -> Family {
    match kept {
        Kept::Deduplication => Family::Dedupe,
        Kept::Idempotency => Family::Idempotent,
        Kept::Early => Family::Early,
        Kept::Raw => Family::Raw,
        Kept::DeadLetters => Family::DeadLetter,
        Kept::Drafts => Family::Draft,
        Kept::Journal => Family::Journal,
    }
}

impl SledStore {
    /// The network's payload of something.
    fn payload(&self, site: &SiteId, of: RawOf) -> Result<Option<String>> {
        let stored: Option<StoredRaw> = self.shared.get(&keys::raw(site, of))?;
        let accepted = stored.as_ref().and_then(|stored| stored.accepted);
        let Some(accepted) = accepted else {
            return Ok(stored.map(|stored| stored.raw));
        };
        let key = keys::raw(site, RawOf::Accepted(accepted));
        let stored: Option<StoredRaw> = self.shared.get(&key)?;
        Ok(stored.map(|stored| stored.raw))
    }

    /// Forgets records from the journal's beginning on, and says where it begins then.
    async fn purge_journal(
        &self,
        site: &SiteId,
        before: Timestamp,
        limit: usize,
    ) -> Result<Purged> {
        let durable = self.shared.durable(site);
        let snapshot: Option<StoredSnapshot> =
            self.shared.get(&keys::snapshot(site)).ok().flatten();
        // A start reads what follows the snapshot; the last record tells the last number.
        let needed = snapshot.map_or(0, |snapshot| snapshot.seq).min(durable);
        let prefix = keys::family(site, Family::Journal);
        let mut seen = Vec::new();
        let mut begin = None;
        for entry in self.shared.db().scan_prefix(&prefix).take(limit) {
            let (key, stored) = entry.map_err(|error| read_error(&prefix, &error))?;
            let Some(record) = self.shared.value::<Record>(&key, &stored)? else {
                break;
            };
            if record.at >= before || record.last_seq() > needed || record.last_seq() >= durable {
                break;
            }
            begin = Some(record.last_seq() + 1);
            seen.push((key.to_vec(), stored));
        }
        let Some(begin) = begin else {
            let (removed, next) = (0, None);
            return Ok(Purged { removed, next });
        };
        let next = (seen.len() == limit).then_some(PurgeCursor(prefix));
        let mark = Some(values::put(keys::journal_begin(site), &begin)?);
        let removed = match self.submit(Work::Purge { seen, mark }).await? {
            Answer::Purged(removed) => removed,
            _ => 0,
        };
        Ok(Purged { removed, next })
    }

    /// Whether it is the payload of an event that waits: that is work, however old.
    fn waits(&self, site: &SiteId, key: &[u8]) -> Result<bool> {
        match keys::accepted(site, key) {
            Some(number) => Ok(self.shared.raw(&keys::inbox(site, number))?.is_some()),
            None => Ok(false),
        }
    }

    /// From when a value is that is kept for a time.
    fn time_of(&self, kept: Kept, key: &[u8], stored: &sled::IVec) -> Result<Option<Timestamp>> {
        let millis = |millis: Option<i64>| {
            millis.map(|millis| Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
        };
        Ok(match kept {
            Kept::Deduplication => millis(self.shared.value(key, stored)?),
            Kept::Idempotency => {
                let stored: Option<StoredIdempotent> = self.shared.value(key, stored)?;
                stored.map(|stored| stored.result.at)
            }
            Kept::Early => {
                let events: Option<Vec<Early>> = self.shared.value(key, stored)?;
                events.map(|events| {
                    let newest = events.iter().map(|early| early.accepted_at).max();
                    newest.unwrap_or(Timestamp::MIN)
                })
            }
            Kept::Raw => {
                let stored: Option<StoredRaw> = self.shared.value(key, stored)?;
                millis(stored.map(|stored| stored.at))
            }
            Kept::Journal => {
                let record: Option<Record> = self.shared.value(key, stored)?;
                record.map(|record| record.at)
            }
            // As long as there is something to answer, a draft is work.
            Kept::Drafts => match keys::drafted(key) {
                Some((site, id)) => {
                    let ended = keys::interaction(&site, Family::Ended, id);
                    let ended: Option<Interaction> = self.shared.get(&ended)?;
                    ended.and_then(|ended| ended.ended_at)
                }
                None => None,
            },
            Kept::DeadLetters => {
                let letter: Option<DeadLetter> = self.shared.value(key, stored)?;
                letter.map(|letter| letter.at)
            }
        })
    }
}
