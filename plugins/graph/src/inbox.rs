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
use linecard_sdk::json::{Lenient as _, Part, as_time};
use linecard_sdk::{log, time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::Api;
use crate::attachments;
use crate::ids::usable;
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
        let answer = self.api.call(Request::get(url), Call::Repeatable)?;
        Ok(self.read(sweep, &Page::of(answer.content.part())))
    }

    fn read(&self, sweep: &mut Sweep, page: &Page<'_>) -> Vec<Event> {
        let now = time::now();
        let mut events = Vec::new();
        let mut reached_known = false;
        for conversation in &page.data {
            let updated = conversation
                .get("updated_time")
                .and_then(|time| as_time(&time.value()));
            if updated.is_some_and(|updated| updated < sweep.since) {
                // The list is in order, but one that is out of it must not hide the others.
                reached_known = true;
                continue;
            }
            let found = self.read_conversation(*conversation, sweep.since);
            // A time that is yet to come would hide everything until then.
            sweep.newest = found
                .iter()
                .map(|event| event.time.min(now))
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

    fn read_conversation(&self, conversation: Part<'_>, since: u64) -> Vec<Event> {
        let people = Page::within(conversation, "participants").data;
        let customer = people
            .iter()
            .filter_map(|person| person.object())
            .filter(|person| !self.is_own(person))
            .find_map(|person| author(&person));
        let Some(customer) = customer else {
            log::warn("a conversation of the inbox names no customer and was kept unread");
            return vec![Event::kept("conversation", since, conversation.raw())];
        };
        let messages = Page::within(conversation, "messages");
        let events: Vec<Event> = messages
            .data
            .iter()
            .map(|part| self.read_message(&customer, *part, since))
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

    fn is_own(&self, person: &Map<String, Value>) -> bool {
        // Instagram has another id of a professional account, the one that webhooks name.
        ["id", "user_id"]
            .iter()
            .filter_map(|name| person.text(name))
            .any(|id| id == self.account)
    }

    fn read_message(&self, customer: &Author, part: Part<'_>, since: u64) -> Event {
        self.readable(customer, part).unwrap_or_else(|| {
            // A message that is not understood is in its conversation all the same. It has no time, so
            // that it must not move the sweep on.
            Event::kept("message", since, part.raw())
                .thread(thread(self.account, &customer.identity))
        })
    }

    fn readable(&self, customer: &Author, part: Part<'_>) -> Option<Event> {
        let stored = part.object()?;
        let (id, created) = (stored.text("id")?, stored.time("created_time")?);
        let is_own = stored.object("from").is_some_and(|from| self.is_own(from));
        let mut files: Vec<Attachment> = list(&stored, "attachments")
            .iter()
            .map(attachment)
            .collect();
        let (shares, quoted) = shared(&stored);
        if let Some(url) = stored.text("sticker") {
            files.push(Attachment {
                url: Some(url),
                ..attachments::empty(AttachmentKind::Sticker, "sticker")
            });
        }
        files.extend(shares);
        if files.is_empty() && stored.is("is_unsupported") {
            files.push(attachments::empty(AttachmentKind::Other, "unsupported"));
        }
        let message = Message {
            text: stored.text("message"),
            attachments: files,
            quoted,
            addressed: (!is_own).then_some(true),
            ..Message::new(&id)
        };
        let (author, kind) = if is_own {
            (Author::new(self.account), EventKind::NativeReply(message))
        } else {
            (customer.clone(), EventKind::MessageCreated(message))
        };
        let event = Event::new(id, created, kind)
            .thread(thread(self.account, &customer.identity))
            .author(author)
            .raw(part.raw());
        Some(event)
    }
}

/// The `data` of a list within something.
fn list<'v>(members: &'v Map<String, Value>, name: &str) -> &'v [Value] {
    members
        .object(name)
        .map(|page| page.list("data"))
        .unwrap_or_default()
}

/// A participant who can be known again.
fn author(person: &Map<String, Value>) -> Option<Author> {
    let author = Author::new(usable(person.text("id"))?);
    let (name, handle) = (person.text("name"), person.text("username"));
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
fn shared(stored: &Map<String, Value>) -> (Vec<Attachment>, Option<String>) {
    let mut found = Vec::new();
    for share in list(stored, "shares") {
        found.push(Attachment {
            url: share.text("link"),
            media_id: share.text("id"),
            name: share.text("name"),
            ..attachments::empty(AttachmentKind::Share, "share")
        });
    }
    let story = stored.object("story");
    let part = |name: &str| story.and_then(|story| story.object(name));
    for (name, label) in [("reply_to", "story"), ("mention", "story_mention")] {
        if let Some(story) = part(name) {
            found.push(Attachment {
                url: story.text("link"),
                media_id: story.text("id"),
                ..attachments::empty(AttachmentKind::Share, label)
            });
        }
    }
    let quoted = part("reply_to").and_then(|story| story.text("id"));
    (found, quoted)
}

/// A file as the inbox describes it, which is another form than the webhook's.
fn attachment(value: &Value) -> Attachment {
    let mime = value.text("mime_type");
    let address = |name: &str| value.text_at(&[name, "url"]);
    let (kind, url) = if let Some(url) = address("image_data") {
        (AttachmentKind::Image, Some(url))
    } else if let Some(url) = address("video_data") {
        (AttachmentKind::Video, Some(url))
    } else if mime
        .as_deref()
        .is_some_and(|mime| mime.starts_with("audio/"))
    {
        (AttachmentKind::Audio, value.text("file_url"))
    } else {
        (AttachmentKind::File, value.text("file_url"))
    };
    Attachment {
        url,
        media_id: value.text("id"),
        mime,
        size: value.count("size"),
        name: value.text("name"),
        ..Attachment::new(kind)
    }
}
