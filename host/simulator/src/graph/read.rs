//! Reading one object: the page, a profile, or whatever else has an id.

use serde_json::{Map, Value, json};

use super::api::Call;
use super::errors::GraphError;
use super::paging::{nonexisting, wanted};
use super::state::Graph;
use super::surface::Surface;
use super::{conversations, feed, instagram};
use crate::customers::Customer;

/// What a page may have and this one has not.
const EMPTY_PAGE_FIELDS: &[&str] = &[
    "about",
    "category_list",
    "cover",
    "description",
    "description_html",
    "display_subtext",
    "emails",
    "engagement",
    "fan_count",
    "global_brand_page_name",
    "global_brand_root_id",
    "phone",
    "picture",
    "username",
    "verification_status",
    "website",
];

/// `GET /me` and `GET /{page}`
pub(crate) fn page(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    let fields = wanted(&call.parameters, &["name", "id"])?;
    let mut answer = Map::new();
    for field in fields {
        let value = match field.name.as_str() {
            "name" => json!(graph.options.page_name),
            "category" => json!("Customer Service"),
            "link" => json!(format!(
                "https://www.facebook.com/{}",
                graph.options.page_id
            )),
            "instagram_business_account" => json!({ "id": graph.options.instagram.id }),
            "id" => continue,
            other if EMPTY_PAGE_FIELDS.contains(&other) => continue,
            other => return Err(nonexisting(other)),
        };
        answer.insert(field.name, value);
    }
    answer.insert("id".to_owned(), json!(graph.options.page_id));
    Ok(Value::Object(answer))
}

/// `GET /{id}` of anything that is not an account.
pub(crate) fn object(graph: &Graph, id: &str, call: &Call) -> Result<Value, GraphError> {
    if let Some(customer) = graph.world.customers.get(id) {
        return match graph.people.surface(id) {
            Surface::Messenger => profile(&customer, call),
            Surface::Instagram => instagram::profile(graph, &customer, call),
            // Commenters have no profile beside the name that comments show.
            Surface::Feed => Err(GraphError::no_such_object("get", id)),
        };
    }
    if let Some(item) = graph.wall.get(id) {
        return feed::object(graph, &item, &call.parameters);
    }
    if let Some(item) = graph.gallery.get(id) {
        return instagram::object(graph, &item, &call.parameters);
    }
    conversations::object(graph, id, call)
        .unwrap_or_else(|| Err(GraphError::no_such_object("get", id)))
}

fn profile(customer: &Customer, call: &Call) -> Result<Value, GraphError> {
    let known = &customer.profile;
    if known.hidden {
        return Err(GraphError::no_such_object("get", &customer.id));
    }
    let fields = wanted(
        &call.parameters,
        &["first_name", "last_name", "profile_pic"],
    )?;
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
