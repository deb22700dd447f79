//! A record as readers get it: each event is written down once, for all who see it.

use std::sync::{Arc, OnceLock};

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use linecard_model::Timestamp;
use linecard_model::event::{Event, Record, Seq};
use linecard_model::message::Message;
use linecard_store::RawOf;

use super::data::Envelope;
use crate::views::InteractionView;

/// An event, written down. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// As a block of a `text/event-stream`.
    pub block: Bytes,
    /// As JSON: a part of the same memory.
    pub json: Utf8Bytes,
}

impl Piece {
    fn new(seq: Seq, at: Timestamp, event: &Event, with_raw: bool) -> Self {
        let json = Envelope::new(seq, at, event, with_raw).json();
        let head = format!("id: {seq}\nevent: {}\ndata: ", event.name());
        Self::of(&head, &json)
    }

    /// Something that is no event: it has no number, and a reader who resumes does not name it.
    pub fn aside(kind: &str, json: &str) -> Self {
        Self::of(&format!("event: {kind}\ndata: "), json)
    }

    fn of(head: &str, json: &str) -> Self {
        // JSON as it is written here has no line breaks.
        let block = Bytes::from(format!("{head}{json}\n\n"));
        let part = block.slice(head.len()..head.len() + json.len());
        Self {
            block,
            // The part lies between two places where characters end.
            json: Utf8Bytes::try_from(part).unwrap_or_default(),
        }
    }

    /// With the interaction that it is about as one reader's inbox shows it.
    pub fn with_entry(&self, entry: &InteractionView) -> Self {
        let head = self.block.len() - self.json.len() - "\n\n".len();
        let head = self.block.slice(..head);
        // What is written here is text, and an event an object: the member stands before its last brace.
        let (Ok(head), Some(open)) = (
            std::str::from_utf8(&head),
            self.json.as_str().strip_suffix('}'),
        ) else {
            return self.clone();
        };
        // The views are plain structs of strings and numbers, which always serialize.
        let entry = serde_json::to_string(entry).unwrap_or_default();
        Self::of(head, &format!("{open},\"interaction\":{entry}}}"))
    }
}

/// A record that is shown.
pub(super) struct Shown {
    record: Arc<Record>,
    plain: Vec<OnceLock<Piece>>,
    with_raw: Vec<OnceLock<Piece>>,
}

impl Shown {
    /// Shows a record.
    pub fn new(record: Arc<Record>) -> Self {
        let none = |_: &Event| OnceLock::new();
        Self {
            plain: record.events.iter().map(none).collect(),
            with_raw: record.events.iter().map(none).collect(),
            record,
        }
    }

    /// The record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// One of its events; made when the first reader wants it.
    pub fn piece(&self, index: usize, seq: Seq) -> Option<Piece> {
        let event = self.record.events.get(index)?;
        let piece = self.plain.get(index)?;
        let made = piece.get_or_init(|| Piece::new(seq, self.record.at, event, false));
        Some(made.clone())
    }

    /// Of what an event's payload was kept; `None` if events of its kind have none.
    pub fn raw_of(&self, index: usize, seq: Seq) -> Option<RawOf> {
        match self.record.events.get(index)? {
            Event::MessageReceived(message) | Event::MessageAccepted(message) => {
                Some(RawOf::Message(message.id))
            }
            Event::PlatformEvent { .. } => Some(RawOf::Event(seq)),
            _ => None,
        }
    }

    /// One of its events with its payload, if a reader has had it already.
    pub fn made_with_raw(&self, index: usize) -> Option<Piece> {
        self.with_raw.get(index)?.get().cloned()
    }

    /// One of its events with its payload.
    pub fn piece_with_raw(&self, index: usize, seq: Seq, payload: String) -> Option<Piece> {
        let event = self.record.events.get(index)?;
        let made = self.with_raw.get(index)?.get_or_init(|| {
            let mut event = event.clone();
            if let Event::MessageReceived(Message { raw, .. })
            | Event::MessageAccepted(Message { raw, .. })
            | Event::PlatformEvent { raw, .. } = &mut event
            {
                *raw = payload;
            }
            Piece::new(seq, self.record.at, &event, true)
        });
        Some(made.clone())
    }
}

#[cfg(test)]
mod tests {
    use linecard_model::ChannelId;

    use super::*;

    fn shown() -> Shown {
        let event = |name: &str| Event::PlatformEvent {
            channel: ChannelId::new("page").unwrap(),
            thread: None,
            contact: None,
            author: None,
            name: format!("{name}\nzwölf"),
            occurred_at: Timestamp::UNIX_EPOCH,
            details: serde_json::Value::Null,
            raw: String::new(),
        };
        Shown::new(Arc::new(Record {
            first_seq: 7,
            at: Timestamp::UNIX_EPOCH,
            events: vec![event("first"), event("second")],
        }))
    }

    #[test]
    fn an_event_is_written_down_once_for_all_readers() {
        let shown = shown();
        let one = shown.piece(1, 8).unwrap();
        let other = shown.piece(1, 8).unwrap();
        assert_eq!(one.block.as_ptr(), other.block.as_ptr());
        assert_eq!(one.json.as_ptr(), other.json.as_ptr());
        let within = one.block.as_ptr_range();
        assert!(within.contains(&one.json.as_ptr()), "no copy for WebSocket");
    }

    #[test]
    fn a_block_is_one_event_with_its_number_and_kind() {
        let piece = shown().piece_with_raw(0, 7, "first".to_owned()).unwrap();
        let text = std::str::from_utf8(&piece.block).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[0], "id: 7");
        assert_eq!(lines[1], "event: platform-event");
        assert_eq!(lines[2].strip_prefix("data: "), Some(piece.json.as_str()));
        let json: serde_json::Value = serde_json::from_str(&piece.json).unwrap();
        assert_eq!(json["data"]["raw"], "first");
        let plain = shown().piece(0, 7).unwrap();
        assert!(!plain.json.contains("\"raw\""), "{}", plain.json.as_str());
    }
}
