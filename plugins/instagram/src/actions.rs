//! Actions: direct messages, and answers to comments.

use linecard_graph::objects;
use linecard_graph::send::{self, Answered, private_reply};
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::http::Request;
use serde_json::json;

use crate::config::Config;

/// The most characters of a comment.
pub const COMMENT_MAX: u32 = 2200;

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    match &request.action {
        Action::Reply(outgoing) => reply(config, outgoing, request),
        Action::PrivateReply(outgoing) => {
            let comment = answered(outgoing, &request.thread)?;
            let answered = Answered::Comment(comment);
            private_reply(&config.sender(), request, outgoing, answered)
        }
        Action::Hide(id) => hide(config, id, true),
        Action::Unhide(id) => hide(config, id, false),
        Action::Delete(id) => objects::delete(config.api(), request, id),
        _ => send::perform(&config.sender(), request),
    }
}

/// The comment that is answered. A public thread's key is its post's id.
fn answered<'a>(outgoing: &'a Outgoing, thread: &str) -> Result<&'a str, Failure> {
    match outgoing.reply_to.as_deref().filter(|id| !id.is_empty()) {
        Some(id) if id == thread => Err(Failure::unsupported(
            "Instagram lets an account answer comments, not its own post",
        )),
        Some(id) => Ok(id),
        None => Err(Failure::rejected(
            "no-message",
            "an answer on Instagram needs the comment that it answers",
        )),
    }
}

/// Answers a comment. Under an answer to a comment Instagram puts it beside that answer, below the
/// same comment.
fn reply(config: &Config, outgoing: &Outgoing, action: &ActionRequest) -> Result<Outcome, Failure> {
    let comment = answered(outgoing, &action.thread)?;
    let is_text = outgoing.attachments.is_empty()
        && outgoing.structured.is_none()
        && outgoing.location.is_none();
    let Some(text) = outgoing.text.as_deref().filter(|_| is_text) else {
        return Err(Failure::unsupported("an Instagram comment is a text"));
    };
    let count = text.chars().count();
    if count > COMMENT_MAX as usize {
        let text =
            format!("the text has {count} characters, Instagram takes at most {COMMENT_MAX}");
        return Err(Failure::rejected("too-long", text));
    }
    let url = config.api().url(&[comment, "replies"], &[]);
    let request = Request::post(url).json(&json!({ "message": text }));
    objects::make(config.api(), request, action.uncertain_before)
}

fn hide(config: &Config, id: &str, hidden: bool) -> Result<Outcome, Failure> {
    let url = config.api().url(&[id], &[]);
    let body = json!({ "hide": hidden });
    objects::change(config.api(), Request::post(url).json(&body))
}
