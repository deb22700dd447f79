//! Writing: posts, replies, quotes and direct messages.

use linecard_sdk::actions::{ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::events::Visibility;
use linecard_sdk::http::{Call, Request};
use serde_json::{Value, json};

use crate::api::{self, DUPLICATE};
use crate::config::Config;
use crate::direct::partner;
use crate::fields::{is_id, list, text};
use crate::manifest::{DM_MAX, LONG_POST_MAX, POST_MAX};
use crate::upload::{Target, upload};

/// How many of the account's latest posts are looked through for one that may have been written.
const LATEST: &str = "20";

/// What a post refers to.
#[derive(Debug, Clone, Copy)]
pub enum Refers<'a> {
    /// Nothing.
    Nothing,
    /// It answers this post.
    Answers(&'a str),
    /// It quotes this post.
    Quotes(&'a str),
}

fn check(outgoing: &Outgoing) -> Result<&str, Failure> {
    if outgoing.structured.is_some() || outgoing.location.is_some() {
        return Err(Failure::unsupported(
            "X takes a text with pictures or a video, nothing else",
        ));
    }
    let said = outgoing.text.as_deref().unwrap_or_default();
    if said.is_empty() && outgoing.attachments.is_empty() {
        return Err(Failure::rejected(
            "empty",
            "there is nothing to send: no text and no attachment",
        ));
    }
    Ok(said)
}

/// Writes a post. X refuses the same text twice, which tells whether an attempt of unknown outcome had
/// its effect; for a post with media, of which X may take two, the account's latest posts tell it.
pub fn post(
    config: &Config,
    request: &ActionRequest,
    outgoing: &Outgoing,
    refers: Refers<'_>,
) -> Result<Outcome, Failure> {
    let said = check(outgoing)?;
    fits(config, said, refers)?;
    if request.uncertain_before
        && !outgoing.attachments.is_empty()
        && let Some(id) = written(config, said, refers)?
    {
        return Ok(Outcome::message(id).already_done());
    }
    let media = upload(config, Target::Post, outgoing, &request.progress)?;
    let mut body = json!({});
    if !said.is_empty() {
        body["text"] = json!(said);
    }
    match refers {
        Refers::Nothing => {}
        Refers::Answers(id) => body["reply"] = json!({ "in_reply_to_tweet_id": id }),
        Refers::Quotes(id) => body["quote_tweet_id"] = json!(id),
    }
    if !media.is_empty() {
        body["media"] = json!({ "media_ids": media });
    }
    let call = Request::post(config.url(&["tweets"])).json(&body);
    match api::call(call, config.secret(), Call::Once) {
        Ok(answer) => {
            let id = text(&answer, "/data/id")
                .ok_or_else(|| Failure::Uncertain("X named no id for the post".to_owned()))?;
            Ok(Outcome::message(id).cost(price(config, said, refers)))
        }
        Err(Failure::Rejected(refusal))
            if refusal.code == DUPLICATE && request.uncertain_before =>
        {
            // The id is worth one more call; without it the post is as much there.
            let id = written(config, said, refers).unwrap_or_default();
            Ok(Outcome::messages(id.into_iter().collect()).already_done())
        }
        Err(failure) => Err(failure),
    }
}

/// X counts with weights, and not the mentions with which a reply begins.
fn fits(config: &Config, said: &str, refers: Refers<'_>) -> Result<(), Failure> {
    let max = if config.long_posts {
        LONG_POST_MAX
    } else {
        POST_MAX
    };
    let mut counted = said;
    if matches!(refers, Refers::Answers(_)) {
        while let Some(name) = counted.strip_prefix('@') {
            let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
            let rest = name.trim_start_matches(|c| !is_end(c));
            counted = rest.trim_start();
        }
    }
    let count = linecard_text::x_weighted(counted);
    if count <= max as usize {
        return Ok(());
    }
    Err(Failure::rejected(
        "too-long",
        format!("the text counts {count} on X, and this account's posts take at most {max}"),
    ))
}

fn price(config: &Config, said: &str, refers: Refers<'_>) -> u64 {
    let prices = &config.prices;
    match refers {
        Refers::Answers(_) => prices.reply,
        _ if said.contains("://") || said.contains("www.") => prices.post_create_with_url,
        _ => prices.post_create,
    }
}

/// The account's own post of this text, if it is among the latest.
fn written(config: &Config, said: &str, refers: Refers<'_>) -> Result<Option<String>, Failure> {
    let request = Request::get(config.url(&["users", &config.user_id, "tweets"])).query([
        ("max_results", LATEST),
        ("tweet.fields", "referenced_tweets,note_tweet"),
    ]);
    let answer = api::call(request, config.secret(), Call::Repeatable)?;
    let found = list(&answer, "/data").find(|post| {
        let refers_so = |kind: &str, id: &str| {
            list(post, "/referenced_tweets").any(|other| {
                text(other, "/type").as_deref() == Some(kind)
                    && text(other, "/id").as_deref() == Some(id)
            })
        };
        let is_free = || list(post, "/referenced_tweets").next().is_none();
        let refers = match refers {
            Refers::Nothing => is_free(),
            Refers::Answers(id) => refers_so("replied_to", id),
            Refers::Quotes(id) => refers_so("quoted", id),
        };
        refers && is_same(post, said)
    });
    Ok(found.and_then(|post| text(post, "/id")))
}

/// X shortens links, escapes some signs, and puts an address for media at the end, so only what stands
/// before the first of these can be compared.
fn is_same(post: &Value, said: &str) -> bool {
    let whole = text(post, "/note_tweet/text").or_else(|| text(post, "/text"));
    let plain = whole
        .unwrap_or_default()
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let start = |text: &str| {
        let end = text.find("http").unwrap_or(text.len());
        text.get(..end).unwrap_or_default().trim().to_owned()
    };
    start(&plain) == start(said)
}

/// Sends a direct message: to the one that an answer goes to, or into the thread's conversation.
pub fn message(
    config: &Config,
    request: &ActionRequest,
    outgoing: &Outgoing,
    thread: Visibility,
) -> Result<Outcome, Failure> {
    let said = check(outgoing)?;
    if said.chars().count() > DM_MAX as usize {
        let text = format!("a direct message takes at most {DM_MAX} characters");
        return Err(Failure::rejected("too-long", text));
    }
    let with = |person: &str| config.url(&["dm_conversations", "with", person, "messages"]);
    let url = match (thread, partner(config, &request.thread)) {
        (Visibility::Private, Some(partner)) => with(partner),
        (Visibility::Private, None) if is_id(&request.thread) => {
            config.url(&["dm_conversations", &request.thread, "messages"])
        }
        // To the author of a post, or a conversation that the company begins.
        _ => with(request.recipient_id()?),
    };
    let media = upload(config, Target::Direct, outgoing, &request.progress)?;
    let mut body = json!({});
    if !said.is_empty() {
        body["text"] = json!(said);
    }
    if !media.is_empty() {
        let media: Vec<Value> = media.iter().map(|id| json!({ "media_id": id })).collect();
        body["attachments"] = json!(media);
    }
    let call = Request::post(url).json(&body);
    let answer = api::call(call, config.secret(), Call::Once)?;
    let id = text(&answer, "/data/dm_event_id")
        .ok_or_else(|| Failure::Uncertain("X named no id for the message".to_owned()))?;
    Ok(Outcome::message(id).cost(config.prices.dm_create))
}
