//! An account's inbox, looked through for messages that no webhook brought.
//!
//! Each step makes one call, so that the host's pacing keeps to the two calls a second that Meta
//! allows. Conversations come newest first; a sweep goes back until one has nothing new. What the
//! webhook has brought before has the same message id and is not taken twice.

use linecard_sdk::actions::Failure;
use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, Event, EventKind, Message, Profile,
};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::{log, time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::Api;
use crate::attachments;
use crate::call::Answer;
use crate::lenient::text_or_number;
use crate::messaging::thread;
use crate::network::Network;
use crate::paging::Page;

/// How far a sweep reaches back before the newest message of the one before, in milliseconds: clocks
/// and Meta's index lag.
pub const OVERLAP: u64 = 5 * 60_000;
/// Between two calls of one sweep, in milliseconds: Meta allows two a second for a page.
pub const PACE: u64 = 600;

/// An account's inbox.
#[derive(Debug, Clone, Copy)]
pub struct Inbox<'a> {
    /// The Graph API.
    pub api: Api<'a>,
    /// The node whose conversations are asked for: the page's id, or `me`.
    pub node: &'a str,
    /// The account's id, by which its own messages are known.
    pub account: &'a str,
    /// The network.
    pub network: Network,
}

/// Where a sweep stands. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// What was created before is known.
    since: u64,
    /// The newest message that this sweep has seen.
    newest: u64,
    /// Graph's own cursor for the next page of conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl Sweep {
    /// A first sweep, back to a time.
    pub fn since(since: u64) -> Self {
        Self {
            since,
            newest: since,
            after: None,
        }
    }

    /// Whether the sweep has come to its end, so that the next step begins another.
    pub fn is_done(&self) -> bool {
        self.after.is_none()
    }
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
    /// Instagram's other id of a professional account, the one that webhooks name.
    #[serde(default, deserialize_with = "text_or_number")]
    user_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    username: Option<String>,
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
    /// Instagram: posts and links that were shared.
    #[serde(default)]
    shares: Option<Page<Value>>,
    /// Instagram: the story that is answered or that mentions the account.
    #[serde(default)]
    story: Option<Value>,
    /// Instagram writes a text here.
    #[serde(default)]
    is_unsupported: Value,
}

impl Inbox<'_> {
    /// The most messages of one conversation that are asked for. A customer who wrote more since the
    /// last sweep is logged. Instagram tells no more than the last 20.
    fn most(&self) -> usize {
        match self.network {
            Network::Messenger => 100,
            Network::Instagram => 20,
        }
    }

    fn fields(&self) -> &'static str {
        match self.network {
            Network::Messenger => {
                "id,updated_time,participants,messages.limit(100){id,created_time,from,message,sticker,attachments{id,mime_type,name,size,image_data,video_data,file_url}}"
            }
            Network::Instagram => {
                "id,updated_time,participants,messages.limit(20){id,created_time,from,to,message,attachments,shares,story,is_unsupported}"
            }
        }
    }

    /// One step of a sweep: one call, and the events in the order of time.
    pub fn step(&self, sweep: &mut Sweep) -> Result<Vec<Event>, Failure> {
        let mut query = vec![
            ("platform", self.network.platform()),
            ("fields", self.fields()),
            ("limit", "25"),
        ];
        if let Some(after) = &sweep.after {
            query.push(("after", after));
        }
        let url = self.api.url(&[self.node, "conversations"], &query);
        let answer: Answer<Page<Conversation>> =
            self.api.call(Request::get(url), Call::Repeatable)?;
        Ok(self.read(sweep, &answer.content))
    }

    fn read(&self, sweep: &mut Sweep, page: &Page<Conversation>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut reached_known = false;
        for conversation in &page.data {
            let updated = conversation
                .updated_time
                .as_deref()
                .and_then(time::from_rfc3339);
            if updated.is_some_and(|updated| updated < sweep.since) {
                reached_known = true;
                break;
            }
            let found = self.read_conversation(conversation, sweep.since);
            sweep.newest = found
                .iter()
                .map(|event| event.time)
                .fold(sweep.newest, u64::max);
            events.extend(found);
        }
        events.sort_by_key(|event| event.time);
        sweep.after = page.after().filter(|_| !reached_known);
        if sweep.is_done() {
            sweep.since = sweep.since.max(sweep.newest.saturating_sub(OVERLAP));
        }
        events
    }

    fn read_conversation(&self, conversation: &Conversation, since: u64) -> Vec<Event> {
        let people = conversation.participants.iter().flat_map(|page| &page.data);
        let customer = people
            .filter(|person| !self.is_own(person))
            .find_map(author);
        let Some(customer) = customer else {
            log::warn("a conversation of the inbox names no customer and was passed over");
            return Vec::new();
        };
        let Some(messages) = &conversation.messages else {
            return Vec::new();
        };
        let events: Vec<Event> = messages
            .data
            .iter()
            .filter_map(|raw| self.read_message(&customer, raw))
            .filter(|event| event.time >= since)
            .collect();
        let most = self.most();
        if events.len() >= most && messages.after().is_some() {
            log::warn(format!(
                "a conversation has more than {most} new messages; older ones were not fetched"
            ));
        }
        events
    }

    fn is_own(&self, person: &Person) -> bool {
        [&person.id, &person.user_id]
            .into_iter()
            .flatten()
            .any(|id| id == self.account)
    }

    fn read_message(&self, customer: &Author, raw: &RawValue) -> Option<Event> {
        let stored: Stored = match serde_json::from_str(raw.get()) {
            Ok(stored) => stored,
            Err(error) => {
                log::warn(format!("a message of the inbox cannot be read: {error}"));
                return None;
            }
        };
        let Some(created) = time::from_rfc3339(&stored.created_time) else {
            log::warn(format!(
                "a message of the inbox has no time: {}",
                stored.created_time
            ));
            return None;
        };
        let is_own = stored.from.as_ref().is_some_and(|from| self.is_own(from));
        let mut files: Vec<Attachment> = stored
            .attachments
            .iter()
            .flat_map(|page| &page.data)
            .map(attachment)
            .collect();
        let (shares, quoted) = shared(&stored);
        let is_unsupported =
            stored.is_unsupported == Value::Bool(true) || stored.is_unsupported == "true";
        if let Some(url) = stored.sticker {
            files.push(Attachment {
                url: Some(url),
                ..attachments::empty(AttachmentKind::Sticker, "sticker")
            });
        }
        files.extend(shares);
        if files.is_empty() && is_unsupported {
            files.push(attachments::empty(AttachmentKind::Other, "unsupported"));
        }
        let message = Message {
            text: stored.message.filter(|text| !text.is_empty()),
            attachments: files,
            quoted,
            addressed: (!is_own).then_some(true),
            ..Message::new(&stored.id)
        };
        let (author, kind) = if is_own {
            (Author::new(self.account), EventKind::NativeReply(message))
        } else {
            (customer.clone(), EventKind::MessageCreated(message))
        };
        let event = Event::new(stored.id, created, kind)
            .thread(thread(self.account, &customer.identity))
            .author(author)
            .raw(raw.get());
        Some(event)
    }
}

/// A participant who can be known again.
fn author(person: &Person) -> Option<Author> {
    let id = person.id.clone()?;
    if id.is_empty() || id.len() > 256 {
        return None;
    }
    let present = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (name, handle) = (present(&person.name), present(&person.username));
    let author = Author::new(id);
    if name.is_none() && handle.is_none() {
        return Some(author);
    }
    Some(author.profile(Profile {
        display_name: name,
        handle,
        ..Profile::default()
    }))
}

/// What was shared or answered, and the id of the story that a message is about.
fn shared(stored: &Stored) -> (Vec<Attachment>, Option<String>) {
    let mut found = Vec::new();
    for share in stored.shares.iter().flat_map(|page| &page.data) {
        found.push(Attachment {
            url: text(share, "/link"),
            media_id: text(share, "/id"),
            name: text(share, "/name"),
            ..attachments::empty(AttachmentKind::Share, "share")
        });
    }
    let story = stored.story.as_ref();
    let part = |pointer: &str| story.and_then(|story| story.pointer(pointer));
    for (pointer, label) in [("/reply_to", "story"), ("/mention", "story_mention")] {
        if let Some(story) = part(pointer).filter(|story| story.is_object()) {
            found.push(Attachment {
                url: text(story, "/link"),
                media_id: text(story, "/id"),
                ..attachments::empty(AttachmentKind::Share, label)
            });
        }
    }
    (
        found,
        part("/reply_to").and_then(|story| text(story, "/id")),
    )
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A file as the inbox describes it, which is another form than the webhook's.
fn attachment(value: &Value) -> Attachment {
    let text = |pointer: &str| text(value, pointer);
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
