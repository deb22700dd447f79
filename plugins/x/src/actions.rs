//! Actions: what is written, and what is done to posts and people.

use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing, ReactionTarget};
use linecard_sdk::events::Visibility;
use linecard_sdk::http::{Call, Request};
use serde_json::{Value, json};

use crate::api;
use crate::config::Config;
use crate::fields::is_id;
use crate::write::{Refers, message, post};

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    let own = config.user_id.as_str();
    match &request.action {
        Action::Reply(outgoing) => post(
            config,
            request,
            outgoing,
            Refers::Answers(answered(outgoing)?),
        ),
        Action::Quote(outgoing) => {
            if !outgoing.attachments.is_empty() {
                return Err(Failure::unsupported("X takes no attachments with a quote"));
            }
            post(
                config,
                request,
                outgoing,
                Refers::Quotes(answered(outgoing)?),
            )
        }
        Action::RequestFollow(outgoing) => {
            let mut outgoing = outgoing.clone();
            if outgoing.text.as_deref().unwrap_or_default().is_empty() {
                outgoing.text = Some(config.request_follow_text.clone());
            }
            post(
                config,
                request,
                &outgoing,
                Refers::Answers(answered(&outgoing)?),
            )
        }
        Action::Publish(outgoing) => post(config, request, outgoing, Refers::Nothing),
        Action::SendMessage(outgoing) => message(config, request, outgoing, Visibility::Private),
        Action::PrivateReply(outgoing) => message(config, request, outgoing, Visibility::Public),
        Action::React(target) => {
            let body = json!({ "tweet_id": liked(target)? });
            let url = config.url(&["users", own, "likes"]);
            change(config, Request::post(url).json(&body))
        }
        Action::Unreact(target) => {
            let url = config.url(&["users", own, "likes", liked(target)?]);
            change(config, Request::delete(url))
        }
        Action::Repost(id) => {
            let body = json!({ "tweet_id": known(id)? });
            let url = config.url(&["users", own, "retweets"]);
            change(config, Request::post(url).json(&body))
        }
        Action::Unrepost(id) => {
            let url = config.url(&["users", own, "retweets", known(id)?]);
            change(config, Request::delete(url))
        }
        Action::Follow => {
            let body = json!({ "target_user_id": request.recipient_id()? });
            let url = config.url(&["users", own, "following"]);
            let answer = make(config, Request::post(url).json(&body))?;
            let waits = answer
                .pointer("/data/pending_follow")
                .and_then(Value::as_bool);
            Ok(match waits {
                Some(true) => Outcome::done().note("They must first accept the request to follow."),
                _ => Outcome::done(),
            })
        }
        Action::Unfollow => {
            let url = config.url(&["users", own, "following", request.recipient_id()?]);
            change(config, Request::delete(url))
        }
        Action::Hide(id) => hide(config, id, true),
        Action::Unhide(id) => hide(config, id, false),
        Action::Delete(id) => {
            match change(config, Request::delete(config.url(&["tweets", known(id)?]))) {
                Err(Failure::Gone(_)) if request.uncertain_before => {
                    Ok(Outcome::done().already_done())
                }
                other => other,
            }
        }
        other => Err(Failure::unsupported(format!("X has no {:?}", other.kind()))),
    }
}

/// These calls set a state, so making one again changes nothing.
fn make(config: &Config, request: Request) -> Result<Value, Failure> {
    api::call(request, config.secret(), Call::Repeatable)
}

fn change(config: &Config, request: Request) -> Result<Outcome, Failure> {
    make(config, request).map(|_| Outcome::done())
}

fn hide(config: &Config, id: &str, hidden: bool) -> Result<Outcome, Failure> {
    let url = config.url(&["tweets", known(id)?, "hidden"]);
    change(config, Request::put(url).json(&json!({ "hidden": hidden })))
}

/// The id of what is answered or quoted.
fn answered(outgoing: &Outgoing) -> Result<&str, Failure> {
    known(outgoing.reply_to.as_deref().unwrap_or_default())
}

fn known(id: &str) -> Result<&str, Failure> {
    if is_id(id) {
        return Ok(id);
    }
    Err(Failure::rejected(
        "no-message",
        format!("this action needs the id of a post, and `{id}` is none"),
    ))
}

/// X has one reaction.
fn liked(target: &ReactionTarget) -> Result<&str, Failure> {
    if target.name == "like" || matches!(target.emoji.as_deref(), Some("👍" | "❤️" | "❤")) {
        return known(&target.message_id);
    }
    Err(Failure::rejected(
        "reaction",
        format!("X can only `like`, not `{}`", target.name),
    ))
}
