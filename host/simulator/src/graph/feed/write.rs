//! What the hub does in the feed: publishing, answering, liking, hiding, changing, deleting.

use std::sync::Arc;

use serde_json::{Value, json};

use super::act::{answered, show_answer};
use super::events::{self, Verb};
use super::{page, read};
use crate::customers::Author;
use crate::graph::api::Call;
use crate::graph::errors::GraphError;
use crate::graph::outbox::Lane;
use crate::graph::parameters::{Parameters, parameters};
use crate::graph::state::Graph;
use crate::graph::wall::{Draft, WallItem};

/// Characters of a comment, about what the network takes.
const COMMENT_LIMIT: usize = 8000;
/// Characters of a post.
const POST_LIMIT: usize = 63_206;
/// A post can be scheduled from 10 minutes to 30 days ahead.
const SCHEDULE_MS: std::ops::RangeInclusive<i64> = 600_000..=2_592_000_000;
/// How long the same post counts as a mistake.
const DUPLICATE_MS: i64 = 3_600_000;
/// Bytes of a picture or video that is sent along.
const FILE_LIMIT: usize = 25 * 1024 * 1024;

/// Tells of the hub's own deed, as the network does a moment later.
fn tell(graph: &Arc<Graph>, change: Value) {
    if graph.options.feed.own_events {
        graph.tell_later(Lane::Feed, change);
    }
}

fn draft(graph: &Graph, text: String, pictures: Vec<(String, bool)>) -> Draft {
    Draft {
        from: page(&graph.options),
        text,
        link: None,
        pictures,
        published: true,
        at_ms: graph.world.clock.now_ms(),
    }
}

fn within(name: &str, text: &str, limit: usize) -> Result<(), GraphError> {
    if text.chars().count() > limit {
        return Err(GraphError::parameter(format!(
            "Length of param {name} must be less than or equal to {limit}"
        )));
    }
    Ok(())
}

/// The address of the file that came along.
fn file_address(
    graph: &Graph,
    file: Option<(String, bytes::Bytes)>,
) -> Result<Option<String>, GraphError> {
    match file {
        None => Ok(None),
        Some((_, bytes)) if bytes.is_empty() || bytes.len() > FILE_LIMIT => Err(
            GraphError::parameter("The file must have between 1 byte and 25 MB"),
        ),
        Some((mime, bytes)) => Ok(Some(graph.keep_file(mime, bytes))),
    }
}

/// `POST /{post or comment}/comments`
pub(crate) async fn comment(
    graph: &Arc<Graph>,
    target: &WallItem,
    call: &Call,
) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let text = parameters.filled("message")?.unwrap_or_default();
    within("message", &text, COMMENT_LIMIT)?;
    let picture = comment_picture(graph, parameters)?;
    if text.is_empty() && picture.is_none() {
        return Err(GraphError::parameter(
            "One of the params message, attachment_id, attachment_url or source must be non-empty.",
        ));
    }
    let draft = draft(graph, text, picture.into_iter().collect());
    let item = graph
        .wall
        .comment(&target.id, draft)
        .ok_or_else(|| GraphError::no_such_object("post", &target.id))?;
    show_answer(graph, &item, Author::Hub);
    tell(graph, events::told(graph, &item, Verb::Add));
    answer_with_fields(graph, &item, call)
}

fn comment_picture(
    graph: &Graph,
    parameters: Parameters,
) -> Result<Option<(String, bool)>, GraphError> {
    let url = parameters.address("attachment_url")?;
    let gif = parameters.address("attachment_share_url")?;
    let id = parameters.filled("attachment_id")?;
    let file = file_address(graph, parameters.file)?;
    let by_id = match id {
        None => None,
        Some(id) => {
            let photo = graph.wall.get(&id).filter(WallItem::is_post);
            let known = photo.and_then(|post| post.pictures.first().cloned());
            let known = known
                .ok_or_else(|| GraphError::parameter(format!("Invalid attachment id: {id}")))?;
            Some((known.url, known.video))
        }
    };
    let mut given = url
        .into_iter()
        .chain(gif)
        .chain(file)
        .map(|url| (url, false))
        .chain(by_id);
    let first = given.next();
    if given.next().is_some() {
        return Err(GraphError::parameter(
            "Only one of the params attachment_id, attachment_share_url, attachment_url and source \
             can be specified",
        ));
    }
    Ok(first)
}

/// `{"id"}`, or the fields that the caller asked for along with the write.
fn answer_with_fields(graph: &Graph, item: &WallItem, call: &Call) -> Result<Value, GraphError> {
    if call.parameter("fields").is_some() {
        return read::object(graph, item, &call.parameters);
    }
    Ok(json!({ "id": item.id }))
}

/// `POST /{id}/likes` and `DELETE /{id}/likes`
pub(crate) fn like(graph: &Arc<Graph>, item: &WallItem, liked: bool) -> Value {
    let me = page(&graph.options);
    let mut changed = false;
    graph.wall.change(&item.id, |item| {
        changed = if liked {
            item.reactions
                .insert(me.id.clone(), "like".to_owned())
                .is_none()
        } else {
            item.reactions.remove(&me.id).is_some()
        };
    });
    if changed {
        graph.change_turn(&item.from.id, &item.id, |turn| {
            if liked {
                turn.reactions.insert(me.id.clone(), "like".to_owned());
            } else {
                turn.reactions.remove(&me.id);
            }
        });
        let now = graph.world.clock.now_ms();
        tell(graph, events::reaction(item, &me, "like", liked, now));
    }
    json!({ "success": true })
}

/// `POST /{post or comment}` with `message` or `is_hidden`
pub(crate) async fn change(
    graph: &Arc<Graph>,
    item: &WallItem,
    call: &Call,
) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let own = item.from.id == graph.options.page_id;
    let text = parameters.filled("message")?;
    let hidden = parameters.truth("is_hidden")?;
    if text.is_none() && hidden.is_none() {
        return Err(GraphError::parameter(
            "One of the params message and is_hidden must be specified.",
        ));
    }
    if let Some(text) = &text {
        let limit = if item.is_post() {
            POST_LIMIT
        } else {
            COMMENT_LIMIT
        };
        within("message", text, limit)?;
    }
    // Words can be changed by their writer alone; the page does not hide its own.
    if (text.is_some() && !own) || (hidden.is_some() && own && !item.is_post()) {
        return Err(GraphError::permissions_error());
    }
    if let Some(text) = text {
        let now = graph.world.clock.now_ms();
        let changed = graph.wall.change(&item.id, |item| {
            item.text.clone_from(&text);
            item.updated_ms = now;
        });
        if let Some(changed) = changed {
            if let Some(who) = answered(graph, &changed) {
                graph.change_turn(&who, &changed.id, |turn| {
                    turn.text.clone_from(&text);
                    turn.edits += 1;
                });
            }
            let verb = Verb::Edit(graph.options.feed.edit_verb);
            tell(graph, events::told(graph, &changed, verb));
        }
    }
    if let Some(hidden) = hidden.filter(|hidden| *hidden != item.hidden) {
        let changed = graph.wall.change(&item.id, |item| item.hidden = hidden);
        if let Some(changed) = changed {
            let verb = if hidden { Verb::Hide } else { Verb::Unhide };
            tell(graph, events::told(graph, &changed, verb));
        }
    }
    match graph.wall.get(&item.id) {
        Some(changed) if call.parameter("fields").is_some() => {
            read::object(graph, &changed, &call.parameters)
        }
        _ => Ok(json!({ "success": true })),
    }
}

/// `DELETE /{post or comment}`
pub(crate) fn delete(graph: &Arc<Graph>, item: &WallItem) -> Value {
    if let Some(gone) = graph.wall.remove(&item.id) {
        let seen_by = answered(graph, &gone).filter(|_| gone.from.id == graph.options.page_id);
        let seen_by = seen_by.unwrap_or_else(|| gone.from.id.clone());
        graph.change_turn(&seen_by, &gone.id, |turn| turn.deleted = true);
        tell(graph, events::told(graph, &gone, Verb::Remove));
    }
    json!({ "success": true })
}

/// `POST /{page}/feed`
pub(crate) async fn publish(graph: &Arc<Graph>, call: &Call) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let text = parameters.filled("message")?.unwrap_or_default();
    within("message", &text, POST_LIMIT)?;
    let link = parameters.address("link")?;
    let pictures = attached(graph, &parameters)?;
    if text.is_empty() && link.is_none() && pictures.is_empty() {
        return Err(GraphError::parameter(
            "One of the params message, link or attached_media must be non-empty.",
        ));
    }
    let mut draft = draft(graph, text, pictures);
    draft.link = link;
    draft.published = published(graph, &parameters)?;
    let same = graph.wall.posts().into_iter().any(|post| {
        post.from.id == graph.options.page_id
            && post.text == draft.text
            && post.link == draft.link
            && post.pictures.len() == draft.pictures.len()
            && draft.at_ms.saturating_sub(post.created_ms) < DUPLICATE_MS
    });
    if same && draft.published {
        return Err(GraphError::duplicate_post());
    }
    let item = put_up(graph, draft);
    answer_with_fields(graph, &item, call)
}

fn put_up(graph: &Arc<Graph>, draft: Draft) -> WallItem {
    let item = graph.wall.post(draft);
    if item.published {
        tell(graph, events::told(graph, &item, Verb::Add));
    }
    item
}

/// Whether a post is to be seen at once.
fn published(graph: &Graph, parameters: &Parameters) -> Result<bool, GraphError> {
    let published = parameters.truth("published")?.unwrap_or(true);
    let Some(at) = parameters.filled("scheduled_publish_time")? else {
        return Ok(published);
    };
    if published {
        return Err(GraphError::parameter(
            "You cannot specify a scheduled publish time on a published post",
        ));
    }
    let at_ms = at.parse::<i64>().ok().map(|at| at.saturating_mul(1000));
    let now = graph.world.clock.now_ms();
    match at_ms {
        Some(at) if SCHEDULE_MS.contains(&at.saturating_sub(now)) => Ok(false),
        _ => Err(GraphError::parameter(
            "The specified scheduled publish time is invalid.",
        )),
    }
}

/// Photos that were uploaded before, by `attached_media`.
fn attached(graph: &Graph, parameters: &Parameters) -> Result<Vec<(String, bool)>, GraphError> {
    let Some(given) = parameters.members.get("attached_media") else {
        return Ok(Vec::new());
    };
    let list = given
        .as_array()
        .ok_or_else(|| GraphError::parameter("param attached_media must be an array."))?;
    let mut pictures = Vec::new();
    for (place, one) in list.iter().enumerate() {
        let id = one.get("media_fbid").and_then(Value::as_str);
        let photo = id
            .and_then(|id| graph.wall.get(id))
            .and_then(|post| post.pictures.first().cloned());
        let photo = photo.ok_or_else(|| {
            GraphError::parameter(format!(
                "param attached_media[{place}][media_fbid] must be the id of a photo"
            ))
        })?;
        pictures.push((photo.url, photo.video));
    }
    Ok(pictures)
}

/// `POST /{page}/photos`
pub(crate) async fn publish_photo(graph: &Arc<Graph>, call: &Call) -> Result<Value, GraphError> {
    let item = publish_file(graph, call, "url", &["caption", "message"], false).await?;
    let photo = item.pictures.first().map(|photo| photo.id.as_str());
    Ok(if item.published {
        json!({ "id": photo, "post_id": item.id })
    } else {
        json!({ "id": photo })
    })
}

/// `POST /{page}/videos`
pub(crate) async fn publish_video(graph: &Arc<Graph>, call: &Call) -> Result<Value, GraphError> {
    let item = publish_file(graph, call, "file_url", &["description"], true).await?;
    let video = item.pictures.first().map(|video| video.id.as_str());
    Ok(json!({ "id": video }))
}

async fn publish_file(
    graph: &Arc<Graph>,
    call: &Call,
    address: &str,
    words: &[&str],
    video: bool,
) -> Result<WallItem, GraphError> {
    let parameters = parameters(call).await?;
    let mut text = String::new();
    for name in words {
        if let Some(given) = parameters.filled(name)? {
            within(name, &given, POST_LIMIT)?;
            text = given;
        }
    }
    let published = published(graph, &parameters)?;
    let url = parameters.address(address)?;
    let file = file_address(graph, parameters.file)?;
    let picture = match (url, file) {
        (Some(url), None) | (None, Some(url)) => url,
        (None, None) => {
            return Err(GraphError::parameter(format!(
                "One of the params {address} and source must be specified."
            )));
        }
        (Some(_), Some(_)) => {
            return Err(GraphError::parameter(format!(
                "Only one of the params {address} and source can be specified."
            )));
        }
    };
    let mut draft = draft(graph, text, vec![(picture, video)]);
    draft.published = published;
    Ok(put_up(graph, draft))
}
