//! The samples of screening rules do what they say they are for.

use linecard_keywords::Keywords;
use linecard_sdk::prelude::*;
use serde_json::Value;

fn sample(name: &str) -> Keywords {
    let file = format!("{}/samples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).expect("the sample is there");
    let site: Value = toml::from_str(&text).expect("it is TOML");
    let analyzer = &site["analyzers"][name];
    assert_eq!(analyzer["plugin"], "keywords");
    match Keywords::prepare_json(&analyzer["config"].to_string()) {
        Ok(keywords) => keywords,
        Err(problems) => panic!("{file}: {problems:?}"),
    }
}

fn actionability(keywords: &Keywords, text: &str) -> f64 {
    let analysis = keywords.analyze(&Subject::text(text)).unwrap();
    let mut scores = analysis.scores.iter();
    let found = scores.find(|score| score.name == "actionability");
    found.map(|score| score.value).expect("it always has one")
}

#[test]
fn what_needs_somebody_is_told_from_what_does_not() {
    for (name, needs, does_not) in [
        (
            "screening-en",
            [
                "Where is my parcel? It was promised for Monday",
                "I've been on hold for an hour",
                "the app keeps crashing since the update",
                "I want my money back",
                "I'll take legal action",
                "Cancel my contract, this is a scam",
                "Do you have this in blue?",
            ],
            [
                "Thank you, great service!",
                "check out my new video",
                "Loved it, keep it up!",
            ],
        ),
        (
            "screening-de",
            [
                "Wo ist mein Paket?",
                "Ich warte seit drei Wochen auf eine Antwort",
                "Die App funktioniert nicht",
                "Ich will mein Geld zurück",
                "Das geht an meinen Anwalt",
                "Hiermit kündige ich. Frechheit!",
                "Habt ihr das auch in Blau?",
            ],
            [
                "Vielen Dank, toller Service!",
                "Folgt mir für mehr",
                "Super, weiter so!",
            ],
        ),
    ] {
        let keywords = sample(name);
        for text in needs {
            let found = actionability(&keywords, text);
            assert!(found >= 0.7, "{name}: {text}: {found}");
        }
        for text in does_not {
            let found = actionability(&keywords, text);
            assert!(found <= 0.3, "{name}: {text}: {found}");
        }
        let other = actionability(&keywords, "12 34");
        assert!((0.3..0.7).contains(&other), "{name}: {other}");
    }
}
