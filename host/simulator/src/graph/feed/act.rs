//! What visitors do in the feed, and what people do there in the page's name past the hub.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::events::{self, Verb};
use super::page;
use crate::customers::{Author, Turn};
use crate::delivery::{Delivery, Outcome};
use crate::graph::outbox::Lane;
use crate::graph::state::Graph;
use crate::graph::wall::{Draft, Picture, WallItem, Writer};
use crate::graph::webhook;

/// Something that happens in the page's feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeedAct {
    /// The visitor writes a post to the page.
    Post {
        /// The text.
        text: String,
        /// Addresses of pictures.
        #[serde(default)]
        photos: Vec<String>,
    },
    /// The visitor comments on a post.
    Comment {
        /// The post; the page's latest when absent.
        #[serde(default)]
        post: Option<String>,
        /// The text, empty for a picture alone.
        #[serde(default)]
        text: String,
        /// The address of a picture.
        #[serde(default)]
        photo: Option<String>,
        /// The address of a video.
        #[serde(default)]
        video: Option<String>,
    },
    /// The visitor answers a comment.
    Reply {
        /// The comment.
        to: String,
        /// The text, empty for a picture alone.
        #[serde(default)]
        text: String,
        /// The address of a picture.
        #[serde(default)]
        photo: Option<String>,
    },
    /// The visitor changes an own post or comment.
    Edit {
        /// The post or comment.
        id: String,
        /// The new text.
        text: String,
    },
    /// The visitor deletes an own post or comment.
    Delete {
        /// The post or comment.
        id: String,
    },
    /// The visitor reacts to a post or comment.
    React {
        /// The post or comment.
        id: String,
        /// `like`, `love`, `care`, `haha`, `wow`, `sad` or `angry`.
        reaction: String,
    },
    /// The visitor takes the reaction back.
    Unreact {
        /// The post or comment.
        id: String,
    },
    /// The visitor mentions the page in a post elsewhere.
    Mention {
        /// The text.
        text: String,
    },
    /// Somebody answers in the page's name, in the network's own tools.
    PageReply {
        /// The post or comment.
        to: String,
        /// The text.
        text: String,
    },
    /// Somebody hides a comment or shows it again, in the network's own tools.
    PageHide {
        /// The comment.
        id: String,
        /// Hidden or shown.
        hidden: bool,
    },
    /// Somebody deletes a post or comment, in the network's own tools.
    PageDelete {
        /// The post or comment.
        id: String,
    },
    /// A change as given, for anything else.
    Raw {
        /// The subscribed field, such as `ratings`.
        field: String,
        /// The value.
        value: Value,
    },
}

impl FeedAct {
    /// A comment of text on a post.
    pub fn comment(post: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Comment {
            post: Some(post.into()),
            text: text.into(),
            photo: None,
            video: None,
        }
    }

    /// An answer of text to a comment.
    pub fn reply(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Reply {
            to: to.into(),
            text: text.into(),
            photo: None,
        }
    }
}

/// Somebody does it; this waits until the hub has acknowledged it.
pub(crate) async fn act(graph: &Arc<Graph>, who: &str, what: FeedAct) -> Delivery {
    match happen(graph, who, what) {
        Ok((id, item)) => graph
            .tell_and_wait(Lane::Feed, item)
            .await
            .delivery(who, &id),
        Err(problem) => Outcome::never(problem).delivery(who, ""),
    }
}

/// The page publishes a post in the network's own tools.
pub(crate) fn publish_past_the_hub(graph: &Graph, text: &str, photos: &[&str]) -> WallItem {
    let pictures = photos.iter().map(|url| ((*url).to_owned(), false));
    let item = graph.wall.post(Draft {
        from: page(&graph.options),
        text: text.to_owned(),
        link: None,
        pictures: pictures.collect(),
        published: true,
        at_ms: graph.world.clock.now_ms(),
    });
    graph.tell(Lane::Feed, events::told(graph, &item, Verb::Add));
    item
}

/// The id of what is new or changed, and the change that tells of it.
fn happen(graph: &Graph, who: &str, what: FeedAct) -> Result<(String, Value), String> {
    let edit = Verb::Edit(graph.options.feed.edit_verb);
    let (item, verb) = match what {
        FeedAct::Post { text, photos } => {
            let pictures = photos.into_iter().map(|url| (url, false)).collect();
            let item = graph.wall.post(draft(graph, who, text, pictures));
            remember(graph, who, &item);
            (item, Verb::Add)
        }
        FeedAct::Comment {
            post,
            text,
            photo,
            video,
        } => {
            let post = match post {
                Some(post) => post,
                None => latest(graph)?,
            };
            let photo = photo.map(|url| (url, false));
            let pictures = photo.into_iter().chain(video.map(|url| (url, true)));
            let item = answer(graph, who, &post, text, pictures.collect())?;
            (item, Verb::Add)
        }
        FeedAct::Reply { to, text, photo } => {
            let pictures = photo.into_iter().map(|url| (url, false)).collect();
            (answer(graph, who, &to, text, pictures)?, Verb::Add)
        }
        FeedAct::Edit { id, text } => (change_text(graph, who, &id, &text)?, edit),
        FeedAct::Delete { id } => {
            own(graph, who, &id)?;
            (take_down(graph, &id)?, Verb::Remove)
        }
        FeedAct::PageReply { to, text } => {
            let mut draft = draft(graph, who, text, Vec::new());
            draft.from = page(&graph.options);
            let item = graph.wall.comment(&to, draft).ok_or_else(|| gone(&to))?;
            show_answer(graph, &item, Author::Inbox);
            (item, Verb::Add)
        }
        FeedAct::PageHide { id, hidden } => {
            let item = graph.wall.change(&id, |item| item.hidden = hidden);
            let verb = if hidden { Verb::Hide } else { Verb::Unhide };
            (item.ok_or_else(|| gone(&id))?, verb)
        }
        FeedAct::PageDelete { id } => (take_down(graph, &id)?, Verb::Remove),
        FeedAct::React { id, reaction } => return react(graph, who, &id, Some(&reaction)),
        FeedAct::Unreact { id } => return react(graph, who, &id, None),
        FeedAct::Mention { text } => return Ok(mention(graph, who, text)),
        FeedAct::Raw { field, value } => {
            return Ok((String::new(), webhook::change(&field, value)));
        }
    };
    let change = events::told(graph, &item, verb);
    Ok((item.id, change))
}

/// The person as the one who writes.
fn visitor(graph: &Graph, who: &str) -> Writer {
    graph.world.customers.change(who, |customer| Writer {
        id: who.to_owned(),
        name: customer.profile.full_name(),
        hidden: customer.profile.hidden,
    })
}

fn draft(graph: &Graph, who: &str, text: String, pictures: Vec<(String, bool)>) -> Draft {
    Draft {
        from: visitor(graph, who),
        text,
        link: None,
        pictures,
        published: true,
        at_ms: graph.world.clock.now_ms(),
    }
}

fn answer(
    graph: &Graph,
    who: &str,
    target: &str,
    text: String,
    pictures: Vec<(String, bool)>,
) -> Result<WallItem, String> {
    let draft = draft(graph, who, text, pictures);
    let item = graph
        .wall
        .comment(target, draft)
        .ok_or_else(|| gone(target))?;
    remember(graph, who, &item);
    Ok(item)
}

fn latest(graph: &Graph) -> Result<String, String> {
    let posts = graph.wall.posts();
    let own = posts
        .iter()
        .find(|post| post.from.id == graph.options.page_id);
    own.map(|post| post.id.clone())
        .ok_or_else(|| "the page has no post yet".to_owned())
}

fn own(graph: &Graph, who: &str, id: &str) -> Result<(), String> {
    let item = graph.wall.get(id).ok_or_else(|| gone(id))?;
    if item.from.id == who {
        Ok(())
    } else {
        Err(format!("{id} was written by {}", item.from.id))
    }
}

fn change_text(graph: &Graph, who: &str, id: &str, text: &str) -> Result<WallItem, String> {
    own(graph, who, id)?;
    let now = graph.world.clock.now_ms();
    let item = graph.wall.change(id, |item| {
        text.clone_into(&mut item.text);
        item.updated_ms = now;
    });
    let item = item.ok_or_else(|| gone(id))?;
    graph.change_turn(who, &item.id, |turn| {
        text.clone_into(&mut turn.text);
        turn.edits += 1;
    });
    Ok(item)
}

fn take_down(graph: &Graph, id: &str) -> Result<WallItem, String> {
    let item = graph.wall.remove(id).ok_or_else(|| gone(id))?;
    graph.change_turn(&item.from.id, &item.id, |turn| turn.deleted = true);
    Ok(item)
}

fn react(
    graph: &Graph,
    who: &str,
    id: &str,
    reaction: Option<&str>,
) -> Result<(String, Value), String> {
    let writer = visitor(graph, who);
    let mut known = None;
    let item = graph.wall.change(id, |item| match reaction {
        Some(reaction) => {
            known = Some(reaction.to_owned());
            item.reactions.insert(who.to_owned(), reaction.to_owned());
        }
        None => known = item.reactions.remove(who),
    });
    let item = item.ok_or_else(|| gone(id))?;
    let known = known.ok_or_else(|| format!("{who} has not reacted to {id}"))?;
    let now = graph.world.clock.now_ms();
    let change = events::reaction(&item, &writer, &known, reaction.is_some(), now);
    Ok((item.id, change))
}

fn mention(graph: &Graph, who: &str, text: String) -> (String, Value) {
    let now = graph.world.clock.now_ms();
    // The post is somebody else's, so it does not stand in the page's feed.
    let id = format!("{who}_{}", now.saturating_mul(1000));
    let mut value = json!({
        "item": "post",
        "verb": "add",
        "post_id": id,
        "message": text,
        "created_time": now / 1000,
    });
    let writer = visitor(graph, who);
    if !writer.hidden {
        webhook::set(&mut value, "sender_id", Some(json!(writer.id)));
        webhook::set(&mut value, "sender_name", Some(json!(writer.name)));
    }
    (id, webhook::change("mention", value))
}

fn gone(id: &str) -> String {
    format!("there is no post or comment {id} on the page")
}

/// Puts what a person wrote into the person's conversation.
fn remember(graph: &Graph, who: &str, item: &WallItem) {
    let turn = turn_of(item, Author::Customer);
    graph
        .world
        .customers
        .change(who, |customer| customer.conversation.push(turn));
}

/// Shows the page's answer to the person whom it answers, if it is one.
pub(super) fn show_answer(graph: &Graph, item: &WallItem, author: Author) {
    if let Some(who) = answered(graph, item) {
        let turn = turn_of(item, author);
        graph
            .world
            .customers
            .change(&who, |customer| customer.conversation.push(turn));
    }
}

/// The person to whom the page speaks: the nearest one above its comment.
pub(super) fn answered(graph: &Graph, item: &WallItem) -> Option<String> {
    let mut above = graph.wall.any(item.parent_id.as_deref()?)?;
    while above.from.id == graph.options.page_id {
        above = graph.wall.any(above.parent_id.as_deref()?)?;
    }
    Some(above.from.id)
}

fn turn_of(item: &WallItem, author: Author) -> Turn {
    let mut turn = Turn::new(&item.id, author, item.created_ms);
    turn.text.clone_from(&item.text);
    turn.attachments = item.pictures.iter().map(attachment).collect();
    turn.reply_to.clone_from(&item.parent_id);
    if author == Author::Hub {
        // Comments carry no reference of their sender. The same words under the same comment
        // stand for one, so that an answer that was sent twice shows as a duplicate.
        let target = item.parent_id.as_deref().unwrap_or_default();
        turn.reference = Some(format!("{target} {}", item.text));
    }
    turn
}

fn attachment(picture: &Picture) -> Value {
    let kind = if picture.video { "video" } else { "image" };
    json!({ "type": kind, "payload": { "url": picture.url } })
}
