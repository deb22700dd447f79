//! Polling: the page's inbox is looked through for messages that no webhook brought.
//!
//! Each poll makes one call, so that the host's pacing keeps to the two calls a second that Meta
//! allows. Conversations come newest first; a sweep goes back until one has nothing new. What the
//! webhook has brought before has the same message id and is not taken twice.

use linecard_graph::Answer;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::PollPage;
use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, Event, EventKind, Message, Profile,
};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::{log, time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::attachments;
use crate::config::Config;
use crate::events::thread;
use crate::payload::text_or_number;

/// The most messages of one conversation that are asked for. A customer who wrote more since the
/// last sweep is logged.
const MESSAGES: usize = 100;
const FIELDS: &str = "id,updated_time,participants,messages.limit(100){id,created_time,from,message,sticker,attachments{id,mime_type,name,size,image_data,video_data,file_url}}";
/// How far a sweep reaches back before the newest message of the one before: clocks and Meta's
/// index lag.
const OVERLAP: u64 = 5 * 60_000;
/// Between two calls of one sweep: Meta allows two a second for a page.
const PACE: u64 = 600;
const MINUTE: u64 = 60_000;

/// Where a sweep stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cursor {
    /// What was created before is known.
    since: u64,
    /// The newest message that this sweep has seen.
    newest: u64,
    /// Graph's own cursor for the next page of conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// A list as Graph pages it.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Page<T> {
    #[serde(default = "Vec::new")]
    data: Vec<T>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Option<Cursors>,
    /// There is a next page only if this is here; a cursor alone says nothing.
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

#[derive(Deserialize)]
struct Conversation {
    #[serde(default)]
    updated_time: Option<String>,
    #[serde(default)]
    participants: Option<Page<Person>>,
    #[serde(default)]
    messages: Option<Page<Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Person {
    #[serde(default, deserialize_with = "text_or_number")]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Stored {
    id: String,
    created_time: String,
    #[serde(default)]
    from: Option<Person>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    sticker: Option<String>,
    #[serde(default)]
    attachments: Option<Page<Value>>,
}

impl<T> Page<T> {
    fn after(&self) -> Option<String> {
        let paging = self.paging.as_ref()?;
        paging.next.as_ref()?;
        paging.cursors.as_ref()?.after.clone()
    }
}

/// One step of a sweep. A cursor that cannot be read starts anew: the host knows what it has.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let every = config.backfill_every_minutes.max(1).saturating_mul(MINUTE);
    if !config.backfill {
        return Ok(PollPage::new(Vec::new(), cursor, every));
    }
    let cursor = serde_json::from_slice::<Cursor>(cursor).unwrap_or_else(|_| {
        let back = config.backfill_first_hours.saturating_mul(60 * MINUTE);
        let since = time::now().saturating_sub(back);
        Cursor {
            since,
            newest: since,
            after: None,
        }
    });
    let mut query = vec![
        ("platform", "messenger"),
        ("fields", FIELDS),
        ("limit", "25"),
    ];
    if let Some(after) = &cursor.after {
        query.push(("after", after));
    }
    let url = config
        .api()
        .url(&[&config.page_id, "conversations"], &query);
    let answer: Answer<Page<Conversation>> =
        config.api().call(Request::get(url), Call::Repeatable)?;
    Ok(step(config, cursor, &answer.content, every))
}

fn step(config: &Config, mut cursor: Cursor, page: &Page<Conversation>, every: u64) -> PollPage {
    let mut events = Vec::new();
    let mut reached_known = false;
    for conversation in &page.data {
        let updated = conversation
            .updated_time
            .as_deref()
            .and_then(time::from_rfc3339);
        if updated.is_some_and(|updated| updated < cursor.since) {
            reached_known = true;
            break;
        }
        let found = read_conversation(config, conversation, cursor.since);
        cursor.newest = found
            .iter()
            .map(|event| event.time)
            .fold(cursor.newest, u64::max);
        events.extend(found);
    }
    events.sort_by_key(|event| event.time);
    cursor.after = page.after().filter(|_| !reached_known);
    let next_in_ms = if cursor.after.is_some() {
        PACE
    } else {
        cursor.since = cursor.since.max(cursor.newest.saturating_sub(OVERLAP));
        every
    };
    // Numbers and one text always make JSON.
    PollPage::new(
        events,
        serde_json::to_vec(&cursor).unwrap_or_default(),
        next_in_ms,
    )
}

fn read_conversation(config: &Config, conversation: &Conversation, since: u64) -> Vec<Event> {
    let people = conversation.participants.iter().flat_map(|page| &page.data);
    let customer = people
        .filter_map(person)
        .find(|author| author.identity.id != config.page_id);
    let Some(customer) = customer else {
        log::warn("a conversation of the page's inbox names no customer and was passed over");
        return Vec::new();
    };
    let Some(messages) = &conversation.messages else {
        return Vec::new();
    };
    let events: Vec<Event> = messages
        .data
        .iter()
        .filter_map(|raw| read_message(config, &customer, raw))
        .filter(|event| event.time >= since)
        .collect();
    if events.len() >= MESSAGES && messages.after().is_some() {
        log::warn(format!(
            "a conversation has more than {MESSAGES} new messages; older ones were not fetched"
        ));
    }
    events
}

fn person(person: &Person) -> Option<Author> {
    let author = Author::new(
        person
            .id
            .clone()
            .filter(|id| !id.is_empty() && id.len() <= 256)?,
    );
    Some(match person.name.clone().filter(|name| !name.is_empty()) {
        Some(name) => author.profile(Profile::named(name)),
        None => author,
    })
}

fn read_message(config: &Config, customer: &Author, raw: &RawValue) -> Option<Event> {
    let stored: Stored = match serde_json::from_str(raw.get()) {
        Ok(stored) => stored,
        Err(error) => {
            log::warn(format!(
                "a message of the page's inbox cannot be read: {error}"
            ));
            return None;
        }
    };
    let Some(created) = time::from_rfc3339(&stored.created_time) else {
        log::warn(format!(
            "a message of the page's inbox has no time: {}",
            stored.created_time
        ));
        return None;
    };
    let by_page =
        stored.from.as_ref().and_then(|from| from.id.as_deref()) == Some(config.page_id.as_str());
    let mut files: Vec<Attachment> = stored
        .attachments
        .iter()
        .flat_map(|page| &page.data)
        .map(attachment)
        .collect();
    if let Some(url) = stored.sticker {
        files.push(Attachment {
            url: Some(url),
            ..attachments::empty(AttachmentKind::Sticker, "sticker")
        });
    }
    let message = Message {
        text: stored.message.filter(|text| !text.is_empty()),
        attachments: files,
        addressed: (!by_page).then_some(true),
        ..Message::new(&stored.id)
    };
    let (author, kind) = if by_page {
        (
            Author::new(&config.page_id),
            EventKind::NativeReply(message),
        )
    } else {
        (customer.clone(), EventKind::MessageCreated(message))
    };
    let event = Event::new(stored.id, created, kind)
        .thread(thread(&config.page_id, &customer.identity))
        .author(author)
        .raw(raw.get());
    Some(event)
}

/// A file as the inbox describes it, which is another form than the webhook's.
fn attachment(value: &Value) -> Attachment {
    let text = |pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mime = text("/mime_type");
    let (kind, url) = if let Some(url) = text("/image_data/url") {
        (AttachmentKind::Image, Some(url))
    } else if let Some(url) = text("/video_data/url") {
        (AttachmentKind::Video, Some(url))
    } else if mime
        .as_deref()
        .is_some_and(|mime| mime.starts_with("audio/"))
    {
        (AttachmentKind::Audio, text("/file_url"))
    } else {
        (AttachmentKind::File, text("/file_url"))
    };
    Attachment {
        url,
        media_id: text("/id"),
        mime,
        size: value.get("size").and_then(Value::as_u64),
        name: text("/name"),
        ..Attachment::new(kind)
    }
}
