//! Reading the feed: lists of posts, comments and reactions, and single objects.

use serde_json::{Map, Value, json};

use crate::graph::api::Call;
use crate::graph::errors::GraphError;
use crate::graph::fields::Field;
use crate::graph::paging::{inside, moment, nonexisting, paged, parameter, wanted, when};
use crate::graph::state::Graph;
use crate::graph::wall::{Picture, WallItem, WallKind};
use crate::graph::webhook::set;

const POST_FIELDS: &[&str] = &["created_time", "message", "id"];
const COMMENT_FIELDS: &[&str] = &["created_time", "from", "message", "id"];
const REACTION_FIELDS: &[&str] = &["id", "name", "type"];
/// Comments can be answered privately for 7 days.
const PRIVATE_REPLY_MS: i64 = 7 * 24 * 3_600_000;

/// `GET /{page}/feed` and its parts: the page's own posts, or those of visitors.
pub(crate) fn list(graph: &Graph, edge: &str, call: &Call) -> Result<Value, GraphError> {
    let parameters = &call.parameters;
    let fields = wanted(parameters, POST_FIELDS)?;
    let since = moment(parameters, "since")?;
    let until = moment(parameters, "until")?;
    let page = &graph.options.page_id;
    let posts: Vec<WallItem> = graph
        .wall
        .posts()
        .into_iter()
        .filter(|post| match edge {
            "posts" | "published_posts" => &post.from.id == page,
            "visitor_posts" => &post.from.id != page,
            _ => true,
        })
        .filter(|post| since.is_none_or(|since| post.created_ms >= since))
        .filter(|post| until.is_none_or(|until| post.created_ms <= until))
        .collect();
    paged(
        &graph.base_url(),
        parameters,
        &format!("{page}/{edge}"),
        &posts,
        |post| post.id.clone(),
        |post| show(graph, post, &fields),
    )
}

/// `GET /{post}` and `GET /{comment}`
pub(crate) fn object(
    graph: &Graph,
    item: &WallItem,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    let default = if item.is_post() {
        POST_FIELDS
    } else {
        COMMENT_FIELDS
    };
    show(graph, item, &wanted(parameters, default)?)
}

/// `GET /{post}/comments` and `GET /{comment}/comments`
pub(crate) fn comments(
    graph: &Graph,
    item: &WallItem,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    let all = match parameter(parameters, "filter") {
        None | Some("toplevel") => false,
        Some("stream") => true,
        Some(_) => {
            return Err(GraphError::parameter(
                "Param filter must be one of {stream, toplevel}",
            ));
        }
    };
    let order = parameter(parameters, "order").unwrap_or("chronological");
    let mut list = graph.wall.answers(&item.id, all);
    match order {
        "chronological" | "ranked" => {}
        "reverse_chronological" => list.reverse(),
        _ => {
            return Err(GraphError::parameter(
                "Param order must be one of {chronological, reverse_chronological, ranked}",
            ));
        }
    }
    if let Some(since) = moment(parameters, "since")? {
        list.retain(|comment| comment.created_ms >= since);
    }
    let fields = wanted(parameters, COMMENT_FIELDS)?;
    let mut answer = paged(
        &graph.base_url(),
        parameters,
        &format!("{}/comments", item.id),
        &list,
        |comment| comment.id.clone(),
        |comment| show(graph, comment, &fields),
    )?;
    if summarized(parameters) {
        let summary = json!({ "order": order, "total_count": list.len(), "can_comment": true });
        set(&mut answer, "summary", Some(summary));
    }
    Ok(answer)
}

/// `GET /{id}/reactions`
pub(crate) fn reactions(
    graph: &Graph,
    item: &WallItem,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    let kind = parameter(parameters, "type").filter(|kind| !kind.eq_ignore_ascii_case("none"));
    reacted(graph, item, "reactions", kind, parameters)
}

/// `GET /{id}/likes`
pub(crate) fn likes(
    graph: &Graph,
    item: &WallItem,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    reacted(graph, item, "likes", Some("like"), parameters)
}

fn reacted(
    graph: &Graph,
    item: &WallItem,
    edge: &str,
    kind: Option<&str>,
    parameters: &[(String, String)],
) -> Result<Value, GraphError> {
    let list: Vec<(&String, &String)> = item
        .reactions
        .iter()
        .filter(|(_, reaction)| kind.is_none_or(|kind| reaction.eq_ignore_ascii_case(kind)))
        .collect();
    let fields = wanted(parameters, REACTION_FIELDS)?;
    let mut answer = paged(
        &graph.base_url(),
        parameters,
        &format!("{}/{edge}", item.id),
        &list,
        |(who, _)| (*who).clone(),
        |(who, reaction)| {
            let mut shown = json!({ "id": who });
            for field in &fields {
                let value = match field.name.as_str() {
                    "id" => continue,
                    "name" => json!(name_of(graph, who)),
                    "type" => json!(reaction.to_ascii_uppercase()),
                    other => return Err(nonexisting(other)),
                };
                set(&mut shown, &field.name, Some(value));
            }
            Ok(shown)
        },
    )?;
    if summarized(parameters) {
        let own = item.reactions.get(&graph.options.page_id);
        let viewer = own.map_or_else(|| "NONE".to_owned(), |own| own.to_ascii_uppercase());
        let summary = json!({ "total_count": list.len(), "viewer_reaction": viewer });
        set(&mut answer, "summary", Some(summary));
    }
    Ok(answer)
}

fn summarized(parameters: &[(String, String)]) -> bool {
    matches!(
        parameter(parameters, "summary"),
        Some("true" | "1" | "total_count")
    )
}

fn name_of(graph: &Graph, who: &str) -> String {
    if who == graph.options.page_id {
        return graph.options.page_name.clone();
    }
    let name = graph
        .world
        .customers
        .look(who, |customer| customer.profile.full_name());
    name.unwrap_or_default()
}

fn show(graph: &Graph, item: &WallItem, fields: &[Field]) -> Result<Value, GraphError> {
    let mut answer = Map::new();
    for field in fields {
        if field.name == "id" {
            continue;
        }
        let value = match common(graph, item, field)? {
            Some(value) => value,
            None if item.is_post() => of_post(item, field)?,
            None => of_comment(graph, item, &field.name)?,
        };
        // Members without a value are left out, as the network does.
        if !value.is_null() {
            answer.insert(field.shown_as().to_owned(), value);
        }
    }
    answer.insert("id".to_owned(), json!(item.id));
    Ok(Value::Object(answer))
}

/// What posts and comments have alike; `None`: not this one.
fn common(graph: &Graph, item: &WallItem, field: &Field) -> Result<Option<Value>, GraphError> {
    Ok(Some(match field.name.as_str() {
        "created_time" => json!(when(item.created_ms)),
        "message" if item.text.is_empty() && item.is_post() => Value::Null,
        "message" => json!(item.text),
        "from" if item.from.hidden => Value::Null,
        "from" => json!({ "name": item.from.name, "id": item.from.id }),
        "permalink_url" => json!(permalink(graph, item)),
        "is_hidden" => json!(item.hidden),
        "message_tags" => Value::Null,
        "can_reply_privately" => json!(can_reply_privately(graph, item)),
        "comments" => comments(graph, item, &inside(field, COMMENT_FIELDS))?,
        "reactions" => reactions(graph, item, &inside(field, REACTION_FIELDS))?,
        "likes" => likes(graph, item, &inside(field, &["id", "name"]))?,
        _ => return Ok(None),
    }))
}

fn of_post(item: &WallItem, field: &Field) -> Result<Value, GraphError> {
    Ok(match field.name.as_str() {
        "updated_time" => json!(when(item.updated_ms)),
        "is_published" => json!(item.published),
        "status_type" => json!(match item.kind {
            WallKind::Video => "added_video",
            _ if item.pictures.is_empty() => "mobile_status_update",
            _ => "added_photos",
        }),
        "attachments" => attachments(item, &field.inner),
        "full_picture" | "picture" => json!(
            item.pictures
                .iter()
                .find(|one| !one.video)
                .map(|one| &one.url)
        ),
        "story" | "shares" | "to" | "icon" => Value::Null,
        other => return Err(nonexisting(other)),
    })
}

fn of_comment(graph: &Graph, item: &WallItem, name: &str) -> Result<Value, GraphError> {
    let own = item.from.id == graph.options.page_id;
    Ok(match name {
        "parent" => parent(graph, item),
        "object" => json!({ "id": item.post_id }),
        "attachment" => item.pictures.first().map_or(Value::Null, attachment),
        "like_count" => json!(item.reactions.len()),
        "user_likes" => json!(item.reactions.contains_key(&graph.options.page_id)),
        "comment_count" => json!(graph.wall.answers(&item.id, false).len()),
        // The network leaves this out where it is not so.
        "can_hide" if own => Value::Null,
        "can_comment" | "can_hide" | "can_like" | "can_remove" => json!(true),
        "is_private" => json!(false),
        other => return Err(nonexisting(other)),
    })
}

/// The comment above; comments directly below a post have none.
fn parent(graph: &Graph, item: &WallItem) -> Value {
    let above = item.parent_id.as_deref().and_then(|id| graph.wall.any(id));
    let Some(above) = above.filter(|above| !above.is_post()) else {
        return Value::Null;
    };
    let mut shown = json!({
        "created_time": when(above.created_ms),
        "message": above.text,
        "id": above.id,
    });
    let from =
        (!above.from.hidden).then(|| json!({ "name": above.from.name, "id": above.from.id }));
    set(&mut shown, "from", from);
    shown
}

/// Whether the page may still answer this privately.
pub(crate) fn can_reply_privately(graph: &Graph, item: &WallItem) -> bool {
    let age = graph.world.clock.now_ms().saturating_sub(item.created_ms);
    item.from.id != graph.options.page_id && !item.answered_privately && age <= PRIVATE_REPLY_MS
}

/// The address at which people see a post or comment.
pub(super) fn permalink(graph: &Graph, item: &WallItem) -> String {
    let number = |id: &str| id.rsplit('_').next().unwrap_or_default().to_owned();
    let page = &graph.options.page_id;
    let post = format!(
        "https://www.facebook.com/{page}/posts/{}",
        number(&item.post_id)
    );
    if item.is_post() {
        return post;
    }
    let mut top = item.clone();
    while let Some(above) = top
        .parent_id
        .as_deref()
        .and_then(|id| graph.wall.any(id))
        .filter(|above| !above.is_post())
    {
        top = above;
    }
    if top.id == item.id {
        format!("{post}/?comment_id={}", number(&item.id))
    } else {
        format!(
            "{post}/?comment_id={}&reply_comment_id={}",
            number(&top.id),
            number(&item.id)
        )
    }
}

/// A picture or video as attachments show it. Sizes are made up, as nothing looks into the files.
fn attachment(picture: &Picture) -> Value {
    let page = format!("https://www.facebook.com/photo.php?fbid={}", picture.id);
    let mut media = json!({ "image": { "height": 480, "src": picture.url, "width": 640 } });
    set(
        &mut media,
        "source",
        picture.video.then(|| json!(picture.url)),
    );
    json!({
        "media": media,
        "target": { "id": picture.id, "url": page },
        "type": if picture.video { "video_inline" } else { "photo" },
        "url": page,
    })
}

/// The attachments with the members that were asked for, or with all of them.
fn attachments(item: &WallItem, wanted: &[Field]) -> Value {
    let mut data = match (item.pictures.as_slice(), &item.link) {
        ([], None) => return Value::Null,
        ([], Some(link)) => json!([{ "title": link, "type": "share", "url": link }]),
        ([one], _) => json!([attachment(one)]),
        ([first, ..], _) => {
            let all: Vec<Value> = item.pictures.iter().map(attachment).collect();
            json!([{
                "media": attachment(first)["media"],
                "subattachments": { "data": all },
                "type": "album",
                "url": first.url,
            }])
        }
    };
    if !wanted.is_empty() {
        let asked = |name: &String| wanted.iter().any(|field| &field.name == name);
        for one in data.as_array_mut().into_iter().flatten() {
            if let Some(members) = one.as_object_mut() {
                members.retain(|name, _| asked(name));
            }
        }
    }
    json!({ "data": data })
}
