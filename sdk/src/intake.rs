//! Taking a delivery or a page of updates in, part by part, within what one call may give.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::connector::{PollPage, Reception, WebhookResponse};
use crate::events::{Event, EventKind, Timestamp};
use crate::ids::{bounded, digest};
use crate::json::Part;
use crate::{log, time};

/// The most parts that one call reads: half of the events that the host takes from a call, because a
/// part can give several, and what a guest can read in its time.
const PARTS_MAX: usize = 4_000;
/// The most events that are given, one of them for the rest.
const EVENTS_MAX: usize = 9_999;
/// The most bytes of raw payload in them. As much again is left for the rest: together they fit into
/// what the host takes from a call.
const BYTES_MAX: usize = 6 << 20;

/// The most lines in the log about parts that cannot be read.
const LINES_MAX: usize = 20;

/// The name of the event that holds what one call could not read.
const REST: &str = "rest-of-delivery";

/// The environment variable in which the host names the parts on which earlier calls stopped, by their
/// marks, with commas between them: they are kept as they came, and cost the others no further call.
const SKIP: &str = "LINECARD_SKIP";

thread_local! {
    /// Which part is being read, counted from 1, and its mark; 0 for none. A panicking guest tells it.
    static READING: Cell<(usize, u64)> = const { Cell::new((0, 0)) };
}

/// What tells a part from others, whatever place it has in a page.
fn mark(raw: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    raw.hash(&mut hasher);
    hasher.finish()
}

/// Collects the events of a delivery or a page, part by part.
///
/// A part that cannot be read is kept as it came and costs no other; a delivery with more in it than one
/// call may give is read as far as that goes, and the rest is kept raw, in one
/// [`EventKind::Other`] named `rest-of-delivery`. Every event is made to
/// [fit](crate::events::Event::fitted).
///
/// ```
/// use linecard_sdk::connector::Intake;
/// use linecard_sdk::events::{Event, EventKind, Message};
/// use linecard_sdk::json::{Document, Lenient as _};
///
/// let document = Document::read(br#"{"messages":[{"id":"m1","text":"Hello"},17]}"#).unwrap();
/// let mut intake = Intake::new();
/// for part in document.part().list("messages") {
///     intake.read("message", part, |part, now| {
///         let members = part.object().ok_or("it is no object")?;
///         let id = members.text("id").ok_or("it has no id")?;
///         let message = Message { text: members.text("text"), ..Message::new(&id) };
///         let time = members.time("time").unwrap_or(now);
///         Ok(vec![Event::new(id, time, EventKind::MessageCreated(message))])
///     });
/// }
/// let events = intake.reception().events;
/// assert_eq!(events.len(), 2);
/// assert_eq!(events[0].raw, r#"{"id":"m1","text":"Hello"}"#);
/// assert_eq!(events[1].kind, EventKind::Other("message".to_owned()));
/// ```
#[derive(Debug)]
pub struct Intake {
    now: Timestamp,
    events: Vec<Event>,
    parts: usize,
    unread: usize,
    bytes: usize,
    rest: Vec<String>,
    skip: Vec<u64>,
}

impl Default for Intake {
    fn default() -> Self {
        Self::new()
    }
}

impl Intake {
    /// Nothing yet, at this moment.
    pub fn new() -> Self {
        Intake {
            now: time::now(),
            events: Vec::new(),
            parts: 0,
            unread: 0,
            bytes: 0,
            rest: Vec::new(),
            skip: marks(&std::env::var(SKIP).unwrap_or_default()),
        }
    }

    /// When this call began: the time of what a network gives none.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Reads one part. `name` is what people call such a part: one that `read` refuses is kept under it,
    /// with the reason in the log. Events without a raw payload get the part's text.
    pub fn read(
        &mut self,
        name: &str,
        part: Part<'_>,
        read: impl FnOnce(Part<'_>, Timestamp) -> Result<Vec<Event>, &'static str>,
    ) {
        if self.is_full() {
            return self.leave(part.raw());
        }
        self.parts += 1;
        let mark = mark(part.raw());
        if self.skip.contains(&mark) {
            log::error(format!(
                "a {name} on which this connector stopped was kept unread"
            ));
            return self.push(Event::kept(name, self.now, part.raw()));
        }
        READING.set((self.parts, mark));
        let events = read(part, self.now).unwrap_or_else(|why| {
            // Few lines: the host ends a call that logs many.
            self.unread += 1;
            if self.unread <= LINES_MAX {
                log::warn(format!("a {name} was kept unread: {why}"));
            }
            vec![Event::kept(name, self.now, part.raw())]
        });
        READING.set((0, 0));
        for mut event in events {
            if event.raw.is_empty() {
                part.raw().clone_into(&mut event.raw);
            }
            self.push(event);
        }
    }

    /// Adds an event.
    pub fn push(&mut self, event: Event) {
        if self.events.len() >= EVENTS_MAX || self.bytes.saturating_add(event.raw.len()) > BYTES_MAX
        {
            return self.leave(&event.raw);
        }
        self.bytes += event.raw.len();
        self.events.push(event.fitted());
    }

    /// Whether nothing was read and nothing left.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.rest.is_empty()
    }

    fn is_full(&self) -> bool {
        self.parts >= PARTS_MAX || self.events.len() >= EVENTS_MAX || self.bytes >= BYTES_MAX
    }

    fn leave(&mut self, raw: &str) {
        // Several events of one part carry the same text.
        if self.rest.last().is_none_or(|last| last != raw) {
            self.rest.push(raw.to_owned());
        }
    }

    /// The events, in the order in which they were read.
    pub fn events(mut self) -> Vec<Event> {
        if self.rest.is_empty() {
            return self.events;
        }
        let count = self.rest.len();
        log::error(format!(
            "a delivery has more parts than one call may take: {count} were kept unread"
        ));
        let json = |raw: String| match serde_json::from_str::<&RawValue>(&raw) {
            Ok(_) => raw,
            Err(_) => Value::String(raw).to_string(),
        };
        let rest: Vec<String> = self.rest.into_iter().map(json).collect();
        let raw = format!("[{}]", rest.join(","));
        self.events.push(Event::kept(REST, self.now, &raw));
        self.events
    }

    /// 200 and the events.
    pub fn reception(self) -> Reception {
        Reception {
            response: WebhookResponse::ok(),
            events: self.events(),
        }
    }

    /// A page with the events; see [`PollPage::new`].
    pub fn page(self, cursor: impl Into<Vec<u8>>, next_in_ms: u64) -> PollPage {
        PollPage {
            events: self.events(),
            cursor: cursor.into(),
            next_in_ms,
            wait: None,
            cost: 0,
        }
    }
}

impl Event {
    /// Something that has no reading, kept as it came under a name: the same text has the same id,
    /// however often it is delivered.
    pub fn kept(name: &str, time: Timestamp, raw: &str) -> Self {
        let name = if name.is_empty() { "unnamed" } else { name };
        let id = format!("{}:{}", bounded(name, 64), digest(&[name, raw]));
        Event::new(id, time, EventKind::Other(name.to_owned())).raw(raw)
    }
}

/// The marks in a list, as the panic hook writes them.
fn marks(list: &str) -> Vec<u64> {
    let marks = list.split(',');
    marks
        .filter_map(|mark| u64::from_str_radix(mark, 16).ok())
        .collect()
}

/// Makes a panic tell which part was being read, before what it tells anyway: the host says both.
#[cfg(target_arch = "wasm32")]
pub(crate) fn tell_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let (part, mark) = READING.get();
        if part > 0 {
            eprintln!("while reading part {part} of what the network sent ({mark:016x}):");
        }
        tell(panic);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn a_part_that_is_to_be_skipped_is_kept_and_not_read() {
        let document = Document::read(br#"{"list":[{"id":1},{"id":2}]}"#).unwrap();
        let parts = document.part().list("list");
        let bad = format!("{:016x}", mark(parts[0].raw()));
        let mut intake = Intake {
            skip: marks(&format!("nonsense,{bad}")),
            ..Intake::new()
        };
        for part in parts {
            intake.read("update", part, |part, now| {
                assert_ne!(part.raw(), r#"{"id":1}"#, "it would stop on it");
                Ok(vec![Event::new("read", now, EventKind::Follow)])
            });
        }
        let events = intake.events();
        assert_eq!(events[0].kind, EventKind::Other("update".to_owned()));
        assert_eq!(events[0].raw, r#"{"id":1}"#);
        assert_eq!(events[1].id, "read");
    }
}
