//! The analyzer.

use std::sync::atomic::{AtomicU32, Ordering};

wit_bindgen::generate!({ path: "../../../../../wit/v0.2.0", world: "analyzer" });

use exports::linecard::plugin::analyzer_api::{
    Analysis, ConfigProblem, Guest, Label, Manifest, Score, Subject,
};
use linecard::plugin::manifest::AnalyzerManifest;

static USES: AtomicU32 = AtomicU32::new(0);

struct Plugin;

impl Guest for Plugin {
    fn describe() -> Manifest {
        Manifest {
            id: "hostile-analyzer".into(),
            version: "1.2.3".into(),
            display_name: "Hostile".into(),
            description: String::new(),
            contract: "0.2.0".into(),
            config_schema: r#"{"type":"string"}"#.into(),
            connector: None,
            analyzer: Some(AnalyzerManifest {
                scores: vec!["uses".into()],
                languages: vec![],
            }),
        }
    }

    fn prepare(config: String) -> Result<(), Vec<ConfigProblem>> {
        if config == "refuse" {
            return Err(vec![ConfigProblem {
                pointer: "/x".into(),
                text: "no".into(),
            }]);
        }
        Ok(())
    }

    fn analyze(subject: Subject) -> Result<Analysis, String> {
        let uses = USES.fetch_add(1, Ordering::Relaxed) + 1;
        let mut analysis = Analysis {
            labels: vec![],
            scores: vec![Score {
                name: "uses".into(),
                value: f64::from(uses),
            }],
            language: None,
        };
        match subject.text.as_str() {
            "loop" => loop {
                std::hint::black_box(());
            },
            // Long enough for several ticks of the host's clock.
            "busy" => {
                for number in 0..100_000_000_u64 {
                    std::hint::black_box(number);
                }
            }
            "panic" => panic!("as asked"),
            "error" => return Err("as asked".into()),
            "nan" => analysis.scores[0].value = f64::NAN,
            "sentiment" => {
                analysis.scores[0] = Score {
                    name: "sentiment".into(),
                    value: 1.5,
                }
            }
            "evidence é" => analysis.labels.push(Label {
                name: "x".into(),
                confidence: 1.0,
                // In the middle of the letter.
                evidence: vec![(0, 10)],
            }),
            _ => {}
        }
        Ok(analysis)
    }
}

export!(Plugin);
