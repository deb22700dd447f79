//! Actions on the page: answers, likes, hiding, editing and deleting.

use linecard_graph::objects;
use linecard_graph::send::{Answered, private_reply};
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing, ReactionTarget};
use linecard_sdk::http::Request;
use serde_json::json;

use crate::config::Config;
use crate::publish;

/// The most characters of a comment.
pub const COMMENT_MAX: u32 = 8000;

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    match &request.action {
        Action::Reply(outgoing) => reply(config, outgoing, request.uncertain_before),
        Action::PrivateReply(outgoing) => {
            let answered = answered(outgoing)?;
            // A post is a thread of its own.
            let answered = if answered == request.thread {
                Answered::Post(answered)
            } else {
                Answered::Comment(answered)
            };
            private_reply(&config.sender(), request, outgoing, answered)
        }
        Action::React(target) => {
            like(target)?;
            objects::change(config.api(), Request::post(likes(config, target)))
        }
        Action::Unreact(target) => {
            like(target)?;
            objects::change(config.api(), Request::delete(likes(config, target)))
        }
        Action::Hide(id) => hide(config, request, id, true),
        Action::Unhide(id) => hide(config, request, id, false),
        Action::Edit(target) => {
            at_most(&target.text, COMMENT_MAX)?;
            let url = config.api().url(&[&target.message_id], &[]);
            let body = json!({ "message": target.text });
            objects::change(config.api(), Request::post(url).json(&body))
        }
        Action::Delete(id) => objects::delete(config.api(), request, id),
        Action::Publish(outgoing) => publish::publish(config, outgoing, request.uncertain_before),
        other => Err(Failure::unsupported(format!(
            "a Facebook page has no {:?}",
            other.kind()
        ))),
    }
}

/// The id of what is answered.
fn answered(outgoing: &Outgoing) -> Result<&str, Failure> {
    let id = outgoing.reply_to.as_deref().filter(|id| !id.is_empty());
    id.ok_or_else(|| {
        Failure::rejected(
            "no-message",
            "an answer on Facebook needs the comment or post that it answers",
        )
    })
}

/// Writes a comment under the comment or post that it answers. Under an answer to a comment Facebook
/// puts it beside that answer, below the same comment.
fn reply(config: &Config, outgoing: &Outgoing, uncertain_before: bool) -> Result<Outcome, Failure> {
    let answered = answered(outgoing)?;
    if outgoing.structured.is_some() || outgoing.location.is_some() {
        return Err(Failure::unsupported(
            "a Facebook comment is a text and one picture",
        ));
    }
    let mut body = json!({});
    if let Some(text) = outgoing.text.as_deref().filter(|text| !text.is_empty()) {
        at_most(text, COMMENT_MAX)?;
        body["message"] = json!(text);
    }
    match outgoing.attachments.as_slice() {
        [] if body.get("message").is_none() => {
            return Err(Failure::rejected(
                "empty",
                "there is nothing to say: no text and no picture",
            ));
        }
        [] => {}
        [picture] if !publish::is_picture(picture) => {
            return Err(Failure::unsupported(
                "a Facebook comment takes a picture, no other files; put a link into the text",
            ));
        }
        [picture] => match (&picture.media, &picture.attachment.url) {
            (None, Some(url)) => body["attachment_url"] = json!(url),
            _ => body["attachment_id"] = json!(publish::unpublished(config, picture)?),
        },
        _ => {
            return Err(Failure::rejected(
                "attachments",
                "a Facebook comment takes one picture; write a comment for each",
            ));
        }
    }
    let url = config.api().url(&[answered, "comments"], &[]);
    let post = Request::post(url).json(&body);
    objects::make(config.api(), post, uncertain_before)
}

fn likes(config: &Config, target: &ReactionTarget) -> String {
    config.api().url(&[&target.message_id, "likes"], &[])
}

/// A page can like; Facebook lets nobody else's reaction through its API.
fn like(target: &ReactionTarget) -> Result<(), Failure> {
    if target.name == "like" || target.emoji.as_deref() == Some("👍") {
        return Ok(());
    }
    Err(Failure::rejected(
        "reaction",
        format!("a page can only `like`, not `{}`", target.name),
    ))
}

fn hide(
    config: &Config,
    request: &ActionRequest,
    id: &str,
    hidden: bool,
) -> Result<Outcome, Failure> {
    if id == request.thread {
        return Err(Failure::unsupported(
            "Facebook lets a page hide comments, not posts; delete or report the post on Facebook",
        ));
    }
    let url = config.api().url(&[id], &[]);
    let body = json!({ "is_hidden": hidden });
    objects::change(config.api(), Request::post(url).json(&body))
}

/// The limit of a text, in characters.
pub fn at_most(text: &str, max: u32) -> Result<(), Failure> {
    let count = text.chars().count();
    if count <= max as usize {
        return Ok(());
    }
    let text = format!("the text has {count} characters, Facebook takes at most {max}");
    Err(Failure::rejected("too-long", text))
}
