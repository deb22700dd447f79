//! Messages of an interaction, and everything else that is done on the network.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::MessageId;
use linecard_model::manifest::AttachmentKind;
use linecard_model::message::Content;
use linecard_model::platform::{Action, Attachment, Location, OutgoingAttachment, Structured};
use linecard_sandbox::MediaStore as _;
use linecard_site::Request;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::history::{Part, history};
use super::problem::Problem;
use super::views::{ActionTaken, MessageView, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, send))
        .routes(routes!(resend))
        .routes(routes!(act))
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
struct Answered {
    /// The text.
    #[schema(example = "Thanks, we are looking into it.")]
    text: Option<String>,
    /// What is attached.
    #[serde(default)]
    attachments: Vec<ReplyAttachment>,
    /// Answers to choose from.
    #[serde(default)]
    quick_replies: Vec<QuickReply>,
    /// Structured content of another kind, such as a card.
    structured: Option<ReplyContent>,
    /// A place.
    location: Option<Location>,
    /// The message that it answers, by the hub's id. In a public conversation the customer's latest
    /// message if it is left out.
    reply_to: Option<MessageId>,
    /// Whether to answer a public message privately.
    #[serde(default)]
    private: bool,
}

/// Something to attach: a file of the hub's media store, or a public URL.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplyAttachment {
    /// The kind.
    kind: AttachmentKind,
    /// The file in the hub's media store, instead of a URL.
    media: Option<String>,
    /// Where the network fetches it.
    url: Option<String>,
    /// The MIME type.
    mime: Option<String>,
    /// The file's name.
    name: Option<String>,
    /// The size in bytes.
    size: Option<u64>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuickReply {
    /// What the customer sees.
    text: String,
    /// What comes back when it is chosen; the text if it is left out.
    payload: Option<String>,
    /// The URL of a picture.
    image: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplyContent {
    /// What it is, such as `card`, `carousel`, `list`; `template` for one that the network approved,
    /// with the content `{"name", "language", "components"}`. What there is, and what each needs, is
    /// under `/channels/{id}/templates`; it is checked before the message is taken, if the list is known.
    kind: String,
    /// The content, in the form that the plug-in contract gives for the kind.
    #[schema(value_type = BTreeMap<String, Value>)]
    content: Map<String, Value>,
}

impl Answered {
    fn content(self) -> Result<(Content, Option<MessageId>, bool), Problem> {
        let structured = match (self.quick_replies.is_empty(), self.structured) {
            (true, None) => None,
            (true, Some(given)) => Some(Structured {
                kind: given.kind,
                json: Value::Object(given.content).to_string(),
            }),
            (false, None) => Some(quick_replies(&self.quick_replies)),
            (false, Some(_)) => {
                return Err(Problem::invalid(
                    "/structured",
                    "give quick replies or structured content, not both",
                ));
            }
        };
        let outgoing_attachments = self
            .attachments
            .into_iter()
            .map(|given| OutgoingAttachment {
                attachment: Attachment {
                    kind: given.kind,
                    url: given.url,
                    media_id: None,
                    mime: given.mime,
                    size: given.size,
                    name: given.name,
                    sha256: None,
                    label: None,
                },
                media: given.media,
            })
            .collect();
        let content = Content {
            text: self.text,
            outgoing_attachments,
            location: self.location,
            structured,
            ..Content::default()
        };
        Ok((content, self.reply_to, self.private))
    }
}

fn quick_replies(given: &[QuickReply]) -> Structured {
    let options: Vec<Value> = given
        .iter()
        .map(|reply| {
            let payload = reply.payload.as_ref().unwrap_or(&reply.text);
            let mut option = json!({"text": reply.text, "payload": payload});
            if let Some(image) = &reply.image {
                option["image"] = json!(image);
            }
            option
        })
        .collect();
    Structured {
        kind: "quick-replies".to_owned(),
        json: json!({"options": options}).to_string(),
    }
}

/// Answer the customer
///
/// 202 means that the message is on disk; events tell when the network has it. A network's limits
/// (see the interaction's `capabilities`) are checked before.
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
    let (mut content, reply_to, private) = change.body.content()?;
    know_files(&app, &mut content).await?;
    let request = Request::Send {
        interaction,
        content,
        reply_to,
        private,
    };
    app.request(&caller, request, key).await
}

/// What the store knows of the files that are to be attached: their size, and their type unless the
/// caller gave one.
async fn know_files(app: &App, content: &mut Content) -> Result<(), Problem> {
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
    let message = message
        .parse()
        .map_err(|_| Problem::not_found("message", &message))?;
    let request = Request::Resend {
        interaction,
        message,
    };
    app.request(&caller, request, key).await
}

/// Something to do on the network.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Act {
    /// What: the contract's form, such as `{"react": {"message_id": "…", "name": "like"}}`,
    /// `{"mark_seen": null}`, `{"typing": true}`, `{"hide": "<message id>"}` or `"follow"`. Message
    /// ids are the network's.
    #[schema(example = json!({"typing": true}))]
    action: Action,
}

/// Do something on the network that is not a message
///
/// A like, a repost, "seen", "is typing", … as far as the interaction's `capabilities` have it. 202
/// means that it is on disk; `action-changed` events tell what became of it.
#[utoipa::path(post, operation_id = "takeAction", path = "/interactions/{id}/actions", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Act, example = json!({"action": {"typing": true}})),
    responses((status = 202, body = ActionTaken)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state",
        "capability-unsupported", "reply-window-closed", "opt-in-required", "text-too-long", "text-required",
        "attachment-unsupported"
    ]))))]
async fn act(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Act>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let action = change.body.action;
    if matches!(
        action,
        Action::SendMessage(_)
            | Action::Reply(_)
            | Action::PrivateReply(_)
            | Action::SendTemplate(_)
    ) {
        return Err(Problem::invalid(
            "/action",
            "messages go to /api/v1/interactions/{id}/messages",
        ));
    }
    let request = Request::Act {
        interaction,
        action,
    };
    app.request(&caller, request, key).await
}

#[cfg(test)]
mod tests {
    use super::super::extract::parse;
    use super::*;

    #[test]
    fn a_reply_becomes_content() {
        let reply: Answered = parse(
            br#"{"text":"Which?","quick_replies":[{"text":"Red"},{"text":"Blue","payload":"b"}],
                "attachments":[{"kind":"image","url":"https://x.example/a.png","media":null}]}"#,
        )
        .unwrap();
        let (content, reply_to, private) = reply.content().unwrap();
        assert_eq!(content.text.as_deref(), Some("Which?"));
        assert_eq!(content.outgoing_attachments.len(), 1);
        let structured = content.structured.unwrap();
        assert_eq!(structured.kind, "quick-replies");
        assert_eq!(
            serde_json::from_str::<Value>(&structured.json).unwrap(),
            json!({"options": [{"text": "Red", "payload": "Red"}, {"text": "Blue", "payload": "b"}]})
        );
        assert!(reply_to.is_none() && !private);
    }

    #[test]
    fn a_misspelt_field_is_named() {
        let problem = parse::<Answered>(br#"{"txet":"hi"}"#).unwrap_err();
        assert_eq!(problem.name(), "invalid");
        assert!(problem.detail().contains("txet"), "{}", problem.detail());
    }
}
