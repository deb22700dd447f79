//! The task that keeps the search index: it reads the journal on, and tells the index what became of the things
//! that the events are about.
//!
//! # Invariants
//! - It waits for nobody and nobody for it: a write to the store is over before this hears of it.
//! - An index that is missing, of another version, of another journal, or broken is built anew from what the
//!   store keeps, step by step; a hub that ends in between goes on where it was.
//! - It takes memory for what it does at the moment only; when there is nothing to do, none.

mod documents;
mod touched;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use linecard_model::ContactId;
use linecard_model::event::Record;
use linecard_model::message::Message;
use linecard_search::{Asked, Change, Found, Index, Position, SearchError, Size, Writer};
use linecard_site::SiteHandle;
use linecard_store::{Page, Store, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{info, warn};

use documents::Reading;
use touched::Touched;

/// How many records are read from the journal at a time.
const PAGE: usize = 256;
/// How many things of one kind are read at a time.
const STEP: usize = 200;
/// How many changes are written together at most.
const TOGETHER: usize = 4_000;
/// How many bytes of text are written together, about.
const BYTES: usize = 4 << 20;
/// The least time from one write to the next: how much later than it was said something is found.
const APART: Duration = Duration::from_millis(250);
/// After so long without anything to do, the writer's memory is given back.
const IDLE: Duration = Duration::from_secs(5);
/// How long it may go unwritten that there was nothing to write.
const UNWRITTEN: Duration = Duration::from_secs(60);
/// After a fault the index is built anew, first after this time, and after twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest of these times.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How many questions are answered at a time; more wait.
const QUESTIONS: usize = 4;

/// The search of a hub, for those who ask. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Search(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    index: Arc<Index>,
    turns: Semaphore,
    built: AtomicU64,
}

impl Search {
    /// The search in a folder.
    pub fn new(folder: impl Into<std::path::PathBuf>) -> Self {
        Self(Arc::new(Inner {
            index: Arc::new(Index::new(folder)),
            turns: Semaphore::new(QUESTIONS),
            built: AtomicU64::new(0),
        }))
    }

    /// Answers a question.
    pub async fn find(&self, asked: Asked) -> Result<Found, SearchError> {
        // Nobody closes it.
        let _turn = self.0.turns.acquire().await;
        let index = Arc::clone(&self.0.index);
        blocking(move || index.find(&asked)).await
    }

    /// Whether all that is kept is in the index, apart from what happened in the last moment.
    pub fn is_whole(&self) -> bool {
        self.0.index.is_whole()
    }

    /// The number of the last event that is in the index.
    pub fn seq(&self) -> u64 {
        self.0.index.seq()
    }

    /// How often the index was built anew since the start.
    pub fn built(&self) -> u64 {
        self.0.built.load(Ordering::Relaxed)
    }

    /// What there is of the index.
    pub async fn size(&self) -> Size {
        let index = Arc::clone(&self.0.index);
        let size = tokio::task::spawn_blocking(move || index.size());
        size.await.unwrap_or_default()
    }

    /// The language under which a message was indexed.
    pub async fn language(
        &self,
        store: &dyn Store,
        site: &SiteHandle,
        message: &Message,
    ) -> Result<Option<String>, StoreError> {
        documents::language_of(store, site.id(), message).await
    }
}

/// Does what blocks. A panic in it means that the index is broken, like any other fault of it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(SearchError::Broken),
    }
}

/// Why it does not go on.
enum Halt {
    Store(StoreError),
    Index(SearchError),
}

impl From<StoreError> for Halt {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl From<SearchError> for Halt {
    fn from(fault: SearchError) -> Self {
        Self::Index(fault)
    }
}

/// The task.
pub(crate) struct Searching {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// Where it is found.
    pub search: Search,
    /// Every record, as it has become durable.
    pub records: broadcast::Receiver<Arc<Record>>,
}

impl Searching {
    /// Works until the site ends.
    pub async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut anew = false;
        loop {
            let since = Instant::now();
            match self.follow(anew).await {
                Halt::Store(StoreError::Closed) => return,
                Halt::Store(fault @ StoreError::Fatal { .. }) => {
                    self.site.supervisor().stop(fault.to_string());
                    return;
                }
                Halt::Store(fault) => {
                    warn!(error = %fault, "what is to be found cannot be read for now");
                    anew = false;
                }
                Halt::Index(fault) => {
                    warn!(error = %fault, "the search index is built anew");
                    anew = true;
                }
            }
            if since.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Opens the index, or begins it anew, and keeps it.
    async fn follow(&mut self, anew: bool) -> Halt {
        let mut keeping = match self.open(anew).await {
            Ok(keeping) => keeping,
            Err(halt) => return halt,
        };
        if !keeping.position.whole
            && let Err(halt) = keeping.build().await
        {
            return halt;
        }
        match keeping.go_on(&mut self.records).await {
            Ok(never) => match never {},
            Err(halt) => halt,
        }
    }

    async fn open(&self, anew: bool) -> Result<Keeping, Halt> {
        let index = Arc::clone(&self.search.0.index);
        let mut found = None;
        if !anew {
            let opening = Arc::clone(&index);
            found = blocking(move || Ok(opening.open())).await?;
        }
        let mut position = None;
        if let Some(known) = found
            && self.is_of_this_journal(&known).await?
        {
            position = Some(known);
        }
        let mut keeping = Keeping {
            store: Arc::clone(&self.store),
            site: self.site.clone(),
            index: Arc::clone(&index),
            writer: None,
            position: Position {
                seq: 0,
                at: None,
                built_to: None,
                whole: false,
            },
            changes: Vec::new(),
            bytes: 0,
            written_at: Instant::now(),
        };
        if let Some(position) = position {
            keeping.position = position;
            return Ok(keeping);
        }
        let seq = self.store.last_seq(self.site.id()).await?;
        let last = self.store.journal(self.site.id(), seq.saturating_sub(1), 1);
        let last = last.await?;
        keeping.position.seq = seq;
        keeping.position.at = last.last().map(|record| record.at);
        self.search.0.built.fetch_add(1, Ordering::Relaxed);
        blocking(move || index.begin_anew()).await?;
        Ok(keeping)
    }

    /// Whether the journal goes on where the index has stopped: it may have been forgotten meanwhile, or be one
    /// that was restored.
    async fn is_of_this_journal(&self, position: &Position) -> Result<bool, StoreError> {
        let site = self.site.id();
        if position.seq > self.store.last_seq(site).await? {
            return Ok(false);
        }
        if position.seq == 0 {
            return Ok(self.store.first_seq(site).await? <= 1);
        }
        let found = self.store.journal(site, position.seq - 1, 1).await?;
        let same = found.first().is_some_and(|record| {
            record.last_seq() == position.seq && Some(record.at) == position.at
        });
        Ok(same)
    }
}

/// An index that is being kept.
struct Keeping {
    store: Arc<dyn Store>,
    site: SiteHandle,
    index: Arc<Index>,
    writer: Option<Writer>,
    position: Position,
    changes: Vec<Change>,
    bytes: usize,
    written_at: Instant,
}

impl Keeping {
    /// Goes through everything that is kept, contact by contact, from the newest to the oldest. Who is new
    /// meanwhile stands in the journal after the place where this began.
    async fn build(&mut self) -> Result<(), Halt> {
        info!("the search index is being built");
        let store = Arc::clone(&self.store);
        loop {
            let page = Page {
                before: self.position.built_to,
                limit: STEP,
            };
            let contacts = store.contacts(self.site.id(), page).await?;
            let Some(last) = contacts.last().map(|contact| contact.id) else {
                break;
            };
            for contact in contacts {
                self.whole(contact.id).await?;
                self.position.built_to = Some(contact.id);
                if self.is_full() {
                    self.write().await?;
                }
            }
            self.position.built_to = Some(last);
        }
        self.position.whole = true;
        self.position.built_to = None;
        self.write().await?;
        info!("the search index is whole");
        Ok(())
    }

    /// Reads the journal on, for as long as the hub works.
    async fn go_on(
        &mut self,
        records: &mut broadcast::Receiver<Arc<Record>>,
    ) -> Result<std::convert::Infallible, Halt> {
        let store = Arc::clone(&self.store);
        let mut is_unwritten = false;
        if self.index.has_erased() {
            // The hub was killed before it was gone.
            self.write().await?;
        }
        loop {
            // What they tell is read from the journal.
            while !matches!(
                records.try_recv(),
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed)
            ) {}
            let page = store.journal(self.site.id(), self.position.seq, PAGE);
            let page = page.await?;
            let Some(last) = page.last() else {
                if is_unwritten && self.written_at.elapsed() >= UNWRITTEN {
                    self.write().await?;
                    is_unwritten = false;
                }
                self.wait(records).await?;
                continue;
            };
            if page[0].first_seq > self.position.seq + 1 {
                // Forgotten before it was read: only what is kept tells now.
                return Err(Halt::Index(SearchError::Behind));
            }
            let mut touched = Touched::default();
            for record in &page {
                for (seq, event) in record.numbered() {
                    if seq > self.position.seq {
                        touched.add(event);
                    }
                }
            }
            let (seq, at) = (last.last_seq(), last.at);
            let touches = !touched.is_empty();
            self.read(touched).await?;
            self.position.seq = seq;
            self.position.at = Some(at);
            if touches {
                self.write().await?;
                is_unwritten = false;
            } else {
                is_unwritten = true;
            }
        }
    }

    /// Waits until something happens.
    async fn wait(&mut self, records: &mut broadcast::Receiver<Arc<Record>>) -> Result<(), Halt> {
        if self.index.is_broken() {
            return Err(Halt::Index(SearchError::Broken));
        }
        match timeout(IDLE, records.recv()).await {
            // What else happens meanwhile is written with it.
            Ok(Ok(_) | Err(RecvError::Lagged(_))) => sleep_until(self.written_at + APART).await,
            Ok(Err(RecvError::Closed)) => std::future::pending().await,
            Err(_) => {
                if let Some(writer) = self.writer.take() {
                    blocking(move || writer.end()).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads what became of things.
    async fn read(&mut self, touched: Touched) -> Result<(), Halt> {
        let store = Arc::clone(&self.store);
        let site = self.site.id().clone();
        let reading = Reading {
            store: store.as_ref(),
            site: &site,
        };
        // First, so that what there is afterwards is what is there.
        self.changes
            .extend(touched.erased.iter().map(|id| Change::Erase(*id)));
        let mut whole = touched.whole;
        for id in touched.joined {
            if let Some(joined) = store.interaction(&site, id).await? {
                whole.extend(joined.contacts());
            }
        }
        for id in &whole {
            self.whole(*id).await?;
        }
        for id in touched.contacts.difference(&whole) {
            if let Some(contact) = store.contact(&site, *id).await? {
                self.put(documents::contact(&contact)).await?;
            }
        }
        for id in touched.interactions {
            if let Some(interaction) = store.interaction(&site, id).await? {
                let persons = reading.persons(interaction.contacts()).await?;
                self.put(documents::conversation(&interaction, persons))
                    .await?;
            }
        }
        for (contact, id) in touched.messages {
            if let Some(message) = store.message(&site, contact, id).await? {
                self.message(&reading, &message).await?;
            }
        }
        for (contact, id) in touched.notes {
            if let Some(note) = store.note(&site, contact, id).await? {
                let person = reading.person(contact).await?;
                self.put(documents::note(&note, person)).await?;
            }
        }
        Ok(())
    }

    async fn message(&mut self, reading: &Reading<'_>, message: &Message) -> Result<(), Halt> {
        let person = reading.person(message.contact).await?;
        let language = reading.language(message).await?;
        self.put(documents::message(message, person, language))
            .await
    }

    /// Reads everything that is kept under a contact.
    async fn whole(&mut self, id: ContactId) -> Result<(), Halt> {
        let store = Arc::clone(&self.store);
        let site = self.site.id().clone();
        let reading = Reading {
            store: store.as_ref(),
            site: &site,
        };
        let Some(contact) = store.contact(&site, id).await? else {
            return Ok(());
        };
        self.put(documents::contact(&contact)).await?;
        let mut interactions = std::collections::BTreeSet::new();
        let mut before = None;
        loop {
            let page = Page {
                before,
                limit: STEP,
            };
            let messages = store.history(&site, id, page).await?;
            let Some(last) = messages.last() else { break };
            before = Some(last.id);
            for message in &messages {
                if !message.interaction.is_none() {
                    interactions.insert(message.interaction);
                }
                self.message(&reading, message).await?;
            }
        }
        let mut before = None;
        loop {
            let page = Page {
                before,
                limit: STEP,
            };
            let notes = store.notes(&site, id, page).await?;
            let Some(last) = notes.last() else { break };
            before = Some(last.id);
            let person = reading.person(id).await?;
            for note in &notes {
                self.put(documents::note(note, person)).await?;
            }
        }
        for id in interactions {
            if let Some(interaction) = store.interaction(&site, id).await? {
                let persons = reading.persons(interaction.contacts()).await?;
                self.put(documents::conversation(&interaction, persons))
                    .await?;
            }
        }
        Ok(())
    }

    async fn put(&mut self, change: Change) -> Result<(), Halt> {
        if let Change::Put(document) = &change {
            self.bytes += document.texts.iter().map(String::len).sum::<usize>();
        }
        self.changes.push(change);
        if self.is_full() {
            // The place where it goes on is still before all of this: it may be told again.
            self.write().await?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.changes.len() >= TOGETHER || self.bytes >= BYTES
    }

    /// Writes what was read, with the place to which that goes.
    async fn write(&mut self) -> Result<(), Halt> {
        let changes = std::mem::take(&mut self.changes);
        self.bytes = 0;
        let (index, writer, position) =
            (Arc::clone(&self.index), self.writer.take(), self.position);
        let writing = blocking(move || {
            let writer = match writer {
                Some(writer) => writer,
                None => index.writer()?,
            };
            writer.write(&changes, position)
        });
        self.writer = writing.await?;
        self.written_at = Instant::now();
        Ok(())
    }
}
