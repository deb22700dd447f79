//! The folder in which the index lies, and what is written into it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use linecard_model::event::Seq;
use linecard_model::{ContactId, Timestamp};
use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy};
use tantivy::{IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Term};

use crate::document::{Change, Conversation};
use crate::find::{Asked, Found, find};
use crate::schema::{FORM, Fields, conversation_key};

/// What a writer takes of memory at most, in bytes, before it writes a part of the index to disk. The least
/// that there may be.
const MEMORY: usize = 15_000_000;
/// The most documents of one part of the index. Parts that are as large stay as they are, so that no change
/// rewrites all that there is.
const LARGEST: usize = 2_000_000;
/// From which share of deleted things on a part is written anew: so much larger than what is in it the index is
/// at most, about.
const DELETED: f32 = 0.3;
/// How often files that somebody still reads are tried again.
const TRIES: u32 = 20;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Why the index cannot be used. It is only a view: what is broken is built anew.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// It is not open, because it is being built anew.
    #[error("the index is being built anew; ask again in a moment")]
    Closed,
    /// It broke while it was used.
    #[error("the index is broken")]
    Broken,
    /// The journal has forgotten what comes next.
    #[error("the index is further behind than the journal goes back")]
    Behind,
    /// Its folder cannot be used.
    #[error("the index in {folder} cannot be used: {source}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It cannot be read or written.
    #[error("the index cannot be used: {0}")]
    Index(#[from] tantivy::TantivyError),
}

/// How far the index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The number of the last event of the journal that is in it.
    pub seq: Seq,
    /// When that happened: a journal in which another event has the number is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// While it is built: everything that is kept under contacts from this one on is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_to: Option<ContactId>,
    /// Whether all contacts were gone through.
    pub whole: bool,
}

/// What is kept beside each state of the index, together with it.
#[derive(Serialize, Deserialize)]
struct Payload {
    form: u32,
    position: Position,
    /// Whose things are deleted, and may still lie in the files.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    erased: BTreeSet<ContactId>,
}

struct Opened {
    index: tantivy::Index,
    reader: IndexReader,
}

/// What there is of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// How many things can be found in it, interactions included, which are not found themselves.
    pub documents: u64,
    /// How many parts it has.
    pub segments: u64,
    /// The bytes of its files.
    pub bytes: u64,
}

/// The index of a site. Everybody may ask; one task writes.
pub struct Index {
    folder: PathBuf,
    fields: Fields,
    opened: ArcSwapOption<Opened>,
    seq: AtomicU64,
    whole: AtomicBool,
    broken: AtomicBool,
    /// Who was erased, and may still lie in the files: a hub that is killed in between goes on with it.
    erased: Mutex<BTreeSet<ContactId>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Index {
    /// The index in a folder. It is not opened yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            fields: Fields::new(),
            opened: ArcSwapOption::empty(),
            seq: AtomicU64::new(0),
            whole: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            erased: Mutex::default(),
        }
    }

    /// Opens what is there, and says how far it had come; nothing if there is none, or none of this form that
    /// can be read. Blocks.
    pub fn open(&self) -> Option<Position> {
        match self.try_open() {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the search index is of another version or broken; it is built anew");
                None
            }
        }
    }

    fn try_open(&self) -> Result<Option<Position>, SearchError> {
        if !self.folder.join("meta.json").exists() {
            return Ok(None);
        }
        let index = tantivy::Index::open_in_dir(&self.folder)?;
        let payload = index.load_metas()?.payload;
        let payload = payload.and_then(|text| serde_json::from_str::<Payload>(&text).ok());
        let is_known = index.schema() == self.fields.schema;
        let Some(payload) = payload.filter(|payload| is_known && payload.form == FORM) else {
            return Ok(None);
        };
        self.take(index)?;
        self.told(payload.position);
        *self.erased() = payload.erased;
        Ok(Some(payload.position))
    }

    /// Puts an empty index in the place of whatever is there. Blocks.
    pub fn begin_anew(&self) -> Result<(), SearchError> {
        self.opened.store(None);
        self.whole.store(false, Ordering::Relaxed);
        self.seq.store(0, Ordering::Relaxed);
        let unusable = |source| SearchError::Folder {
            folder: self.folder.clone(),
            source,
        };
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unusable(error));
            }
            _ => {}
        }
        fs::create_dir_all(&self.folder).map_err(unusable)?;
        let directory = MmapDirectory::open(&self.folder).map_err(tantivy::TantivyError::from)?;
        let schema = self.fields.schema.clone();
        let index = tantivy::Index::create(directory, schema, IndexSettings::default())?;
        self.broken.store(false, Ordering::Relaxed);
        self.erased().clear();
        self.take(index)
    }

    fn erased(&self) -> MutexGuard<'_, BTreeSet<ContactId>> {
        self.erased.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something that was erased may still lie in the files: the next write removes it.
    pub fn has_erased(&self) -> bool {
        !self.erased().is_empty()
    }

    fn take(&self, index: tantivy::Index) -> Result<(), SearchError> {
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(8)
            .try_into()?;
        self.opened.store(Some(Arc::new(Opened { index, reader })));
        Ok(())
    }

    fn told(&self, position: Position) {
        self.seq.store(position.seq, Ordering::Relaxed);
        self.whole.store(position.whole, Ordering::Relaxed);
    }

    fn opened(&self) -> Result<Arc<Opened>, SearchError> {
        self.opened.load_full().ok_or(SearchError::Closed)
    }

    /// Answers a question. Blocks.
    pub fn find(&self, asked: &Asked) -> Result<Found, SearchError> {
        let found = find(&self.opened()?.reader.searcher(), &self.fields, asked);
        if found.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
        Ok(found?)
    }

    /// Whether everything that is kept is in it, apart from what happened in the last moment.
    pub fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed) && self.opened.load().is_some()
    }

    /// Whether it could not be read since it was begun.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// The number of the last event that is in it.
    pub fn seq(&self) -> Seq {
        self.seq.load(Ordering::Relaxed)
    }

    /// What there is of it. Blocks a little.
    pub fn size(&self) -> Size {
        let Some(opened) = self.opened.load_full() else {
            return Size::default();
        };
        let searcher = opened.reader.searcher();
        Size {
            documents: searcher.num_docs(),
            segments: searcher.segment_readers().len() as u64,
            bytes: folder_bytes(&self.folder),
        }
    }

    /// What writes to it. There is one at a time. Blocks.
    pub fn writer(self: &Arc<Self>) -> Result<Writer, SearchError> {
        let opened = self.opened()?;
        let writer = writer(&opened.index)?;
        let mut policy = LogMergePolicy::default();
        policy.set_max_docs_before_merge(LARGEST);
        policy.set_del_docs_ratio_before_merge(DELETED);
        writer.set_merge_policy(Box::new(policy));
        Ok(Writer {
            index: Arc::clone(self),
            opened,
            inner: writer,
        })
    }
}

/// A writer of one thread, with another for merging.
fn writer(index: &tantivy::Index) -> Result<IndexWriter, SearchError> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(MEMORY)
        .num_merge_threads(1)
        .build();
    Ok(index.writer_with_options(options)?)
}

fn folder_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .map(|known| known.len())
        .sum()
}

/// Writes to the index, one batch after the other. It takes memory: drop it when there is nothing to do.
pub struct Writer {
    index: Arc<Index>,
    opened: Arc<Opened>,
    inner: IndexWriter,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Writes changes and how far it has come with them, together or not at all; then they are found. Gives back
    /// the writer, unless something was erased: that takes another one. Blocks.
    pub fn write(
        mut self,
        changes: &[Change],
        position: Position,
    ) -> Result<Option<Self>, SearchError> {
        let mut erased = self.index.erased().clone();
        for change in changes {
            self.change(change, &mut erased)?;
        }
        self.commit(position, &erased)?;
        if erased.is_empty() {
            return Ok(Some(self));
        }
        let mut last = self.purge(&erased)?;
        last.commit(position, &BTreeSet::new())?;
        last.end()?;
        Ok(None)
    }

    fn commit(
        &mut self,
        position: Position,
        erased: &BTreeSet<ContactId>,
    ) -> Result<(), SearchError> {
        let payload = Payload {
            form: FORM,
            position,
            erased: erased.clone(),
        };
        let mut prepared = self.inner.prepare_commit()?;
        // It has numbers and names only.
        prepared.set_payload(&serde_json::to_string(&payload).unwrap_or_default());
        prepared.commit()?;
        self.opened.reader.reload()?;
        self.index.told(position);
        self.index.erased().clone_from(erased);
        Ok(())
    }

    /// Ends when what is under way in the background is done. Blocks.
    pub fn end(self) -> Result<(), SearchError> {
        self.inner.garbage_collect_files().wait()?;
        self.inner.wait_merging_threads()?;
        self.opened.reader.reload()?;
        Ok(())
    }

    fn change(&self, change: &Change, erased: &mut BTreeSet<ContactId>) -> Result<(), SearchError> {
        let fields = &self.index.fields;
        let delete = |key: &str| {
            let key = Term::from_field_text(fields.key, key);
            self.inner.delete_term(key);
        };
        match change {
            Change::Put(document) => {
                delete(&document.key.text());
                self.inner.add_document(fields.document(document))?;
            }
            Change::PutConversation(conversation) => {
                let conversation: &Conversation = conversation;
                delete(&conversation_key(conversation));
                self.inner.add_document(fields.conversation(conversation))?;
            }
            Change::Remove(key) => delete(&key.text()),
            Change::Erase(contact) => {
                self.inner.delete_term(fields.owned_by(*contact));
                erased.insert(*contact);
            }
        }
        Ok(())
    }

    /// Writes the parts of the index anew in which erased things still lie, and removes the old files.
    fn purge(self, erased: &BTreeSet<ContactId>) -> Result<Self, SearchError> {
        let Self {
            index,
            opened,
            inner: merging,
        } = self;
        // Nothing else is merged meanwhile.
        merging.wait_merging_threads()?;
        let mut writer = writer(&opened.index)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        opened.reader.reload()?;
        let owned: Vec<Term> = erased.iter().map(|id| index.fields.owned_by(*id)).collect();
        let mut affected = Vec::new();
        for segment in opened.reader.searcher().segment_readers() {
            let owners = segment.inverted_index(index.fields.owner)?;
            for term in &owned {
                // Its words lie there until the part is written anew, deleted or not.
                let found = owners.get_term_info(term);
                if found.map_err(tantivy::TantivyError::from)?.is_some() {
                    affected.push(segment.segment_id());
                    break;
                }
            }
        }
        for segment in affected {
            // One with nothing left in it goes by itself.
            writer.merge(&[segment]).wait()?;
        }
        for _ in 0..TRIES {
            opened.reader.reload()?;
            let cleaned = writer.garbage_collect_files().wait()?;
            if cleaned.failed_to_delete_files.is_empty() && is_clean(&opened, &index.folder)? {
                break;
            }
            // Whoever has just asked a question holds the old files for a moment.
            std::thread::sleep(PAUSE);
        }
        Ok(Self {
            index,
            opened,
            inner: writer,
        })
    }
}

/// Whether only the files are there that the newest state names.
fn is_clean(opened: &Opened, folder: &Path) -> Result<bool, SearchError> {
    let living: BTreeSet<String> = opened
        .index
        .searchable_segment_ids()?
        .into_iter()
        .map(|id| id.uuid_string())
        .collect();
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = names.filter_map(|file| file.file_name().into_string().ok());
    Ok(names.all(|name| {
        let segment = name.split('.').next().unwrap_or_default();
        segment.len() != 32 || living.contains(segment)
    }))
}

#[cfg(test)]
mod tests {
    use linecard_model::MessageId;

    use super::*;
    use crate::document::{Document, Key};

    #[test]
    fn what_a_killed_hub_was_about_to_purge_is_purged_later() {
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(Index::new(folder.path()));
        index.begin_anew().unwrap();
        let position = Position {
            seq: 1,
            at: None,
            built_to: None,
            whole: true,
        };
        let contact = ContactId::generate();
        let said = |contact| {
            Change::Put(Box::new(Document {
                key: Key::Message(contact, MessageId::generate()),
                person: contact,
                interaction: None,
                at: Timestamp::UNIX_EPOCH,
                texts: vec!["secret".to_owned()],
                language: None,
                numbers: Vec::new(),
                channels: BTreeSet::new(),
                labels: BTreeSet::new(),
                scores: std::collections::BTreeMap::new(),
            }))
        };
        // With enough of others' beside it that the part is not written anew for what was deleted.
        let others = std::iter::repeat_with(ContactId::generate).take(9);
        let all: Vec<Change> = others.chain([contact]).map(said).collect();
        let writer = index.writer().unwrap().write(&all, position).unwrap();
        let mut writer = writer.unwrap();
        let mut erased = BTreeSet::new();
        writer.change(&Change::Erase(contact), &mut erased).unwrap();
        writer.commit(position, &erased).unwrap();
        drop((writer, index));
        let lies_there = || {
            let id = contact.to_string();
            let files = fs::read_dir(folder.path()).unwrap();
            let mut files = files.map(|file| fs::read(file.unwrap().path()).unwrap_or_default());
            // The place to go on is not what was said.
            files.any(|all| {
                let text = String::from_utf8_lossy(&all);
                text.contains(&format!("m {id}"))
            })
        };
        assert!(lies_there());
        let index = Arc::new(Index::new(folder.path()));
        assert_eq!(index.open(), Some(position));
        assert!(index.has_erased());
        assert!(
            index
                .writer()
                .unwrap()
                .write(&[], position)
                .unwrap()
                .is_none()
        );
        assert!(!index.has_erased());
        assert!(!lies_there());
        let again = Index::new(folder.path());
        assert_eq!(again.open(), Some(position));
        assert!(!again.has_erased());
    }
}
