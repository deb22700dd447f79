//! The router as it was, from its snapshot and what the journal has after it.

use linecard_model::interaction::Interaction;
use linecard_model::routing::{InteractionState, LegRole, Plan, RoutingEvent};
use linecard_model::site::SiteConfig;
use linecard_model::{OfferId, SiteId};
use linecard_router::Router;
use linecard_store::{Store, StoreError};
use tracing::warn;

use super::configure::routing_settings;
use super::run::SiteError;

pub(super) async fn restore(id: &SiteId, store: &dyn Store) -> Result<(Router, u64), SiteError> {
    let snapshot = match store.snapshot(id).await {
        Ok(Some((seq, bytes))) => match serde_json::from_slice(&bytes) {
            Ok(snapshot) => Some((Router::restore(snapshot), seq)),
            Err(error) => {
                thrown_away(id, &error.to_string());
                None
            }
        },
        Ok(None) => None,
        Err(StoreError::Value { detail, .. }) => {
            thrown_away(id, &detail);
            None
        }
        Err(error) => return Err(error.into()),
    };
    let first = store.first_seq(id).await?;
    let (mut router, from) = match snapshot {
        Some(snapshot) => snapshot,
        None if first > 1 => {
            warn!(site = %id, first, "the journal no longer has its beginning: the router begins with the open interactions, and agents sign in again");
            return Ok((from_views(id, store).await?, store.last_seq(id).await?));
        }
        None => (Router::new(routing_settings(&SiteConfig::default())), 0),
    };
    let mut after = from;
    loop {
        let records = store.journal(id, after, 1_024).await?;
        let Some(last) = records.last() else { break };
        let newest = last.last_seq();
        for record in &records {
            for (seq, event) in record.numbered() {
                if let linecard_model::event::Event::Routing(event) = event
                    && seq > after
                {
                    router.evolve(record.at, event);
                }
            }
        }
        after = newest;
    }
    Ok((router, from))
}

/// A router that has the work that is open. Who was there, and the counters, are not known.
async fn from_views(id: &SiteId, store: &dyn Store) -> Result<Router, SiteError> {
    let config = store.config(id).await?.unwrap_or_default();
    let mut router = Router::new(routing_settings(&config));
    for open in store.open_interactions(id).await? {
        for event in way_of(&open) {
            router.evolve(open.created_at, &event);
        }
    }
    Ok(router)
}

/// Events that bring an interaction where it is. Who takes part beside its owner is not known to be there
/// any more, and is left out.
fn way_of(open: &Interaction) -> Vec<RoutingEvent> {
    let (interaction, queue) = (open.id, open.queue.clone());
    let mut events = vec![RoutingEvent::Enqueued {
        interaction,
        queue: queue.clone(),
        media_type: open.media_type,
        skills: open.skills.clone(),
        priority: open.priority,
        plan: Plan::default(),
    }];
    let Some(agent) = open.state.holder().cloned() else {
        return events;
    };
    let (offer, deadline) = match &open.state {
        InteractionState::Offered {
            offer, deadline, ..
        } => (*offer, *deadline),
        _ => (OfferId::generate(), open.created_at),
    };
    events.push(RoutingEvent::Offered {
        interaction,
        queue: queue.clone(),
        agent: agent.clone(),
        offer,
        deadline,
        auto_answer: false,
        role: LegRole::Owner,
        choice: None,
    });
    if !matches!(open.state, InteractionState::Offered { .. }) {
        events.push(RoutingEvent::Connected {
            interaction,
            queue: queue.clone(),
            agent: agent.clone(),
            offer,
            role: LegRole::Owner,
        });
    }
    match &open.state {
        InteractionState::WrapUp {
            deadline, reason, ..
        } => events.push(RoutingEvent::WrapUpStarted {
            interaction,
            queue,
            agent,
            reason: *reason,
            deadline: *deadline,
        }),
        InteractionState::Held { .. } => events.push(RoutingEvent::Held {
            interaction,
            queue,
            agent,
        }),
        InteractionState::Parked {
            until, waiting_for, ..
        } => events.push(RoutingEvent::Parked {
            interaction,
            queue,
            agent,
            until: *until,
            waiting_for: *waiting_for,
        }),
        _ => {}
    }
    events
}

/// A snapshot only saves reading the whole journal.
fn thrown_away(id: &SiteId, detail: &str) {
    warn!(site = %id, detail, "the router's snapshot cannot be read and is thrown away; the whole journal is read instead");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use linecard_model::event::Event;
    use linecard_model::manifest::Visibility;
    use linecard_model::routing::{EndReason, MediaType};
    use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, QueueId, Timestamp};
    use linecard_store::{Append, Change, Kept, UnitOfWork};
    use linecard_store_sled::SledStore;

    use super::*;

    #[tokio::test]
    async fn a_snapshot_that_cannot_be_read_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        let id = SiteId::new("main").unwrap();
        let epoch = store.own(&id).await.unwrap();
        let state = b"{\"an\":\"earlier form\"}".to_vec();
        let append = Append {
            records: Vec::new(),
            changes: vec![Change::PutSnapshot { seq: 5, state }],
        };
        store.append(&id, epoch, append).await.unwrap();
        let (_, from) = restore(&id, &store).await.unwrap();
        assert_eq!(from, 0, "the journal is read from its beginning");
    }

    fn queued(number: u64) -> Interaction {
        Interaction {
            id: InteractionId::derived(1_760_000_000_000 + number, number),
            contact: ContactId::derived(1_760_000_000_000, number),
            participants: Vec::new(),
            channel: ChannelId::new("pages").unwrap(),
            thread: "thread".to_owned(),
            visibility: Visibility::Private,
            media_type: MediaType::SocialDirectMessage,
            queue: QueueId::new("support").unwrap(),
            skills: Vec::new(),
            priority: 0,
            state: InteractionState::Queued,
            legs: std::collections::BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            answered_at: None,
            ended_at: None,
            last_agent: None,
            last_inbound_at: None,
            last_outbound_at: None,
            inbound_count: 0,
            timers: Vec::new(),
            moved_by_rules: 0,
            outbound_count: 0,
            last_message: None,
            waiting_since: None,
            marks: linecard_model::desk::Marks::default(),
        }
    }

    #[tokio::test]
    async fn without_snapshot_and_beginning_the_router_has_the_open_work() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
        let id = SiteId::new("main").unwrap();
        let epoch = store.own(&id).await.unwrap();
        let config: SiteConfig = serde_json::from_value(serde_json::json!({
            "queues": { "support": { "members": ["ann"] } },
            "agents": { "ann": { "name": "Ann" } },
        }))
        .unwrap();
        let mut unit = UnitOfWork::new(Arc::clone(&store), id.clone(), 1);
        let agent = AgentId::new("ann").unwrap();
        let configured = Event::SiteConfigured {
            config: Box::new(config),
        };
        let at = Timestamp::UNIX_EPOCH;
        unit.record(at, vec![configured]).await.unwrap();
        for (number, steps) in [(1, 1), (2, 2), (3, 3), (4, 4)] {
            let mut now = queued(number);
            now.state = InteractionState::WrapUp {
                agent: agent.clone(),
                deadline: None,
                reason: EndReason::Completed,
            };
            let mut events = vec![Event::InteractionStarted(queued(number))];
            events.extend(way_of(&now).into_iter().take(steps).map(Event::Routing));
            unit.record(at, events).await.unwrap();
        }
        let last = unit.next_seq() - 1;
        unit.put_snapshot(last, b"of an earlier form".to_vec());
        store.append(&id, epoch, unit.finish()).await.unwrap();
        let later = Timestamp::from_second(1).unwrap();
        let purged = store.purge(&id, Kept::Journal, later, None, 100).await;
        assert_eq!(purged.unwrap().removed, 4, "the last record stays");
        assert!(store.first_seq(&id).await.unwrap() > 1);

        let (router, from) = restore(&id, store.as_ref()).await.unwrap();
        assert_eq!(from, last);
        let snapshot = serde_json::to_value(router.snapshot()).unwrap();
        for interaction in store.open_interactions(&id).await.unwrap() {
            let id = interaction.id.to_string();
            assert!(snapshot.to_string().contains(&id), "{id}: {snapshot}");
            if let InteractionState::Offered { offer, .. } = interaction.state {
                assert_eq!(router.offer(&offer), Some(interaction.id));
            }
        }
        let states: Vec<&str> = (store.open_interactions(&id).await.unwrap().iter())
            .map(|interaction| interaction.state.name())
            .collect();
        assert_eq!(states, ["queued", "offered", "connected", "wrap-up"]);
    }
}
