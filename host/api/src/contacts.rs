//! Contacts and what was ever exchanged with them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::site::Role;
use linecard_model::{ChannelId, ContactId};
use linecard_site::{Idempotency, Request};
use linecard_store::Page as StorePage;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Path, Query};
use super::history::{Part, history as part_of_history};
use super::interactions::{cursor, limit};
use super::problem::{Problem, ProblemBody};
use super::views::{ContactView, MessageView, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(history))
        .routes(routes!(opt_in, opt_out))
}

#[derive(Debug, Deserialize, IntoParams)]
struct Filter {
    /// The channel of `identity`.
    channel: Option<String>,
    /// The network's id of the contact on `channel`.
    identity: Option<String>,
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    limit: Option<usize>,
}

/// Contacts, newest first
///
/// With `channel` and `identity`: the one with this identity, if the caller sees one of its
/// interactions. The whole list is for supervisors.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(Filter),
    responses((status = 200, body = Page<ContactView>), (status = 403, body = ProblemBody)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page<ContactView>>, Problem> {
    let site = app.hub.site.id();
    match (&filter.channel, &filter.identity) {
        (Some(channel), Some(identity)) => {
            let mut items = Vec::new();
            if let Ok(channel) = ChannelId::new(channel)
                && let Some(id) = app
                    .hub
                    .store
                    .contact_by_identity(site, &channel, identity)
                    .await?
            {
                match app.contact(&caller, &id.to_string()).await {
                    Ok(contact) => items.push(ContactView::from(contact)),
                    Err(problem) if problem.name() == "not-found" => {}
                    Err(problem) => return Err(problem),
                }
            }
            Ok(Answer(Page { items, next: None }))
        }
        (None, None) => {
            caller.require(Role::Supervisor)?;
            let limit = limit(filter.limit)?;
            let page = StorePage {
                before: cursor::<ContactId>(filter.after.as_deref())?,
                limit,
            };
            let found = app.hub.store.contacts(site, page).await?;
            let next = (found.len() == limit)
                .then(|| found.last().map(|c| c.id.to_string()))
                .flatten();
            let items = found.into_iter().map(ContactView::from).collect();
            Ok(Answer(Page { items, next }))
        }
        _ => Err(Problem::new(
            "bad-parameter",
            "give channel and identity together",
        )),
    }
}

/// A contact
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, body = ContactView), (status = 404, body = ProblemBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<ContactView>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    Ok(Answer(ContactView::from(contact)))
}

/// Everything that was exchanged with a contact, on all channels, newest first
///
/// `before` pages to older messages, `after` to newer ones.
#[utoipa::path(get, path = "/contacts/{id}/history", tag = "contacts",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<MessageView>), (status = 404, body = ProblemBody)))]
async fn history(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<MessageView>>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    part_of_history(&app, &[contact.id], &part, |_| true)
        .await
        .map(Answer)
}

/// How a contact agreed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Agreed {
    /// Where or how, for whoever asks later: up to 500 characters.
    #[schema(example = "order form of 21 November, box ticked")]
    source: String,
}

/// Record that a contact agreed to be written to first on a channel
///
/// Messages that open a conversation anew, such as WhatsApp's templates after the reply window has
/// closed, are sent only to contacts who agreed. The audit log keeps who recorded it.
#[utoipa::path(put, path = "/contacts/{id}/opt-ins/{channel}", tag = "contacts",
    params(("id" = String, Path), ("channel" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body = Agreed,
    responses((status = 200, body = ContactView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn opt_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Agreed>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    let source = change.body.source.trim().to_owned();
    if source.is_empty() || source.chars().count() > 500 {
        let text = "say in 1 to 500 characters how the contact agreed";
        return Err(Problem::invalid("/source", text));
    }
    consent(&app, &caller, place, Some(source), key).await
}

#[derive(Debug, Deserialize)]
struct Nothing {}

/// Record that a contact does not want to be written to first on a channel any more
#[utoipa::path(delete, path = "/contacts/{id}/opt-ins/{channel}", tag = "contacts",
    params(("id" = String, Path), ("channel" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ContactView), (status = 404, body = ProblemBody)))]
async fn opt_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    consent(&app, &caller, place, None, key).await
}

async fn consent(
    app: &App,
    caller: &Caller,
    (contact, channel): (String, String),
    source: Option<String>,
    key: Option<Idempotency>,
) -> Result<Changed, Problem> {
    let contact = app.contact(caller, &contact).await?.id;
    let channel = ChannelId::new(&channel).map_err(|_| Problem::not_found("channel", &channel))?;
    let request = Request::OptIn {
        contact,
        channel,
        source,
    };
    app.request(caller, request, key).await
}
