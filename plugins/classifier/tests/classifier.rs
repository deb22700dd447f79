//! What operators rely on.

use linecard_classifier::Classifier;
use linecard_sdk::encode;
use linecard_sdk::prelude::*;
use linecard_text_model::Model;
use linecard_text_model::train::{Labelled, Quality, TrainSettings, provenance, train};
use serde_json::{Value, json};

/// A model that tells complaints from thanks.
pub fn model() -> Model {
    let texts = (0..40).flat_map(|number| {
        [
            (
                format!("my parcel {number} is late again, where is it"),
                "complaint",
            ),
            (
                format!("thank you for the help with order {number}"),
                "thanks",
            ),
        ]
    });
    let texts: Vec<Labelled> = texts
        .map(|(text, label)| Labelled {
            text,
            label: label.to_owned(),
        })
        .collect();
    let settings = TrainSettings {
        quality: Quality::Draft,
        favoured: None,
        folds: 2,
    };
    let text = || "test".to_owned();
    train(
        &texts,
        &settings,
        provenance(text(), text(), text(), text(), text()),
    )
    .expect("enough texts")
}

pub fn config() -> Value {
    json!({
        "model": encode::base64(&model().to_bytes()),
        "without": ["thanks"],
        "scores": { "actionability": { "complaint": 1 }, "sentiment": { "complaint": -1, "thanks": 0.5 } },
    })
}

fn problems(config: &Value) -> Vec<(String, String)> {
    match Classifier::prepare_json(&config.to_string()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|p| (p.pointer, p.text)).collect(),
    }
}

#[test]
fn labels_and_scores_come_from_the_model() {
    let classifier = Classifier::prepare_json(&config().to_string()).unwrap();
    let complaint = classifier
        .analyze(&Subject::text("My parcel is late!"))
        .unwrap();
    assert_eq!(complaint.labels[0].name, "complaint");
    assert!(complaint.labels[0].confidence > 0.6);
    let value = |analysis: &Analysis, name: &str| {
        let mut scores = analysis.scores.iter();
        scores
            .find(|score| score.name == name)
            .map(|score| score.value)
            .unwrap()
    };
    assert!(value(&complaint, "actionability") > 0.6 && value(&complaint, "sentiment") < 0.0);
    let thanks = classifier.analyze(&Subject::text("thank you")).unwrap();
    assert!(thanks.labels.is_empty(), "this label is not to be given");
    assert!(value(&thanks, "actionability") < 0.4 && value(&thanks, "sentiment") > 0.0);
    let picture = classifier.analyze(&Subject::text(" ")).unwrap();
    assert!(picture.labels.is_empty() && picture.scores.is_empty());
}

#[test]
fn below_the_quality_level_nothing_is_said() {
    let mut config = config();
    let text = Subject::text("My parcel is late!");
    let said = |config: &Value| {
        let classifier = Classifier::prepare_json(&config.to_string()).unwrap();
        classifier.analyze(&text).unwrap()
    };
    let sure = said(&config).labels[0].confidence;
    assert!((0.6..1.0).contains(&sure));
    // The levels next to its confidence, on either side.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let below = (sure * 100.0).floor() as u8;
    config["quality"] = json!(below);
    assert_eq!(said(&config).labels.len(), 1);
    assert_eq!(said(&config).scores.len(), 2);
    config["quality"] = json!(below + 1);
    let nothing = said(&config);
    assert!(nothing.labels.is_empty() && nothing.scores.is_empty());
    config["quality"] = json!(101);
    assert_eq!(problems(&config)[0].0, "/quality");
}

#[test]
fn what_is_no_model_is_refused() {
    let bytes = model().to_bytes();
    let told = |bytes: &[u8]| {
        let found = problems(&json!({ "model": encode::base64(bytes) }));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "/model");
        found[0].1.clone()
    };
    assert!(told(b"").contains("no model"));
    assert!(told(b"PNG something else entirely").contains("no model"));
    assert!(told(&bytes[..bytes.len() - 1]).contains("bytes where"));
    assert!(told(&bytes[..100]).contains("bytes"));
    let mut other = bytes.clone();
    other[15..17].copy_from_slice(b"02");
    assert!(told(&other).contains("version 02"));
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    assert!(told(&damaged).contains("checksum"));
    assert!(problems(&json!({ "model": "!" }))[0].1.contains("Base64"));
}

#[test]
fn labels_that_the_model_does_not_have_are_told() {
    let mut config = config();
    config["without"] = json!(["spam"]);
    config["scores"] = json!({ "sentiment": { "praise": 1, "thanks": 2 }, "joy": {} });
    config["threshold"] = json!(1.5);
    let places: Vec<String> = problems(&config)
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert_eq!(
        places,
        [
            "/threshold",
            "/without",
            "/scores/joy",
            "/scores/sentiment/praise",
            "/scores/sentiment/thanks"
        ]
    );
}
