//! What the analyzers that come along cost for a message of 280 characters, in this process and in the
//! sandbox, warm, as the hub calls them. Run with `cargo bench -p linecard-classifier --bench analyzers`.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use linecard_classifier::Classifier;
use linecard_influence::Influence;
use linecard_keywords::Keywords;
use linecard_language::Language;
use linecard_model::platform as host;
use linecard_sandbox::{Analyzer as Sandboxed, Sandbox, SandboxConfig};
use linecard_sdk::encode;
use linecard_sdk::prelude::*;
use linecard_sentiment::Sentiment;
use linecard_testkit::{ThisCrate, build, this_crate};
use linecard_text_model::train::{Labelled, Quality, TrainSettings, provenance, train};
use serde_json::{Value, json};

const CALLS: u32 = 1_000;
const ROUNDS: u32 = 8;
/// What a message of 280 characters may take in the sandbox.
const GOAL_MICROS: f64 = 100.0;

/// 280 characters, as customers write.
fn text() -> String {
    let text = "Hi @shop, my parcel 4711 was to come on Tuesday and it is STILL not here :( I have called twice, \
                nobody answers, and the tracking page only says \"on its way\". This is really not what I expect \
                from you after ten years. Can somebody please look into it today? I need it on Friday!!";
    let cut: String = text.chars().take(280).collect();
    format!("{cut:.<280}")
}

/// A model of standard quality of a company's size.
fn model() -> Vec<u8> {
    let words = [
        "parcel", "late", "broken", "thanks", "great", "order", "refund", "nobody", "answers",
        "love", "price", "colour", "size", "invoice", "card", "error", "login", "friendly",
        "waiting", "again",
    ];
    let texts: Vec<Labelled> = (0..2_000_usize)
        .map(|number| {
            let word = |at: usize| words[(number * 7 + at * 13 + number / 20) % words.len()];
            Labelled {
                text: format!(
                    "my {} is {} {} {number} and {}",
                    word(0),
                    word(1),
                    word(2),
                    word(3)
                ),
                label: ["complaint", "praise", "question"][number % 3].to_owned(),
            }
        })
        .collect();
    let settings = TrainSettings {
        quality: Quality::Standard,
        favoured: None,
        folds: 2,
    };
    let text = || "bench".to_owned();
    let origin = provenance(text(), text(), text(), text(), text());
    train(&texts, &settings, origin)
        .expect("enough texts")
        .to_bytes()
}

/// The calls of an analyzer in this process, and its component.
struct Case {
    name: &'static str,
    config: Value,
    native: Box<dyn Fn(&Subject) -> usize>,
}

fn case<A: Analyzer + 'static>(name: &'static str, config: Value) -> Case {
    let ready = A::prepare_json(&config.to_string());
    let ready = ready.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    Case {
        name,
        config,
        native: Box::new(move |subject| {
            let found = ready.analyze(subject).expect("it reads");
            found.labels.len() + found.scores.len()
        }),
    }
}

fn component(name: &str) -> PathBuf {
    let own = this_crate!();
    let folder = own.folder.with_file_name(name);
    build(&ThisCrate {
        folder,
        package: format!("linecard-{name}"),
    })
    .expect("the component builds")
}

fn main() {
    // `cargo test --benches` starts this too; there is nothing to test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be started");
    let rules: Vec<Value> = (0..50)
        .map(|number| {
            json!({ "label": format!("label-{number}"), "words": [format!("word{number}"), "parcel"],
                "phrases": [format!("delivery {number}")], "regex": [format!("(?i)\\border {number}\\b")] })
        })
        .collect();
    let cases = [
        case::<Sentiment>("sentiment", json!({})),
        case::<Classifier>("classifier", json!({ "model": encode::base64(&model()) })),
        case::<Language>("language", json!({})),
        case::<Influence>("influence", json!({})),
        case::<Keywords>("keywords", json!({ "rules": rules })),
    ];
    let sandbox = Sandbox::new(SandboxConfig::default()).expect("the engine starts");
    let text = text();
    println!(
        "a message of {} characters, the fastest of {ROUNDS} rounds of {CALLS} calls:",
        text.chars().count()
    );
    let mut native_subject = Subject::text(&text);
    native_subject.author = Some(Profile {
        followers: Some(1_200),
        verified: Some(true),
        ..Profile::default()
    });
    let mut missed = Vec::new();
    for case in &cases {
        let wasm = std::fs::read(component(case.name)).expect("the component can be read");
        let plugin = runtime
            .block_on(sandbox.load(&wasm, &format!("{}.wasm", case.name)))
            .expect("the component loads");
        let filled = linecard_schema::check_config(&plugin.manifest().config_schema, &case.config)
            .expect("the configuration is right")
            .to_string();
        let analyzer = runtime
            .block_on(plugin.analyzer(&filled))
            .expect("it is an analyzer");
        let mut fastest = [Duration::MAX; 2];
        // Round by round, and the fastest counts: what else the machine does only ever adds.
        for _ in 0..ROUNDS {
            let native = timed(|| {
                for _ in 0..CALLS {
                    black_box((case.native)(black_box(&native_subject)));
                }
            });
            let sandboxed = timed(|| runtime.block_on(read(&analyzer, &text)));
            for (least, time) in fastest.iter_mut().zip([native, sandboxed]) {
                *least = time.min(*least);
            }
        }
        let [native, sandboxed] = fastest.map(|time| time.as_secs_f64() * 1e6 / f64::from(CALLS));
        println!(
            "{:<12} {native:6.1} µs in this process, {sandboxed:6.1} µs in the sandbox, ratio {:.1}",
            case.name,
            sandboxed / native
        );
        if sandboxed > GOAL_MICROS {
            missed.push(case.name);
        }
    }
    let verdict = if missed.is_empty() {
        "met".to_owned()
    } else {
        format!("missed by {}", missed.join(", "))
    };
    println!("the goal is at most {GOAL_MICROS:.0} µs each in the sandbox: {verdict}");
}

async fn read(analyzer: &Sandboxed, text: &str) {
    for _ in 0..CALLS {
        let subject = host::Subject {
            text: text.to_owned(),
            language: None,
            network: "bench".to_owned(),
            channel: "bench".to_owned(),
            visibility: linecard_model::manifest::Visibility::Private,
            addressed: None,
            author: Some(host::Profile {
                followers: Some(1_200),
                verified: Some(true),
                ..host::Profile::default()
            }),
            attachments: 0,
        };
        black_box(analyzer.analyze(subject).await.expect("it reads"));
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
