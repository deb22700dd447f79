//! Events about messages that have not come yet: networks promise no order. Some never come, because
//! another program of the company's sent them, so that what is kept for a channel is bounded.

use std::collections::{HashMap, VecDeque};

use linecard_model::ChannelId;
use linecard_model::platform::{Event, EventKind, Receipt, ReceiptScope};
use linecard_store::{Early, StoreError};

use super::changes::change_message;
use super::inbound::Arrival;
use super::receipts;
use super::run::Batch;

/// How many events are kept about one message.
const OF_MESSAGE: usize = 64;
/// How many are kept for one channel: the oldest ones make room.
const OF_CHANNEL: usize = 2_000;

/// What is kept for one channel, oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The message's network id of each event. Some of the messages have come meanwhile.
    order: VecDeque<String>,
    /// How many are kept of each message.
    of: HashMap<String, usize>,
    /// How many are kept.
    all: usize,
}

impl Kept {
    /// What the store has.
    fn of(mut stored: Vec<Vec<Early>>) -> Self {
        stored.sort_by_key(|events| events.first().map(|early| early.accepted_at));
        let mut kept = Self::default();
        let events = stored.into_iter().flatten();
        for id in events.filter_map(|early| about(&early.event).map(str::to_owned)) {
            kept.add(id);
        }
        kept
    }

    fn add(&mut self, id: String) {
        *self.of.entry(id.clone()).or_default() += 1;
        self.all += 1;
        self.order.push_back(id);
    }

    /// The message has come.
    fn remove(&mut self, id: &str) {
        self.all -= self.of.remove(id).unwrap_or(0);
        if self.order.len() > 2 * OF_CHANNEL {
            self.order.retain(|id| self.of.contains_key(id));
        }
    }

    /// The messages of which nothing is kept any longer, because there is too much.
    fn make_room(&mut self) -> Vec<String> {
        let mut given_up = Vec::new();
        while self.all > OF_CHANNEL {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            // One whose message has come is no longer counted.
            if let Some(count) = self.of.get_mut(&oldest) {
                *count -= 1;
                self.all -= 1;
                if *count == 0 {
                    self.of.remove(&oldest);
                    given_up.push(oldest);
                }
            }
        }
        given_up
    }
}

/// The message that an event which is kept is about.
fn about(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::MessageEdited(edit) => Some(&edit.message_id),
        EventKind::MessageDeleted(deletion) => Some(&deletion.message_id),
        EventKind::ReactionAdded(reaction) | EventKind::ReactionRemoved(reaction) => {
            Some(&reaction.message_id)
        }
        EventKind::Receipt(receipt) => match &receipt.scope {
            ReceiptScope::Messages(ids) => ids.first().map(String::as_str),
            ReceiptScope::ClientRef(sent) => sent.id.as_deref(),
            ReceiptScope::UpTo(_) => None,
        },
        _ => None,
    }
}

/// What of an event is kept for one message: a receipt names many, and nothing reads the payload again.
fn narrowed(event: &Event, platform_id: &str) -> Event {
    let kind = match &event.kind {
        EventKind::Receipt(receipt) => EventKind::Receipt(Receipt {
            scope: ReceiptScope::Messages(vec![platform_id.to_owned()]),
            ..receipt.clone()
        }),
        other => other.clone(),
    };
    Event {
        id: event.id.clone(),
        time: event.time,
        thread: event.thread.clone(),
        author: event.author.clone(),
        kind,
        raw: String::new(),
    }
}

/// Keeps an event about a message that has not come yet.
pub(super) async fn keep(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    platform_id: &str,
) -> Result<(), StoreError> {
    let channel = arrival.channel;
    let kept = batch.work.early(channel, platform_id).await?;
    // A network that repeats itself under ever new ids must not fill the disk.
    if kept.len() >= OF_MESSAGE {
        return Ok(());
    }
    if !batch.state.early.contains_key(channel) {
        let store = batch.work.store();
        let stored = store
            .early_of(batch.work.site(), channel, OF_CHANNEL)
            .await?;
        batch.state.early.insert(channel.clone(), Kept::of(stored));
    }
    let early = Early {
        accepted_at: arrival.accepted_at,
        event: narrowed(arrival.event, platform_id),
    };
    batch.work.put_early(channel, platform_id, early).await?;
    let known = batch.state.early.entry(channel.clone()).or_default();
    known.add(platform_id.to_owned());
    for id in known.make_room() {
        batch.work.remove_early(channel, &id);
    }
    Ok(())
}

/// Applies what came before its message.
pub(super) async fn catch_up(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    platform_id: &str,
) -> Result<(), StoreError> {
    let early = batch.work.early(channel, platform_id).await?;
    if early.is_empty() {
        return Ok(());
    }
    batch.work.remove_early(channel, platform_id);
    if let Some(known) = batch.state.early.get_mut(channel) {
        known.remove(platform_id);
    }
    for Early { accepted_at, event } in early.iter() {
        let arrival = Arrival {
            channel,
            accepted_at: *accepted_at,
            event,
        };
        let target = batch
            .work
            .message_by_platform_id(channel, platform_id)
            .await?;
        match (&event.kind, target) {
            (EventKind::Receipt(receipt), Some(message)) => {
                receipts::apply(batch, &message, receipt, event.time).await?;
            }
            (_, Some(message)) => change_message(batch, &arrival, &message).await?,
            (_, None) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::state::newest;
    use super::super::who::{World, event, ids, minute, said, wa};
    use super::*;

    #[test]
    fn the_oldest_make_room_and_what_has_come_takes_none() {
        let mut kept = Kept::default();
        for n in 0..OF_CHANNEL {
            kept.add(format!("m{n}"));
            assert!(kept.make_room().is_empty());
        }
        // A message that came frees its place, so that the next one costs nobody anything.
        kept.remove("m7");
        kept.add("new".to_owned());
        assert!(kept.make_room().is_empty());
        kept.add("newer".to_owned());
        assert_eq!(kept.make_room(), ["m0"]);
        assert_eq!(kept.all, OF_CHANNEL);
    }

    #[test]
    fn messages_that_all_come_leave_nothing_behind() {
        let mut kept = Kept::default();
        for n in 0..20_000 {
            let id = format!("m{n}");
            kept.add(id.clone());
            assert!(kept.make_room().is_empty());
            kept.remove(&id);
            assert!(
                kept.order.len() <= 2 * OF_CHANNEL + 1,
                "{}",
                kept.order.len()
            );
        }
        assert_eq!((kept.all, kept.of.len()), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_never_comes_does_not_stay() {
        let mut world = World::new().await;
        let who = ids(None, Some("1"));
        let main = world.handle().id().clone();
        let receipt = |ids: &[String]| {
            let scope = json!({ "messages": ids });
            let receipt = json!({ "state": "delivered", "scope": scope });
            EventKind::Receipt(serde_json::from_value(receipt).unwrap())
        };
        let about = |n: usize| {
            let id = format!("gone-{n}");
            match n % 4 {
                0 => receipt(&[id, format!("gone-{n}-too")]),
                1 => EventKind::ReactionAdded(
                    serde_json::from_value(json!({ "message_id": id, "name": "like" })).unwrap(),
                ),
                2 => EventKind::MessageEdited(
                    serde_json::from_value(json!({ "message_id": id, "text": "x" })).unwrap(),
                ),
                _ => EventKind::MessageDeleted(
                    serde_json::from_value(json!({
                        "message_id": id, "by_author": true, "hidden_only": false,
                    }))
                    .unwrap(),
                ),
            }
        };
        for step in 0..20 {
            let told = (step * 500..(step + 1) * 500).map(|n| {
                let mut event = event(&format!("e-{n}"), minute(1), &who, about(n));
                event.raw = "x".repeat(1_000);
                event
            });
            world.deliver(told.collect()).await;
            // What is kept is counted again after a restart.
            if step == 10 {
                world = world.restart().await;
            }
        }
        let kept = world.store.early_of(&main, &wa(), 100_000).await.unwrap();
        let events: Vec<&Early> = kept.iter().flatten().collect();
        assert_eq!(events.len(), OF_CHANNEL);
        assert!(events.iter().all(|early| early.event.raw.is_empty()));
        // What comes late, but comes, has what was told of it.
        let told = vec![event("r", minute(2), &who, about(2))];
        world.deliver(told).await;
        world.deliver(vec![said("gone-2", minute(1), &who)]).await;
        let found = world.store.early(&main, &wa(), "gone-2").await.unwrap();
        assert!(found.is_empty());
        let contact = world.person("1").await.unwrap();
        let page = newest(10);
        let messages = world.store.history(&main, contact.id, page).await.unwrap();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].content.text.as_deref(), Some("x"));
    }
}
