//! The webhook values of the field `feed`, in the form that is sent today.

use serde_json::{Value, json};

use crate::graph::options::EditVerb;
use crate::graph::paging::when;
use crate::graph::state::Graph;
use crate::graph::wall::{WallItem, WallKind, Writer};
use crate::graph::webhook::{change, set};

/// What happened to a post or comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Edit(EditVerb),
    Remove,
    Hide,
    Unhide,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Edit(word) => word.as_str(),
            Self::Remove => "remove",
            Self::Hide => "hide",
            Self::Unhide => "unhide",
        }
    }
}

/// The change that tells of a post or comment.
pub(super) fn told(graph: &Graph, item: &WallItem, verb: Verb) -> Value {
    let mut value = json!({
        "item": kind(graph, item),
        "verb": verb.as_str(),
        "post_id": item.post_id,
    });
    if !item.is_post() {
        set(&mut value, "comment_id", Some(json!(item.id)));
        set(&mut value, "parent_id", Some(json!(item.parent_id)));
    }
    if verb == Verb::Remove {
        // Whatever is gone is told by its ids alone.
        set(
            &mut value,
            "recipient_id",
            item.is_post().then(|| json!(graph.options.page_id)),
        );
        return change("feed", value);
    }
    set(&mut value, "from", from(&item.from));
    let text = Some(&item.text).filter(|text| !text.is_empty());
    set(&mut value, "message", text.map(|text| json!(text)));
    set(
        &mut value,
        "created_time",
        Some(json!(item.created_ms / 1000)),
    );
    if item.is_post() {
        set(
            &mut value,
            "published",
            Some(json!(i32::from(item.published))),
        );
        post_media(&mut value, item);
    } else {
        comment_media(&mut value, item);
        set(&mut value, "post", post_of(graph, item));
    }
    change("feed", value)
}

/// What the network calls a post: visitors write a `post`, the page a `status`.
fn kind(graph: &Graph, item: &WallItem) -> &'static str {
    match item.kind {
        WallKind::Comment => "comment",
        WallKind::Photo => "photo",
        WallKind::Video => "video",
        WallKind::Status if item.from.id == graph.options.page_id => "status",
        WallKind::Status => "post",
    }
}

fn post_media(value: &mut Value, item: &WallItem) {
    match item.pictures.as_slice() {
        [] => set(value, "link", item.link.as_ref().map(|link| json!(link))),
        [one] => {
            let member = if one.video { "video_id" } else { "photo_id" };
            set(value, member, Some(json!(one.id)));
            set(value, "link", Some(json!(one.url)));
        }
        several => {
            let urls: Vec<&str> = several.iter().map(|one| one.url.as_str()).collect();
            set(value, "photos", Some(json!(urls)));
        }
    }
}

fn comment_media(value: &mut Value, item: &WallItem) {
    if let Some(one) = item.pictures.first() {
        let member = if one.video { "video" } else { "photo" };
        set(value, member, Some(json!(one.url)));
    }
}

/// The post as it stands inside of a comment's event.
fn post_of(graph: &Graph, item: &WallItem) -> Option<Value> {
    let post = graph.wall.get(&item.post_id)?;
    let status = match post.pictures.first() {
        Some(one) if one.video => "added_video",
        Some(_) => "added_photos",
        None => "mobile_status_update",
    };
    Some(json!({
        "id": post.id,
        "status_type": status,
        "is_published": post.published,
        "updated_time": when(post.updated_ms),
        "permalink_url": super::read::permalink(graph, &post),
        "promotion_status": "inactive",
    }))
}

/// The change that tells of a reaction to a post or comment.
pub(super) fn reaction(
    item: &WallItem,
    who: &Writer,
    reaction: &str,
    add: bool,
    at_ms: i64,
) -> Value {
    let mut value = json!({
        "item": "reaction",
        "verb": if add { "add" } else { "remove" },
        "reaction_type": reaction,
        "post_id": item.post_id,
        "parent_id": item.parent_id.as_ref().unwrap_or(&item.post_id),
        "created_time": at_ms / 1000,
    });
    set(&mut value, "from", from(who));
    let comment = (!item.is_post()).then(|| json!(item.id));
    set(&mut value, "comment_id", comment);
    change("feed", value)
}

/// Private people are left out.
fn from(who: &Writer) -> Option<Value> {
    (!who.hidden).then(|| json!({ "id": who.id, "name": who.name }))
}
