//! What an agent says becomes the action that says it.

use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::Content;
use linecard_model::platform::{Action, Outgoing, Structured, Template};
use serde::Deserialize;
use serde_json::Value;

use crate::capabilities::Forbidden;

/// The action that says something: in the conversation, privately, or with a template.
pub(super) fn saying(
    interaction: &Interaction,
    visibility: Visibility,
    content: &Content,
    reply_to: Option<String>,
) -> Result<Action, Forbidden> {
    if let Some(structured) = content.structured.as_ref().filter(|s| s.kind == "template") {
        return template(content, structured).map(Action::SendTemplate);
    }
    let outgoing = Outgoing {
        reply_to,
        ..content.clone().into()
    };
    Ok(match (interaction.visibility, visibility) {
        (Visibility::Private, _) => Action::SendMessage(outgoing),
        (Visibility::Public, Visibility::Public) => Action::Reply(outgoing),
        (Visibility::Public, Visibility::Private) => Action::PrivateReply(outgoing),
    })
}

/// The content of a message of the kind `template`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateContent {
    name: String,
    language: String,
    /// What fills it, in the network's form.
    #[serde(default)]
    components: Vec<Value>,
}

fn template(content: &Content, structured: &Structured) -> Result<Template, Forbidden> {
    let refuse = |reason: String| Forbidden::Template { reason };
    let alone = content.text.is_none()
        && content.outgoing_attachments.is_empty()
        && content.location.is_none();
    if !alone {
        let reason = "text, attachments and place belong into a message of their own";
        return Err(refuse(reason.to_owned()));
    }
    let given: TemplateContent =
        serde_json::from_str(&structured.json).map_err(|error| refuse(error.to_string()))?;
    Ok(Template {
        name: given.name,
        language: given.language,
        parameters: Value::Array(given.components).to_string(),
    })
}
