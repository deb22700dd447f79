//! What people do in public on Instagram, and what the account does there past the hub.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{me, told, username};
use crate::customers::{Author, Turn};
use crate::delivery::{Delivery, Outcome};
use crate::graph::outbox::Lane;
use crate::graph::state::Graph;
use crate::graph::wall::{Draft, WallItem, Writer};
use crate::graph::webhook;

/// Something that happens in public on Instagram. Changed and deleted comments are not told by
/// the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CommentAct {
    /// A comment on the account's media.
    Comment {
        /// The media; the latest when absent.
        #[serde(default)]
        media: Option<String>,
        /// The text.
        text: String,
    },
    /// An answer to a comment.
    Reply {
        /// The comment.
        to: String,
        /// The text.
        text: String,
    },
    /// A comment on a live broadcast.
    Live {
        /// The broadcast's media; the latest when absent.
        #[serde(default)]
        media: Option<String>,
        /// The text.
        text: String,
    },
    /// The person mentions the account in a caption elsewhere, or in a comment there.
    Mention {
        /// The other account's media.
        media: String,
        /// The comment, if it is one.
        #[serde(default)]
        comment: Option<String>,
    },
    /// The person deletes an own comment.
    Delete {
        /// The comment.
        id: String,
    },
    /// Somebody answers in the account's name, in the app.
    AccountReply {
        /// The comment.
        to: String,
        /// The text.
        text: String,
    },
    /// A change as given, for anything else.
    Raw {
        /// The subscribed field, such as `story_insights`.
        field: String,
        /// The value.
        value: Value,
    },
}

/// Somebody does it; this waits until the hub has acknowledged what the network tells of it.
pub(crate) async fn act(graph: &Arc<Graph>, who: &str, what: CommentAct) -> Delivery {
    match happen(graph, who, what) {
        Ok((id, change)) => graph
            .tell_and_wait(Lane::InstagramChanges, change)
            .await
            .delivery(who, &id),
        Err(problem) => Outcome::never(problem).delivery(who, ""),
    }
}

/// The account publishes media; Instagram tells nobody.
pub(crate) fn publish_media(graph: &Graph, caption: &str, url: &str) -> WallItem {
    let video = [".mp4", ".mov"].iter().any(|end| url.ends_with(end));
    graph.gallery.post(Draft {
        from: me(&graph.options),
        text: caption.to_owned(),
        link: None,
        pictures: vec![(url.to_owned(), video)],
        published: true,
        at_ms: graph.world.clock.now_ms(),
    })
}

fn happen(graph: &Graph, who: &str, what: CommentAct) -> Result<(String, Value), String> {
    let (field, target, text, writer) = match what {
        CommentAct::Comment { media, text } => ("comments", latest(graph, media)?, text, None),
        CommentAct::Live { media, text } => ("live_comments", latest(graph, media)?, text, None),
        CommentAct::Reply { to, text } => ("comments", to, text, None),
        CommentAct::AccountReply { to, text } => ("comments", to, text, Some(me(&graph.options))),
        CommentAct::Mention { media, comment } => {
            let mut value = json!({ "media_id": media });
            let id = comment.clone().unwrap_or(media);
            webhook::set(&mut value, "comment_id", comment.map(Value::from));
            return Ok((id, webhook::change("mentions", value)));
        }
        CommentAct::Delete { id } => {
            let item = graph.gallery.get(&id).filter(|item| item.from.id == who);
            let item = item.ok_or_else(|| format!("{who} has no comment {id}"))?;
            graph.gallery.remove(&item.id);
            return Err("Instagram does not tell of deleted comments".to_owned());
        }
        CommentAct::Raw { field, value } => {
            return Ok((String::new(), webhook::change(&field, value)));
        }
    };
    let own = writer.is_some();
    let from = writer.unwrap_or_else(|| person(graph, who));
    let item = put_up(graph, &target, from, text)
        .ok_or_else(|| format!("there is no media or comment {target} on Instagram"))?;
    if own {
        show_answer(graph, &item, Author::Inbox);
    } else {
        let turn = turn_of(&item, Author::Customer);
        graph
            .world
            .customers
            .change(who, |customer| customer.conversation.push(turn));
    }
    let post = graph.gallery.any(&item.post_id);
    let post = post.unwrap_or_else(|| item.clone());
    Ok((item.id.clone(), told(field, &post, &item)))
}

fn latest(graph: &Graph, media: Option<String>) -> Result<String, String> {
    let posts = graph.gallery.posts();
    media
        .or_else(|| posts.first().map(|post| post.id.clone()))
        .ok_or_else(|| "the Instagram account has no media yet".to_owned())
}

fn person(graph: &Graph, who: &str) -> Writer {
    let customer = graph
        .world
        .customers
        .change(who, |customer| customer.clone());
    Writer {
        id: who.to_owned(),
        name: username(graph, &customer),
        hidden: false,
    }
}

/// Puts a comment up. Instagram has one level of answers: an answer to an answer stands below the
/// same comment.
pub(super) fn put_up(graph: &Graph, target: &str, from: Writer, text: String) -> Option<WallItem> {
    let above = graph.gallery.get(target)?;
    let nested = above
        .parent_id
        .as_ref()
        .is_some_and(|parent| *parent != above.post_id);
    let below = if nested { above.parent_id? } else { above.id };
    graph.gallery.comment(
        &below,
        Draft {
            from,
            text,
            link: None,
            pictures: Vec::new(),
            published: true,
            at_ms: graph.world.clock.now_ms(),
        },
    )
}

/// Shows the account's answer to the person whose comment stands above, if one does.
pub(super) fn show_answer(graph: &Graph, item: &WallItem, author: Author) {
    let above = item
        .parent_id
        .as_deref()
        .and_then(|id| graph.gallery.any(id));
    let Some(who) = above
        .map(|above| above.from.id)
        .filter(|who| *who != graph.options.instagram.id)
    else {
        return;
    };
    let turn = turn_of(item, author);
    graph
        .world
        .customers
        .change(&who, |customer| customer.conversation.push(turn));
}

fn turn_of(item: &WallItem, author: Author) -> Turn {
    let mut turn = Turn::new(&item.id, author, item.created_ms);
    turn.text.clone_from(&item.text);
    turn.reply_to.clone_from(&item.parent_id);
    turn.structured
        .push(json!({ "comment": { "media_id": item.post_id } }));
    if author == Author::Hub {
        // As in the feed: comments carry no reference, so target and words stand for one.
        let target = item.parent_id.as_deref().unwrap_or_default();
        turn.reference = Some(format!("{target} {}", item.text));
    }
    turn
}

/// Whether a structured part of a turn marks it as a comment.
pub(crate) fn is_comment_mark(part: &Value) -> bool {
    part.get("comment").is_some()
}
