//! What agents put to their work that no customer sees: read marks, drafts, labels, attributes, followers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::desk::{Attribute, Draft};
use linecard_model::{AgentId, InteractionId, MessageId, ResponseId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::Desk;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::ContentView;
use super::extract::{Caller, Changing, Nothing, Path};
use super::messages::{Answered, Parts};
use super::problem::Problem;
use super::views::{ContactView, InteractionView};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(read, unread))
        .routes(routes!(draft, save_draft, remove_draft))
        .routes(routes!(add_label, remove_label))
        .routes(routes!(set_attribute, remove_attribute))
        .routes(routes!(set_contact_attribute, remove_contact_attribute))
        .routes(routes!(follow, unfollow))
}

/// Up to where somebody has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpTo {
    /// The newest message that was read; the newest that there is if it is left out.
    message: Option<MessageId>,
}

/// How far an agent has read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadMark)]
pub(super) struct ReadView {
    /// The newest message that they have read; absent if all counts as unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// How many of the customer's messages they have not read.
    pub unread: u32,
}

/// Mark an interaction as read by the caller
///
/// Up to a message. What was read stays read when an older message is named later. An answer of the caller
/// does it too.
#[utoipa::path(put, operation_id = "markRead", path = "/interactions/{id}/read", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = UpTo, example = json!({})),
    responses((status = 200, body = ReadView)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<UpTo>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let message = change.body.message;
    let asked = Desk::Read {
        interaction,
        message,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Mark an interaction as unread by the caller
#[utoipa::path(delete, operation_id = "markUnread", path = "/interactions/{id}/read", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ReadView)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn unread(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::Unread { interaction };
    app.request(&caller, Request::Desk(asked), key).await
}

/// An answer that was begun.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Draft)]
pub(super) struct DraftView {
    /// The interaction.
    interaction: InteractionId,
    /// When it was saved.
    saved_at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    content: ContentView,
    /// The message that it is to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<MessageId>,
    /// Whether a public message is to be answered privately.
    private: bool,
    /// The standard response that it was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseId>,
}

impl DraftView {
    /// An agent's draft in an interaction.
    pub fn of(interaction: InteractionId, draft: Draft) -> Self {
        Self {
            interaction,
            saved_at: draft.saved_at,
            content: ContentView::new(draft.content, Vec::new()),
            reply_to: draft.reply_to,
            private: draft.private,
            response: draft.response,
        }
    }
}

fn own_agent(caller: &Caller) -> Result<AgentId, Problem> {
    let agent = caller.actor.agent.clone();
    agent.ok_or_else(|| Problem::not_allowed("drafts belong to people; sign in as one"))
}

/// The caller's draft in an interaction
#[utoipa::path(get, operation_id = "getDraft", path = "/interactions/{id}/draft", tag = "work",
    params(("id" = String, Path)),
    responses((status = 200, body = DraftView)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<DraftView>, Problem> {
    let agent = own_agent(&caller)?;
    let interaction = app.interaction(&caller, &id).await?.id;
    let (store, site) = (&app.hub.store, app.hub.site.id());
    let found = store.draft(site, interaction, &agent).await?;
    let found = found.ok_or_else(|| Problem::not_found("draft in interaction", id))?;
    Ok(Answer(DraftView::of(interaction, found)))
}

/// Keep what the caller has begun to answer
///
/// It has the form of an answer and replaces the draft before it. It goes when the caller sends a message,
/// and, after the site's `retention.draft_days`, when the interaction is over.
#[utoipa::path(put, operation_id = "saveDraft", path = "/interactions/{id}/draft", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Answered, example = json!({"text": "Thanks, we"})),
    responses((status = 200, body = DraftView)),
    extensions(("x-problems" = json!(["not-allowed", "not-found", "wrong-state"]))))]
async fn save_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Answered>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let Parts {
        content,
        reply_to,
        private,
        response,
    } = change.body.parts(&app).await?;
    let draft = Box::new(Draft {
        saved_at: Timestamp::now(),
        content,
        reply_to,
        private,
        response,
    });
    let asked = Desk::SaveDraft { interaction, draft };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Throw the caller's draft away
#[utoipa::path(delete, operation_id = "deleteDraft", path = "/interactions/{id}/draft", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn remove_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::RemoveDraft { interaction };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Put a label on an interaction
///
/// One of the site's labels, if the site names any.
#[utoipa::path(put, operation_id = "addLabel", path = "/interactions/{id}/labels/{label}", tag = "work",
    params(("id" = String, Path), ("label" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn add_label(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    label(&app, &caller, place, &change, true).await
}

/// Take a label off an interaction
#[utoipa::path(delete, operation_id = "removeLabel", path = "/interactions/{id}/labels/{label}", tag = "work",
    params(("id" = String, Path), ("label" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn remove_label(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    label(&app, &caller, place, &change, false).await
}

async fn label(
    app: &App,
    caller: &Caller,
    (id, label): (String, String),
    change: &Changing<Nothing>,
    on: bool,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(caller, &id).await?.id;
    let key = change.idempotency(caller);
    let asked = Desk::Label {
        interaction,
        label,
        on,
    };
    app.request(caller, Request::Desk(asked), key).await
}

/// Put an attribute to an interaction
#[utoipa::path(put, operation_id = "setInteractionAttribute", path = "/interactions/{id}/attributes/{name}",
    tag = "work",
    params(("id" = String, Path), ("name" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Attribute, example = json!({"type": "text", "value": "4711"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn set_attribute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    change: Changing<Attribute>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::Attribute {
        interaction,
        name,
        value: Some(change.body),
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Take an attribute away from an interaction
#[utoipa::path(delete, operation_id = "deleteInteractionAttribute",
    path = "/interactions/{id}/attributes/{name}", tag = "work",
    params(("id" = String, Path), ("name" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn remove_attribute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::Attribute {
        interaction,
        name,
        value: None,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Put an attribute to a contact
#[utoipa::path(put, operation_id = "setContactAttribute", path = "/contacts/{id}/attributes/{name}",
    tag = "contacts",
    params(("id" = String, Path), ("name" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Attribute, example = json!({"type": "date", "value": "2026-11-28"})),
    responses((status = 200, body = ContactView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn set_contact_attribute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    change: Changing<Attribute>,
) -> Result<Changed, Problem> {
    let contact = app.contact(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::ContactAttribute {
        contact,
        name,
        value: Some(change.body),
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Take an attribute away from a contact
#[utoipa::path(delete, operation_id = "deleteContactAttribute", path = "/contacts/{id}/attributes/{name}",
    tag = "contacts",
    params(("id" = String, Path), ("name" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ContactView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn remove_contact_attribute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let contact = app.contact(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::ContactAttribute {
        contact,
        name,
        value: None,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Let an agent follow an interaction
///
/// They see it and hear of it from then on, whatever queue it is in. `me` is the caller.
#[utoipa::path(put, operation_id = "addFollower", path = "/interactions/{id}/followers/{agent}", tag = "work",
    params(("id" = String, Path), ("agent" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    follower(&app, &caller, place, &change, true).await
}

/// Let an agent follow an interaction no longer
#[utoipa::path(delete, operation_id = "removeFollower", path = "/interactions/{id}/followers/{agent}",
    tag = "work",
    params(("id" = String, Path), ("agent" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn unfollow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    follower(&app, &caller, place, &change, false).await
}

async fn follower(
    app: &App,
    caller: &Caller,
    (id, agent): (String, String),
    change: &Changing<Nothing>,
    on: bool,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(caller, &id).await?.id;
    let named = match (&caller.actor.agent, agent.as_str()) {
        (Some(own), "me") => Some(own.clone()),
        (_, name) => AgentId::new(name).ok(),
    };
    let agent = named.ok_or_else(|| Problem::not_found("agent", &agent))?;
    let key = change.idempotency(caller);
    let asked = Desk::Follow {
        interaction,
        agent,
        on,
    };
    app.request(caller, Request::Desk(asked), key).await
}
