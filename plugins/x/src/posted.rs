//! A post that an earlier attempt made, whose answer was lost: which one it is.

use linecard_sdk::actions::{Outcome, Outgoing};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::log;
use serde_json::Value;

use crate::act::Target;
use crate::api::{self, url};
use crate::config::{Config, millionths};
use crate::read::{referenced, unescaped, whole_text};

/// How many of the account's newest posts are looked at.
const LOOKED_AT: &str = "20";

/// What an action did that X refuses as a duplicate: it is done, and the post is the newest one of the
/// account with the same text in the same place. The id stays unknown if X does not show it.
pub fn outcome(config: &Config, said: &Outgoing, target: &Target) -> Outcome {
    let query = [
        ("max_results", LOOKED_AT),
        ("tweet.fields", "referenced_tweets,note_tweet"),
    ];
    let own = url(config, &["users", &config.user_id, "tweets"], &query);
    let Ok(answer) = api::call(Request::get(own), config.user(), Call::Repeatable) else {
        log::error("X does not show which post an earlier attempt had made");
        return Outcome::done()
            .already_done()
            .note("An earlier attempt had posted it; X did not tell its id.");
    };
    let posts = answer.body.list("data");
    let found = posts
        .iter()
        .find(|post| is_it(post, said, target))
        .and_then(|post| post.word("id"));
    let outcome = match found {
        Some(id) => Outcome::message(id).note("An earlier attempt had posted it."),
        None => Outcome::done().note("An earlier attempt had posted it; X named no id."),
    };
    let read = millionths(posts.len(), config.prices.post_read);
    Outcome {
        budget: answer.budget,
        ..outcome.already_done().cost(read)
    }
}

fn is_it(post: &Value, said: &Outgoing, target: &Target) -> bool {
    let about = said.reply_to.as_deref();
    let is_there = match target {
        Target::Reply => referenced(post, "replied_to") == about,
        Target::Quote => referenced(post, "quoted") == about,
        Target::Nothing => {
            referenced(post, "replied_to").is_none() && referenced(post, "quoted").is_none()
        }
    };
    let shown = unescaped(whole_text(post).unwrap_or(""));
    is_there && said_in(&shown) == said_in(said.text.as_deref().unwrap_or(""))
}

/// The words of a text without what X adds: names before a reply, and its own links in the place of links
/// and files.
fn said_in(text: &str) -> Vec<String> {
    let mut rest = String::new();
    let mut at = 0;
    for link in linecard_text::x_links(text) {
        rest.push_str(text.get(at..link.start).unwrap_or_default());
        at = link.end;
    }
    rest.push_str(text.get(at..).unwrap_or_default());
    rest.split_whitespace()
        .skip_while(|word| word.starts_with('@'))
        .map(str::to_owned)
        .collect()
}
