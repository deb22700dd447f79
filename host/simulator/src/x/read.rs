//! Posts and users as the API shows them, with the fields and expansions that were asked for.

use std::collections::BTreeMap;

use linecard_text::x_weighted;
use serde_json::{Map, Value, json};

use super::X;
use super::api::Call;
use super::errors::{XError, missing};
use super::state::{Post, State, User};
use super::text;
use crate::clock::timestamp;
use crate::customers::Reachability;

/// A time as the API writes it.
pub(crate) fn time(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A user with all that is asked for; `None` for everything.
pub(crate) fn user_json(x: &X, state: &State, user: &User, fields: Option<&[&str]>) -> Value {
    let wants = |name: &str| fields.is_none_or(|fields| fields.contains(&name));
    let mut shown = json!({ "id": user.id, "name": user.name, "username": user.username });
    let mut put = |name: &str, value: Value| {
        if wants(name)
            && let Value::Object(members) = &mut shown
        {
            members.insert(name.to_owned(), value);
        }
    };
    put("created_at", json!(time(user.created_ms)));
    put("description", json!(user.description));
    put("protected", json!(false));
    put("verified", json!(false));
    if let Some(picture) = &user.picture {
        put("profile_image_url", json!(picture));
    }
    let count = |found: usize| json!(found);
    let followers = state
        .follows
        .iter()
        .filter(|(_, who)| *who == user.id)
        .count();
    let following = state
        .follows
        .iter()
        .filter(|(who, _)| *who == user.id)
        .count();
    let posts = state
        .posts
        .values()
        .filter(|post| post.author == user.id && !post.gone);
    let posts = posts.count();
    put(
        "public_metrics",
        json!({
            "followers_count": count(followers), "following_count": count(following),
            "tweet_count": posts, "post_count": posts, "listed_count": 0, "like_count": 0, "media_count": 0,
        }),
    );
    if fields.is_some() {
        let reachable = x
            .world
            .customers
            .look(&user.id, |one| one.reachability)
            .is_none_or(|reachability| reachability == Reachability::Available);
        put("receives_your_dm", json!(reachable));
        let company = &x.options.user_id;
        let pair =
            |one: &str, other: &str| state.follows.contains(&(one.to_owned(), other.to_owned()));
        let mut status = Vec::new();
        if pair(&user.id, company) {
            status.push("followed_by");
        }
        if pair(company, &user.id) {
            status.push("following");
        }
        if !status.is_empty() {
            put("connection_status", json!(status));
        }
    }
    shown
}

/// A post with all that is asked for; `None` for everything.
pub(crate) fn post_json(state: &State, post: &Post, fields: Option<&[&str]>) -> Value {
    let history: Vec<String> = post.history.iter().map(u64::to_string).collect();
    // A long post is cut in `text` and whole in `note_tweet`.
    let long = x_weighted(text::past_leading_mentions(&post.text)) > text::POST_LIMIT;
    let cut: String = if long {
        post.text
            .chars()
            .take(279)
            .chain(std::iter::once('\u{2026}'))
            .collect()
    } else {
        post.text.clone()
    };
    let mut shown = json!({ "id": post.id.to_string(), "text": text::escaped(&cut), "edit_history_tweet_ids": history });
    let mut put = |name: &str, value: Value| {
        if fields.is_none_or(|fields| fields.contains(&name))
            && let Value::Object(members) = &mut shown
        {
            members.insert(name.to_owned(), value);
        }
    };
    put("author_id", json!(post.author));
    put("conversation_id", json!(post.conversation.to_string()));
    put("created_at", json!(time(post.created_ms)));
    put("lang", json!("und"));
    put("reply_settings", json!("everyone"));
    put("possibly_sensitive", json!(false));
    let parent = post.reply_to.and_then(|id| state.posts.get(&id));
    if let Some(parent) = parent {
        put("in_reply_to_user_id", json!(parent.author));
    }
    let referenced: Vec<Value> = references(post)
        .map(|(kind, id)| json!({ "type": kind, "id": id.to_string() }))
        .collect();
    if !referenced.is_empty() {
        put("referenced_tweets", json!(referenced));
    }
    let id_of = |name: &str| state.user_by_name(name).map(|user| user.id.clone());
    if let Some(entities) = text::entities(&cut, id_of) {
        put("entities", entities);
    }
    if long {
        let mut note = json!({ "text": text::escaped(&post.text) });
        if let (Some(entities), Some(members)) =
            (text::entities(&post.text, id_of), note.as_object_mut())
        {
            members.insert("entities".to_owned(), entities);
        }
        put("note_tweet", note);
    }
    let keys: Vec<String> = post
        .media
        .iter()
        .filter_map(|id| state.media.get(id))
        .map(super::state::Medium::key)
        .collect();
    if !keys.is_empty() {
        put("attachments", json!({ "media_keys": keys }));
    }
    let count = |found: &dyn Fn(&Post) -> bool| {
        state
            .posts
            .values()
            .filter(|other| !other.gone && found(other))
            .count()
    };
    put(
        "public_metrics",
        json!({
            "retweet_count": count(&|other| other.reposts == Some(post.id)),
            "reply_count": count(&|other| other.reply_to == Some(post.id)),
            "like_count": post.likes.len(),
            "quote_count": count(&|other| other.quotes == Some(post.id)),
            "bookmark_count": 0, "impression_count": 0,
        }),
    );
    put(
        "edit_controls",
        json!({
            "edits_remaining": 5_usize.saturating_sub(post.history.len() - 1),
            "is_edit_eligible": post.reply_to.is_none(),
            "editable_until": time(post.created_ms + 60 * 60 * 1000),
        }),
    );
    shown
}

/// What a post refers to, with the network's words.
pub(crate) fn references(post: &Post) -> impl Iterator<Item = (&'static str, u64)> {
    [
        ("replied_to", post.reply_to),
        ("quoted", post.quotes),
        ("retweeted", post.reposts),
    ]
    .into_iter()
    .filter_map(|(kind, id)| id.map(|id| (kind, id)))
}

/// A medium as `includes.media` shows it.
pub(crate) fn medium_json(x: &X, medium: &super::state::Medium, fields: Option<&[&str]>) -> Value {
    let mut shown = json!({ "media_key": medium.key(), "type": medium.kind.word() });
    let address = medium
        .path
        .as_ref()
        .map(|path| format!("{}{path}", x.base_url()));
    // Only photos have an address of their own; the others show a still.
    let name = if medium.kind == super::state::Kind::Photo {
        "url"
    } else {
        "preview_image_url"
    };
    if let (Some(address), Value::Object(members)) = (address, &mut shown)
        && fields.is_none_or(|fields| fields.contains(&name))
    {
        members.insert(name.to_owned(), json!(address));
    }
    shown
}

/// The `includes` of some posts.
fn includes(
    x: &X,
    state: &State,
    found: &[&Post],
    call: &Call,
    errors: &mut Vec<Value>,
) -> Map<String, Value> {
    let expansions = call.list("expansions");
    let (users, posts, media) = (
        call.list("user.fields"),
        call.list("tweet.fields"),
        call.list("media.fields"),
    );
    let mut shown_users = BTreeMap::new();
    let mut shown_posts = BTreeMap::new();
    let mut shown_media = BTreeMap::new();
    let mut add_user = |id: &str| {
        if let Some(user) = state.users.get(id) {
            shown_users.insert(id.to_owned(), user_json(x, state, user, Some(&users)));
        }
    };
    for post in found {
        if expansions.contains(&"author_id") {
            add_user(&post.author);
        }
        if expansions.contains(&"in_reply_to_user_id")
            && let Some(parent) = post.reply_to.and_then(|id| state.posts.get(&id))
        {
            add_user(&parent.author);
        }
        if expansions.contains(&"entities.mentions.username") {
            for name in text::mentions(&post.text) {
                if let Some(user) = state.user_by_name(&name) {
                    add_user(&user.id);
                }
            }
        }
        if expansions
            .iter()
            .any(|one| one.starts_with("referenced_tweets.id"))
        {
            for (_, id) in references(post) {
                match state.post(id) {
                    Some(other) => {
                        shown_posts.insert(id, post_json(state, other, Some(&posts)));
                        if expansions.contains(&"referenced_tweets.id.author_id") {
                            add_user(&other.author);
                        }
                    }
                    None => errors.push(missing("tweet", "referenced_tweets.id", &id.to_string())),
                }
            }
        }
        if expansions.contains(&"attachments.media_keys") {
            for medium in post.media.iter().filter_map(|id| state.media.get(id)) {
                shown_media.insert(medium.id, medium_json(x, medium, Some(&media)));
            }
        }
    }
    let mut includes = Map::new();
    for (name, list) in [
        ("users", shown_users.into_values().collect::<Vec<_>>()),
        ("tweets", shown_posts.into_values().collect()),
        ("media", shown_media.into_values().collect()),
    ] {
        if !list.is_empty() {
            includes.insert(name.to_owned(), Value::Array(list));
        }
    }
    includes
}

/// An answer with a list of posts; with none of them there is no `data`.
pub(crate) fn list(
    x: &X,
    state: &State,
    found: &[&Post],
    call: &Call,
    mut errors: Vec<Value>,
) -> Map<String, Value> {
    let mut fields = call.list("tweet.fields");
    // What is expanded is named, too.
    let expanded = call.list("expansions");
    fields.extend(expanded.iter().filter_map(|name| name.split('.').next()));
    let mut answer = Map::new();
    let shown: Vec<Value> = found
        .iter()
        .map(|post| post_json(state, post, Some(&fields)))
        .collect();
    if !shown.is_empty() {
        answer.insert("data".to_owned(), Value::Array(shown));
    }
    let includes = includes(x, state, found, call, &mut errors);
    if !includes.is_empty() {
        answer.insert("includes".to_owned(), Value::Object(includes));
    }
    if !errors.is_empty() {
        answer.insert("errors".to_owned(), Value::Array(errors));
    }
    answer
}

/// A post's id from a path or parameter.
pub(crate) fn id_of(parameter: &str, text: &str) -> Result<u64, XError> {
    let digits = (1..=19).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
    match text.parse() {
        Ok(id) if digits => Ok(id),
        _ => Err(XError::invalid(
            parameter,
            text,
            format!("The `{parameter}` query parameter value [{text}] is not valid"),
        )),
    }
}

/// `GET /2/tweets/:id`.
pub(crate) fn post(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    let number = id_of("id", id)?;
    let state = x.state();
    // What is not there is told in a 200.
    let Some(post) = state.post(number) else {
        return Ok(json!({ "errors": [missing("tweet", "id", id)] }));
    };
    let mut answer = list(x, &state, &[post], call, Vec::new());
    let one = answer
        .get_mut("data")
        .and_then(Value::as_array_mut)
        .and_then(Vec::pop);
    answer.insert("data".to_owned(), one.unwrap_or_default());
    Ok(Value::Object(answer))
}

/// `GET /2/tweets?ids=`.
pub(crate) fn posts(x: &X, call: &Call) -> Result<Value, XError> {
    let ids = call.list("ids");
    if ids.is_empty() || ids.len() > 100 {
        return Err(XError::invalid(
            "ids",
            &ids.join(","),
            "size must be between 1 and 100",
        ));
    }
    let state = x.state();
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for id in ids {
        match state.post(id_of("ids", id)?) {
            Some(post) => found.push(post),
            None => errors.push(missing("tweet", "ids", id)),
        }
    }
    Ok(Value::Object(list(x, &state, &found, call, errors)))
}

/// `GET /2/users/:id` and `/2/users/me`.
pub(crate) fn user(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    id_of("id", id)?;
    let state = x.state();
    Ok(match state.users.get(id) {
        Some(user) => {
            json!({ "data": user_json(x, &state, user, Some(&call.list("user.fields"))) })
        }
        None => json!({ "errors": [missing("user", "id", id)] }),
    })
}

/// `GET /2/users/by/username/:username`.
pub(crate) fn user_by_name(x: &X, name: &str, call: &Call) -> Result<Value, XError> {
    let right = (1..=15).contains(&name.len())
        && name
            .bytes()
            .all(|one| one.is_ascii_alphanumeric() || one == b'_');
    if !right {
        return Err(XError::invalid(
            "username",
            name,
            format!(
                "The `username` query parameter value [{name}] does not match ^[A-Za-z0-9_]{{1,15}}$"
            ),
        ));
    }
    let state = x.state();
    Ok(match state.user_by_name(name) {
        Some(user) => {
            json!({ "data": user_json(x, &state, user, Some(&call.list("user.fields"))) })
        }
        None => json!({ "errors": [missing("user", "username", name)] }),
    })
}

/// `GET /2/users?ids=` and `/2/users/by?usernames=`.
pub(crate) fn users(x: &X, parameter: &str, call: &Call) -> Result<Value, XError> {
    let wanted = call.list(parameter);
    if wanted.is_empty() || wanted.len() > 100 {
        return Err(XError::invalid(
            parameter,
            &wanted.join(","),
            "size must be between 1 and 100",
        ));
    }
    let fields = call.list("user.fields");
    let state = x.state();
    let mut data = Vec::new();
    let mut errors = Vec::new();
    for one in wanted {
        let found = match parameter {
            "ids" => state.users.get(one),
            _ => state.user_by_name(one),
        };
        match found {
            Some(user) => data.push(user_json(x, &state, user, Some(&fields))),
            None => errors.push(missing("user", parameter, one)),
        }
    }
    let mut answer = Map::new();
    for (name, list) in [("data", data), ("errors", errors)] {
        if !list.is_empty() {
            answer.insert(name.to_owned(), Value::Array(list));
        }
    }
    Ok(Value::Object(answer))
}
