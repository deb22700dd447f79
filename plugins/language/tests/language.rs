//! What operators rely on.

use linecard_language::Language;
use linecard_sdk::prelude::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Short messages to customer care in each language, with its tag.
const MESSAGES: &str = include_str!("messages.tsv");

fn language(config: &Value, text: &str) -> String {
    let language = Language::prepare_json(&config.to_string()).expect("a good configuration");
    language
        .analyze(&Subject::text(text))
        .unwrap()
        .language
        .unwrap()
}

#[test]
fn short_messages_of_many_languages() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (tag, text) in MESSAGES.lines().filter_map(|line| line.split_once('\t')) {
        count += 1;
        let found = language(&json!({}), text);
        if found != tag {
            wrong.push(format!("{text}: {found}, and it is {tag}"));
        }
    }
    println!(
        "{} of {count} short messages are in another language than they were said to be: {wrong:#?}",
        wrong.len()
    );
    assert!(count > 90 && wrong.len() * 10 <= count, "{wrong:#?}");
}

#[test]
fn what_stands_around_the_words_does_not_matter() {
    for (tag, text) in MESSAGES.lines().filter_map(|line| line.split_once('\t')) {
        let bare = language(&json!({}), text);
        let dressed = format!("@AcmeSupport {text} https://acme.example/the/and/of 😡😡 #TheBest");
        assert_eq!(language(&json!({}), &dressed), bare, "{tag}: {text}");
    }
}

#[test]
fn only_expected_languages_are_told() {
    let config = json!({ "languages": ["de", "fr"] });
    assert_eq!(language(&config, "Wo ist meine Bestellung?"), "de");
    assert_eq!(language(&config, "Where is my order?"), "und");
    assert_eq!(
        language(&json!({ "threshold": 1 }), "Where is my order?"),
        "und"
    );
    let Err(problems) = Language::prepare_json(r#"{"languages":["de","xx"],"threshold":2}"#) else {
        panic!("it was taken");
    };
    let places: Vec<&str> = problems
        .iter()
        .map(|problem| problem.pointer.as_str())
        .collect();
    assert_eq!(places, ["/threshold", "/languages/1"]);
}

proptest! {
    #[test]
    fn any_text_has_a_known_language_or_none(text in "\\PC{0,80}") {
        let analysis = Language::prepare_json("{}").unwrap().analyze(&Subject::text(text)).unwrap();
        let manifest = Language::describe();
        let linecard_sdk::manifest::Manifest { analyzer, .. } = manifest;
        let tag = analysis.language.unwrap();
        prop_assert!(tag == "und" || analyzer.unwrap().languages.contains(&tag), "{}", tag);
        prop_assert!(analysis.scores.iter().all(|score| (0.0..=1.0).contains(&score.value)));
    }
}
