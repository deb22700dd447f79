//! The same answers in the sandbox as natively.

use std::path::PathBuf;

use linecard_classifier::Classifier;
use linecard_sdk::prelude::*;
use linecard_testkit::{Call, Case, SandboxedPlugin, build, this_crate};
use serde_json::{Map, Value};

use super::classifier::config;

fn said(text: &str) -> Case {
    Case {
        name: "said".to_owned(),
        folder: PathBuf::new(),
        call: Call::Analyze(Subject::text(text)),
        answers: Vec::new(),
        config: Value::Null,
        secrets: Map::new(),
        now: None,
        varies: false,
        head: None,
    }
}

#[test]
fn a_model_reads_the_same_in_the_sandbox() {
    let component = build(&this_crate!()).expect("the component is built");
    let plugin = SandboxedPlugin::load(&component).expect("the component is loaded");
    let config = config().to_string();
    let native = Classifier::prepare_json(&config).unwrap();
    for text in [
        "where is my parcel?",
        "Thank you ❤️ so much",
        "neither of the two",
    ] {
        let sandboxed = plugin.run(&said(text), &config).expect("it runs");
        let native = native.analyze(&Subject::text(text)).unwrap();
        let native = serde_json::to_value(native).unwrap();
        assert_eq!(
            sandboxed["ok"]["scores"], native["scores"],
            "{text}: {sandboxed}"
        );
        let label = |analysis: &Value| analysis["labels"][0]["name"].clone();
        assert_eq!(
            label(&sandboxed["ok"]),
            label(&native),
            "{text}: {sandboxed}"
        );
    }
    // What is no model is refused there too, with its place.
    let refused = plugin.run(&said("x"), r#"{"model":"AAAA"}"#).unwrap();
    assert_eq!(refused["err"][0]["pointer"], "/model", "{refused}");
}
