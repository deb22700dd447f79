//! Events of the X Activity API.

use linecard_sdk::events::{Author, Event, EventKind, ProfileChange};
use linecard_sdk::ids::digest;
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;
use crate::legacy;
use crate::read::{self, Includes};

/// One event of the Activity API: the value of `data`.
pub fn read(config: &Config, data: &Value) -> Vec<Event> {
    let kind = data.word("event_type").unwrap_or("unknown");
    let payload = data.get("payload").unwrap_or(&Value::Null);
    let includes = Includes(data.get("includes").unwrap_or(&Value::Null));
    let id = data
        .text("event_uuid")
        .unwrap_or_else(|| digest(&[&data.to_string()]));
    let other = || vec![legacy::unknown(kind, data)];
    match kind {
        "post.create"
        | "post.mention.create"
        | "post.reply.create"
        | "post.quote.create"
        | "post.repost.create" => {
            let mut events = read::post(config, payload, includes);
            // That it names, answers or quotes the account is what X sends it for.
            let addresses = !matches!(kind, "post.create" | "post.repost.create");
            for event in &mut events {
                if let (true, EventKind::MessageCreated(message)) = (addresses, &mut event.kind) {
                    message.addressed = Some(true);
                }
            }
            if events.is_empty() {
                return other();
            }
            events
        }
        "post.delete" => match payload.word("id") {
            Some(post) => {
                let by = payload.word("author_id");
                vec![read::deleted(post, by, time::now())]
            }
            None => other(),
        },
        "like.create" => vec![legacy::activity_like(config, payload, includes)],
        "follow.follow" | "follow.unfollow" => {
            let source = payload.pointer("/source/data").unwrap_or(&Value::Null);
            match source.word("id") {
                Some(who) if who != config.user_id => {
                    let change = if kind == "follow.follow" {
                        EventKind::Follow
                    } else {
                        EventKind::Unfollow
                    };
                    let by = Author::new(who).profile(read::profile(source));
                    let event = Event::new(format!("{kind}:{who}:{id}"), time::now(), change);
                    vec![event.author(by)]
                }
                _ => other(),
            }
        }
        "dm.received" | "dm.sent" | "dm.read" | "dm.indicate_typing" => {
            let users = payload.get("users").unwrap_or(&Value::Null);
            let events: Vec<Event> = payload
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(name, list)| Some((name, list.as_array()?)))
                .flat_map(|(name, list)| {
                    list.iter()
                        .flat_map(move |one| legacy::private(config, name, one, users))
                })
                .collect();
            if events.is_empty() { other() } else { events }
        }
        kind if kind.starts_with("profile.update") => {
            let who = payload
                .word("id")
                .or_else(|| data.pointer("/filter/user_id")?.as_str());
            match who {
                Some(who) if who != config.user_id => {
                    let change = EventKind::ProfileChanged(ProfileChange { previous_id: None });
                    let by = Author::new(who).profile(read::profile(payload));
                    let event = Event::new(format!("{kind}:{id}"), time::now(), change);
                    vec![event.author(by)]
                }
                _ => other(),
            }
        }
        // Only X's own programs can read them; that somebody wrote is told all the same.
        "chat.received" | "chat.sent" => {
            vec![read::encrypted(config, payload, time::now(), &id)]
        }
        "oauth.revoke" => {
            vec![legacy::revoked(format!("{kind}:{id}"), time::now())]
        }
        _ => other(),
    }
}
