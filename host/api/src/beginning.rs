//! A first message by the company.

use std::sync::Arc;

use axum::extract::State;
use linecard_model::message::Content;
use linecard_model::platform::Location;
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId, QueueId, ResponseId};
use linecard_site::Request;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::{NewAttachment, QuickReply, Said, StructuredView};
use super::extract::{Caller, Changing};
use super::messages::know_files;
use super::problem::Problem;
use super::views::InteractionView;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(begin))
}

/// A first message, to whom and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FirstMessage)]
struct First {
    /// The customer. There was a private conversation with them on the channel.
    contact: ContactId,
    /// The channel.
    channel: ChannelId,
    /// The queue to which the interaction belongs. The channel's if it is left out.
    queue: Option<QueueId>,
    /// The text.
    text: Option<String>,
    /// What is attached.
    #[serde(default)]
    attachments: Vec<NewAttachment>,
    /// Answers to choose from.
    #[serde(default)]
    quick_replies: Vec<QuickReply>,
    /// Structured content of another kind: after the reply window, a template.
    structured: Option<StructuredView>,
    /// A place.
    location: Option<Location>,
    /// The standard response that it was made of, so that its use is counted.
    response: Option<ResponseId>,
}

/// Write to a customer first
///
/// An interaction begins as the caller's, and counts as begun, not as offered or answered. The network's limits
/// and the contact's consent hold as in any conversation: while the reply window is open anything that the
/// network takes may be said, later a template for which there is consent (see `listTemplates` and
/// `recordOptIn`). 202 means that the message is on disk; events tell when the network has it.
#[utoipa::path(post, operation_id = "beginInteraction", path = "/interactions", tag = "work",
    params(("idempotency-key" = Option<String>, Header)),
    request_body(content = First, example = json!({
        "contact": "0199c3d2-7a10-7000-8000-000000000001", "channel": "page", "text": "Your parcel has been found."
    })),
    responses((status = 202, body = InteractionView)),
    extensions(("x-right" = json!("begin")), ("x-problems" = json!([
        "not-allowed", "not-found", "no-conversation", "under-way", "unknown-queue", "unknown-agent", "agent-unavailable",
        "capability-unsupported", "reply-window-closed", "opt-in-required", "template-unfit", "text-too-long",
        "text-required", "attachment-unsupported"
    ]))))]
async fn begin(
    State(app): State<Arc<App>>,
    caller: Caller,
    change: Changing<First>,
) -> Result<Changed, Problem> {
    caller.require(Right::Begin)?;
    let key = change.idempotency(&caller);
    let First {
        contact,
        channel,
        queue,
        text,
        attachments,
        quick_replies,
        structured,
        location,
        response,
    } = change.body;
    let contact = app.contact(&caller, &contact.to_string()).await?.id;
    if let Some(queue) = &queue
        && !app.sight(&caller).await?.queue(queue)
    {
        return Err(Problem::not_found("queue", queue.as_str()).at("/queue"));
    }
    let mut content = Content::try_from(Said {
        text,
        attachments,
        quick_replies,
        structured,
        location,
    })?;
    know_files(&app, &mut content).await?;
    let request = Request::Begin {
        contact,
        channel,
        queue,
        content,
        response,
    };
    app.request(&caller, request, key).await
}
