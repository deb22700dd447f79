//! An analyzer that labels what is long.

wit_bindgen::generate!({ path: "../../../../../wit/v0.1.0", world: "analyzer" });

use exports::linecard::plugin::analyzer_api::{
    Analysis, ConfigProblem, Guest, Label, Manifest, Score, Subject,
};
use linecard::plugin::manifest::AnalyzerManifest;

struct Old;

impl Guest for Old {
    fn describe() -> Manifest {
        Manifest {
            id: "old-analyzer".into(),
            version: "1.0.0".into(),
            display_name: "Old analyzer".into(),
            description: String::new(),
            contract: "0.1.0".into(),
            config_schema: r#"{"type":"object"}"#.into(),
            connector: None,
            analyzer: Some(AnalyzerManifest {
                scores: vec!["length".into()],
                languages: vec![],
            }),
        }
    }

    fn prepare(config: String) -> Result<(), Vec<ConfigProblem>> {
        if config.contains("bad") {
            return Err(vec![ConfigProblem {
                pointer: "/a".into(),
                text: "it is bad".into(),
            }]);
        }
        Ok(())
    }

    fn analyze(subject: Subject) -> Result<Analysis, String> {
        if subject.text.is_empty() {
            return Err("there is no text".into());
        }
        Ok(Analysis {
            labels: vec![Label {
                name: "said".into(),
                confidence: 1.0,
                evidence: vec![(0, 1)],
            }],
            scores: vec![Score {
                name: "length".into(),
                value: subject.text.len() as f64,
            }],
            language: subject.language,
        })
    }
}

export!(Old);
