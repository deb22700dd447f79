//! What happened with a contact beside what was said, and two contacts that are one person.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::event::{Event, Seq};
use linecard_model::platform::Author;
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId, Timestamp};
use linecard_site::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::interactions::{cursor, limit};
use super::problem::Problem;
use super::views::{ContactView, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(merge, part))
}

/// Something that happened with a contact and is no message.
#[derive(Debug, Serialize, ToSchema)]
struct ContactEvent {
    /// The number of the event in the journal.
    seq: Seq,
    /// The channel.
    channel: ChannelId,
    /// The network's conversation, if it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    /// What, in a word, such as `follow`.
    name: String,
    /// Who did it, if the network says.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Author>,
    /// When, by the network's clock.
    occurred_at: Timestamp,
    /// The details, as the connector normalized them: their form is the connector's.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(required = false)]
    details: Value,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What else happened with a contact, oldest first
///
/// Whatever the networks tell that is no message: a conversation that was opened without a word, a follow, a
/// link by which they came, a change of their number.
#[utoipa::path(get, operation_id = "listContactEvents", path = "/contacts/{id}/events", tag = "contacts",
    params(("id" = String, Path), Filter),
    responses((status = 200, body = Page<ContactEvent>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page<ContactEvent>>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    let limit = limit(filter.limit)?;
    let after = cursor::<Seq>(filter.after.as_deref())?.unwrap_or(0);
    let (store, site) = (&app.hub.store, app.hub.site.id());
    let mut numbers = BTreeSet::new();
    for id in contact.ids() {
        let found = store.details_of(site, id, after, limit).await?;
        numbers.extend(found.into_iter().map(|seq| (seq, id)));
    }
    let page: Vec<_> = numbers.into_iter().take(limit).collect();
    let next = (page.len() == limit)
        .then(|| page.last().map(|(seq, _)| seq.to_string()))
        .flatten();
    let mut items = Vec::new();
    for (seq, id) in page {
        if let Some(Event::PlatformEvent {
            channel,
            thread,
            author,
            name,
            occurred_at,
            details,
            ..
        }) = store.details(site, id, seq).await?
        {
            items.push(ContactEvent {
                seq,
                channel,
                thread,
                name,
                author,
                occurred_at,
                details,
            });
        }
    }
    Ok(Answer(Page { items, next }))
}

/// Record that two contacts are one person
///
/// The older one goes on: it has the identities of both, and whoever asks for the other is
/// shown it. What was exchanged is read together. It can be undone.
#[utoipa::path(put, operation_id = "mergeContacts", path = "/contacts/{id}/merged/{other}", tag = "contacts",
    params(("id" = String, Path), ("other" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ContactView)),
    extensions(("x-right" = json!("contacts")), ("x-problems" = json!(["not-allowed", "not-found", "contact-busy"]))))]
async fn merge(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, other)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Contacts)?;
    let key = change.idempotency(&caller);
    let contact = app.contact(&caller, &id).await?.id;
    let other = app.contact(&caller, &other).await?.id;
    app.request(&caller, Request::Merge { contact, other }, key)
        .await
}

/// Undo a merge: two contacts are two people
///
/// The other has its identities again, and what was exchanged with it before; no network's
/// word makes the two one again.
#[utoipa::path(delete, operation_id = "partContacts", path = "/contacts/{id}/merged/{other}", tag = "contacts",
    params(("id" = String, Path), ("other" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ContactView)),
    extensions(("x-right" = json!("contacts")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn part(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, other)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Contacts)?;
    let key = change.idempotency(&caller);
    let unknown = || Problem::not_found("contact", &other);
    let merged: ContactId = other.parse().map_err(|_| unknown())?;
    let contact = app.contact(&caller, &id).await?.id;
    app.request(&caller, Request::Part { contact, merged }, key)
        .await
}
