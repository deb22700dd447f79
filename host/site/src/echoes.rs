//! What the network shows of the hub's own messages, joined to what was sent. An echo can overtake the
//! answer to its send, and that answer can be lost; there is one message all the same.

use std::sync::Arc;

use linecard_model::dead_letter::Undone;
use linecard_model::manifest::{ActionKind, Visibility};
use linecard_model::message::{Content, Message, MessageAuthor, MessageState};
use linecard_model::outbox::{OutboxEntry, OutboxState};
use linecard_model::platform::{self, Action, Thread};
use linecard_model::{ChannelId, ContactId, MessageId};
use linecard_store::{Page, StoreError};

use super::inbound::Arrival;
use super::receipts;
use super::run::Batch;
use super::state::newest;

/// How many messages of a contact are looked at.
const LOOK_BACK: usize = 200;
/// How many entries of an outbox are looked at together, and how many in all: what is under way is
/// among the first.
const STEP: usize = 200;
const MOST: usize = 4_000;
/// How many dead letters of a channel are looked at, the newest first.
const LETTERS: usize = 50;

/// One of the hub's own messages that the network shows.
pub(super) struct Shown {
    pub message: Arc<Message>,
    /// Whether this shows the last of it.
    pub is_whole: bool,
}

/// The message of the hub's own that the network shows without the hub's reference: in the same place,
/// with the same content, and not known to have arrived. The one that answers the same, else the oldest.
pub(super) async fn unsettled(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    thread: &Thread,
    shown: &platform::Message,
    customers: &[ContactId],
) -> Result<Option<Shown>, StoreError> {
    for contact in customers {
        let messages = batch.work.history(*contact, newest(LOOK_BACK)).await?;
        let mut alike: Vec<_> = messages
            .into_iter()
            .rev()
            .filter(|own| is_in_place(own, arrival.channel, thread, shown))
            .filter_map(|own| {
                let is_whole = shows(&own.content, own.platform_ids.len(), shown)?;
                Some((own, is_whole))
            })
            .collect();
        alike.sort_by_key(|(own, _)| own.parent != shown.parent);
        for (message, is_whole) in alike {
            let may_be = match message.state {
                MessageState::Uncertain { .. } => true,
                // What was not tried yet cannot be there.
                MessageState::Accepted => under_way(batch, &message).await?.is_some(),
                _ => false,
            };
            if may_be {
                return Ok(Some(Shown { message, is_whole }));
            }
        }
    }
    Ok(None)
}

/// Whether the hub sent it, whoever said it.
fn is_of_the_hub(own: &Message) -> bool {
    matches!(
        own.author,
        MessageAuthor::Agent { .. } | MessageAuthor::Rule { .. }
    )
}

fn is_in_place(
    own: &Message,
    channel: &ChannelId,
    thread: &Thread,
    shown: &platform::Message,
) -> bool {
    let answers_the_same = shown.parent.is_some() && own.parent == shown.parent;
    is_of_the_hub(own)
        && &own.channel == channel
        && own.visibility == thread.visibility
        // A private conversation has one customer; its key can have changed, or it began as the
        // private answer to a comment.
        && (own.visibility == Visibility::Private
            || own.thread == thread.key
            || answers_the_same)
}

/// Whether what the network shows is of this content, of which so many parts are known already: whether
/// it is the rest of it, or `None` if it is something else.
fn shows(own: &Content, known: usize, shown: &platform::Message) -> Option<bool> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (own_text, shown_text) = (text(&own.text), text(&shown.text));
    let with_text = own
        .structured
        .as_ref()
        .is_some_and(|structured| structured.kind == "quick-replies");
    let own_more = usize::from(own.structured.is_some() && !(with_text && own_text.is_some()))
        + usize::from(own.location.is_some());
    let own_files = own.outgoing_attachments.len();
    let shown_more =
        usize::from(shown.structured.is_some()) + usize::from(shown.location.is_some());
    let is_of = match (&own_text, &shown_text) {
        (Some(own), Some(shown)) => same_words(own, shown),
        (None, Some(_)) => false,
        (_, None) => {
            // Networks show a card as an attachment of theirs, and a file under another kind.
            let parts = shown.attachments.len() + shown_more;
            parts > 0 && own_files + own_more > 0
        }
    };
    let pieces = usize::from(own_text.is_some()) + own_files + own_more;
    let seen = usize::from(shown_text.is_some()) + shown.attachments.len() + shown_more;
    is_of.then_some(known + seen >= pieces)
}

/// Whether two texts say the same, the one as it was sent, the other as a network shows it: with its own
/// short links, the names of those who are answered in front, and links to the files behind.
fn same_words(own: &str, shown: &str) -> bool {
    let own: Vec<&str> = own.split_whitespace().collect();
    let mut shown: Vec<&str> = shown.split_whitespace().collect();
    while shown.len() > own.len() && shown.first().is_some_and(|word| is_name(word)) {
        // Names that were written are there twice at most.
        shown.remove(0);
    }
    while shown.len() > own.len() && shown.last().is_some_and(|word| is_short_link(word)) {
        shown.pop();
    }
    own.len() == shown.len()
        && own
            .iter()
            .zip(&shown)
            .all(|(own, shown)| own == shown || (is_short_link(shown) && own.contains('.')))
}

fn is_name(word: &str) -> bool {
    word.len() > 1 && word.starts_with('@')
}

fn is_short_link(word: &str) -> bool {
    word.starts_with("https://t.co/") || word.starts_with("http://t.co/")
}

/// The outbox entry of a message that was tried and is not done.
async fn under_way(
    batch: &mut Batch<'_>,
    message: &Message,
) -> Result<Option<Arc<OutboxEntry>>, StoreError> {
    let is_it = |entry: &OutboxEntry| entry.message == Some(message.id) && has_begun(entry);
    find(batch, &message.channel, is_it).await
}

fn has_begun(entry: &OutboxEntry) -> bool {
    entry.request.attempt > 1 || !matches!(entry.state, OutboxState::Waiting)
}

/// The first entry of a channel's outbox that is meant.
async fn find(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    is_it: impl Fn(&OutboxEntry) -> bool,
) -> Result<Option<Arc<OutboxEntry>>, StoreError> {
    let (store, site) = (Arc::clone(batch.work.store()), batch.work.site().clone());
    let (mut after, mut seen) = (0, 0);
    while seen < MOST {
        let entries = store.outbox(&site, channel, after, STEP).await?;
        let Some(last) = entries.last() else { break };
        after = last.number;
        seen += entries.len();
        for found in entries.iter().filter(|entry| is_it(entry)) {
            // As it is by what this batch has done to it.
            let now = batch.work.outbox_entry(channel, found.number).await?;
            if now.is_some() {
                return Ok(now);
            }
        }
    }
    Ok(None)
}

/// Notes that the network has a message whose attempt is under way or waits to be repeated: whatever the
/// answer says, it is not sent again.
pub(super) async fn is_there(batch: &mut Batch<'_>, message: &Message) -> Result<(), StoreError> {
    if message.state != MessageState::Accepted {
        return Ok(());
    }
    if let Some(entry) = under_way(batch, message).await? {
        batch.work.put_outbox(OutboxEntry {
            shown: true,
            ..Arc::unwrap_or_clone(entry)
        });
    }
    Ok(())
}

/// The hub's own private answer to a public message, which comes back in a private conversation: on
/// another channel where the network has another connector for those, and with somebody who may not be
/// known by the id that they have there.
pub(super) async fn private_answer(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    shown: &platform::Message,
) -> Result<Option<Arc<Message>>, StoreError> {
    let config = Arc::clone(&batch.state.config);
    let answers = |channel: &&ChannelId| {
        let runtime = batch.state.channels.get(channel);
        runtime.is_none_or(|runtime| {
            let ability = runtime.ability(ActionKind::PrivateReply, Visibility::Public);
            ability.is_some()
        })
    };
    let answering: Vec<ChannelId> = config.channels.keys().filter(answers).cloned().collect();
    let reference = shown.client_ref.as_deref().map(receipts::whole);
    let reference = reference.and_then(|(id, _)| id.parse::<MessageId>().ok());
    let is_named = |id: MessageId| reference.is_none_or(|reference| reference == id);
    // A text of somebody else's app is not the hub's.
    if shown.client_ref.is_some() && reference.is_none() {
        return Ok(None);
    }
    let is_it = |own: &Message| {
        own.visibility == Visibility::Private
            && own.parent.is_some()
            && is_of_the_hub(own)
            && shows(&own.content, 0, shown).is_some()
    };
    for channel in answering {
        let own = batch
            .work
            .message_by_platform_id(&channel, &shown.id)
            .await?;
        if let Some(own) = own.filter(|own| is_it(own)) {
            return Ok(Some(own));
        }
        // The echo can overtake the answer to the send,
        let may_be = |entry: &OutboxEntry| {
            let Action::PrivateReply(said) = &entry.request.action else {
                return false;
            };
            let content = Content {
                text: said.text.clone(),
                outgoing_attachments: said.attachments.clone(),
                structured: said.structured.clone(),
                location: said.location.clone(),
                ..Content::default()
            };
            entry.message.is_some_and(is_named)
                && has_begun(entry)
                && shows(&content, 0, shown).is_some()
        };
        let mut found = Vec::new();
        if let Some(entry) = find(batch, &channel, may_be).await? {
            found.push((entry.contact, entry.message));
        }
        // or that answer was lost.
        let (store, site) = (Arc::clone(batch.work.store()), batch.work.site().clone());
        let page = Page {
            before: None,
            limit: LETTERS,
        };
        let letters = store.dead_letters(&site, &channel, page).await?;
        found.extend(letters.iter().filter_map(|letter| match &letter.what {
            Undone::Action(undone) if undone.may_have_arrived => {
                Some((undone.contact, undone.message))
            }
            _ => None,
        }));
        for (contact, message) in found {
            let (Some(contact), Some(message)) = (contact, message) else {
                continue;
            };
            if !is_named(message) {
                continue;
            }
            let own = batch.work.message(contact, message).await?;
            let is_open = |own: &Message| {
                matches!(
                    own.state,
                    MessageState::Accepted | MessageState::Uncertain { .. }
                )
            };
            if let Some(own) = own.filter(|own| is_it(own) && is_open(own)) {
                receipts::settle(batch, &own, &shown.id, arrival.event.time).await?;
                return Ok(Some(own));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn own(content: Value) -> Content {
        serde_json::from_value(content).unwrap()
    }

    fn shown(message: Value) -> platform::Message {
        let mut message = message;
        message["id"] = json!("m");
        serde_json::from_value(message).unwrap()
    }

    #[test]
    fn a_text_is_known_again_as_a_network_shows_it() {
        for (own, shown, same) in [
            ("Good day", "Good day ", true),
            ("Good day", "Good\u{a0}day", true),
            ("Good day", "@ana Good day", true),
            ("Good day", "@ana @bob Good day https://t.co/x1", true),
            ("@ana Good day", "@ana Good day", true),
            (
                "See https://acme.example/a?b=c now",
                "See https://t.co/x1 now",
                true,
            ),
            ("See acme.example now", "See https://t.co/x1 now", true),
            ("See it now", "See https://t.co/x1 now", false),
            ("Good day", "Good evening", false),
            ("Good day", "Good", false),
            ("Good", "Good day", false),
            ("", "@ana", true),
        ] {
            assert_eq!(same_words(own, shown), same, "{own:?} {shown:?}");
        }
    }

    #[test]
    fn what_has_several_parts_is_there_with_the_last_of_them() {
        let file = json!({ "attachment": { "kind": "image" }, "media": "00" });
        let both = json!({ "text": "Hi", "outgoing_attachments": [file, file] });
        let text = shown(json!({ "text": "Hi" }));
        let picture = shown(json!({ "attachments": [{ "kind": "image" }] }));
        let all = shown(
            json!({ "text": "Hi", "attachments": [{ "kind": "image" }, { "kind": "image" }] }),
        );
        let other = shown(json!({ "text": "No" }));
        for (known, message, expected) in [
            (0, &text, Some(false)),
            (1, &picture, Some(false)),
            (2, &picture, Some(true)),
            (0, &all, Some(true)),
            (0, &other, None),
        ] {
            assert_eq!(shows(&own(both.clone()), known, message), expected);
        }
        assert_eq!(shows(&own(json!({ "text": "Hi" })), 0, &picture), None);
        let picture_alone = json!({ "outgoing_attachments": [file] });
        assert_eq!(shows(&own(picture_alone.clone()), 0, &picture), Some(true));
        assert_eq!(shows(&own(picture_alone), 0, &text), None);
        let choices =
            json!({ "text": "Hi", "structured": { "kind": "quick-replies", "json": "{}" } });
        assert_eq!(shows(&own(choices), 0, &text), Some(true));
        assert_eq!(
            shows(&own(json!({ "text": "Hi" })), 0, &shown(json!({}))),
            None
        );
    }
}
