//! What failed for good on a channel: seen, redelivered, deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::dead_letter::{DeadLetter, Undone, UndoneAction};
use linecard_model::message::Content;
use linecard_model::platform::{Action, EventKind, Refusal, Structured, Template};
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId, DeadLetterId, InteractionId, MessageId, Timestamp};
use linecard_site::Request;
use linecard_traffic::redeliver::RedeliverError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::ContentView;
use super::extract::{Caller, Changing, Path, Query};
use super::interactions::limit;
use super::problem::Problem;
use super::views::{ActionTaken, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, delete))
        .routes(routes!(redeliver))
}

/// What kind of thing failed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DeadLetterKind)]
enum LetterKind {
    /// A request of the network that could not be read.
    Webhook,
    /// A customer's message that could not become work.
    Event,
    /// A message or another action that failed, or whose outcome is unknown.
    Action,
}

/// Something that failed for good.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct LetterView {
    /// The letter; for what was to go out, the message's or the action's id.
    id: DeadLetterId,
    /// What it is.
    kind: LetterKind,
    /// When it failed.
    at: Timestamp,
    /// Why: the network's or the hub's code and text.
    reason: Refusal,
    /// Whether the customer may have it already: redelivery wants `confirm` then.
    may_have_arrived: bool,
    /// What was to be done, such as `send-message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// The message that was to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    /// The customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactId>,
    /// The interaction that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionId>,
}

/// Something that failed for good, with what is needed to understand it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterDetail)]
struct LetterDetail {
    #[serde(flatten)]
    letter: LetterView,
    /// What the customer or the agent wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<ContentView>,
    /// The network's payload, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

impl From<&DeadLetter> for LetterView {
    fn from(letter: &DeadLetter) -> Self {
        let kind = match letter.what {
            Undone::Webhook(_) => LetterKind::Webhook,
            Undone::Event { .. } => LetterKind::Event,
            Undone::Action(_) => LetterKind::Action,
        };
        let action: Option<&UndoneAction> = match &letter.what {
            Undone::Action(action) => Some(action),
            Undone::Webhook(_) | Undone::Event { .. } => None,
        };
        Self {
            id: letter.id,
            kind,
            at: letter.at,
            reason: letter.reason.clone(),
            may_have_arrived: action.is_some_and(|a| a.may_have_arrived),
            action: action.map(|a| a.name.clone()),
            message: action.and_then(|a| a.message),
            contact: action.and_then(|a| a.contact),
            interaction: action.and_then(|a| a.interaction),
        }
    }
}

impl From<DeadLetter> for LetterDetail {
    fn from(letter: DeadLetter) -> Self {
        let view = LetterView::from(&letter);
        let (content, raw) = match letter.what {
            Undone::Webhook(request) => {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                (None, Some(body))
            }
            Undone::Event { event, .. } => {
                let content = match event.kind {
                    EventKind::MessageCreated(message) => Some(message.into()),
                    EventKind::Postback(postback) => Some(Content {
                        text: Some(postback.title),
                        ..Content::default()
                    }),
                    _ => None,
                };
                (content, Some(event.raw))
            }
            Undone::Action(undone) => {
                let action = undone.entry.map(|entry| entry.request.action);
                (action.and_then(content_of), None)
            }
        };
        Self {
            letter: view,
            content: content.map(|content| ContentView::new(content, Vec::new())),
            raw,
        }
    }
}

/// What an action would say.
fn content_of(action: Action) -> Option<Content> {
    match action {
        Action::SendMessage(outgoing)
        | Action::Reply(outgoing)
        | Action::PrivateReply(outgoing)
        | Action::Quote(outgoing)
        | Action::RequestFollow(outgoing)
        | Action::Publish(outgoing) => Some(outgoing.into()),
        Action::Edit(edit) => Some(Content {
            text: Some(edit.text),
            ..Content::default()
        }),
        Action::SendTemplate(template) => Some(content_of_template(template)),
        _ => None,
    }
}

/// A template as the answer that asked for it.
fn content_of_template(template: Template) -> Content {
    let components: Value = serde_json::from_str(&template.parameters).unwrap_or_default();
    let (name, language) = (template.name, template.language);
    let content = json!({ "name": name, "language": language, "components": components });
    Content {
        structured: Some(Structured {
            kind: "template".to_owned(),
            json: content.to_string(),
        }),
        ..Content::default()
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most letters, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Whoever sees everything, or may change channels.
fn permitted(caller: &Caller) -> Result<(), Problem> {
    if caller.may(Right::Channels) {
        return Ok(());
    }
    caller.require(Right::DeadLetters)
}

async fn known(app: &App, channel: &str) -> Result<ChannelId, Problem> {
    let config = app.auth.config().await?;
    ChannelId::new(channel)
        .ok()
        .filter(|id| config.channels.contains_key(id))
        .ok_or_else(|| Problem::not_found("channel", channel))
}

fn letter_id(text: &str) -> Result<DeadLetterId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found("dead letter", text))
}

/// What failed for good on a channel, newest first
///
/// A message that somebody sends again, or that turns out to have arrived, leaves the list by itself.
#[utoipa::path(get, operation_id = "listDeadLetters", path = "/channels/{id}/dead-letters", tag = "channels",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<LetterView>)),
    extensions(("x-right" = json!(["dead-letters", "channels"])), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<LetterView>>, Problem> {
    permitted(&caller)?;
    let channel = known(&app, &id).await?;
    let limit = limit(part.limit)?;
    let before = match part.after {
        Some(cursor) => Some(
            cursor
                .parse()
                .map_err(|_| Problem::new("bad-cursor", "`after` is not a cursor of this list"))?,
        ),
        None => None,
    };
    let page = linecard_store::Page { before, limit };
    let site = app.hub.site.id();
    let letters = app.hub.store.dead_letters(site, &channel, page).await?;
    let next = letters
        .last()
        .filter(|_| letters.len() == limit)
        .map(|letter| letter.id.to_string());
    Ok(Answer(Page {
        items: letters.iter().map(LetterView::from).collect(),
        next,
    }))
}

/// Something that failed for good, with its content
#[utoipa::path(get, operation_id = "getDeadLetter", path = "/channels/{id}/dead-letters/{letter}", tag = "channels",
    params(("id" = String, Path), ("letter" = String, Path)),
    responses((status = 200, body = LetterDetail)),
    extensions(("x-right" = json!(["dead-letters", "channels"])), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, letter)): Path<(String, String)>,
) -> Result<Answer<LetterDetail>, Problem> {
    permitted(&caller)?;
    let channel = known(&app, &id).await?;
    let site = app.hub.site.id();
    let found = app
        .hub
        .store
        .dead_letter(site, &channel, letter_id(&letter)?)
        .await?
        .ok_or_else(|| Problem::not_found("dead letter", &letter))?;
    Ok(Answer(found.into()))
}

/// How to redeliver.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Redelivery {
    /// Whether it may arrive twice: needed if the customer may have it already.
    #[serde(default)]
    confirm: bool,
}

/// Try something again that failed for good
///
/// What came in goes through the connector and the preparation again, deduplicated as ever; what was
/// to go out is sent again, from where it had come to. If it fails again, it becomes a dead letter
/// again.
#[utoipa::path(post, operation_id = "redeliverDeadLetter", path = "/channels/{id}/dead-letters/{letter}/redeliver",
    tag = "channels",
    params(("id" = String, Path), ("letter" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Redelivery, example = json!({"confirm": true})),
    responses((status = 202, body = ActionTaken)),
    extensions(("x-right" = json!(["dead-letters", "channels"])), ("x-problems" = json!([
        "not-allowed", "not-found", "confirmation-required", "still-failing", "plugin-failed"
    ]))))]
async fn redeliver(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, letter)): Path<(String, String)>,
    change: Changing<Redelivery>,
) -> Result<Changed, Problem> {
    permitted(&caller)?;
    let channel = known(&app, &id).await?;
    let key = change.idempotency(&caller);
    let confirm = change.body.confirm;
    let letter = letter_id(&letter)?;
    let redelivered = app
        .hub
        .receiver
        .redeliver(&caller.actor, &channel, letter, confirm, key);
    Ok(Changed(redelivered.await?))
}

/// Forget something that failed for good
#[utoipa::path(delete, operation_id = "deleteDeadLetter", path = "/channels/{id}/dead-letters/{letter}",
    tag = "channels",
    params(("id" = String, Path), ("letter" = String, Path)),
    responses((status = 204)),
    extensions(("x-right" = json!(["dead-letters", "channels"])), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, letter)): Path<(String, String)>,
) -> Result<Changed, Problem> {
    permitted(&caller)?;
    let channel = known(&app, &id).await?;
    let request = Request::Discard {
        channel,
        letter: letter_id(&letter)?,
    };
    app.request(&caller, request, None).await
}

impl From<RedeliverError> for Problem {
    fn from(error: RedeliverError) -> Self {
        let detail = error.to_string();
        match error {
            RedeliverError::ChannelAway(_) | RedeliverError::Rejected(_) => {
                Self::new("still-failing", detail)
            }
            RedeliverError::Plugin(_) => Self::new("plugin-failed", detail),
            RedeliverError::Store(error) => error.into(),
            RedeliverError::Command(error) => error.into(),
        }
    }
}
