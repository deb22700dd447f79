//! Polling: the inbox and the latest posts are looked through for what no webhook brought.

use linecard_graph::comments::{Comment as Found, Post, Reach, Walk, Wall};
use linecard_graph::ids::{UNNAMED, usable};
use linecard_graph::inbox::{Inbox, PACE, Sweep};
use linecard_graph::lenient::text;
use linecard_graph::paging::Page;
use linecard_graph::{Api, Network};
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::PollPage;
use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, Event, EventKind, Message, Profile, Thread,
};
use linecard_sdk::time;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
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

#[derive(Deserialize)]
struct StoredComment {
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    replies: Option<Page<Box<RawValue>>>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

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

    fn read_post(&self, raw: &RawValue) -> Option<Post> {
        #[derive(Deserialize)]
        struct Stored {
            #[serde(default)]
            comments: Option<Page<Box<RawValue>>>,
            #[serde(flatten)]
            members: Map<String, Value>,
        }
        let Stored { comments, members } = serde_json::from_str(raw.get()).ok()?;
        let id = usable(text(&members, "id"))?;
        let created = time::from_rfc3339(&text(&members, "timestamp")?)?;
        let permalink = text(&members, "permalink");
        let kind = match text(&members, "media_type").as_deref() {
            Some("VIDEO") => AttachmentKind::Video,
            _ => AttachmentKind::Image,
        };
        let message = Message {
            text: text(&members, "caption"),
            attachments: text(&members, "media_url")
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
        .raw(raw.get());
        Some(Post {
            id,
            created,
            permalink,
            event,
            comments: comments.unwrap_or_default(),
        })
    }

    fn read_comment(&self, post: &str, permalink: Option<&str>, raw: &RawValue) -> Option<Found> {
        let (id, created, event, replies) = self.read_one(post, None, permalink, raw)?;
        let mut events = vec![event];
        for reply in replies.iter().flat_map(|page| &page.data) {
            let read = self.read_one(post, Some(&id), permalink, reply);
            events.extend(read.map(|(_, _, event, _)| event));
        }
        Some(Found { created, events })
    }
}

type Read = (String, u64, Event, Option<Page<Box<RawValue>>>);

impl Media<'_> {
    fn read_one(
        &self,
        post: &str,
        parent: Option<&str>,
        permalink: Option<&str>,
        raw: &RawValue,
    ) -> Option<Read> {
        let stored: StoredComment = serde_json::from_str(raw.get()).ok()?;
        let id = usable(text(&stored.members, "id"))?;
        let created = time::from_rfc3339(&stored.timestamp?)?;
        let from = stored.members.get("from").and_then(Value::as_object);
        let author = from.and_then(|from| author(self.0, from)).or_else(|| {
            // Without `from` the name alone is known, which is no id of the person.
            let handle = text(&stored.members, "username")?;
            let unnamed = Author::new(format!("{UNNAMED}comment:{id}"));
            Some(unnamed.profile(Profile {
                handle: Some(handle),
                ..Profile::default()
            }))
        });
        let event = Comment {
            id: &id,
            media: post,
            parent,
            text: text(&stored.members, "text"),
            author,
            time: created,
            permalink,
            raw: raw.get(),
        }
        .event(self.0);
        Some((id, created, event, stored.replies))
    }
}
