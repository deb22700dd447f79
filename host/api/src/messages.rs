//! Messages of an interaction.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::message::Content;
use linecard_model::platform::Location;
use linecard_model::{MessageId, ResponseId};
use linecard_sandbox::MediaStore as _;
use linecard_site::Request;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::{NewAttachment, QuickReply, Said, StructuredView};
use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::history::{Part, history};
use super::problem::Problem;
use super::views::{MessageView, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, send))
        .routes(routes!(resend))
        .routes(routes!(settle))
}

/// What was said in an interaction, newest first
#[utoipa::path(get, operation_id = "listMessages", path = "/interactions/{id}/messages", tag = "work",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<MessageView>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<MessageView>>, Problem> {
    let interaction = app.interaction(&caller, &id).await?;
    let of = interaction.id;
    history(&app, &interaction.contacts(), &part, move |m| {
        m.interaction == of
    })
    .await
    .map(Answer)
}

/// An answer to the customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reply)]
pub(super) struct Answered {
    /// The text.
    #[schema(example = "Thanks, we are looking into it.")]
    text: Option<String>,
    /// What is attached.
    #[serde(default)]
    attachments: Vec<NewAttachment>,
    /// Answers to choose from.
    #[serde(default)]
    quick_replies: Vec<QuickReply>,
    /// Structured content of another kind, such as a card.
    structured: Option<StructuredView>,
    /// A place.
    location: Option<Location>,
    /// The message that it answers. In a public conversation the customer's latest message if it is left
    /// out.
    reply_to: Option<MessageId>,
    /// Whether to answer a public message privately.
    #[serde(default)]
    private: bool,
    /// The standard response that it was made of, so that its use is counted.
    response: Option<ResponseId>,
}

/// An answer, taken apart.
pub(super) struct Parts {
    pub content: Content,
    pub reply_to: Option<MessageId>,
    pub private: bool,
    pub response: Option<ResponseId>,
}

impl Answered {
    /// What it says, with what the store knows of its files.
    pub async fn parts(self, app: &App) -> Result<Parts, Problem> {
        let said = Said {
            text: self.text,
            attachments: self.attachments,
            quick_replies: self.quick_replies,
            structured: self.structured,
            location: self.location,
        };
        let mut content = Content::try_from(said)?;
        know_files(app, &mut content).await?;
        Ok(Parts {
            content,
            reply_to: self.reply_to,
            private: self.private,
            response: self.response,
        })
    }
}

/// Answer the customer
///
/// 202 means that the message is on disk; events tell when the network has it. A network's limits
/// (see the interaction's `capabilities`) are checked before. The caller's draft goes with it, and what the
/// customer wrote so far counts as read by the caller.
#[utoipa::path(post, operation_id = "sendMessage", path = "/interactions/{id}/messages", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Answered, example = json!({"text": "Thanks, we are looking into it."})),
    responses((status = 202, body = MessageView)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state",
        "capability-unsupported", "reply-window-closed", "opt-in-required", "template-unfit", "text-too-long",
        "text-required", "attachment-unsupported"
    ]))))]
async fn send(
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
    let request = Request::Send {
        interaction,
        content,
        reply_to,
        private,
        response,
    };
    app.request(&caller, request, key).await
}

/// What the store knows of the files that are to be attached: their size, and their type unless the
/// caller gave one.
pub(super) async fn know_files(app: &App, content: &mut Content) -> Result<(), Problem> {
    for (index, given) in content.outgoing_attachments.iter_mut().enumerate() {
        let Some(media) = &given.media else { continue };
        let file = app.hub.equipment.media.open(media).await.map_err(|error| {
            Problem::invalid(format!("/attachments/{index}/media"), error.to_string())
        })?;
        given.attachment.size = Some(file.size);
        given.attachment.mime = given.attachment.mime.take().or(file.mime);
    }
    Ok(())
}

/// A message's id, as it stands in an address.
pub(super) fn message_id(text: &str) -> Result<MessageId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found("message", text))
}

/// Send a failed or uncertain message again
#[utoipa::path(post, operation_id = "resendMessage", path = "/interactions/{id}/messages/{message}/resend",
    tag = "work",
    params(("id" = String, Path), ("message" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 202, body = MessageView)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state", "not-resendable",
        "capability-unsupported", "reply-window-closed", "opt-in-required", "template-unfit", "text-too-long",
        "text-required", "attachment-unsupported"
    ]))))]
async fn resend(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let message = message_id(&message)?;
    let request = Request::Resend {
        interaction,
        message,
    };
    app.request(&caller, request, key).await
}

/// What became of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settled {
    /// Whether the network shows it, and the customer can read it. If not, it counts as failed and can be
    /// sent again.
    arrived: bool,
}

/// Say whether an uncertain message arrived
///
/// For whoever wrote it or has the interaction, after a look at the network. What the network itself tells
/// later still counts.
#[utoipa::path(post, operation_id = "settleMessage", path = "/interactions/{id}/messages/{message}/settle",
    tag = "work",
    params(("id" = String, Path), ("message" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Settled, example = json!({"arrived": true})),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-uncertain"
    ]))))]
async fn settle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
    change: Changing<Settled>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let message = message_id(&message)?;
    let request = Request::Settle {
        interaction,
        message,
        arrived: change.body.arrived,
    };
    app.request(&caller, request, key).await
}

#[cfg(test)]
mod tests {
    use super::super::extract::parse;
    use super::*;

    #[test]
    fn a_misspelt_field_is_named() {
        let problem = parse::<Answered>(br#"{"txet":"hi"}"#).unwrap_err();
        assert_eq!(problem.name(), "invalid");
        assert!(problem.detail().contains("txet"), "{}", problem.detail());
    }
}
