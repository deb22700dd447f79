//! The way of the page and the Instagram account to the hub's callbacks.

use serde_json::Value;

use super::state::Graph;
use super::surface::Surface;
use super::webhook;
use crate::delivery::{Delivery, Outcome};
use crate::outbox::{Carrier, Event, Habits};
use crate::serve::World;

/// The list of a webhook body that an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// The page's `messaging`.
    Messaging,
    /// The page's `standby`.
    Standby,
    /// The page's `changes`.
    Feed,
    /// Instagram's `messaging`.
    Instagram,
    /// Instagram's `standby`.
    InstagramStandby,
    /// Instagram's `changes`.
    InstagramChanges,
}

impl Lane {
    pub(crate) const ALL: [Self; 6] = [
        Self::Messaging,
        Self::Standby,
        Self::Feed,
        Self::Instagram,
        Self::InstagramStandby,
        Self::InstagramChanges,
    ];

    pub(crate) fn surface(self) -> Surface {
        match self {
            Self::Messaging | Self::Standby => Surface::Messenger,
            Self::Feed => Surface::Feed,
            Self::Instagram | Self::InstagramStandby | Self::InstagramChanges => Surface::Instagram,
        }
    }

    fn object(self) -> &'static str {
        match self.surface() {
            Surface::Instagram => "instagram",
            Surface::Messenger | Surface::Feed => "page",
        }
    }

    fn entry(self, account: &str, now_ms: i64, items: Vec<Value>) -> Value {
        match self {
            Self::Messaging | Self::Instagram => webhook::entry(account, now_ms, items),
            Self::Standby | Self::InstagramStandby => {
                webhook::standby_entry(account, now_ms, items)
            }
            Self::Feed | Self::InstagramChanges => webhook::changes_entry(account, now_ms, items),
        }
    }
}

/// What the page or the Instagram account tells.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) lane: Lane,
    pub(crate) item: Value,
}

impl Carrier for Graph {
    type Item = Item;

    fn world(&self) -> &World {
        &self.world
    }

    fn habits(&self) -> Habits {
        self.delivery().habits()
    }

    /// One call has one object and goes to one address.
    fn part(&self, events: Vec<Event<Item>>) -> Vec<Vec<Event<Item>>> {
        let mut groups: Vec<(_, Vec<Event<Item>>)> = Vec::new();
        for event in events {
            let lane = event.item.lane;
            let destination = (lane.object(), self.callback_url(lane.surface()));
            match groups.iter_mut().find(|(known, _)| *known == destination) {
                Some((_, group)) => group.push(event),
                None => groups.push((destination, vec![event])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    async fn carry(&self, batch: Vec<Item>) -> Outcome {
        let Some(first) = batch.first().map(|item| item.lane) else {
            return Outcome::never("nothing to tell");
        };
        let mut lanes: [Vec<Value>; Lane::ALL.len()] = Default::default();
        for told in batch {
            for (lane, items) in Lane::ALL.iter().zip(&mut lanes) {
                if *lane == told.lane {
                    items.push(told.item.clone());
                }
            }
        }
        let now = self.world.clock.now_ms();
        let size = self.delivery().items_per_entry.max(1);
        let entries: Vec<Value> = Lane::ALL
            .iter()
            .zip(&lanes)
            .flat_map(|(lane, items)| {
                items
                    .chunks(size)
                    .map(|items| lane.entry(self.account(lane.surface()), now, items.to_vec()))
            })
            .collect();
        let body = webhook::body_of(first.object(), entries);
        post_body(self, first.surface(), body).await
    }
}

/// Posts a body as given to where the webhooks of its object go.
pub(crate) async fn post_given(graph: &Graph, body: Value) -> Delivery {
    let feed = body
        .pointer("/entry/0/changes")
        .is_some_and(Value::is_array);
    let surface = match body.get("object").and_then(Value::as_str) {
        Some("instagram") => Surface::Instagram,
        _ if feed => Surface::Feed,
        _ => Surface::Messenger,
    };
    post_body(graph, surface, body).await.delivery("", "")
}

/// Signs and posts one body until the hub answers 200.
async fn post_body(graph: &Graph, surface: Surface, body: Value) -> Outcome {
    webhook::Sending {
        client: &graph.client,
        record: &graph.world.record,
        retry: &graph.delivery().retry,
        callback: graph.callback_url(surface),
        app_secret: &graph.options.app_secret,
    }
    .post(body)
    .await
}
