//! What happened, in the form of the X Activity API and of the older Account Activity API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::X;
use super::read::{post_json, time, user_json};
use super::state::{DirectMessage, Post, State, User};
use super::text;
use crate::clock::timestamp;

/// Something that the company account is told.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    /// The event type of the X Activity API.
    pub(crate) kind: &'static str,
    pub(crate) payload: Value,
    pub(crate) includes: Value,
    /// Members of the Account Activity body beside `for_user_id`; null where it has no such event.
    pub(crate) legacy: Value,
    pub(crate) at_ms: i64,
}

/// The events of a new post: one for each reason why the company is told.
pub(crate) fn of_post(x: &X, state: &State, post: &Post) -> Vec<Happening> {
    let company = &x.options.user_id;
    let by_company = |id: Option<u64>| {
        id.and_then(|id| state.posts.get(&id))
            .is_some_and(|other| &other.author == company)
    };
    let mut kinds = Vec::new();
    if &post.author == company {
        kinds.push("post.create");
    } else if by_company(post.reposts) {
        kinds.push("post.repost.create");
    } else if post.reposts.is_none() {
        if by_company(post.reply_to) {
            kinds.push("post.reply.create");
        }
        if by_company(post.quotes) {
            kinds.push("post.quote.create");
        }
        if text::mentions(&post.text)
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&x.options.username))
        {
            kinds.push("post.mention.create");
        }
    }
    let mut users: Vec<&User> = state.users.get(&post.author).into_iter().collect();
    if &post.author != company {
        users.extend(state.users.get(company));
    }
    let users: Vec<Value> = users
        .into_iter()
        .map(|user| user_json(x, state, user, None))
        .collect();
    let mut includes = json!({ "users": users, "tweets": [post_json(state, post, None)] });
    let media: Vec<Value> = post
        .media
        .iter()
        .filter_map(|id| state.media.get(id))
        .map(|medium| super::read::medium_json(x, medium, None))
        .collect();
    if let (false, Some(members)) = (media.is_empty(), includes.as_object_mut()) {
        members.insert("media".to_owned(), json!(media));
    }
    let mut legacy =
        json!({ "user_has_blocked": false, "tweet_create_events": [legacy_post(state, post)] });
    kinds
        .into_iter()
        .map(|kind| Happening {
            kind,
            payload: post_json(state, post, None),
            includes: includes.clone(),
            // The older form tells a post once, whatever the reasons.
            legacy: std::mem::take(&mut legacy),
            at_ms: post.created_ms,
        })
        .collect()
}

/// A post was deleted.
pub(crate) fn deletion(x: &X, id: u64, author: &str) -> Happening {
    let now = x.world.clock.now_ms();
    Happening {
        kind: "post.delete",
        payload: json!({ "id": id.to_string(), "author_id": author }),
        includes: Value::Null,
        legacy: json!({ "tweet_delete_events": [{
            "status": { "id": id.to_string(), "user_id": author }, "timestamp_ms": now.to_string(),
        }] }),
        at_ms: now,
    }
}

/// Somebody likes a post.
pub(crate) fn like(x: &X, state: &State, post: &Post, who: &str) -> Happening {
    let now = x.world.clock.now_ms();
    let id = uuid::Uuid::now_v7().simple().to_string();
    let users: Vec<Value> = [who, post.author.as_str()]
        .iter()
        .filter_map(|id| state.users.get(*id))
        .map(|user| user_json(x, state, user, None))
        .collect();
    let liker = state.users.get(who).map(legacy_user).unwrap_or_default();
    Happening {
        kind: "like.create",
        // The payload does not tell who likes; that user is in `includes`.
        payload: json!({
            "id": id, "created_at": time(post.created_ms), "timestamp_ms": now.to_string(),
            "liked_tweet_author_id": post.author, "liked_tweet_id": post.id.to_string(),
        }),
        includes: json!({ "users": users, "tweets": [post_json(state, post, None)] }),
        legacy: json!({ "favorite_events": [{
            "id": id, "created_at": legacy_time(now), "timestamp_ms": now,
            "favorited_status": legacy_post(state, post), "user": liker,
        }] }),
        at_ms: now,
    }
}

/// Somebody follows somebody, or does not any more.
pub(crate) fn follow(x: &X, state: &State, source: &str, target: &str, on: bool) -> Happening {
    let now = x.world.clock.now_ms();
    let shown = |id: &str| {
        state
            .users
            .get(id)
            .map(|user| json!({ "data": user_json(x, state, user, None) }))
            .unwrap_or_default()
    };
    let legacy = |id: &str| state.users.get(id).map(legacy_user).unwrap_or_default();
    Happening {
        kind: if on {
            "follow.follow"
        } else {
            "follow.unfollow"
        },
        payload: json!({ "source": shown(source), "target": shown(target) }),
        includes: Value::Null,
        legacy: json!({ "follow_events": [{
            "type": if on { "follow" } else { "unfollow" }, "created_timestamp": now.to_string(),
            "target": legacy(target), "source": legacy(source),
        }] }),
        at_ms: now,
    }
}

/// A direct message, sent by the company or received by it.
pub(crate) fn direct_message(x: &X, state: &State, dm: &DirectMessage) -> Happening {
    let company = &x.options.user_id;
    let participants = state.participants(&dm.conversation).unwrap_or_default();
    let recipient = participants
        .iter()
        .find(|id| **id != dm.sender)
        .cloned()
        .unwrap_or_default();
    let mut data = json!({
        "text": dm.text,
        "entities": { "hashtags": [], "symbols": [], "user_mentions": [], "urls": [] },
    });
    let medium = dm.media.and_then(|id| state.media.get(&id));
    if let (Some(medium), Some(members)) = (medium, data.as_object_mut()) {
        let address = super::dms::address(x, dm.id, medium.id);
        members.insert(
            "attachment".to_owned(),
            json!({ "type": "media", "media": {
            "id": medium.id, "id_str": medium.id.to_string(), "type": medium.kind.word(),
            "media_url": address, "media_url_https": address,
        } }),
        );
    }
    let events = json!([{
        "type": "message_create", "id": dm.id.to_string(), "created_timestamp": dm.created_ms.to_string(),
        "message_create": { "target": { "recipient_id": recipient }, "sender_id": dm.sender, "message_data": data },
    }]);
    Happening {
        kind: if &dm.sender == company {
            "dm.sent"
        } else {
            "dm.received"
        },
        payload: json!({ "direct_message_events": events, "users": users(x, state, &participants) }),
        includes: Value::Null,
        legacy: json!({ "direct_message_events": events, "users": legacy_users(state, &participants) }),
        at_ms: dm.created_ms,
    }
}

/// Somebody wrote to the company in an encrypted chat (`ChatMessageEvent` of the API v2). The older form
/// has no such event.
pub(crate) fn encrypted_chat(x: &X, who: &str) -> Happening {
    let now = x.world.clock.now_ms();
    let id = uuid::Uuid::now_v7();
    Happening {
        kind: "chat.received",
        payload: json!({
            "id": id.simple().to_string(), "sender_id": who,
            "conversation_id": format!("{who}:{}", x.options.user_id),
            "created_at_msec": now.to_string(),
            // Only X's own programs can read it.
            "encoded_event": STANDARD.encode(id.as_bytes()),
        }),
        includes: Value::Null,
        legacy: Value::Null,
        at_ms: now,
    }
}

/// A customer is typing, or has read up to a message.
pub(crate) fn signal(x: &X, state: &State, who: &str, read_up_to: Option<u64>) -> Happening {
    let now = x.world.clock.now_ms();
    let company = &x.options.user_id;
    let mut event = json!({
        "created_timestamp": now.to_string(), "sender_id": who, "target": { "recipient_id": company },
    });
    if let (Some(id), Some(members)) = (read_up_to, event.as_object_mut()) {
        members.insert("last_read_event_id".to_owned(), json!(id.to_string()));
    }
    let (kind, list) = match read_up_to {
        Some(_) => ("dm.read", "direct_message_mark_read_events"),
        None => (
            "dm.indicate_typing",
            "direct_message_indicate_typing_events",
        ),
    };
    let both = [who.to_owned(), company.clone()];
    Happening {
        kind,
        payload: json!({ list: [event], "users": users(x, state, &both) }),
        includes: Value::Null,
        legacy: json!({ list: [event], "users": legacy_users(state, &both) }),
        at_ms: now,
    }
}

fn users(x: &X, state: &State, ids: &[String]) -> Value {
    let shown: Map<String, Value> = ids
        .iter()
        .filter_map(|id| state.users.get(id))
        .map(|user| {
            (
                user.id.clone(),
                json!({ "data": user_json(x, state, user, None) }),
            )
        })
        .collect();
    Value::Object(shown)
}

fn legacy_users(state: &State, ids: &[String]) -> Value {
    let shown: Map<String, Value> = ids
        .iter()
        .filter_map(|id| state.users.get(id))
        .map(|user| (user.id.clone(), legacy_user(user)))
        .collect();
    Value::Object(shown)
}

fn legacy_user(user: &User) -> Value {
    json!({
        "id": user.id, "id_str": user.id, "name": user.name, "screen_name": user.username,
        "description": user.description, "protected": false, "verified": false,
        "created_timestamp": user.created_ms.to_string(),
        "profile_image_url_https": user.picture,
    })
}

fn legacy_time(ms: i64) -> String {
    timestamp(ms)
        .strftime("%a %b %d %H:%M:%S +0000 %Y")
        .to_string()
}

/// A post in the older form: a long one is cut to 140 and whole in `extended_tweet`.
fn legacy_post(state: &State, post: &Post) -> Value {
    let long = post.text.chars().count() > 140;
    let cut: String = if long {
        post.text
            .chars()
            .take(139)
            .chain(std::iter::once('\u{2026}'))
            .collect()
    } else {
        post.text.clone()
    };
    let parent = post.reply_to.and_then(|id| state.posts.get(&id));
    let entities = |text: &str| {
        let found = text::entities(text, |name| {
            state.user_by_name(name).map(|user| user.id.clone())
        })
        .unwrap_or_default();
        let list = |name: &str| {
            found
                .get(name)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let indices = |one: &Value| json!([one.get("start"), one.get("end")]);
        let mentions: Vec<Value> = list("mentions").iter().map(|one| json!({ "screen_name": one.get("username"), "id_str": one.get("id"), "indices": indices(one) })).collect();
        let tags: Vec<Value> = list("hashtags")
            .iter()
            .map(|one| json!({ "text": one.get("tag"), "indices": indices(one) }))
            .collect();
        json!({ "user_mentions": mentions, "hashtags": tags, "urls": [], "symbols": [] })
    };
    let mut shown = json!({
        "id": post.id, "id_str": post.id.to_string(), "text": text::escaped(&cut), "truncated": long,
        "created_at": legacy_time(post.created_ms), "timestamp_ms": post.created_ms.to_string(),
        "user": state.users.get(&post.author).map(legacy_user),
        "in_reply_to_status_id_str": parent.map(|parent| parent.id.to_string()),
        "in_reply_to_user_id_str": parent.map(|parent| parent.author.clone()),
        "is_quote_status": post.quotes.is_some(), "entities": entities(&cut),
    });
    if let Value::Object(members) = &mut shown {
        if long {
            members.insert("extended_tweet".to_owned(), json!({
                "full_text": text::escaped(&post.text), "display_text_range": [0, post.text.chars().count()], "entities": entities(&post.text),
            }));
        }
        for (name, id) in [
            ("quoted_status", post.quotes),
            ("retweeted_status", post.reposts),
        ] {
            if let Some(other) = id.and_then(|id| state.posts.get(&id)) {
                members.insert(name.to_owned(), legacy_post(state, other));
            }
        }
    }
    shown
}

/// A profile changed.
pub(crate) fn profile(kind: &'static str, before: &str, after: &str, at_ms: i64) -> Happening {
    Happening {
        kind,
        payload: json!({ "before": before, "after": after }),
        includes: Value::Null,
        legacy: Value::Null,
        at_ms,
    }
}

/// The body of the X Activity API for one subscription.
pub(crate) fn envelope(
    happening: &Happening,
    user_id: &str,
    tag: Option<&str>,
    uuid: i64,
) -> Value {
    let mut data = json!({
        "event_uuid": uuid.to_string(), "filter": { "user_id": user_id },
        "event_type": happening.kind, "payload": happening.payload,
    });
    if let Value::Object(members) = &mut data {
        if let Some(tag) = tag {
            members.insert("tag".to_owned(), json!(tag));
        }
        if !happening.includes.is_null() {
            members.insert("includes".to_owned(), happening.includes.clone());
        }
    }
    json!({ "data": data })
}

/// When a webhook's events happened, for replays: `yyyymmddhhmm`.
pub(crate) fn minute(ms: i64) -> String {
    time(ms)
        .chars()
        .filter(char::is_ascii_digit)
        .take(12)
        .collect()
}
