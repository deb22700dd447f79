//! What a rule may do, and how it may be named.

use linecard_model::desk::{Attribute, check_label};
use linecard_model::response::{LONGEST_TEXT, pieces};
use linecard_model::rule::{
    AutomaticConfig, LONGEST_NAME, RuleActions, RuleConfig, RuleNotice, RuleOccasion, RuleReply,
    RuleTimer,
};

use crate::hold::HeldUntil;

pub fn unfit_name(name: &str) -> Vec<String> {
    let mut unfit = Vec::new();
    let is_plain = !name.chars().any(char::is_control) && name.trim() == name;
    if name.is_empty() || !is_plain || name.chars().count() > LONGEST_NAME {
        unfit.push(format!(
            "a rule's name has 1 to {LONGEST_NAME} characters, no control character, and no space at its ends"
        ));
    }
    if name.starts_with("hours:") {
        unfit.push("names that begin with \"hours:\" are those of opening hours".to_owned());
    }
    if name.starts_with("automatic:") {
        unfit.push("names that begin with \"automatic:\" are the hub's own".to_owned());
    }
    unfit
}

pub fn check_actions(config: &RuleConfig, fault: &mut impl FnMut(&[&str], String)) {
    let then = &config.then;
    if *then == RuleActions::default() && !config.stop {
        fault(
            &["then"],
            "it does nothing: give it something to do, or `stop = true`".to_owned(),
        );
    }
    for label in &then.add_labels {
        if let Err(error) = check_label(label) {
            fault(&["then", "add_labels"], format!("\"{label}\": {error}"));
        }
    }
    for (name, attribute) in &then.attributes {
        if let Err(error) = Attribute::Text(attribute.clone()).check(name) {
            fault(&["then", "attributes", name], error.to_string());
        }
    }
    if let Some(reply) = &then.reply {
        check_reply(reply, fault);
    }
    if let Some(ask) = &then.ask_to_follow
        && let Err(error) = check_text(ask)
    {
        fault(&["then", "ask_to_follow"], error);
    }
    if let Some(hold) = &then.hold {
        if let Err(error) = HeldUntil::of(hold) {
            fault(&["then", "hold"], error);
        }
        if then.drop || then.end.is_some() {
            let text = "what is dropped or over is not held";
            fault(&["then", "hold"], text.to_owned());
        }
    }
    let asks = then.ask_to_follow.is_some();
    let on_network = then.reply.is_some() || asks || then.like || then.repost || then.hide;
    let acts = on_network || then.notify.is_some();
    if then.drop && acts {
        let text = "a message that is dropped is nobody's work, so nothing is done about it: use `end` in place of `drop`";
        fault(&["then", "drop"], text.to_owned());
    }
    if let Some(notice) = &then.notify {
        check_notice(notice, fault);
    }
    check_occasion(config, fault);
    if then.drop && then.end.is_some() {
        let text = "a message is dropped, or its interaction ended, not both";
        fault(&["then", "drop"], text.to_owned());
    }
}

/// What an occasion comes with, and what can be done on it.
fn check_occasion(config: &RuleConfig, fault: &mut impl FnMut(&[&str], String)) {
    use RuleOccasion::{Deleted, Edited, Ended, Enqueued, Message, ScoreChanged, Waited};
    let (on, then) = (config.on, &config.then);
    let longest = RuleTimer::LONGEST_SECONDS;
    match config.after_seconds {
        None if on.is_timed() => fault(
            &["after_seconds"],
            format!("say after how many seconds `{}` comes", on.name()),
        ),
        Some(_) if !on.is_timed() => fault(
            &["after_seconds"],
            format!(
                "`{}` comes at once: only `waited` and `idle` come after a time",
                on.name()
            ),
        ),
        Some(after) if !(1..=longest).contains(&after) => {
            let text = format!("it is 1 to {longest}, which is 30 days, not {after}");
            fault(&["after_seconds"], text);
        }
        _ => {}
    }
    let moves = matches!(on, Message | Enqueued | Waited | Edited | ScoreChanged);
    let is_there = on != Deleted;
    for (is_wanted, key, is_possible, why) in [
        (then.queue.is_some(), "queue", moves, "an agent may have it"),
        (
            then.public_queue.is_some(),
            "public_queue",
            moves,
            "an agent may have it",
        ),
        (
            !then.skills.is_empty(),
            "skills",
            moves,
            "an agent may have it",
        ),
        (
            then.drop,
            "drop",
            on == Message,
            "the interaction has begun",
        ),
        (
            then.hold.is_some(),
            "hold",
            on == Message,
            "it waits in its queue already",
        ),
        (
            then.ask_to_follow.is_some(),
            "ask_to_follow",
            is_there,
            "the message is gone",
        ),
        (then.end.is_some(), "end", on != Ended, "it is over"),
        (then.like, "like", is_there, "the message is gone"),
        (then.repost, "repost", is_there, "the message is gone"),
        (then.hide, "hide", is_there, "the message is gone"),
    ] {
        if is_wanted && !is_possible {
            let text = format!("it cannot be done on `{}`: {why}", on.name());
            fault(&["then", key], text);
        }
    }
}

fn check_notice(notice: &RuleNotice, fault: &mut impl FnMut(&[&str], String)) {
    let names = notice.agents.len() + notice.groups.len();
    if names == 0 {
        let text = "name the agents or the groups who are told";
        fault(&["then", "notify"], text.to_owned());
    }
    if names > RuleNotice::MOST_NAMES {
        let text = format!(
            "it names up to {} agents and groups, not {names}",
            RuleNotice::MOST_NAMES
        );
        fault(&["then", "notify"], text);
    }
    let length = notice.text.chars().count();
    if notice.text.trim().is_empty() || length > RuleNotice::LONGEST_TEXT {
        let text = format!(
            "the text has 1 to {} characters, not {length}",
            RuleNotice::LONGEST_TEXT
        );
        fault(&["then", "notify", "text"], text);
    }
}

fn check_reply(reply: &RuleReply, fault: &mut impl FnMut(&[&str], String)) {
    if reply.text.is_none() && reply.response.is_none() {
        let text = "give a `text`, or name a standard `response`";
        fault(&["then", "reply"], text.to_owned());
    }
    if let Some(text) = &reply.text
        && let Err(error) = check_text(text)
    {
        fault(&["then", "reply", "text"], error);
    }
    let longest = AutomaticConfig::LONGEST_RETRY_SECONDS;
    if reply.retry_for_seconds.is_some_and(|time| time > longest) {
        let text = format!("it is at most {longest}, which is a week");
        fault(&["then", "reply", "retry_for_seconds"], text);
    }
}

/// Whether an automatic text can be filled in: nobody is there to fill in what is missing.
pub fn check_text(text: &str) -> Result<(), String> {
    use linecard_model::response::{Piece, Placeholder};
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_TEXT {
        return Err(format!(
            "the text has 1 to {LONGEST_TEXT} characters, not {length}"
        ));
    }
    let pieces = pieces(text).map_err(|error| error.to_string())?;
    for piece in pieces {
        if let Piece::Fill {
            what,
            fallback: None,
        } = piece
            && !matches!(what, Placeholder::ChannelName | Placeholder::QueueName)
        {
            return Err(format!(
                "`{{{{{what}}}}}` needs what stands there if it is not known, such as `{{{{{what}|…}}}}`: nobody is there to fill it in"
            ));
        }
    }
    Ok(())
}
