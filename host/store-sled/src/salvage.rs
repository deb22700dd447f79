//! What can be read of a damaged store, without the storage engine.
//!
//! The engine's own recovery stops at the first message that it cannot read. This reader goes on at the
//! next one that is whole: it knows the format of sled 0.34 (see [`log`](super::log)), puts the newest whole
//! state of each page together, and says how many stretches could not be read. The folder is only read.
//!
//! Where the newest state of a page is lost, an earlier one may still lie in the file, and is taken: what
//! is salvaged can hold values that had been replaced.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::Path;

use linecard_store::{InboxNumber, Result};

use super::keys::{self, Family};
use super::log::{
    CAP, MOST_MESSAGE_HEADER, Message, SEGMENT_HEADER, SEGMENT_LEN, number, segment_position,
};
use super::open::{DATA, lock};
use super::shared::Counters;
use super::transfer::{Exported, Line, TransferError, line_of, write_header, write_line};
use super::values::{self, Head};

/// sled's kinds of messages.
const BATCH: u8 = 3;
const FREE: u8 = 4;
const INLINE_NODE: u8 = 8;
const INLINE_LINK: u8 = 10;
/// Kinds whose content lies in a file of its own, which the store avoids.
const ELSEWHERE: [u8; 3] = [7, 9, 11];

/// Writes what can be read of the store in a folder, as an export.
///
/// # Errors
/// [`StoreError::InUse`](linecard_store::StoreError::InUse) if a process has it open; [`TransferError::File`] if a file cannot be read or
/// written at all.
pub fn salvage(folder: impl AsRef<Path>, out: &mut dyn Write) -> Result<Exported, TransferError> {
    let folder = folder.as_ref();
    let _lock = lock(folder, &folder.display().to_string())?;
    let bytes = fs::read(folder.join(DATA))?;
    let mut log = Log::default();
    let segments = bytes.chunks(SEGMENT_LEN).enumerate();
    for (index, segment) in segments {
        log.read(index, segment);
    }
    let last = log.last_segment;
    let mut exported = Exported::default();
    for damage in &log.damages {
        // Nothing says where the newest segment ends.
        if !(damage.is_tail && Some(damage.segment) == last) {
            exported.unreadable.push(damage.told.clone());
        }
    }
    write(&log.pages(), out, &mut exported)?;
    Ok(exported)
}

/// A stretch that is no whole message.
struct Damage {
    segment: u64,
    /// Whether nothing whole follows in its segment.
    is_tail: bool,
    /// For people.
    told: String,
}

/// A change of a page, by its place in the log.
enum Change {
    Node(Leaf),
    /// A node that leads to others.
    Index,
    Set(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Free,
}

/// Which keys a page has: none below `low`, all below `high`, which is empty if there is no bound; and what
/// all begin with, which is left out of them.
struct Bounds {
    prefix: Vec<u8>,
    low: Vec<u8>,
    high: Vec<u8>,
}

impl Bounds {
    fn is_above(&self, key: &[u8]) -> bool {
        self.high.is_empty() || key < self.high.as_slice()
    }

    /// A key with what the page leaves out of it; `None` if it cannot be of this page.
    fn whole(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key = [self.prefix.as_slice(), key].concat();
        (key >= self.low && self.is_above(&key)).then_some(key)
    }
}

/// A page with keys and values.
struct Leaf {
    bounds: Bounds,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Default)]
struct Log {
    /// The changes of each page, by their places.
    changes: HashMap<u64, BTreeMap<u64, Change>>,
    damages: Vec<Damage>,
    last_segment: Option<u64>,
    /// Where batches begin, and the place of the last byte of each.
    batches: BTreeMap<u64, u64>,
    /// What follows the last whole message.
    end: u64,
}

impl Log {
    /// Reads a segment.
    fn read(&mut self, index: usize, segment: &[u8]) {
        let Some((header, _)) = segment.split_first_chunk::<SEGMENT_HEADER>() else {
            return;
        };
        let number = match segment_position(header) {
            Some(position) => position / SEGMENT_LEN as u64,
            // Its messages say which one it is.
            None => match first_number(segment) {
                Some(number) => number,
                // It was never used.
                None => return,
            },
        };
        self.last_segment = self.last_segment.max(Some(number));
        let mut at = SEGMENT_HEADER;
        let mut lost_since = None;
        while at + MOST_MESSAGE_HEADER <= segment.len() {
            let Some(message) = segment.get(at..).and_then(|m| Message::read(m, number)) else {
                lost_since.get_or_insert(at);
                at += 1;
                continue;
            };
            if let Some(since) = lost_since.take() {
                self.lost(number, index, since, at, false);
            }
            if message.kind == CAP {
                return;
            }
            let place = number * SEGMENT_LEN as u64 + at as u64;
            if self.take(place, &message).is_none() {
                self.lost(number, index, at, at + message.length, false);
            }
            at += message.length;
        }
        if let Some(since) = lost_since {
            self.lost(number, index, since, segment.len(), true);
        }
    }

    fn lost(&mut self, segment: u64, index: usize, from: usize, to: usize, is_tail: bool) {
        let begin = index * SEGMENT_LEN;
        let told = format!(
            "bytes {} to {} of {DATA} cannot be read",
            begin + from,
            begin + to
        );
        self.damages.push(Damage {
            segment,
            is_tail,
            told,
        });
    }

    /// Keeps what a message says; `None` if that cannot be understood.
    fn take(&mut self, place: u64, message: &Message<'_>) -> Option<()> {
        self.end = self.end.max(place + message.length as u64);
        let change = match message.kind {
            BATCH => {
                let last = i64::from_le_bytes(*message.body.first_chunk::<8>()?);
                self.batches.insert(place, u64::try_from(last).ok()?);
                return Some(());
            }
            FREE => Change::Free,
            INLINE_NODE => node(message.body)?,
            // The joining of two pages, of which the later one tells itself.
            INLINE_LINK if matches!(message.body.first(), Some(2..=4)) => return Some(()),
            INLINE_LINK => link(message.body)?,
            kind if ELSEWHERE.contains(&kind) => return None,
            // Marks of the engine's own.
            _ => return Some(()),
        };
        let changes = self.changes.entry(message.page).or_default();
        changes.insert(place, change);
        Some(())
    }

    /// The keys and values of all pages, each as it was last.
    fn pages(self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        // A batch that was cut off by the end of the log was never confirmed: none of it counts.
        let mut batches = self.batches.iter();
        let cut_off = batches.find(|(_, last)| **last >= self.end);
        let cut_off = cut_off.map_or(u64::MAX, |(begin, _)| *begin);
        // A page that was divided or joined with another leaves its keys to the one that was written
        // later, so that all are gone through in the order of the log.
        let mut events: BTreeMap<u64, (u64, Change)> = BTreeMap::new();
        for (page, mut changes) in self.changes {
            changes.split_off(&cut_off);
            let is_base =
                |change: &Change| matches!(change, Change::Node(_) | Change::Index | Change::Free);
            let newest = changes.iter().rfind(|(_, change)| is_base(change));
            // Links without the page that they change say nothing.
            let Some(base) = newest.map(|(place, _)| *place) else {
                continue;
            };
            let live = changes.split_off(&base);
            events.extend(
                live.into_iter()
                    .map(|(place, change)| (place, (page, change))),
            );
        }
        let mut values: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let mut bounds: HashMap<u64, Bounds> = HashMap::new();
        for (page, change) in events.into_values() {
            match change {
                Change::Node(Leaf {
                    bounds: of_page,
                    entries,
                }) => {
                    let covered: Vec<Vec<u8>> = values
                        .range(of_page.low.clone()..)
                        .map(|(key, _)| key)
                        .take_while(|key| of_page.is_above(key))
                        .cloned()
                        .collect();
                    for key in covered {
                        values.remove(&key);
                    }
                    for (key, value) in entries {
                        values.insert([of_page.prefix.as_slice(), &key].concat(), value);
                    }
                    bounds.insert(page, of_page);
                }
                Change::Set(key, value) => {
                    if let Some(key) = bounds.get(&page).and_then(|page| page.whole(&key)) {
                        values.insert(key, value);
                    }
                }
                Change::Remove(key) => {
                    if let Some(key) = bounds.get(&page).and_then(|page| page.whole(&key)) {
                        values.remove(&key);
                    }
                }
                Change::Index | Change::Free => {
                    bounds.remove(&page);
                }
            }
        }
        values
    }
}

/// The number of a segment whose header is damaged, by its first whole message.
fn first_number(segment: &[u8]) -> Option<u64> {
    let message = segment.get(SEGMENT_HEADER..)?;
    // Checksum and kind.
    let (_length, rest) = number(message.get(5..)?)?;
    let (segment_number, _) = number(rest)?;
    Message::read(message, segment_number)?;
    Some(segment_number)
}

fn bytes(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(from)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// A whole page.
fn node(body: &[u8]) -> Option<Change> {
    let (_next, rest) = number(body)?;
    let (_merging_child, rest) = number(rest)?;
    let (&[_merging, prefix_length], rest) = rest.split_first_chunk::<2>()?;
    let (low, rest) = bytes(rest)?;
    let (high, rest) = bytes(rest)?;
    let (&kind, rest) = rest.split_first()?;
    if kind != 0 {
        return Some(Change::Index);
    }
    let (count, mut rest) = number(rest)?;
    let mut both: [Vec<&[u8]>; 2] = Default::default();
    for part in &mut both {
        for _ in 0..count {
            let (item, after) = bytes(rest)?;
            part.push(item);
            rest = after;
        }
    }
    let [keys, values] = both;
    let entries = keys.into_iter().zip(values);
    Some(Change::Node(Leaf {
        bounds: Bounds {
            prefix: low.get(..usize::from(prefix_length))?.to_vec(),
            low: low.to_vec(),
            high: high.to_vec(),
        },
        entries: entries
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect(),
    }))
}

/// A change of a page.
fn link(body: &[u8]) -> Option<Change> {
    let (&kind, rest) = body.split_first()?;
    match kind {
        0 => {
            let (key, rest) = bytes(rest)?;
            let (value, _) = bytes(rest)?;
            Some(Change::Set(key.to_vec(), value.to_vec()))
        }
        1 => Some(Change::Remove(bytes(rest)?.0.to_vec())),
        _ => None,
    }
}

/// Writes values as an export.
fn write(
    stored: &BTreeMap<Vec<u8>, Vec<u8>>,
    out: &mut dyn Write,
    exported: &mut Exported,
) -> Result<(), TransferError> {
    let schema = stored.get(keys::SCHEMA);
    let schema = schema.and_then(|stored| values::decode(keys::SCHEMA, stored).ok());
    let counters = stored.get(keys::HEAD);
    let counters = counters.and_then(|stored| Counters::from_bytes(stored));
    write_header(
        out,
        schema.unwrap_or(super::open::SCHEMA),
        next_inbox(stored).max(counters.map_or(1, |counters| counters.next_inbox)),
    )?;
    for (key, value) in stored {
        let Some(parts) = keys::parse(key) else {
            // What the store keeps for itself is in the header.
            if key.first() != Some(&0) {
                exported
                    .unreadable
                    .push(format!("{} is not a key of this store", keys::show(key)));
            }
            continue;
        };
        if parts.family == Family::Piece {
            continue;
        }
        let piece = |key: &[u8]| Ok(stored.get(key).map(|piece| sled::IVec::from(&piece[..])));
        let whole = match Head::of(value) {
            Some(head) => head.join(key, piece),
            None => Ok(value.clone()),
        };
        let line: Result<Option<Line>> = whole.and_then(|whole| line_of(key, &parts, &whole));
        match line {
            Ok(Some(line)) => {
                exported.values += 1;
                write_line(out, &line)?;
            }
            Ok(None) => {}
            Err(error) => exported.unreadable.push(error.to_string()),
        }
    }
    let values = exported.values;
    let end = Line::End {
        values,
        next_inbox: None,
    };
    write_line(out, &end)?;
    out.flush()?;
    Ok(())
}

/// A number that no inbox entry has.
fn next_inbox(stored: &BTreeMap<Vec<u8>, Vec<u8>>) -> InboxNumber {
    let inbox = stored
        .keys()
        .filter(|key| keys::parse(key).is_some_and(|parts| parts.family == Family::Inbox));
    let highest = inbox.filter_map(|key| keys::last_number(key)).max();
    highest.map_or(1, |highest| highest.saturating_add(1))
}
