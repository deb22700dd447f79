//! Every limit of a call fails that call, by its name, and no other.

use std::time::{Duration, Instant};

use crate::support::{channel, connector, limit, receive, receive_on, said};
use linecard_sandbox::{Fault, Limit, Limits};

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_uses_up_its_time() {
    let connector = connector(Limits {
        receive_time: Duration::from_secs(10),
        ..Limits::default()
    })
    .await;
    let start = Instant::now();
    assert_eq!(limit(receive(&connector, "loop").await), Limit::CpuTime);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(said(&connector, "count").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeping_guest_uses_up_its_time() {
    let connector = connector(Limits {
        receive_time: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    assert_eq!(limit(receive(&connector, "sleep").await), Limit::WallTime);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() {
    let connector = connector(Limits {
        memory_bytes: 32 << 20,
        cpu_time: Duration::from_secs(1),
        ..Limits::default()
    })
    .await;
    let error = receive(&connector, "memory").await.unwrap_err();
    assert_eq!(error.plugin.as_str(), "hostile");
    assert_eq!(error.version, "1.2.3");
    assert_eq!(limit::<()>(Err(error)), Limit::Memory);
    assert_eq!(said(&connector, "count").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_exits_and_deep_recursion_are_traps_that_say_why() {
    let connector = connector(Limits::default()).await;
    for (misdeed, text) in [("panic", "as asked"), ("exit", "exit"), ("stack", "")] {
        let error = receive(&connector, misdeed).await.unwrap_err();
        match error.fault {
            Fault::Trap(said) => assert!(said.contains(text), "{misdeed}: {said}"),
            other => panic!("{misdeed}: {other}"),
        }
    }
    assert_eq!(said(&connector, "count").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_bounded() {
    let connector = connector(Limits {
        output_bytes: 1 << 20,
        output_events: 100,
        ..Limits::default()
    })
    .await;
    assert!(receive(&connector, "raw 1000000").await.is_ok());
    assert_eq!(
        limit(receive(&connector, "raw 2000000").await),
        Limit::OutputBytes
    );
    assert_eq!(
        receive(&connector, "events 100")
            .await
            .unwrap()
            .events
            .len(),
        100
    );
    assert_eq!(
        limit(receive(&connector, "events 101").await),
        Limit::OutputEvents
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_the_contract_forbids_are_refused() {
    let connector = connector(Limits::default()).await;
    for misdeed in [
        "status 199",
        "status 600",
        "header",
        "nan",
        "long-id",
        "out 65537",
        "random 1025",
    ] {
        let error = receive(&connector, misdeed).await.unwrap_err();
        assert!(
            matches!(error.fault, Fault::Output(_)),
            "{misdeed}: {error}"
        );
    }
    assert!(receive(&connector, "out 65536").await.is_ok());
    assert_eq!(said(&connector, "random 1024").await, "1024");
    let page = connector
        .poll(&channel("cursor 16384"), vec![])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.cursor.len(), 16_384);
    let error = connector
        .poll(&channel("cursor 16385"), vec![])
        .await
        .unwrap_err();
    assert!(matches!(error.fault, Fault::Output(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_flood_fails_its_call() {
    let connector = connector(Limits {
        log_lines: 10,
        log_bytes: 1_000,
        ..Limits::default()
    })
    .await;
    assert!(receive(&connector, "logs 10 100").await.is_ok());
    assert_eq!(
        limit(receive(&connector, "logs 11 1").await),
        Limit::LogLines
    );
    assert_eq!(
        limit(receive(&connector, "logs 9 200").await),
        Limit::LogBytes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_the_host_are_counted_those_of_the_runtime_library_included() {
    let connector = connector(Limits {
        host_calls: 200,
        ..Limits::default()
    })
    .await;
    assert!(receive(&connector, "clock 100").await.is_ok());
    assert_eq!(
        limit(receive(&connector, "clock 300").await),
        Limit::HostCalls
    );
    assert_eq!(
        limit(receive(&connector, "wasi-clock 300").await),
        Limit::HostCalls
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn open_handles_are_bounded() {
    let connector = connector(Limits::default()).await;
    assert!(receive(&connector, "handles 20").await.is_ok());
    assert_eq!(
        limit(receive(&connector, "handles 1000").await),
        Limit::Handles
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_counted_by_their_limit() {
    let plugin = crate::support::plugin(Limits::default()).await;
    let connector = plugin.connector().unwrap();
    assert!(receive(&connector, "panic").await.is_err());
    assert!(receive(&connector, "logs 1000 1").await.is_err());
    assert!(receive(&connector, "echo").await.is_ok());
    let metrics = plugin.metrics();
    let calls = &metrics.calls[&linecard_sandbox::Call::Receive];
    assert_eq!(calls.count, 3);
    assert_eq!(calls.failures["trap"], 1);
    assert_eq!(calls.failures["log_lines"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_in_a_loop_does_not_hold_up_another() {
    let sandbox = crate::support::sandbox(Limits::default());
    let bad = sandbox
        .load(&crate::support::CONNECTOR, "bad")
        .await
        .unwrap()
        .connector()
        .unwrap();
    let good = sandbox
        .load(&crate::support::CONNECTOR, "good")
        .await
        .unwrap()
        .connector()
        .unwrap();
    let loops: Vec<_> = (0..64)
        .map(|_| {
            let bad = bad.clone();
            tokio::spawn(async move { receive(&bad, "loop").await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let channel = channel("echo");
    for _ in 0..20 {
        let start = Instant::now();
        let reception = receive_on(&good, &channel, b"hello").await.unwrap();
        assert_eq!(reception.response.body, b"hello");
        assert!(
            start.elapsed() < Duration::from_millis(500),
            "{:?}",
            start.elapsed()
        );
    }
    for finished in loops {
        let broken = limit(finished.await.unwrap());
        assert!(
            matches!(
                broken,
                Limit::CpuTime | Limit::WallTime | Limit::ChannelConcurrency
            ),
            "{broken}"
        );
    }
}
