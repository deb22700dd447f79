//! Reading: the page, profiles, and conversations with their messages for back-fill.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::Graph;
use super::api::Call;
use super::errors::GraphError;
use super::fields::{self, Field};
use crate::clock::timestamp;
use crate::customers::{Author, Customer, Turn};

const DEFAULT_PAGE_SIZE: usize = 25;
const LARGEST_PAGE_SIZE: usize = 100;

/// `GET /me` and `GET /{page}`
pub(crate) fn page(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    let fields = wanted(call, &["name", "id"])?;
    let mut answer = Map::new();
    for field in fields {
        let value = match field.name.as_str() {
            "name" => json!(graph.options.page_name),
            "category" => json!("Customer Service"),
            "id" => continue,
            other => return Err(nonexisting(other)),
        };
        answer.insert(field.name, value);
    }
    answer.insert("id".to_owned(), json!(graph.options.page_id));
    Ok(Value::Object(answer))
}

/// `GET /{psid}` for a profile, `GET /{mid}` for a message, `GET /{conversation}`.
pub(crate) fn object(graph: &Graph, id: &str, call: &Call) -> Result<Value, GraphError> {
    if let Some(customer) = graph.world.customers.get(id) {
        return profile(&customer, call);
    }
    if let Some(customer) = conversation(graph, id) {
        let fields = wanted(call, &["id", "updated_time"])?;
        return conversation_json(graph, &customer, &fields);
    }
    let found = graph
        .world
        .customers
        .all()
        .into_iter()
        .find_map(|customer| {
            let turn = customer
                .conversation
                .iter()
                .find(|turn| turn.message_id == id)?;
            Some((turn.clone(), customer))
        });
    match found {
        Some((turn, customer)) => {
            let fields = wanted(call, &["id", "created_time"])?;
            message_json(graph, &customer, &turn, &fields)
        }
        None => Err(GraphError::no_such_object("get", id)),
    }
}

fn profile(customer: &Customer, call: &Call) -> Result<Value, GraphError> {
    let known = &customer.profile;
    if known.hidden {
        return Err(GraphError::no_such_object("get", &customer.id));
    }
    let fields = wanted(call, &["first_name", "last_name", "profile_pic"])?;
    let mut answer = Map::new();
    for field in fields {
        // Members without a value are left out, as the network does.
        let value = match field.name.as_str() {
            "first_name" => Some(json!(known.first_name)),
            "last_name" => Some(json!(known.last_name)),
            "name" => Some(json!(known.full_name())),
            "profile_pic" => known.picture_url.as_ref().map(|url| json!(url)),
            "locale" => known.locale.as_ref().map(|locale| json!(locale)),
            "timezone" => known.timezone.map(|hours| json!(hours)),
            "gender" => known.gender.as_ref().map(|gender| json!(gender)),
            "id" => None,
            other => return Err(nonexisting(other)),
        };
        if let Some(value) = value {
            answer.insert(field.name, value);
        }
    }
    answer.insert("id".to_owned(), json!(customer.id));
    Ok(Value::Object(answer))
}

/// `GET /{page}/conversations`
pub(crate) fn conversations(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    if let Some(platform) = call.parameter("platform")
        && !platform.eq_ignore_ascii_case("messenger")
    {
        return Err(GraphError::parameter(
            "Param platform must be one of {MESSENGER} for this page",
        ));
    }
    let fields = wanted(call, &["id", "updated_time"])?;
    let mut customers: Vec<Customer> = graph
        .world
        .customers
        .all()
        .into_iter()
        .filter(|customer| !customer.conversation.is_empty())
        .filter(|customer| call.parameter("user_id").is_none_or(|id| id == customer.id))
        .collect();
    // The conversation with the latest message comes first.
    customers.sort_by_key(|customer| {
        let latest = customer.conversation.last().map(|turn| turn.at_ms);
        (std::cmp::Reverse(latest), customer.id.clone())
    });
    let edge = format!("{}/conversations", graph.options.page_id);
    paged(
        graph,
        call,
        &edge,
        &customers,
        |customer| customer.id.clone(),
        |customer| conversation_json(graph, customer, &fields),
    )
}

/// `GET /{conversation}/messages`
pub(crate) fn messages_of(graph: &Graph, id: &str, call: &Call) -> Result<Value, GraphError> {
    let Some(customer) = conversation(graph, id) else {
        return Err(GraphError::no_such_object("get", id));
    };
    let fields = wanted(call, &["id", "created_time"])?;
    let turns = newest_first(&customer);
    let edge = format!("{id}/messages");
    paged(
        graph,
        call,
        &edge,
        &turns,
        |turn| turn.message_id.clone(),
        |turn| message_json(graph, &customer, turn, &fields),
    )
}

fn newest_first(customer: &Customer) -> Vec<Turn> {
    customer
        .conversation
        .iter()
        .rev()
        .filter(|turn| !turn.deleted)
        .cloned()
        .collect()
}

/// One page of a list: `data`, and `paging` with cursors and the next page's address.
fn paged<T>(
    graph: &Graph,
    call: &Call,
    edge: &str,
    all: &[T],
    key: impl Fn(&T) -> String,
    show: impl Fn(&T) -> Result<Value, GraphError>,
) -> Result<Value, GraphError> {
    let limit = match call.parameter("limit") {
        None => DEFAULT_PAGE_SIZE,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| GraphError::parameter("Param limit must be a number"))?
            .clamp(1, LARGEST_PAGE_SIZE),
    };
    let start = match call.parameter("after") {
        None => 0,
        Some(cursor) => {
            let known = all.iter().position(|one| encode(&key(one)) == cursor);
            known.ok_or_else(|| GraphError::parameter("Invalid cursors values"))? + 1
        }
    };
    let slice: Vec<&T> = all.iter().skip(start).take(limit).collect();
    let data = slice
        .iter()
        .map(|one| show(one))
        .collect::<Result<Vec<_>, _>>()?;
    let mut answer = json!({ "data": data });
    if let (Some(first), Some(last)) = (slice.first(), slice.last()) {
        let after = encode(&key(last));
        let mut paging =
            json!({ "cursors": { "before": encode(&key(first)), "after": after.clone() } });
        if start + slice.len() < all.len() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in &call.parameters {
                // The real network repeats the token here; ours keeps it out of addresses.
                if !matches!(name.as_str(), "after" | "access_token" | "appsecret_proof") {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("after", &after);
            let next = format!("{}/v26.0/{edge}?{}", graph.base_url(), query.finish());
            paging["next"] = json!(next);
        }
        answer["paging"] = paging;
    }
    Ok(answer)
}

fn conversation_json(
    graph: &Graph,
    customer: &Customer,
    fields: &[Field],
) -> Result<Value, GraphError> {
    let mut answer = Map::new();
    for field in fields {
        let value = match field.name.as_str() {
            "id" => continue,
            "updated_time" => {
                json!(when(
                    customer.conversation.last().map_or(0, |turn| turn.at_ms)
                ))
            }
            "message_count" => json!(customer.conversation.len()),
            "participants" => json!({ "data": [
                person(customer),
                { "name": graph.options.page_name, "id": graph.options.page_id },
            ] }),
            "messages" => {
                let inner = if field.inner.is_empty() {
                    fields::parse("id,created_time").map_err(GraphError::parameter)?
                } else {
                    field.inner.clone()
                };
                let limit = field
                    .limit
                    .unwrap_or(DEFAULT_PAGE_SIZE)
                    .min(LARGEST_PAGE_SIZE);
                let turns = newest_first(customer);
                let data = turns
                    .iter()
                    .take(limit)
                    .map(|turn| message_json(graph, customer, turn, &inner))
                    .collect::<Result<Vec<_>, _>>()?;
                let mut list = json!({ "data": data });
                if let (true, Some(last)) = (turns.len() > limit, turns.get(limit - 1)) {
                    let mut query = url::form_urlencoded::Serializer::new(String::new());
                    let names: Vec<&str> = inner.iter().map(|field| field.name.as_str()).collect();
                    query
                        .append_pair("fields", &names.join(","))
                        .append_pair("limit", &limit.to_string())
                        .append_pair("after", &encode(&last.message_id));
                    let edge = format!("{}/messages", conversation_id(&customer.id));
                    let next = format!("{}/v26.0/{edge}?{}", graph.base_url(), query.finish());
                    list["paging"] = json!({
                        "cursors": { "after": encode(&last.message_id) },
                        "next": next,
                    });
                }
                list
            }
            other => return Err(nonexisting(other)),
        };
        answer.insert(field.name.clone(), value);
    }
    answer.insert("id".to_owned(), json!(conversation_id(&customer.id)));
    Ok(Value::Object(answer))
}

fn message_json(
    graph: &Graph,
    customer: &Customer,
    turn: &Turn,
    fields: &[Field],
) -> Result<Value, GraphError> {
    let page = json!({ "name": graph.options.page_name, "id": graph.options.page_id });
    let (from, to) = if turn.author == Author::Customer {
        (person(customer), page)
    } else {
        (page, person(customer))
    };
    let mut answer = Map::new();
    for field in fields {
        let value = match field.name.as_str() {
            // The id comes last in any case; the others have no value in these conversations.
            "id" | "sticker" | "tags" | "shares" => continue,
            "created_time" => json!(when(turn.at_ms)),
            "from" => from.clone(),
            "to" => json!({ "data": [to.clone()] }),
            "message" => json!(turn.text),
            "attachments" if turn.attachments.is_empty() => continue,
            "attachments" => {
                let files = turn.attachments.iter().enumerate();
                let files = files.map(|(place, one)| file(&turn.message_id, place, one));
                json!({ "data": files.collect::<Vec<_>>() })
            }
            other => return Err(nonexisting(other)),
        };
        answer.insert(field.name.clone(), value);
    }
    answer.insert("id".to_owned(), json!(turn.message_id));
    Ok(Value::Object(answer))
}

/// An attachment as conversations show it, which differs from the webhook's form.
fn file(message_id: &str, place: usize, attachment: &Value) -> Value {
    let url = attachment.pointer("/payload/url").and_then(Value::as_str);
    let name = url.and_then(|url| url.rsplit('/').next());
    let (mime, member) = match attachment.get("type").and_then(Value::as_str) {
        Some("image") => ("image/jpeg", "image_data"),
        Some("video") => ("video/mp4", "video_data"),
        Some("audio") => ("audio/mpeg", "file_url"),
        _ => ("application/octet-stream", "file_url"),
    };
    let data = if member == "file_url" {
        json!(url)
    } else {
        json!({ "url": url })
    };
    json!({
        "id": format!("{message_id}:{place}"),
        "mime_type": mime,
        "name": name,
        "size": null,
        member: data,
    })
}

fn person(customer: &Customer) -> Value {
    json!({
        "name": customer.profile.full_name(),
        "email": format!("{}@facebook.com", customer.id),
        "id": customer.id,
    })
}

fn conversation_id(psid: &str) -> String {
    format!("t_{psid}")
}

fn conversation(graph: &Graph, id: &str) -> Option<Customer> {
    graph.world.customers.get(id.strip_prefix("t_")?)
}

fn wanted(call: &Call, default: &[&str]) -> Result<Vec<Field>, GraphError> {
    let text = call
        .parameter("fields")
        .map_or_else(|| default.join(","), str::to_owned);
    fields::parse(&text).map_err(GraphError::parameter)
}

fn nonexisting(field: &str) -> GraphError {
    GraphError::parameter(format!("Tried accessing nonexisting field ({field})"))
}

/// Times as the API writes them: `2026-11-20T10:00:00+0000`.
fn when(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}
