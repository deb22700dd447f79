//! Polling: the inbox and the latest posts are looked through for what no webhook brought.

use linecard_graph::comments::{Comment as Found, Post, Reach, Walk, Wall};
use linecard_graph::ids::usable;
use linecard_graph::inbox::{Inbox, PACE, Sweep};
use linecard_graph::paging::Page;
use linecard_graph::{Api, Network};
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::PollPage;
use linecard_sdk::events::{Attachment, AttachmentKind, Author, Event, EventKind, Message, Thread};
use linecard_sdk::json::{Lenient as _, Part};
use linecard_sdk::time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::comments::{Comment, author};
use crate::config::Config;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const MEDIA_FIELDS: &str = "id,caption,media_type,media_url,permalink,timestamp";
const COMMENT_FIELDS: &str =
    "id,text,timestamp,username,from,replies.limit(50){id,text,timestamp,username,from}";

/// Where a look stands: first the inbox, then the posts.
#[derive(Serialize, Deserialize)]
struct Cursor {
    inbox: Sweep,
    comments: Walk,
    #[serde(default)]
    at_comments: bool,
}

/// One step of a look. A cursor that cannot be read starts anew: the host knows what it has.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let every = config.every_minutes.max(1).saturating_mul(MINUTE);
    if !config.backfill && !config.comments {
        return Ok(PollPage::new(Vec::new(), cursor, every));
    }
    let now = time::now();
    let mut cursor = serde_json::from_slice::<Cursor>(cursor).unwrap_or_else(|_| {
        let since = now.saturating_sub(config.first_hours.saturating_mul(60 * MINUTE));
        Cursor {
            inbox: Sweep::since(since),
            comments: Walk::since(since),
            at_comments: false,
        }
    });
    let at_comments = (cursor.at_comments && config.comments) || !config.backfill;
    let (events, is_done) = if at_comments {
        let reach = Reach {
            oldest_post: now.saturating_sub(config.comment_days.saturating_mul(DAY)),
            most_posts: config.comment_posts,
        };
        let events = cursor.comments.step(&Media(config), reach)?;
        cursor.at_comments = !cursor.comments.is_done();
        (events, cursor.comments.is_done())
    } else {
        let inbox = Inbox {
            api: config.api(),
            node: "me",
            account: &config.account_id,
            network: Network::Instagram,
        };
        let events = inbox.step(&mut cursor.inbox)?;
        cursor.at_comments = cursor.inbox.is_done() && config.comments;
        (events, cursor.inbox.is_done() && !config.comments)
    };
    let next_in_ms = if is_done { every } else { PACE };
    // Numbers and texts always make JSON.
    let cursor = serde_json::to_vec(&cursor).unwrap_or_default();
    Ok(PollPage::new(events, cursor, next_in_ms))
}

/// The account's own posts.
struct Media<'a>(&'a Config);

impl Wall for Media<'_> {
    fn api(&self) -> Api<'_> {
        self.0.api()
    }

    fn posts_url(&self, position: &[(&str, &str)]) -> String {
        let fields = format!("{MEDIA_FIELDS},comments.limit(25){{{COMMENT_FIELDS}}}");
        let mut query = vec![("fields", fields.as_str()), ("limit", "20")];
        query.extend(position);
        self.0.api().url(&[&self.0.account_id, "media"], &query)
    }

    fn comments_url(&self, post: &str, position: &[(&str, &str)]) -> String {
        let mut query = vec![("fields", COMMENT_FIELDS), ("limit", "50")];
        query.extend(position);
        self.0.api().url(&[post, "comments"], &query)
    }

    fn read_post<'d>(&self, part: Part<'d>) -> Option<Post<'d>> {
        let members = part.object()?;
        let id = usable(members.text("id"))?;
        let created = members.time("timestamp")?;
        let permalink = members.text("permalink");
        let kind = match members.text("media_type").as_deref() {
            Some("VIDEO") => AttachmentKind::Video,
            _ => AttachmentKind::Image,
        };
        let message = Message {
            text: members.text("caption"),
            attachments: members
                .text("media_url")
                .map(|url| Attachment::at(kind, url))
                .into_iter()
                .collect(),
            ..Message::new(&id)
        };
        let mut thread = Thread::public(&id);
        thread.permalink.clone_from(&permalink);
        let event = Event::new(
            format!("media:{id}"),
            created,
            EventKind::NativeReply(message),
        )
        .thread(thread)
        .author(Author::new(&self.0.account_id))
        .raw(part.raw());
        Some(Post {
            id,
            created,
            permalink,
            event,
            comments: Page::within(part, "comments"),
        })
    }

    fn read_comment(&self, post: &str, permalink: Option<&str>, part: Part<'_>) -> Option<Found> {
        let (id, event) = self.read_one(post, None, permalink, part)?;
        let created = event.time;
        let mut events = vec![event];
        for reply in Page::within(part, "replies").data {
            let read = self.read_one(post, Some(&id), permalink, reply);
            events.push(read.map_or_else(
                || Event::kept("comment", time::now(), reply.raw()),
                |(_, event)| event,
            ));
        }
        Some(Found { created, events })
    }
}

impl Media<'_> {
    fn read_one(
        &self,
        post: &str,
        parent: Option<&str>,
        permalink: Option<&str>,
        part: Part<'_>,
    ) -> Option<(String, Event)> {
        let stored = part.object()?;
        let id = usable(stored.text("id"))?;
        let author = stored
            .object("from")
            .and_then(|from| author(self.0, from, &id))
            // Without `from` the name stands in the comment itself.
            .or_else(|| author(self.0, &named(stored.text("username")?), &id));
        let event = Comment {
            id: &id,
            media: post,
            parent,
            text: stored.text("text"),
            author,
            time: stored.time("timestamp")?,
            permalink,
            raw: part.raw(),
        }
        .event(self.0);
        Some((id, event))
    }
}

/// A `from` that has a name alone.
fn named(handle: String) -> Map<String, Value> {
    [("username".to_owned(), Value::String(handle))]
        .into_iter()
        .collect()
}
