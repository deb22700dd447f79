//! What is replayed from the journal is what was lived.

use std::sync::Arc;

use linecard_model::rights::Rights;
use linecard_model::routing::Presence;
use linecard_model::{AgentId, SiteId};
use linecard_store::Store;
use linecard_store_sled::SledStore;
use serde_json::{Map, Value, json};

use super::restore::restore;
use super::{Actor, Rendered, Request, Site, SiteOptions};
use crate::channels::Channels;

const AGENTS: usize = 20;
const CHANGES: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_the_journal_gives_the_routers_state_to_the_millisecond() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
    let id = SiteId::new("main").unwrap();
    let Site { handle, .. } = Site::start(SiteOptions {
        id: id.clone(),
        store: Arc::clone(&store),
        channels: Channels::default(),
        render: |_, _| Rendered {
            status: 204,
            body: Vec::new(),
            replayed: false,
        },
    })
    .await
    .unwrap();
    let agents: Map<String, Value> = (0..AGENTS)
        .map(|number| {
            (
                format!("agent-{number}"),
                json!({ "name": number.to_string() }),
            )
        })
        .collect();
    let config = json!({ "queues": { "support": { "members": [] } }, "agents": agents });
    let config = serde_json::from_value(config).unwrap();
    let boss = Actor {
        name: "boss".to_owned(),
        rights: Rights::all(),
        agent: None,
    };
    let configure = Request::Configure {
        config: Box::new(config),
        vault: Vec::new(),
    };
    handle.request(boss, configure, None).await.unwrap();
    let mut agents = tokio::task::JoinSet::new();
    for number in 0..AGENTS {
        let handle = handle.clone();
        let agent = AgentId::new(format!("agent-{number}")).unwrap();
        agents.spawn(async move {
            for change in 0..CHANGES {
                let actor = Actor {
                    name: agent.to_string(),
                    rights: Rights::default(),
                    agent: Some(agent.clone()),
                };
                let presence = if change % 2 == 0 {
                    Presence::Ready
                } else {
                    Presence::Offline
                };
                let agent = agent.clone();
                let request = Request::SetPresence { agent, presence };
                handle.request(actor, request, None).await.unwrap();
            }
        });
    }
    while let Some(done) = agents.join_next().await {
        done.unwrap();
    }
    let lived = handle.query(|state| state.router().snapshot()).await;
    let (replayed, from) = restore(&id, store.as_ref()).await.unwrap();
    assert_eq!(from, 0, "it begins at the beginning");
    assert_eq!(replayed.snapshot(), lived.unwrap());
    let mut before = None;
    for record in store.journal(&id, 0, 100_000).await.unwrap() {
        assert!(before <= Some(record.at), "the time went back");
        before = Some(record.at);
    }
    handle.stop().await;
}
