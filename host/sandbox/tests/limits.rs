//! Every limit of a call fails that call, by its name, and no other.

use std::time::{Duration, Instant};

use crate::support::{channel, connector, limit, receive, receive_on, said};
use linecard_sandbox::{Call, Fault, Limit, Limits, Sandbox, SandboxConfig, SuspensionConfig};

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
async fn a_trap_names_the_place_in_the_plug_ins_source() {
    let connector = connector(Limits::default()).await;
    let error = receive(&connector, "panic").await.unwrap_err();
    let said = error.to_string();
    // The line comes from the panic itself, the functions from the file's names.
    assert!(said.contains("misdeeds.rs:"), "{said}");
    assert!(said.contains("; in ") && said.contains("receive"), "{said}");
    // The call has an id, and the plug-in remembers it.
    assert!(!said.contains(&error.id.to_string()), "{said}");
    let told = error.told();
    assert!(told.contains(&error.id.to_string()), "{told}");
    let last = connector.plugin().metrics().last_failure.unwrap();
    assert_eq!(last.id, error.id);
    assert!(last.fault.contains("misdeeds.rs:"), "{}", last.fault);
    // One that does not panic says nothing of itself: the names are all that there is.
    let error = receive(&connector, "stack").await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("; in ") && said.contains("misdeeds::"),
        "{said}"
    );
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
        .poll(&channel("cursor 16384"), vec![], None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.cursor.len(), 16_384);
    let error = connector
        .poll(&channel("cursor 16385"), vec![], None)
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

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_stops_again_and_again_is_left_alone_on_that_channel_until_it_works() {
    let sandbox = Sandbox::new(SandboxConfig {
        suspension: Some(SuspensionConfig {
            after: 3,
            first: Duration::from_secs(5),
            longest: Duration::from_secs(5),
        }),
        ..SandboxConfig::default()
    });
    let loaded = sandbox.unwrap().load(&crate::support::CONNECTOR, "a").await;
    let plugin = loaded.unwrap();
    let connector = plugin.connector().unwrap();
    for _ in 0..3 {
        let error = receive(&connector, "panic").await.unwrap_err();
        assert!(!error.never_began(), "{error}");
    }
    let error = receive(&connector, "echo").await.unwrap_err();
    assert!(error.never_began(), "{error}");
    assert!(error.to_string().contains("as asked"), "{error}");
    assert_eq!(plugin.suspended().len(), 1);
    let mut other = channel("echo");
    other.id = "other".parse().unwrap();
    assert!(receive_on(&connector, &other, b"hello").await.is_ok());
    let began = Instant::now();
    while receive(&connector, "echo").await.is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it is tried again"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(plugin.suspended(), []);
    let metrics = plugin.metrics();
    let of_channel = |id: &str| &metrics.channels[&id.parse().unwrap()][&Call::Receive];
    assert_eq!(
        of_channel("test").count,
        4,
        "what was not called is not counted"
    );
    assert_eq!(of_channel("other").count, 1);
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
    let mut took = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        let reception = receive_on(&good, &channel, b"hello").await.unwrap();
        assert_eq!(reception.response.body, b"hello");
        took.push(start.elapsed());
    }
    // A machine that does much else at the time is late now and then; what is held up is late each time.
    took.sort_unstable();
    assert!(took[10] < Duration::from_millis(500), "{took:?}");
    assert!(took[19] < Duration::from_secs(5), "{took:?}");
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
