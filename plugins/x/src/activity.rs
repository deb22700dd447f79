//! Deliveries of the X Activity API: one event each.

use linecard_sdk::events::{
    ChannelState, ChannelStatus, Deletion, Event, EventKind, Profile, ProfileChange, Reaction,
    Thread, Timestamp,
};
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;
use crate::direct;
use crate::fields::{id, list, moment, text};
use crate::legacy;
use crate::people::{People, author};
use crate::posts::{Included, Post};

/// The events of one delivery. What is not understood becomes `other`.
pub fn events(config: &Config, body: &Value, raw: &str) -> Vec<Event> {
    let Some(data) = body.get("data") else {
        return vec![legacy::other("activity", raw)];
    };
    let word = text(data, "/event_type").unwrap_or_default();
    let uuid = text(data, "/event_uuid");
    let activity = Activity {
        config,
        word: &word,
        id: uuid.map_or_else(
            || legacy::derived(&word, raw),
            |uuid| format!("activity:{uuid}"),
        ),
        payload: data.get("payload").unwrap_or(&Value::Null),
        includes: data.get("includes").or_else(|| body.get("includes")),
        raw,
    };
    let read = activity.read().filter(|events| !events.is_empty());
    read.unwrap_or_else(|| vec![activity.event(EventKind::Other(word.clone()))])
}

struct Activity<'a> {
    config: &'a Config,
    word: &'a str,
    id: String,
    payload: &'a Value,
    includes: Option<&'a Value>,
    raw: &'a str,
}

impl Activity<'_> {
    fn event(&self, kind: EventKind) -> Event {
        Event::new(&self.id, self.time(), kind).raw(self.raw)
    }

    fn time(&self) -> Timestamp {
        moment(self.payload, "/timestamp_ms")
            .or_else(|| moment(self.payload, "/created_at"))
            .unwrap_or_else(time::now)
    }

    fn read(&self) -> Option<Vec<Event>> {
        match self.word {
            "post.create"
            | "post.mention.create"
            | "post.reply.create"
            | "post.quote.create"
            | "post.repost.create" => self.post(),
            "post.delete" => Some(vec![self.deletion()?]),
            "like.create" => Some(vec![self.like()?]),
            "follow.follow" => Some(vec![self.follow(EventKind::Follow)?]),
            "follow.unfollow" => Some(vec![self.follow(EventKind::Unfollow)?]),
            "dm.received" | "dm.sent" => self.messages(),
            "dm.indicate_typing" => self.signals("/direct_message_indicate_typing_events"),
            "dm.read" => self.signals("/direct_message_mark_read_events"),
            "oauth.revoke" => Some(vec![self.event(revoked())]),
            word if word.starts_with("profile.update.") => Some(vec![self.profile()?]),
            _ => None,
        }
    }

    fn post(&self) -> Option<Vec<Event>> {
        let included = Included::new(self.includes);
        // A delivery tells why it came; all but one's own posts concern the account.
        let mut post = Post::read(self.config, self.payload, &included)?;
        if matches!(
            self.word,
            "post.mention.create" | "post.reply.create" | "post.quote.create"
        ) {
            post.message.addressed = Some(true);
        }
        Some(post.events(self.config, &included.people, self.raw))
    }

    fn deletion(&self) -> Option<Event> {
        let post = id(self.payload, "/id")?;
        let deletion = Deletion {
            message_id: post.clone(),
            by_author: true,
            hidden_only: false,
        };
        let mut event = self
            .event(EventKind::MessageDeleted(deletion))
            .thread(Thread::public(
                text(self.payload, "/conversation_id").unwrap_or_else(|| post.clone()),
            ));
        event.id = format!("delete:{post}");
        event.author = text(self.payload, "/author_id").map(linecard_sdk::events::Author::new);
        Some(event)
    }

    /// The payload names the author of what is liked; the other person beside it is who likes.
    fn like(&self) -> Option<Event> {
        let post = id(self.payload, "/liked_tweet_id")?;
        let author = text(self.payload, "/liked_tweet_author_id");
        let included = Included::new(self.includes);
        let mut others = included
            .people
            .ids()
            .filter(|id| author.as_deref() != Some(*id));
        let liker = match (
            text(self.payload, "/liker_id"),
            others.next(),
            others.next(),
        ) {
            (Some(liker), ..) => Some(liker),
            (None, Some(liker), None) => Some(liker.to_owned()),
            _ => None,
        };
        if liker
            .as_deref()
            .is_some_and(|liker| self.config.is_own(liker))
        {
            return None;
        }
        let conversation = self.includes.and_then(|includes| {
            list(includes, "/tweets")
                .find(|other| text(other, "/id").as_deref() == Some(post.as_str()))
                .and_then(|other| text(other, "/conversation_id"))
        });
        let reaction = Reaction {
            message_id: post.clone(),
            name: "like".to_owned(),
            emoji: None,
        };
        let mut event = self
            .event(EventKind::ReactionAdded(reaction))
            .thread(Thread::public(conversation.unwrap_or(post)));
        if let Some(id) = text(self.payload, "/id") {
            event.id = format!("like:{id}");
        }
        event.author = liker.map(|liker| included.people.author(&liker));
        Some(event)
    }

    fn follow(&self, kind: EventKind) -> Option<Event> {
        let side = |name: &str| {
            let side = self.payload.get(name)?;
            author(side.get("data").unwrap_or(side))
        };
        let (source, target) = (side("source")?, side("target")?);
        if !self.config.is_own(&target.identity.id) {
            return None;
        }
        Some(self.event(kind).author(source))
    }

    fn messages(&self) -> Option<Vec<Event>> {
        let people = People::by_id(self.payload.get("users"));
        list(self.payload, "/direct_message_events")
            .map(|event| direct::pushed(self.config, event, &people, self.raw))
            .collect()
    }

    fn signals(&self, pointer: &str) -> Option<Vec<Event>> {
        let people = People::by_id(self.payload.get("users"));
        list(self.payload, pointer)
            .map(|event| legacy::signal(self.config, event, &people, self.raw))
            .collect()
    }

    fn profile(&self) -> Option<Event> {
        let who = text(self.payload, "/user_id").or_else(|| text(self.payload, "/id"))?;
        if self.config.is_own(&who) {
            return None;
        }
        let name = self.word.trim_start_matches("profile.update.");
        let after = text(self.payload, "/after").unwrap_or_default();
        let profile = Profile::default().fact(name, after);
        let change = ProfileChange { previous_id: None };
        let author = linecard_sdk::events::Author::new(who).profile(profile);
        Some(self.event(EventKind::ProfileChanged(change)).author(author))
    }
}

/// The account took the app's permission away.
pub fn revoked() -> EventKind {
    EventKind::ChannelStatus(ChannelStatus {
        state: ChannelState::CredentialsRefused,
        code: Some("revoke".to_owned()),
        text: "The account has taken the app's permission away.".to_owned(),
        remedy: Some(
            "Let the account authorise the app again and enter the new tokens.".to_owned(),
        ),
    })
}
