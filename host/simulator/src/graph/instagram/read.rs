//! Reading Instagram: the account, its media with comments, and people's profiles.

use serde_json::{Map, Value, json};

use super::username;
use crate::customers::{Author, Customer};
use crate::graph::api::Call;
use crate::graph::conversations::is_message;
use crate::graph::errors::GraphError;
use crate::graph::fields::Field;
use crate::graph::paging::{inside, nonexisting, paged, wanted, when};
use crate::graph::state::Graph;
use crate::graph::wall::{WallItem, WallKind};

const MEDIA_FIELDS: &[&str] = &["id"];
const COMMENT_FIELDS: &[&str] = &["timestamp", "text", "id"];

/// `GET /{account}`
pub(crate) fn account(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    let known = &graph.options.instagram;
    let mut answer = Map::new();
    for field in wanted(&call.parameters, &["id"])? {
        let value = match field.name.as_str() {
            // Members without a value are left out, as the network does; the id comes last.
            "id" | "profile_picture_url" | "biography" | "website" => continue,
            "user_id" | "ig_id" => json!(known.id),
            "username" => json!(known.username),
            "name" => json!(known.name),
            "account_type" => json!("BUSINESS"),
            "media_count" => json!(graph.gallery.posts().len()),
            "followers_count" | "follows_count" => json!(0),
            other => return Err(nonexisting(other)),
        };
        answer.insert(field.name, value);
    }
    answer.insert("id".to_owned(), json!(known.id));
    Ok(Value::Object(answer))
}

/// `GET /{person}`: only of people who have written a message.
pub(crate) fn profile(
    graph: &Graph,
    customer: &Customer,
    call: &Call,
) -> Result<Value, GraphError> {
    let agreed = customer.last_active_ms.is_some()
        && customer
            .conversation
            .iter()
            .any(|turn| turn.author == Author::Customer && is_message(turn));
    // Without conversations, the last activity alone tells.
    let agreed =
        agreed || (!graph.world.record.keeps_bodies() && customer.last_active_ms.is_some());
    if !agreed {
        return Err(GraphError::consent_required());
    }
    let known = &customer.profile;
    if known.hidden {
        return Err(GraphError::no_such_object("get", &customer.id));
    }
    let person = graph.people.on_instagram(&customer.id);
    let mut answer = Map::new();
    for field in wanted(&call.parameters, &["id", "name", "username"])? {
        let value = match field.name.as_str() {
            "id" => continue,
            "name" => json!(known.full_name()),
            "username" => json!(username(graph, customer)),
            "profile_pic" => json!(known.picture_url),
            "follower_count" => json!(person.follower_count),
            "is_user_follow_business" => json!(person.follows_account),
            "is_business_follow_user" => json!(person.followed_by_account),
            "is_verified_user" => json!(person.verified),
            other => return Err(nonexisting(other)),
        };
        if !value.is_null() {
            answer.insert(field.name, value);
        }
    }
    answer.insert("id".to_owned(), json!(customer.id));
    Ok(Value::Object(answer))
}

/// `GET /{account}/media`
pub(crate) fn media(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    let fields = wanted(&call.parameters, MEDIA_FIELDS)?;
    paged(
        &graph.base_url(),
        &call.parameters,
        &format!("{}/media", graph.options.instagram.id),
        &graph.gallery.posts(),
        |post| post.id.clone(),
        |post| show(graph, post, &fields),
    )
}

/// `GET /{media}` and `GET /{comment}`
pub(crate) fn object(
    graph: &Graph,
    item: &WallItem,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    let default = if item.is_post() {
        MEDIA_FIELDS
    } else {
        COMMENT_FIELDS
    };
    show(graph, item, &wanted(parameters, default)?)
}

/// `GET /{media}/comments` and `GET /{comment}/replies`: comments the newest first, answers the
/// oldest first.
pub(crate) fn answers(
    graph: &Graph,
    item: &WallItem,
    edge: &str,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    let fields = wanted(parameters, COMMENT_FIELDS)?;
    let mut list = graph.gallery.answers(&item.id, false);
    if item.is_post() {
        list.reverse();
    }
    paged(
        &graph.base_url(),
        parameters,
        &format!("{}/{edge}", item.id),
        &list,
        |comment| comment.id.clone(),
        |comment| show(graph, comment, &fields),
    )
}

fn show(graph: &Graph, item: &WallItem, fields: &[Field]) -> Result<Value, GraphError> {
    let mut answer = Map::new();
    for field in fields {
        let value = match field.name.as_str() {
            "id" => continue,
            "timestamp" => json!(when(item.created_ms)),
            "username" => json!(item.from.name),
            "like_count" => json!(item.reactions.len()),
            name if item.is_post() => of_media(graph, item, name, field)?,
            name => of_comment(graph, item, name, field)?,
        };
        // Members without a value are left out, as the network does.
        if !value.is_null() {
            answer.insert(field.name.clone(), value);
        }
    }
    answer.insert("id".to_owned(), json!(item.id));
    Ok(Value::Object(answer))
}

fn of_media(
    graph: &Graph,
    item: &WallItem,
    name: &str,
    field: &Field,
) -> Result<Value, GraphError> {
    let video = item.kind == WallKind::Video;
    Ok(match name {
        "caption" => json!(item.text),
        "media_type" => json!(if video { "VIDEO" } else { "IMAGE" }),
        "media_product_type" => json!(if video { "REELS" } else { "FEED" }),
        "media_url" => json!(item.pictures.first().map(|one| &one.url)),
        "permalink" => json!(format!("https://www.instagram.com/p/{}/", item.id)),
        "owner" => json!({ "id": item.from.id }),
        // Only albums and videos have these, and this account publishes single pictures.
        "children" | "thumbnail_url" | "shortcode" | "ig_id" => Value::Null,
        "is_comment_enabled" => json!(true),
        "comments_count" => json!(graph.gallery.answers(&item.id, true).len()),
        "comments" => answers(graph, item, "comments", &inside(field, COMMENT_FIELDS))?,
        other => return Err(nonexisting(other)),
    })
}

fn of_comment(
    graph: &Graph,
    item: &WallItem,
    name: &str,
    field: &Field,
) -> Result<Value, GraphError> {
    let own = item.from.id == graph.options.instagram.id;
    Ok(match name {
        "text" => json!(item.text),
        "hidden" => json!(item.hidden),
        "from" => json!({ "id": item.from.id, "username": item.from.name }),
        // Only the account itself is shown as a user.
        "user" if own => json!({ "id": item.from.id }),
        "user" => Value::Null,
        "media" => json!({ "id": item.post_id }),
        "parent_id" => json!(item.parent_id.as_ref().filter(|id| **id != item.post_id)),
        "replies" => answers(graph, item, "replies", &inside(field, COMMENT_FIELDS))?,
        other => return Err(nonexisting(other)),
    })
}
