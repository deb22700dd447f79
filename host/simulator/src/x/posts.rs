//! Posts that the hub writes, edits, deletes and hides.

use std::collections::BTreeSet;

use linecard_text::x_weighted;
use serde_json::{Value, json};

use super::X;
use super::activity;
use super::api::{Call, only};
use super::errors::XError;
use super::read::id_of;
use super::state::{Kind, Post, State};
use super::text::{LONG_POST_LIMIT, POST_LIMIT, mentions, past_leading_mentions};
use crate::customers::{Author, Turn};

/// How long the same text counts as a duplicate.
const DUPLICATE_MS: i64 = 24 * 60 * 60 * 1000;

/// A post that somebody wants to write.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) reply_to: Option<u64>,
    pub(crate) quotes: Option<u64>,
    pub(crate) media: Vec<u64>,
    pub(crate) edits: Option<u64>,
}

/// Puts a post in its place; what it refers to was looked at before.
pub(crate) fn place(state: &mut State, author: &str, draft: Draft, now_ms: i64) -> Post {
    let id = state.new_id(now_ms);
    let earlier = draft
        .edits
        .and_then(|edited| state.posts.get_mut(&edited))
        .map(|old| {
            old.gone = true;
            old.clone()
        });
    let reply_to = draft
        .reply_to
        .or(earlier.as_ref().and_then(|old| old.reply_to));
    let conversation = earlier
        .as_ref()
        .map(|old| old.conversation)
        .or_else(|| {
            reply_to
                .and_then(|parent| state.posts.get(&parent))
                .map(|parent| parent.conversation)
        })
        .unwrap_or(id);
    let mut history = earlier.map(|old| old.history).unwrap_or_default();
    history.push(id);
    let post = Post {
        id,
        author: author.to_owned(),
        text: draft.text,
        created_ms: now_ms,
        conversation,
        reply_to,
        quotes: draft.quotes,
        reposts: None,
        media: draft.media,
        history,
        gone: false,
        hidden: false,
        likes: BTreeSet::new(),
    };
    state.posts.insert(id, post.clone());
    post
}

fn text_of(body: &Value) -> Result<String, XError> {
    match body.get("text") {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(XError::invalid(
            "text",
            &other.to_string(),
            "$.text: is not a string",
        )),
    }
}

pub(super) fn id_in(body: &Value, pointer: &str) -> Result<Option<u64>, XError> {
    match body.pointer(pointer) {
        None => Ok(None),
        Some(Value::String(id)) => id_of(pointer.trim_start_matches('/'), id).map(Some),
        Some(other) => Err(XError::invalid(
            pointer,
            &other.to_string(),
            format!("${}: is not a string", pointer.replace('/', ".")),
        )),
    }
}

/// `POST /2/tweets`.
pub(crate) fn create(x: &X, call: &Call) -> Result<Value, XError> {
    let body = call.json(&[
        "text",
        "reply",
        "quote_tweet_id",
        "media",
        "edit_options",
        "reply_settings",
        "nullcast",
        "for_super_followers_only",
        "made_with_ai",
        "paid_partnership",
    ])?;
    if let Some(reply) = body.get("reply") {
        only(
            reply,
            &[
                "in_reply_to_tweet_id",
                "exclude_reply_user_ids",
                "auto_populate_reply_metadata",
            ],
        )?;
    }
    if let Some(media) = body.get("media") {
        only(media, &["media_ids", "tagged_user_ids"])?;
    }
    if let Some(edit) = body.get("edit_options") {
        only(edit, &["previous_post_id"])?;
    }
    let rules = x.rules();
    let mut draft = Draft {
        text: text_of(&body)?,
        reply_to: id_in(&body, "/reply/in_reply_to_tweet_id")?,
        quotes: id_in(&body, "/quote_tweet_id")?,
        edits: id_in(&body, "/edit_options/previous_post_id")?,
        media: Vec::new(),
    };
    if body.get("reply").is_some() && draft.reply_to.is_none() {
        return Err(XError::invalid(
            "reply",
            "",
            "$.reply.in_reply_to_tweet_id: is missing but it is required",
        ));
    }
    if rules.enterprise_only && draft.quotes.is_some() {
        return Err(XError::not_enrolled());
    }
    let now = x.world.clock.now_ms();
    let company = &x.options.user_id;
    let mut state = x.state();
    if body.get("media").is_some() {
        draft.media = media_of(&state, &body, "tweet_", now)?;
        if draft.quotes.is_some() {
            return Err(XError::invalid(
                "media",
                "",
                "media and quote_tweet_id are mutually exclusive",
            ));
        }
    }
    if draft.text.is_empty() && draft.media.is_empty() {
        return Err(XError::invalid("text", "", "Your Tweet text is missing"));
    }
    let counted = if draft.reply_to.is_some() {
        past_leading_mentions(&draft.text)
    } else {
        &draft.text
    };
    let fits = if rules.long_posts {
        counted.chars().count() <= LONG_POST_LIMIT
    } else {
        x_weighted(counted) <= POST_LIMIT
    };
    if !fits {
        return Err(XError::forbidden(
            "Your Tweet text is too long. For more information see: https://help.twitter.com/en/using-twitter/how-to-tweet#tweet-limit",
        ));
    }
    let same = state.posts.values().any(|post| {
        &post.author == company
            && !post.gone
            && post.reposts.is_none()
            && post.media.is_empty()
            && draft.media.is_empty()
            && post.text == draft.text
            && post.reply_to == draft.reply_to
            && post.quotes == draft.quotes
            && now - post.created_ms < DUPLICATE_MS
    });
    if same {
        return Err(XError::duplicate());
    }
    for referred in [draft.reply_to, draft.quotes].into_iter().flatten() {
        let Some(other) = state.post(referred) else {
            return Err(XError::forbidden(
                "You attempted to reply to a Tweet that is deleted or not visible to you.",
            ));
        };
        let summoned = &other.author == company
            || mentions(&other.text)
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&x.options.username))
            || other
                .quotes
                .and_then(|id| state.posts.get(&id))
                .is_some_and(|quoted| &quoted.author == company);
        if rules.summoned_replies && !summoned {
            return Err(XError::not_summoned());
        }
    }
    if let Some(edited) = draft.edits {
        let mine = state.post(edited).filter(|old| &old.author == company);
        let editable = mine
            .is_some_and(|old| old.history.len() <= 5 && now - old.created_ms <= 60 * 60 * 1000);
        if !editable {
            return Err(XError::forbidden("This Tweet cannot be edited."));
        }
    }
    let edited = draft.edits;
    let post = place(&mut state, company, draft, now);
    let happenings = activity::of_post(x, &state, &post);
    let shown = json!({ "data": {
        "id": post.id.to_string(), "text": post.text,
        "edit_history_tweet_ids": post.history.iter().map(u64::to_string).collect::<Vec<_>>(),
    } });
    let seen_by = audience(x, &state, &post);
    drop(state);
    for customer in seen_by {
        x.world.customers.change(&customer, |customer| {
            let old = edited.map(|id| id.to_string());
            if let Some(turn) = customer
                .conversation
                .iter_mut()
                .find(|turn| Some(&turn.message_id) == old.as_ref())
            {
                turn.text.clone_from(&post.text);
                turn.message_id = post.id.to_string();
                turn.edits += 1;
                return;
            }
            let mut turn = Turn::new(post.id.to_string(), Author::Hub, now);
            turn.text.clone_from(&post.text);
            turn.reply_to = post.reply_to.map(|id| id.to_string());
            turn.attachments = post
                .media
                .iter()
                .map(|id| json!({ "media_id": id.to_string() }))
                .collect();
            // The same words under the same post are a duplicate to whoever reads them.
            turn.reference = Some(format!("{}:{}", post.conversation, post.text));
            customer.conversation.push(turn);
        });
    }
    x.tell(happenings);
    Ok(shown)
}

/// The customers who see a post as meant for them.
fn audience(x: &X, state: &State, post: &Post) -> BTreeSet<String> {
    let referred = [post.reply_to, post.quotes].into_iter().flatten();
    let mut seen: BTreeSet<String> = referred
        .filter_map(|id| state.posts.get(&id))
        .map(|other| other.author.clone())
        .collect();
    seen.extend(
        mentions(&post.text)
            .iter()
            .filter_map(|name| state.user_by_name(name))
            .map(|user| user.id.clone()),
    );
    seen.remove(&x.options.user_id);
    seen
}

/// The media of a body; 4 photos, or 1 GIF, or 1 video, all of them ready.
pub(crate) fn media_of(
    state: &State,
    body: &Value,
    category: &str,
    now: i64,
) -> Result<Vec<u64>, XError> {
    let ids = body
        .pointer("/media/media_ids")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if ids.is_empty() || ids.len() > 4 {
        return Err(XError::invalid(
            "media.media_ids",
            "",
            "$.media.media_ids: there must be between 1 and 4 items in the array",
        ));
    }
    let mut media = Vec::new();
    let mut single = false;
    for id in &ids {
        let medium = ready(state, id, category, now)?;
        single |= state
            .media
            .get(&medium)
            .is_some_and(|found| found.kind != Kind::Photo);
        media.push(medium);
    }
    if single && media.len() > 1 {
        return Err(XError::invalid(
            "media.media_ids",
            "",
            "Tweets can have at most 4 photos, or 1 GIF, or 1 video",
        ));
    }
    Ok(media)
}

/// One medium that may be attached.
pub(crate) fn ready(state: &State, id: &Value, category: &str, now: i64) -> Result<u64, XError> {
    let text = id.as_str().unwrap_or_default();
    let found = text.parse().ok().and_then(|id: u64| state.media.get(&id));
    match found {
        Some(medium)
            if medium.finalized
                && medium.ready_ms <= now
                && medium.category.starts_with(category) =>
        {
            Ok(medium.id)
        }
        _ => Err(XError::invalid(
            "media.media_ids",
            text,
            "Your media IDs are invalid.",
        )),
    }
}

/// `DELETE /2/tweets/:id`.
pub(crate) fn delete(x: &X, id: &str) -> Result<Value, XError> {
    let number = id_of("id", id)?;
    let mut state = x.state();
    let company = x.options.user_id.clone();
    match state.post(number) {
        None => return Ok(json!({ "data": { "deleted": false } })),
        Some(post) if post.author != company => {
            return Err(XError::forbidden(
                "You are not authorized to delete this Tweet.",
            ));
        }
        Some(_) => {}
    }
    let seen_by = state
        .posts
        .get_mut(&number)
        .map(|post| {
            post.gone = true;
            post.clone()
        })
        .map(|post| audience(x, &state, &post))
        .unwrap_or_default();
    drop(state);
    for customer in seen_by {
        x.world.customers.change(&customer, |customer| {
            if let Some(turn) = customer
                .conversation
                .iter_mut()
                .find(|turn| turn.message_id == id)
            {
                turn.deleted = true;
            }
        });
    }
    x.tell(vec![activity::deletion(x, number, &company)]);
    Ok(json!({ "data": { "deleted": true } }))
}

/// `PUT /2/tweets/:id/hidden`: replies in the company's own conversations.
pub(crate) fn hide(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    let body = call.json(&["hidden"])?;
    let Some(hidden) = body.get("hidden").and_then(Value::as_bool) else {
        return Err(XError::invalid(
            "hidden",
            "",
            "$.hidden: is missing but it is required",
        ));
    };
    let number = id_of("tweet_id", id)?;
    let mut state = x.state();
    let root = state
        .post(number)
        .filter(|post| post.reply_to.is_some())
        .map(|post| post.conversation);
    let mine = root
        .and_then(|root| state.posts.get(&root))
        .is_some_and(|root| root.author == x.options.user_id);
    match state.posts.get_mut(&number) {
        Some(post) if mine => post.hidden = hidden,
        _ => {
            return Err(XError::forbidden(
                "You are not allowed to hide or unhide this reply.",
            ));
        }
    }
    Ok(json!({ "data": { "hidden": hidden } }))
}
