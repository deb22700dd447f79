//! What operators rely on.

use linecard_keywords::Keywords;
use linecard_sdk::prelude::*;
use serde_json::json;

fn analyze(config: &serde_json::Value, text: &str) -> Analysis {
    let keywords = Keywords::prepare_json(&config.to_string()).expect("a good configuration");
    keywords.analyze(&Subject::text(text)).unwrap()
}

/// What is labelled, as it stands in the text.
fn evidence(rule: &serde_json::Value, text: &str) -> Vec<String> {
    let analysis = analyze(&json!({ "rules": [rule] }), text);
    analysis
        .labels
        .iter()
        .flat_map(|label| &label.evidence)
        .map(|&(start, end)| text[start as usize..end as usize].to_owned())
        .collect()
}

fn problems(config: &serde_json::Value) -> Vec<String> {
    match Keywords::prepare_json(&config.to_string()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .map(|problem| problem.pointer)
            .collect(),
    }
}

#[test]
fn evidence_points_into_the_text_as_it_was_written() {
    let rule = json!({ "label": "l", "words": ["straße"], "phrases": ["too expensive"] });
    assert_eq!(
        evidence(&rule, "Die STRASSE, straße."),
        ["STRASSE", "straße"]
    );
    assert_eq!(
        evidence(&rule, "ist too\n  EXPENSIVE!"),
        ["too\n  EXPENSIVE"]
    );
    assert!(evidence(&rule, "Hauptstraße").is_empty());
}

#[test]
fn a_letter_and_its_accent_are_one() {
    let rule = json!({ "label": "l", "words": ["cafe"], "whole_words": false });
    assert!(evidence(&rule, "café, cafe\u{301}").is_empty());
    let rule = json!({ "label": "l", "words": ["café"] });
    assert_eq!(evidence(&rule, "CAFÉ, cafe\u{301}").len(), 2);
}

#[test]
fn emoji_match_with_and_without_their_variation() {
    let rule = json!({ "label": "l", "words": ["❤"] });
    assert_eq!(evidence(&rule, "I ❤️ it"), ["❤️"]);
    assert_eq!(
        evidence(&json!({ "label": "l", "words": ["❤️"] }), "I ❤ it"),
        ["❤"]
    );
}

#[test]
fn case_matters_if_the_rule_says_so() {
    let rule =
        json!({ "label": "l", "words": ["Apple"], "regex": ["iPad"], "case_sensitive": true });
    assert_eq!(evidence(&rule, "apple Apple ipad iPad"), ["Apple", "iPad"]);
}

#[test]
fn words_that_overlap_are_all_found() {
    let config = json!({ "rules": [
        { "label": "long", "phrases": ["credit card"] },
        { "label": "short", "words": ["credit", "card"] },
    ] });
    let names: Vec<_> = analyze(&config, "my credit card")
        .labels
        .into_iter()
        .map(|label| label.name)
        .collect();
    assert_eq!(names, ["long", "short"]);
}

#[test]
fn rules_with_one_label_are_one_label() {
    let config = json!({ "rules": [
        { "label": "l", "words": ["a"], "confidence": 0.4 },
        { "label": "l", "words": ["b"], "confidence": 0.8 },
    ] });
    let analysis = analyze(&config, "a b");
    assert_eq!(
        analysis.labels,
        [Label {
            name: "l".to_owned(),
            confidence: 0.8,
            evidence: vec![(0, 1), (2, 3)]
        }]
    );
}

#[test]
fn several_scores_become_one() {
    let rules = json!([
        { "label": "bad", "words": ["bad"], "scores": { "sentiment": -0.8 } },
        { "label": "good", "words": ["good"], "scores": { "sentiment": 0.5 } },
    ]);
    let score = |combine: &str, text: &str| {
        let config = json!({ "rules": rules, "combine": combine, "scores": { "sentiment": 0.1 } });
        analyze(&config, text)
            .scores
            .first()
            .map(|score| score.value)
            .unwrap()
    };
    assert!((score("max", "good and bad") + 0.8).abs() < 1e-9);
    assert!((score("sum", "good and bad") + 0.3).abs() < 1e-9);
    assert!((score("sum", "neither") - 0.1).abs() < 1e-9);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let config = json!({
        "rules": [
            { "label": "a", "words": ["x", "two words", "X", " "], "regex": ["(", "a*", "\\w{5000}"] },
            { "label": " ", "words": ["y"], "confidence": 2, "scores": { "joy": 1, "sentiment": -2 } },
            { "label": "c" },
        ],
        "scores": { "influence": 2 },
    });
    let mut found = problems(&config);
    found.sort();
    assert_eq!(
        found,
        [
            "/rules/0/regex/0",
            "/rules/0/regex/1",
            "/rules/0/regex/2",
            "/rules/0/words/1",
            "/rules/0/words/2",
            "/rules/0/words/3",
            "/rules/1/confidence",
            "/rules/1/label",
            "/rules/1/scores/joy",
            "/rules/1/scores/sentiment",
            "/rules/2",
            "/scores/influence",
        ]
    );
    assert_eq!(
        problems(&json!({ "rules": [{ "label": 7 }] })),
        ["/rules/0/label"]
    );
}

#[test]
fn the_schema_is_json_and_names_every_field() {
    let schema: serde_json::Value =
        serde_json::from_str(&Keywords::describe().config_schema).unwrap();
    for field in [
        "label",
        "words",
        "phrases",
        "regex",
        "whole_words",
        "case_sensitive",
        "confidence",
        "scores",
        "languages",
    ] {
        assert!(
            schema["$defs"]["rule"]["properties"][field].is_object(),
            "{field}"
        );
    }
    for field in ["rules", "scores", "combine"] {
        assert!(schema["properties"][field].is_object(), "{field}");
    }
}

#[test]
fn thousands_of_words_stay_quick() {
    let words: Vec<String> = (0..5_000).map(|number| format!("word{number}")).collect();
    let config = json!({ "rules": [{ "label": "l", "words": words }] });
    let text = "nothing here but word4999 and more ".repeat(300);
    assert_eq!(analyze(&config, &text).labels[0].evidence.len(), 50);
}
