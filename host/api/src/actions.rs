//! What is done on a network that is not a message.

use std::sync::Arc;

use axum::extract::State;
use linecard_model::MessageId;
use linecard_model::message::Content;
use linecard_site::{About, Act, Reaction, Request};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::{NewAttachment, Said};
use super::extract::{Caller, Changing, Path};
use super::messages::know_files;
use super::problem::Problem;
use super::views::ActionTaken;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(take))
}

/// Something to do on the network: `action` is a `kind` of the interaction's `capabilities`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = NewAction)]
enum Asked {
    /// React to a message.
    React {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
        /// The network's word, such as `like`.
        name: String,
        /// The emoji, where the network takes one.
        emoji: Option<String>,
    },
    /// Take a reaction back.
    Unreact {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
        /// The network's word, such as `like`.
        name: String,
        /// The emoji, where the network takes one.
        emoji: Option<String>,
    },
    /// Repost a message.
    Repost {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
    },
    /// Take a repost back.
    Unrepost {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
    },
    /// Repost a message with a text.
    Quote {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
        /// The text.
        text: Option<String>,
        /// What is attached.
        #[serde(default)]
        attachments: Vec<NewAttachment>,
    },
    /// Follow the customer.
    Follow {},
    /// Stop following the customer.
    Unfollow {},
    /// Ask publicly to follow.
    RequestFollow {
        /// The message that it answers.
        message: Option<MessageId>,
        /// The text.
        text: Option<String>,
    },
    /// Hide a message from the public.
    Hide {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
    },
    /// Show a hidden message again.
    Unhide {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
    },
    /// Delete one's own message.
    Delete {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
    },
    /// Change the text of one's own message.
    Edit {
        /// The message.
        message: MessageId,
        /// Which of its `platform_ids`, counted from 0, if it went out in several parts.
        #[serde(default)]
        part: usize,
        /// The new text.
        text: String,
    },
    /// Tell that messages were seen.
    MarkSeen {
        /// The last message that was seen; all of them if it is left out.
        message: Option<MessageId>,
    },
    /// Tell that somebody is writing.
    Typing {
        /// `false` if they have stopped.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Write a new public post.
    Publish {
        /// The text.
        text: Option<String>,
        /// What is attached.
        #[serde(default)]
        attachments: Vec<NewAttachment>,
    },
}

fn yes() -> bool {
    true
}

async fn content(
    app: &App,
    text: Option<String>,
    attachments: Vec<NewAttachment>,
) -> Result<Content, Problem> {
    let said = Said {
        text,
        attachments,
        quick_replies: Vec::new(),
        structured: None,
        location: None,
    };
    let mut content = Content::try_from(said)?;
    know_files(app, &mut content).await?;
    Ok(content)
}

impl Asked {
    async fn act(self, app: &App) -> Result<Act, Problem> {
        Ok(match self {
            Self::React {
                message,
                part,
                name,
                emoji,
            } => Act::About(message, part, About::React(Reaction { name, emoji })),
            Self::Unreact {
                message,
                part,
                name,
                emoji,
            } => Act::About(message, part, About::Unreact(Reaction { name, emoji })),
            Self::Repost { message, part } => Act::About(message, part, About::Repost),
            Self::Unrepost { message, part } => Act::About(message, part, About::Unrepost),
            Self::Quote {
                message,
                part,
                text,
                attachments,
            } => {
                let content = content(app, text, attachments).await?;
                Act::About(message, part, About::Quote(content))
            }
            Self::Follow {} => Act::Follow,
            Self::Unfollow {} => Act::Unfollow,
            Self::RequestFollow { message, text } => {
                Act::RequestFollow(message, content(app, text, Vec::new()).await?)
            }
            Self::Hide { message, part } => Act::About(message, part, About::Hide),
            Self::Unhide { message, part } => Act::About(message, part, About::Unhide),
            Self::Delete { message, part } => Act::About(message, part, About::Delete),
            Self::Edit {
                message,
                part,
                text,
            } => Act::About(message, part, About::Edit(text)),
            Self::MarkSeen { message } => Act::MarkSeen(message),
            Self::Typing { on } => Act::Typing(on),
            Self::Publish { text, attachments } => {
                Act::Publish(content(app, text, attachments).await?)
            }
        })
    }
}

/// Do something on the network that is not a message
///
/// A like, a repost, "seen", "is typing", … as far as the interaction's `capabilities` have it. 202
/// means that it is on disk; `action-changed` events tell what became of it.
#[utoipa::path(post, operation_id = "takeAction", path = "/interactions/{id}/actions", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Asked, example = json!({"action": "typing"})),
    responses((status = 202, body = ActionTaken)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state", "not-on-network",
        "capability-unsupported", "reply-window-closed", "opt-in-required", "text-too-long", "text-required",
        "attachment-unsupported"
    ]))))]
async fn take(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Asked>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let act = change.body.act(&app).await?;
    let request = Request::Act { interaction, act };
    app.request(&caller, request, key).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::PartialSchema as _;

    use super::super::extract::parse;
    use super::*;
    use linecard_model::manifest::ActionKind;

    const ID: &str = "0198c2a0-0000-7000-8000-000000000001";

    /// Whatever the capabilities can name and is no message can be asked for by that name.
    #[test]
    fn every_kind_that_is_no_message_is_an_action() {
        let described = serde_json::to_value(ActionKind::schema()).unwrap();
        let kinds: Vec<ActionKind> = serde_json::from_value(described["enum"].clone()).unwrap();
        let names = kinds
            .iter()
            .filter(|kind| {
                use ActionKind::{PrivateReply, Reply, SendMessage, SendTemplate};
                !matches!(kind, SendMessage | Reply | PrivateReply | SendTemplate)
            })
            .map(ToString::to_string);
        for name in names {
            let full = json!({ "action": name, "message": ID, "name": "like", "text": "t" });
            let mut body = full.as_object().cloned().unwrap();
            // What the action does not have is refused by name: taken out until it is taken.
            while let Err(problem) =
                parse::<Asked>(Value::Object(body.clone()).to_string().as_bytes())
            {
                let before = body.len();
                body.retain(|key, _| !problem.detail().starts_with(&format!("{key}: ")));
                assert!(body.len() < before, "{name}: {}", problem.detail());
            }
        }
    }

    #[test]
    fn what_is_no_action_is_named() {
        for (body, named) in [
            (json!({ "action": "dance" }), "dance"),
            (json!({ "action": "hide" }), "message"),
            (json!({ "action": "hide", "message": "42" }), "42"),
            (
                json!({ "action": "hide", "message": ID, "mesage": ID }),
                "mesage",
            ),
            (json!({ "action": "follow", "who": "me" }), "who"),
            (json!({ "action": { "hide": ID } }), "action"),
            (json!(["follow"]), "object"),
            (json!({ "action": "typing", "on": "yes" }), "true or false"),
        ] {
            let problem = match parse::<Asked>(body.to_string().as_bytes()) {
                Err(problem) => problem,
                Ok(taken) => panic!("{body} is taken as {taken:?}"),
            };
            assert!(
                problem.detail().contains(named),
                "{body}: {}",
                problem.detail()
            );
        }
    }
}
