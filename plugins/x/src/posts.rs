//! Posts as events, from the form of X's present API.

use std::collections::BTreeMap;

use linecard_sdk::events::{
    Attachment, AttachmentKind, Edit, Event, EventKind, Message, Thread, Timestamp,
};
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;
use crate::fields::{id, list, moment, text, time_of_id};
use crate::people::{People, USER_FIELDS};

/// What a call that gives posts asks for.
pub const QUERY: [(&str, &str); 4] = [
    (
        "tweet.fields",
        "author_id,conversation_id,created_at,referenced_tweets,in_reply_to_user_id,entities,note_tweet,attachments,lang,edit_history_tweet_ids",
    ),
    ("expansions", "author_id,attachments.media_keys"),
    ("user.fields", USER_FIELDS),
    ("media.fields", MEDIA_FIELDS),
];
/// The members of media that are asked for.
pub const MEDIA_FIELDS: &str = "url,preview_image_url,type,variants";

/// What stands beside the posts of an answer.
#[derive(Debug, Default)]
pub struct Included {
    /// Who wrote.
    pub people: People,
    media: BTreeMap<String, Attachment>,
}

impl Included {
    /// From `includes`; nothing if there is none.
    pub fn new(includes: Option<&Value>) -> Self {
        let Some(includes) = includes else {
            return Self::default();
        };
        let media = list(includes, "/media")
            .filter_map(|medium| Some((text(medium, "/media_key")?, attachment(medium))));
        Self {
            people: People::included(includes),
            media: media.collect(),
        }
    }

    /// What a post or message carries; what is not included is named by its key.
    pub fn attachments(&self, of: &Value) -> Vec<Attachment> {
        list(of, "/attachments/media_keys")
            .filter_map(Value::as_str)
            .map(|key| {
                self.media
                    .get(key)
                    .cloned()
                    .unwrap_or_else(|| Attachment::with_media_id(AttachmentKind::Other, key))
            })
            .collect()
    }
}

/// A medium in either form.
pub fn attachment(medium: &Value) -> Attachment {
    let word = text(medium, "/type").unwrap_or_default();
    let kind = match word.as_str() {
        "photo" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "animated_gif" => AttachmentKind::Animation,
        _ => AttachmentKind::Other,
    };
    // The best of the files that need no streaming.
    let variant = list(medium, "/variants")
        .chain(list(medium, "/video_info/variants"))
        .filter(|variant| {
            variant
                .get("content_type")
                .is_some_and(|mime| mime == "video/mp4")
        })
        .max_by_key(|variant| {
            let rate = variant.get("bit_rate").or_else(|| variant.get("bitrate"));
            rate.and_then(Value::as_u64).unwrap_or_default()
        });
    let url = variant
        .and_then(|variant| text(variant, "/url"))
        .or_else(|| text(medium, "/url").filter(|_| medium.get("media_key").is_some()))
        .or_else(|| text(medium, "/media_url_https"))
        .or_else(|| text(medium, "/preview_image_url"));
    Attachment {
        url,
        media_id: text(medium, "/media_key").or_else(|| text(medium, "/id_str")),
        mime: variant.and_then(|variant| text(variant, "/content_type")),
        label: (!word.is_empty()).then_some(word),
        ..Attachment::new(kind)
    }
}

/// A post, whatever form it came in.
pub struct Post {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author_id: String,
    /// The conversation's id.
    pub conversation: String,
    /// When.
    pub time: Timestamp,
    /// The ids of its versions, oldest first; empty if X does not tell.
    pub history: Vec<String>,
    /// What it says.
    pub message: Message,
}

impl Post {
    /// From the form of X's present API; `None` if it has no id or author.
    pub fn read(config: &Config, post: &Value, included: &Included) -> Option<Self> {
        let id = id(post, "/id")?;
        let author_id = text(post, "/author_id")?;
        let referenced = |kind: &str| {
            list(post, "/referenced_tweets")
                .find(|other| other.get("type").is_some_and(|found| found == kind))
                .and_then(|other| text(other, "/id"))
        };
        let whole = text(post, "/note_tweet/text").or_else(|| text(post, "/text"));
        let message = Message {
            text: whole,
            attachments: included.attachments(post),
            parent: referenced("replied_to"),
            quoted: referenced("quoted").or_else(|| referenced("retweeted")),
            addressed: Some(is_addressed(config, post)),
            language: text(post, "/lang").filter(|language| is_language(language)),
            ..Message::new(&id)
        };
        // One version of X's specification has another name for it.
        let history = ["/edit_history_tweet_ids", "/edit_history_post_ids"]
            .into_iter()
            .map(|pointer| {
                list(post, pointer)
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .find(|history| !history.is_empty());
        Some(Self {
            conversation: text(post, "/conversation_id").unwrap_or_else(|| id.clone()),
            time: moment(post, "/created_at")
                .or_else(|| time_of_id(&id))
                .unwrap_or_else(time::now),
            history: history.unwrap_or_default(),
            id,
            author_id,
            message,
        })
    }

    /// The events: what was written, and for an edited post also the change. The first version may never
    /// have come, so it is told too, under the id that it would have had.
    pub fn events(self, config: &Config, people: &People, raw: &str) -> Vec<Event> {
        let handle = people.handle(&self.author_id);
        let handle = handle.or_else(|| {
            config
                .is_own(&self.author_id)
                .then_some(config.username.as_str())
        });
        let thread = Thread::public(&self.conversation).permalink(permalink(handle, &self.id));
        let author = people.author(&self.author_id);
        let event = |id: &str, time, kind| {
            Event::new(format!("post:{id}"), time, kind)
                .thread(thread.clone())
                .author(author.clone())
                .raw(raw)
        };
        let said = |message| {
            if config.is_own(&self.author_id) {
                EventKind::NativeReply(message)
            } else {
                EventKind::MessageCreated(message)
            }
        };
        let first = match self.history.first() {
            Some(first) if *first != self.id => first.clone(),
            _ => return vec![event(&self.id, self.time, said(self.message))],
        };
        let place = self.history.iter().position(|id| *id == self.id);
        let edit = Edit {
            message_id: first.clone(),
            text: self.message.text.clone(),
            attachments: Some(self.message.attachments.clone()),
            revision: place.and_then(|place| u32::try_from(place).ok()),
        };
        let written = Message {
            id: first.clone(),
            ..self.message
        };
        let created = time_of_id(&first).unwrap_or(self.time).min(self.time);
        vec![
            event(&first, created, said(written)),
            event(&self.id, self.time, EventKind::MessageEdited(edit)),
        ]
    }
}

/// A post's address; X finds it without the handle too.
pub fn permalink(handle: Option<&str>, id: &str) -> String {
    format!("https://x.com/{}/status/{id}", handle.unwrap_or("i"))
}

/// Whether it answers the account or names it.
fn is_addressed(config: &Config, post: &Value) -> bool {
    if text(post, "/in_reply_to_user_id").is_some_and(|id| config.is_own(&id)) {
        return true;
    }
    list(post, "/entities/mentions")
        .chain(list(post, "/note_tweet/entities/mentions"))
        .any(|mention| names(config, mention, ["/id", "/username"]))
}

/// Whether a mention is the account's.
pub fn names(config: &Config, mention: &Value, [id, name]: [&str; 2]) -> bool {
    text(mention, id).is_some_and(|id| config.is_own(&id))
        || text(mention, name).is_some_and(|name| name.eq_ignore_ascii_case(&config.username))
}

/// X has words of its own for texts without a language: `und`, `zxx`, and `q` with two letters.
pub fn is_language(word: &str) -> bool {
    !(matches!(word, "und" | "zxx") || word.len() == 3 && word.starts_with('q'))
}
