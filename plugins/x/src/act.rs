//! Actions.

use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing, Refusal};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{self, Answer, Refused, url};
use crate::config::{Config, millionths};
use crate::media::{self, Step, Upload};
use crate::posted;

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    match &request.action {
        Action::SendMessage(said) | Action::PrivateReply(said) => message(config, request, said),
        Action::Reply(said) => post(config, request, said, Target::Reply),
        Action::RequestFollow(said) => {
            let mut said = said.clone();
            said.text
                .get_or_insert_with(|| config.follow_request.clone());
            post(config, request, &said, Target::Reply)
        }
        Action::Quote(said) => post(config, request, said, Target::Quote),
        Action::Publish(said) => post(config, request, said, Target::Nothing),
        Action::React(target) if target.name == "like" || target.name.is_empty() => {
            own(config, "likes", json!({ "tweet_id": target.message_id }))
        }
        Action::Unreact(target) => undo(
            config,
            &["users", &config.user_id, "likes", &target.message_id],
        ),
        Action::Repost(id) => own(config, "retweets", json!({ "tweet_id": id })),
        Action::Unrepost(id) => undo(config, &["users", &config.user_id, "retweets", id]),
        Action::Follow => own(
            config,
            "following",
            json!({ "target_user_id": request.recipient_id()? }),
        ),
        Action::Unfollow => undo(
            config,
            &[
                "users",
                &config.user_id,
                "following",
                request.recipient_id()?,
            ],
        ),
        Action::Hide(id) => hide(config, id, true),
        Action::Unhide(id) => hide(config, id, false),
        Action::Delete(id) => undo(config, &["tweets", id]),
        Action::React(_) => Err(Failure::rejected(
            "reaction",
            "X only has the reaction `like`",
        )),
        _ => Err(Failure::unsupported("X has no such action")),
    }
}

fn done(answer: &Answer) -> Outcome {
    Outcome {
        budget: answer.budget,
        ..Outcome::done()
    }
}

/// A call that can be repeated: X says again that it is so.
fn repeatable(request: Request, config: &Config) -> Result<Outcome, Failure> {
    match api::call(request, config.user(), Call::Repeatable) {
        Ok(answer) => Ok(done(&answer)),
        Err(Refused::Duplicate(refusal)) => Ok(Outcome::done().already_done().note(refusal.text)),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}

fn own(config: &Config, list: &str, body: Value) -> Result<Outcome, Failure> {
    let url = url(config, &["users", &config.user_id, list], &[]);
    repeatable(Request::post(url).json(&body), config)
}

fn undo(config: &Config, path: &[&str]) -> Result<Outcome, Failure> {
    repeatable(Request::delete(url(config, path, &[])), config)
}

fn hide(config: &Config, id: &str, hidden: bool) -> Result<Outcome, Failure> {
    let url = url(config, &["tweets", id, "hidden"], &[]);
    repeatable(Request::put(url).json(&json!({ "hidden": hidden })), config)
}

/// How far an action has come: its uploads, and what it has sent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// X's ids of the files that it has.
    media: Vec<String>,
    /// The file that is being uploaded.
    upload: Upload,
    /// The messages that were sent.
    sent: Vec<String>,
}

impl Progress {
    fn of(request: &ActionRequest) -> Result<Self, Failure> {
        if request.progress.is_empty() {
            return Ok(Self::default());
        }
        // Without it nobody knows what was sent already.
        serde_json::from_slice(&request.progress).map_err(|error| {
            Failure::Uncertain(format!(
                "how far an earlier attempt came cannot be read: {error}"
            ))
        })
    }

    fn later(&self, at: Option<u64>, reason: Refusal) -> Failure {
        Failure::unfinished(json!(self).to_string(), self.sent.clone(), at, reason)
    }

    /// Uploads every file that X does not have yet.
    fn upload_all(
        &mut self,
        config: &Config,
        said: &Outgoing,
        private: bool,
    ) -> Result<(), Failure> {
        media::check(&said.attachments, private)?;
        for attached in said.attachments.iter().skip(self.media.len()) {
            match media::upload(config, attached, private, std::mem::take(&mut self.upload))? {
                Step::Ready(id) => self.media.push(id),
                Step::Later(upload, at, reason) => {
                    self.upload = upload;
                    return Err(self.later(at, reason));
                }
            }
        }
        Ok(())
    }
}

/// What a post is about.
pub enum Target {
    Reply,
    Quote,
    Nothing,
}

fn post(
    config: &Config,
    request: &ActionRequest,
    said: &Outgoing,
    target: Target,
) -> Result<Outcome, Failure> {
    let text = said.text.as_deref().unwrap_or("");
    let (counted, most) = (
        linecard_text::x_weighted(text),
        config.longest_post() as usize,
    );
    if counted > most {
        return Err(Failure::rejected(
            "text-too-long",
            format!(
                "The text counts {counted}; a post of this account may count {most}. Shorten it{}.",
                if config.long_posts {
                    ""
                } else {
                    ", or turn long_posts on if the account may write long posts"
                }
            ),
        ));
    }
    let mut progress = Progress::of(request)?;
    progress.upload_all(config, said, false)?;
    let mut body = json!({});
    if let Some(text) = &said.text {
        body["text"] = json!(text);
    }
    if !progress.media.is_empty() {
        body["media"] = json!({ "media_ids": progress.media });
    }
    let about = || {
        said.reply_to.as_deref().ok_or_else(|| {
            Failure::rejected("no-message", "this action needs the post that it is about")
        })
    };
    let prices = &config.prices;
    let mut price = prices.post;
    match &target {
        Target::Reply => {
            body["reply"] = json!({ "in_reply_to_tweet_id": about()? });
            price = prices.reply;
        }
        Target::Quote => body["quote_tweet_id"] = json!(about()?),
        Target::Nothing => {}
    }
    if !linecard_text::x_links(text).is_empty() {
        price = prices.post_with_url;
    }
    let request_ = Request::post(url(config, &["tweets"], &[])).json(&body);
    match api::call(request_, config.user(), Call::Once) {
        Ok(answer) => match answer.body.text_at(&["data", "id"]) {
            Some(id) => Ok(Outcome {
                budget: answer.budget,
                ..Outcome::message(id)
            }
            .cost(millionths(1, price))),
            None => Err(Failure::Uncertain(
                "X took the post but named no id".to_owned(),
            )),
        },
        // X refuses the same text again: an earlier attempt, whose answer was lost, had posted it.
        Err(Refused::Duplicate(_)) if request.uncertain_before => {
            Ok(posted::outcome(config, said, &target))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Sends a direct message; X takes one file with each.
fn message(config: &Config, request: &ActionRequest, said: &Outgoing) -> Result<Outcome, Failure> {
    let mut progress = Progress::of(request)?;
    progress.upload_all(config, said, true)?;
    let path = match request.thread.strip_prefix("with:") {
        Some(customer) => vec!["dm_conversations", "with", customer, "messages"],
        // A public thread is answered privately to the author; any other key is a group's.
        None if matches!(request.action, Action::PrivateReply(_)) => {
            vec![
                "dm_conversations",
                "with",
                request.recipient_id()?,
                "messages",
            ]
        }
        None => vec!["dm_conversations", request.thread.as_str(), "messages"],
    };
    let url = url(config, &path, &[]);
    let count = progress.media.len().max(1);
    let mut budget = None;
    let mut cost = 0_u64;
    for index in progress.sent.len()..count {
        let mut body = json!({});
        if let (0, Some(text)) = (index, &said.text) {
            body["text"] = json!(text);
        }
        if let Some(media) = progress.media.get(index) {
            body["attachments"] = json!([{ "media_id": media }]);
        }
        let called = api::call(Request::post(&url).json(&body), config.user(), Call::Once);
        let failure = match called {
            Ok(answer) => match answer.body.text_at(&["data", "dm_event_id"]) {
                Some(id) => {
                    progress.sent.push(id);
                    budget = answer.budget;
                    cost = cost.saturating_add(millionths(1, config.prices.message));
                    continue;
                }
                None => Failure::Uncertain("X took the message but named no id".to_owned()),
            },
            Err(refused) => refused.into(),
        };
        return Err(match failure {
            failure if progress.sent.is_empty() => failure,
            Failure::Throttled(throttle) => progress.later(throttle.until, throttle.reason),
            Failure::Transient(text) => progress.later(None, Refusal::new("transient", text)),
            other => Failure::Uncertain(format!(
                "{} of {count} messages were sent, then: {other:?}",
                progress.sent.len()
            )),
        });
    }
    Ok(Outcome {
        budget,
        ..Outcome::messages(progress.sent)
    }
    .cost(cost))
}
