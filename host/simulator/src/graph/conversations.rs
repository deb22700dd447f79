//! Conversations with their messages, for back-fill, on Messenger and Instagram.

use serde_json::{Map, Value, json};

use super::api::Call;
use super::errors::GraphError;
use super::fields::Field;
use super::instagram::{is_comment_mark, username};
use super::paging::{inside, nonexisting, paged, wanted, when};
use super::state::Graph;
use super::surface::Surface;
use crate::customers::{Author, Customer, Turn};

const FIELDS: &[&str] = &["id", "updated_time"];
const MESSAGE_FIELDS: &[&str] = &["id", "created_time"];

/// `GET /{page}/conversations`, and the same of the Instagram account. A page shows those of its
/// Instagram account by `platform=instagram`.
pub(crate) fn conversations(
    graph: &Graph,
    account: Surface,
    call: &Call,
) -> Result<Value, GraphError> {
    let surface = match call.parameter("platform") {
        None => account,
        Some(platform) if platform.eq_ignore_ascii_case("instagram") => Surface::Instagram,
        Some(platform)
            if platform.eq_ignore_ascii_case("messenger") && account == Surface::Messenger =>
        {
            Surface::Messenger
        }
        Some(_) => {
            return Err(GraphError::parameter(
                "Param platform must be one of {INSTAGRAM, MESSENGER}",
            ));
        }
    };
    let fields = wanted(&call.parameters, FIELDS)?;
    let mut customers: Vec<Customer> = graph
        .world
        .customers
        .all()
        .into_iter()
        .filter(|customer| graph.people.surface(&customer.id) == surface)
        .filter(|customer| customer.conversation.iter().any(is_message))
        .filter(|customer| call.parameter("user_id").is_none_or(|id| id == customer.id))
        .collect();
    // The conversation with the latest message comes first.
    customers.sort_by_key(|customer| {
        let latest = customer.conversation.last().map(|turn| turn.at_ms);
        (std::cmp::Reverse(latest), customer.id.clone())
    });
    let edge = format!("{}/conversations", graph.account(account));
    paged(
        &graph.base_url(),
        &call.parameters,
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
    messages(
        graph,
        &customer,
        &call.parameters,
        &format!("{id}/messages"),
    )
}

fn messages(
    graph: &Graph,
    customer: &Customer,
    parameters: &[(String, String)],
    edge: &str,
) -> Result<Value, GraphError> {
    let fields = wanted(parameters, MESSAGE_FIELDS)?;
    paged(
        &graph.base_url(),
        parameters,
        edge,
        &newest_first(customer),
        |turn| turn.message_id.clone(),
        |turn| message_json(graph, customer, turn, &fields),
    )
}

fn newest_first(customer: &Customer) -> Vec<Turn> {
    customer
        .conversation
        .iter()
        .rev()
        .filter(|turn| !turn.deleted && is_message(turn))
        .cloned()
        .collect()
}

/// Instagram's comments and messages have people in common, so comments stand in the same
/// conversation; they are marked there.
pub(crate) fn is_message(turn: &Turn) -> bool {
    !turn.structured.iter().any(is_comment_mark)
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
            "message_count" => json!(newest_first(customer).len()),
            "participants" => {
                json!({ "data": [person(graph, customer), account(graph, customer)] })
            }
            "messages" => {
                let edge = format!("{}/messages", conversation_id(&customer.id));
                messages(graph, customer, &inside(field, MESSAGE_FIELDS), &edge)?
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
    let (person, account) = (person(graph, customer), account(graph, customer));
    let (from, to) = if turn.author == Author::Customer {
        (person, account)
    } else {
        (account, person)
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

/// The page or the Instagram account, as the customer's counterpart.
fn account(graph: &Graph, customer: &Customer) -> Value {
    if graph.people.surface(&customer.id) == Surface::Instagram {
        let known = &graph.options.instagram;
        json!({ "username": known.username, "id": known.id, "user_id": known.id })
    } else {
        json!({ "name": graph.options.page_name, "id": graph.options.page_id })
    }
}

fn person(graph: &Graph, customer: &Customer) -> Value {
    if graph.people.surface(&customer.id) == Surface::Instagram {
        return json!({ "username": username(graph, customer), "id": customer.id });
    }
    json!({
        "name": customer.profile.full_name(),
        "email": format!("{}@facebook.com", customer.id),
        "id": customer.id,
    })
}

fn conversation_id(psid: &str) -> String {
    format!("t_{psid}")
}

/// `GET /{conversation}` and `GET /{message}`; `None` when the id is neither.
pub(crate) fn object(graph: &Graph, id: &str, call: &Call) -> Option<Result<Value, GraphError>> {
    if let Some(customer) = conversation(graph, id) {
        let fields = wanted(&call.parameters, FIELDS);
        return Some(fields.and_then(|fields| conversation_json(graph, &customer, &fields)));
    }
    let customers = graph.world.customers.all();
    let (turn, customer) = customers
        .iter()
        .filter(|customer| graph.people.surface(&customer.id) != Surface::Feed)
        .find_map(|customer| {
            let mut turns = customer.conversation.iter();
            let turn = turns.find(|turn| turn.message_id == id && is_message(turn))?;
            Some((turn, customer))
        })?;
    let fields = wanted(&call.parameters, MESSAGE_FIELDS);
    Some(fields.and_then(|fields| message_json(graph, customer, turn, &fields)))
}

fn conversation(graph: &Graph, id: &str) -> Option<Customer> {
    let id = id.strip_prefix("t_")?;
    (graph.people.surface(id) != Surface::Feed)
        .then(|| graph.world.customers.get(id))
        .flatten()
}
