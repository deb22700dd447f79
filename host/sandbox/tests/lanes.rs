//! A network that hangs holds up its own channel alone: no other call of the plug-in, and no other
//! plug-in.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::server::{Manner, OK, Request, channel_named, server};
use crate::support::{connector, limit, perform, receive_on};
use linecard_model::platform::Identity;
use linecard_sandbox::{CallError, ChannelContext, Connector, Limit, Limits};
use tokio::task::JoinHandle;

/// Well below the time for which a stalled call holds its turn.
const PROMPT: Duration = Duration::from_secs(2);

/// A network that takes every request and never answers; the requests that it has taken.
async fn stalled() -> (u16, Arc<Mutex<Vec<Request>>>) {
    server(vec![Manner::Silence]).await
}

fn asking(name: &str, port: u16) -> ChannelContext {
    let misdeed = format!("http GET http://127.0.0.1:{port}/ timeout=30000");
    channel_named(name, &misdeed, port)
}

type Call = JoinHandle<Result<String, CallError>>;

/// So many actions of a channel.
fn performs(count: usize, connector: &Connector, channel: &ChannelContext) -> Vec<Call> {
    let calls = (0..count).map(|_| {
        let (connector, channel) = (connector.clone(), channel.clone());
        tokio::spawn(async move { perform(&connector, &channel).await })
    });
    calls.collect()
}

/// So many polls of a channel.
fn polls(count: usize, connector: &Connector, channel: &ChannelContext) -> Vec<Call> {
    let calls = (0..count).map(|_| {
        let (connector, channel) = (connector.clone(), channel.clone());
        tokio::spawn(async move { poll(&connector, &channel).await })
    });
    calls.collect()
}

async fn poll(connector: &Connector, channel: &ChannelContext) -> Result<String, CallError> {
    let page = connector.poll(channel, vec![], None).await?;
    Ok(String::from_utf8(page.unwrap().cursor).unwrap())
}

/// Waits until the server has taken so many requests and, for a moment, no more.
async fn until_taken(count: usize, requests: &Arc<Mutex<Vec<Request>>>) {
    let begun = Instant::now();
    while requests.lock().unwrap().len() < count {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it takes too long"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(requests.lock().unwrap().len(), count);
}

async fn assert_receives(connector: &Connector, name: &str) {
    let channel = channel_named(name, "echo", 1);
    for _ in 0..20 {
        let begun = Instant::now();
        let reception = receive_on(connector, &channel, b"hello").await.unwrap();
        assert_eq!(reception.response.body, b"hello");
        assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_whose_network_hangs_holds_up_no_other() {
    let (silent, taken) = stalled().await;
    let (lively, _) = server(vec![Manner::Answer(OK)]).await;
    let limits = Limits::default();
    let connector = connector(limits.clone()).await;
    let stalled = asking("stalled", silent);
    let mut calls = performs(64, &connector, &stalled);
    calls.extend(polls(64, &connector, &stalled));
    // Neither lane lets a channel have more than its part.
    until_taken(2 * limits.calls_per_channel, &taken).await;

    assert_receives(&connector, "other").await;
    // The stalled channel's own customers are heard as well.
    assert_receives(&connector, "stalled").await;
    let other = asking("other", lively);
    let begun = Instant::now();
    assert_eq!(perform(&connector, &other).await.unwrap(), "200 ok");
    assert_eq!(poll(&connector, &other).await.unwrap(), "200 ok");
    assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
    for call in calls {
        assert!(!call.is_finished());
        call.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lanes_of_a_plugin_do_not_wait_for_each_other() {
    let (silent, taken) = stalled().await;
    let (lively, _) = server(vec![Manner::Answer(OK)]).await;
    let limits = Limits {
        calls_per_channel: 2,
        calls_per_plugin: 4,
        ..Limits::default()
    };
    let connector = connector(limits).await;
    // So many channels hang that the plug-in has no turn left to send.
    for name in ["a", "b", "c"] {
        performs(4, &connector, &asking(name, silent));
    }
    until_taken(4, &taken).await;
    assert_receives(&connector, "other").await;
    let other = asking("other", lively);
    let begun = Instant::now();
    assert_eq!(poll(&connector, &other).await.unwrap(), "200 ok");
    let identity = Identity {
        id: "someone".into(),
        aliases: vec![],
    };
    let profile = connector.resolve_profile(&other, identity).await.unwrap();
    assert_eq!(profile.unwrap(), None);
    assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());

    // The other way about.
    for name in ["a", "b", "c"] {
        polls(4, &connector, &asking(name, silent));
    }
    until_taken(8, &taken).await;
    assert_receives(&connector, "other").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_networks_of_all_plugins_leave_the_pool_room_to_receive() {
    let (silent, taken) = stalled().await;
    let sandbox = crate::support::sandbox(Limits {
        calls_per_channel: 2,
        calls_per_plugin: 3,
        calls: 4,
        warm_analyzers: 0,
        ..Limits::default()
    });
    let mut connectors = vec![];
    for name in ["one", "two", "three"] {
        let plugin = sandbox
            .load(&crate::support::CONNECTOR, name)
            .await
            .unwrap();
        connectors.push(plugin.connector().unwrap());
    }
    for connector in &connectors[..2] {
        for name in ["a", "b"] {
            performs(3, connector, &asking(name, silent));
            polls(3, connector, &asking(name, silent));
        }
    }
    // Both lanes are full: 3 of one plug-in, 1 of the other.
    until_taken(8, &taken).await;
    for connector in &connectors {
        assert_receives(connector, "c").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_hanging_network_does_not_fail_for_it() {
    let (silent, taken) = stalled().await;
    let connector = connector(Limits {
        network_time: Duration::from_millis(400),
        calls_per_channel: 2,
        ..Limits::default()
    })
    .await;
    let calls = performs(10, &connector, &asking("stalled", silent));
    for call in calls {
        // Each was tried, for as long as it may, though the last of them waited for five times as long.
        assert_eq!(limit(call.await.unwrap()), Limit::WallTime);
    }
    assert_eq!(taken.lock().unwrap().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_kept_from_when_it_is_given_until_it_is_dropped() {
    let (lively, taken) = server(vec![Manner::Answer(OK)]).await;
    let connector = connector(Limits {
        calls_per_channel: 1,
        ..Limits::default()
    })
    .await;
    assert_eq!(connector.actions_at_once(), 1);
    let channel = asking("one", lively);
    let turn = connector.turn(&channel).await.unwrap();
    let waiting = performs(1, &connector, &channel);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(taken.lock().unwrap().len(), 0);
    drop(turn);
    for call in waiting {
        assert_eq!(call.await.unwrap().unwrap(), "200 ok");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_finds_no_turn_fails_in_its_time_and_says_that_it_never_began() {
    let connector = connector(Limits {
        receive_time: Duration::from_millis(400),
        calls_per_channel: 1,
        ..Limits::default()
    })
    .await;
    let sleeping = channel_named("busy", "sleep", 1);
    let after = async |pause| {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let received = receive_on(&connector, &sleeping, b"").await;
        received.expect_err("it sleeps, or waits, for too long")
    };
    // The second follows the first in its turn, and the third waits for both.
    let (first, second, third) = tokio::join!(after(0), after(100), after(150));
    assert!(!first.never_began(), "{first}");
    assert!(!second.never_began(), "{second}");
    assert!(third.never_began(), "{third}");
    assert!(third.to_string().contains("calls_per_channel"), "{third}");
}
