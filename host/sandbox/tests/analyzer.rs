//! Analyzers are kept warm and thrown away when they fail.

use std::time::Duration;

use futures::FutureExt as _;

use crate::support::{ANALYZER, limit, sandbox};
use linecard_model::manifest::Visibility;
use linecard_model::platform::Subject;
use linecard_sandbox::{Analyzer, Fault, Limit, Limits, PrepareError};

async fn analyzer(limits: Limits) -> Analyzer {
    // More than the default, because tests run on busy machines.
    let limits = Limits {
        analyze_time: Duration::from_millis(400),
        ..limits
    };
    let plugin = sandbox(limits).load(&ANALYZER, "a.wasm").await.unwrap();
    assert!(plugin.connector().is_none());
    plugin.analyzer("ok").await.unwrap()
}

fn subject(text: &str) -> Subject {
    Subject {
        text: text.into(),
        language: None,
        network: "test".into(),
        channel: "c".into(),
        visibility: Visibility::Public,
        addressed: None,
        author: None,
        attachments: 0,
    }
}

/// How many messages the instance that answered has read.
async fn uses(analyzer: &Analyzer) -> u32 {
    let analysis = analyzer.analyze(subject("count")).await.unwrap();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let uses = analysis.scores[0].value as u32;
    uses
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_kept_until_its_uses_are_up() {
    let analyzer = analyzer(Limits {
        analyzer_uses: 3,
        ..Limits::default()
    })
    .await;
    let mut seen = vec![];
    for _ in 0..5 {
        seen.push(uses(&analyzer).await);
    }
    assert_eq!(seen, [1, 2, 3, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_warm_instances_each_message_gets_a_fresh_one() {
    let analyzer = analyzer(Limits {
        warm_analyzers: 0,
        ..Limits::default()
    })
    .await;
    assert_eq!([uses(&analyzer).await, uses(&analyzer).await], [1, 1]);
}

/// A guest that computes for less than a tick of the clock is not interrupted, however long it was idle before:
/// whoever is interrupted waits until all others have had their turn.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_idle_reads_without_a_break() {
    let analyzer = analyzer(Limits::default()).await;
    uses(&analyzer).await;
    let mut at_once = 0;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(15)).await;
        // The clock may tick just then, but not each time.
        at_once += u32::from(analyzer.analyze(subject("count")).now_or_never().is_some());
    }
    assert!(at_once >= 5, "{at_once} of 10");
}

/// Of what computes for long, one at a time goes on; an instance that is idle again is not in the way.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_computed_for_long_and_is_idle_hinders_no_other() {
    let limits = Limits {
        analyze_time: Duration::from_secs(10),
        cpu_time: Duration::from_secs(10),
        ..Limits::default()
    };
    let plugin = sandbox(limits).load(&ANALYZER, "a.wasm").await.unwrap();
    for config in ["one", "two", "three"] {
        let analyzer = plugin.analyzer(config).await.unwrap();
        analyzer.analyze(subject("busy")).await.unwrap();
        // It is kept, with its warm instance.
        std::mem::forget(analyzer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_instance_is_replaced() {
    let analyzer = analyzer(Limits::default()).await;
    assert_eq!(uses(&analyzer).await, 1);
    let broken = limit(analyzer.analyze(subject("loop")).await);
    assert_eq!(broken, Limit::WallTime);
    assert_eq!(uses(&analyzer).await, 1);
    let error = analyzer.analyze(subject("panic")).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Trap(_)), "{error}");
    assert_eq!(uses(&analyzer).await, 1);
    let error = analyzer.analyze(subject("error")).await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused("as asked".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_places_that_make_no_sense_are_refused() {
    let analyzer = analyzer(Limits::default()).await;
    for text in ["nan", "sentiment", "evidence é"] {
        let error = analyzer.analyze(subject(text)).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Output(_)), "{text}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_configuration_says_where() {
    let plugin = sandbox(Limits::default())
        .load(&ANALYZER, "a.wasm")
        .await
        .unwrap();
    match plugin.analyzer("refuse").await.unwrap_err() {
        PrepareError::Config(problems) => assert_eq!(problems[0].pointer, "/x"),
        other => panic!("{other}"),
    }
}
