//! Direct messages: sending, reading, and the media in them.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::X;
use super::activity;
use super::api::{Call, only};
use super::errors::{XError, missing};
use super::read::{id_of, medium_json, time, user_json};
use super::state::{DirectMessage, State, conversation_of};
use super::text::DM_LIMIT;
use super::timeline::{page, size, token};
use crate::customers::{Author, Reachability, Turn};

/// How long direct messages can be read.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// `POST /2/dm_conversations/with/:participant_id/messages`.
pub(crate) fn to_person(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    id_of("participant_id", id)?;
    if !x.state().users.contains_key(id) {
        return Err(XError::not_found("user", "participant_id", id));
    }
    let message = call.json(&["text", "attachments"])?;
    send(x, &conversation_of(&x.options.user_id, id), &message)
}

/// `POST /2/dm_conversations/:id/messages`.
pub(crate) fn to_conversation(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    let mine = x
        .state()
        .participants(id)
        .is_some_and(|all| all.contains(&x.options.user_id));
    if !mine {
        return Err(XError::forbidden(
            "You are not a participant of this conversation.",
        ));
    }
    let message = call.json(&["text", "attachments"])?;
    send(x, id, &message)
}

/// `POST /2/dm_conversations`: a new group.
pub(crate) fn group(x: &X, call: &Call) -> Result<Value, XError> {
    let body = call.json(&["conversation_type", "participant_ids", "message"])?;
    if body.get("conversation_type").and_then(Value::as_str) != Some("Group") {
        return Err(XError::invalid(
            "conversation_type",
            "",
            "$.conversation_type: does not have a value in the enumeration [Group]",
        ));
    }
    let mut all: Vec<String> = body
        .get("participant_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if !(2..=49).contains(&all.len()) {
        return Err(XError::invalid(
            "participant_ids",
            "",
            "$.participant_ids: there must be between 2 and 49 items in the array",
        ));
    }
    let message = body.get("message").cloned().unwrap_or_default();
    only(&message, &["text", "attachments"])?;
    let conversation = {
        let mut state = x.state();
        if let Some(unknown) = all.iter().find(|id| !state.users.contains_key(*id)) {
            return Err(XError::not_found("user", "participant_ids", unknown));
        }
        let id = state.new_id(x.world.clock.now_ms()).to_string();
        all.push(x.options.user_id.clone());
        state.groups.insert(id.clone(), all);
        id
    };
    send(x, &conversation, &message)
}

fn send(x: &X, conversation: &str, message: &Value) -> Result<Value, XError> {
    let text = match message.get("text") {
        None => "",
        Some(Value::String(text)) if !text.is_empty() => text,
        Some(other) => {
            return Err(XError::invalid(
                "text",
                &other.to_string(),
                "$.text: must be at least 1 characters long",
            ));
        }
    };
    if text.chars().count() > DM_LIMIT {
        return Err(XError::invalid(
            "text",
            "",
            format!("$.text: must be at most {DM_LIMIT} characters long"),
        ));
    }
    let now = x.world.clock.now_ms();
    let mut state = x.state();
    let media = match message
        .get("attachments")
        .map(|list| list.as_array().map(Vec::as_slice))
    {
        None => None,
        Some(Some([one])) => {
            only(one, &["media_id"])?;
            Some(super::posts::ready(
                &state,
                one.get("media_id").unwrap_or(&Value::Null),
                "dm_",
                now,
            )?)
        }
        Some(_) => {
            return Err(XError::invalid(
                "attachments",
                "",
                "$.attachments: there must be exactly 1 item in the array",
            ));
        }
    };
    if text.is_empty() && media.is_none() {
        return Err(XError::invalid(
            "text",
            "",
            "$.text: is missing but it is required",
        ));
    }
    let company = &x.options.user_id;
    let others: Vec<String> = state
        .participants(conversation)
        .unwrap_or_default()
        .into_iter()
        .filter(|id| id != company)
        .collect();
    let reachable = |id: &String| {
        x.world
            .customers
            .look(id, |one| one.reachability == Reachability::Available)
            .unwrap_or(true)
    };
    if !others.iter().all(reachable) {
        return Err(XError::dm_not_permitted());
    }
    let dm = place(&mut state, conversation, company, text, media, now);
    let happening = activity::direct_message(x, &state, &dm);
    drop(state);
    for other in others {
        x.world.customers.change(&other, |customer| {
            let mut turn = Turn::new(dm.id.to_string(), Author::Hub, now);
            text.clone_into(&mut turn.text);
            turn.attachments = media
                .iter()
                .map(|id| json!({ "media_id": id.to_string() }))
                .collect();
            // X knows no reference of the sender; the same words again are what a customer notices.
            turn.reference = Some(format!("{conversation}:{text}:{media:?}"));
            customer.conversation.push(turn);
        });
    }
    x.tell(vec![happening]);
    Ok(json!({ "data": { "dm_conversation_id": conversation, "dm_event_id": dm.id.to_string() } }))
}

/// Puts a message in its place.
pub(crate) fn place(
    state: &mut State,
    conversation: &str,
    sender: &str,
    text: &str,
    media: Option<u64>,
    now: i64,
) -> DirectMessage {
    let id = state.new_id(now);
    let dm = DirectMessage {
        id,
        conversation: conversation.to_owned(),
        sender: sender.to_owned(),
        text: text.to_owned(),
        media,
        created_ms: now,
    };
    state.dms.insert(id, dm.clone());
    dm
}

/// `GET /2/dm_events` and the like: newest first, of the last 30 days.
pub(crate) fn events(x: &X, conversation: Option<&str>, call: &Call) -> Result<Value, XError> {
    let size = size(call, 1..=100, 100)?;
    let until = page(call)?;
    let fields = call.list("dm_event.fields");
    let expansions = call.list("expansions");
    let types = call.list("event_types");
    let state = x.state();
    let company = &x.options.user_id;
    let oldest = x.world.clock.now_ms() - KEPT_MS;
    let mut found: Vec<&DirectMessage> = state
        .dms
        .range(..until)
        .rev()
        .map(|(_, dm)| dm)
        .filter(|dm| {
            dm.created_ms >= oldest && conversation.is_none_or(|wanted| wanted == dm.conversation)
        })
        .filter(|_| types.is_empty() || types.contains(&"MessageCreate"))
        .filter(|dm| {
            state
                .participants(&dm.conversation)
                .is_some_and(|all| all.contains(company))
        })
        .take(size + 1)
        .collect();
    let more = found.len() > size;
    found.truncate(size);
    let shown: Vec<Value> = found.iter().map(|dm| event(&state, dm, &fields)).collect();
    let mut meta = json!({ "result_count": shown.len() });
    if let (true, Some(last), Value::Object(members)) = (more, found.last(), &mut meta) {
        members.insert("next_token".to_owned(), json!(token(last.id)));
    }
    let mut includes = Map::new();
    let mut senders: Vec<&str> = found.iter().map(|dm| dm.sender.as_str()).collect();
    senders.sort_unstable();
    senders.dedup();
    let wanted = call.list("user.fields");
    let users: Vec<Value> = senders
        .iter()
        .filter_map(|id| state.users.get(*id))
        .map(|user| user_json(x, &state, user, Some(&wanted)))
        .collect();
    if expansions.contains(&"sender_id") && !users.is_empty() {
        includes.insert("users".to_owned(), json!(users));
    }
    let wanted = call.list("media.fields");
    let media: Vec<Value> = found
        .iter()
        .filter_map(|dm| Some((dm, state.media.get(&dm.media?)?)))
        .map(|(dm, medium)| {
            let mut shown = medium_json(x, medium, Some(&wanted));
            for name in ["url", "preview_image_url"] {
                if let Some(shown) = shown.get_mut(name) {
                    *shown = json!(address(x, dm.id, medium.id));
                }
            }
            shown
        })
        .collect();
    if expansions.contains(&"attachments.media_keys") && !media.is_empty() {
        includes.insert("media".to_owned(), json!(media));
    }
    let mut answer = json!({ "meta": meta });
    if let Value::Object(members) = &mut answer {
        if !shown.is_empty() {
            members.insert("data".to_owned(), json!(shown));
        }
        if !includes.is_empty() {
            members.insert("includes".to_owned(), Value::Object(includes));
        }
    }
    Ok(answer)
}

/// `GET /2/dm_events/:event_id`.
pub(crate) fn event_by_id(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    let number = id_of("event_id", id)?;
    let state = x.state();
    Ok(match state.dms.get(&number) {
        Some(dm) => json!({ "data": event(&state, dm, &call.list("dm_event.fields")) }),
        None => json!({ "errors": [missing("dm_event", "event_id", id)] }),
    })
}

fn event(state: &State, dm: &DirectMessage, fields: &[&str]) -> Value {
    let mut shown =
        json!({ "id": dm.id.to_string(), "event_type": "MessageCreate", "text": dm.text });
    let mut put = |name: &str, value: Value| {
        if fields.contains(&name)
            && let Value::Object(members) = &mut shown
        {
            members.insert(name.to_owned(), value);
        }
    };
    put("dm_conversation_id", json!(dm.conversation));
    put("created_at", json!(time(dm.created_ms)));
    put("sender_id", json!(dm.sender));
    if let Some(medium) = dm.media.and_then(|id| state.media.get(&id)) {
        put("attachments", json!({ "media_keys": [medium.key()] }));
    }
    shown
}

/// Where the medium of a message can be had, with the account's authentication.
pub(crate) fn address(x: &X, dm: u64, medium: u64) -> String {
    format!(
        "{}/2/dm_conversations/media/{dm}/{medium}/{medium}",
        x.base_url()
    )
}

/// `GET /2/dm_conversations/media/:dm_id/:media_id/:resource_id`.
pub(crate) fn download(x: &X, id: &str) -> Result<Response, XError> {
    let number = id_of("media_id", id)?;
    let path = x
        .state()
        .media
        .get(&number)
        .and_then(|medium| medium.path.clone());
    match path
        .as_deref()
        .and_then(|path| path.strip_prefix("/media/"))
    {
        Some(file) => Ok(x.media.answer(file)),
        None => Err(XError::not_found("media", "media_id", id)),
    }
}
