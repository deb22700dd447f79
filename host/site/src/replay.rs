//! What is replayed from the journal is what was lived.

use std::fmt::Write as _;
use std::sync::Arc;

use linecard_model::routing::Presence;
use linecard_model::site::Role;
use linecard_model::{AgentId, SiteId};
use linecard_store::{SledStore, Store};

use super::run::restore;
use super::{Actor, Request, Site, SiteOptions};
use crate::channels::Channels;
use linecard_hub::configure::parse_site;

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
        render: linecard_api::render,
    })
    .await
    .unwrap();
    let mut text = String::from("[queues.support]\nmembers = []\n");
    for number in 0..AGENTS {
        writeln!(text, "[agents.agent-{number}]\nname = \"{number}\"").unwrap();
    }
    let config = parse_site("site.toml", &text).unwrap().value;
    let boss = Actor {
        name: "boss".to_owned(),
        role: Role::Admin,
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
                    role: Role::Agent,
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
