//! What operators rely on.

use linecard_sdk::prelude::*;
use linecard_sentiment::Sentiment;
use serde_json::{Value, json};

fn read(config: &Value, text: &str, language: Option<&str>) -> Option<f64> {
    let sentiment = Sentiment::prepare_json(&config.to_string()).expect("a good configuration");
    let mut subject = Subject::text(text);
    subject.language = language.map(str::to_owned);
    let analysis = sentiment.analyze(&subject).unwrap();
    analysis.scores.first().map(|score| score.value)
}

fn score(text: &str) -> f64 {
    read(&json!({}), text, None).unwrap_or_else(|| panic!("{text:?} has no score"))
}

/// Each text sounds better than the next.
fn assert_falling(texts: &[&str]) {
    for pair in texts.windows(2) {
        let [better, worse] = pair else { continue };
        let scores = (score(better), score(worse));
        assert!(
            scores.0 > scores.1,
            "{better:?} {} and {worse:?} {}",
            scores.0,
            scores.1
        );
    }
}

#[test]
fn what_strengthens_weakens_and_turns() {
    assert_falling(&[
        "The service was GREAT!!!",
        "The service was great!",
        "The service was great",
        "The service was kinda great",
        "The service was not great",
    ]);
    assert_falling(&[
        "it was bad",
        "it was very bad",
        "it was VERY bad",
        "it was VERY bad!!!",
    ]);
    assert_falling(&["so gooooood", "so good"]);
    assert_falling(&["Not bad at all", "That is bad"]);
    assert_falling(&["I had no problems", "I had problems"]);
    assert_falling(&["It is useful", "It is anything but useful"]);
    assert_falling(&["The crew was kind", "The crew was neither kind nor helpful"]);
}

#[test]
fn what_follows_a_but_counts_more() {
    assert!(score("The food was cold, but the staff was wonderful") > 0.2);
    assert!(score("The staff was nice, but the food was horrible") < -0.2);
}

#[test]
fn a_negation_ends_with_its_clause() {
    assert!(score("No, great work!") > 0.2);
    assert!(score("I'm not kidding. Great crew") > 0.2);
}

#[test]
fn complaints_without_a_bad_word() {
    for text in [
        "I have been on hold for 2 hours",
        "My flight was cancelled again and nobody tells us why",
        "Still waiting for my refund",
        "You hung up on me",
        "The app doesn't work",
    ] {
        assert!(score(text) < -0.2, "{text:?} {}", score(text));
    }
}

#[test]
fn emoticons_emoji_hashtags_and_slang() {
    for good in [
        "on my way :)",
        "thx!",
        "I &lt;3 this",
        "see you 😍",
        "#ThankYou",
        "can’t wait",
    ] {
        assert!(score(good) > 0.15, "{good:?} {}", score(good));
    }
    for bad in ["on my way :(", "smh", "here we go 😡", "#EpicFail", "ugh"] {
        assert!(score(bad) < -0.15, "{bad:?} {}", score(bad));
    }
    assert!(score("Gute Nacht ❤️") > 0.3);
}

#[test]
fn german() {
    for good in [
        "Super schnelle Lieferung, vielen Dank!",
        "Nicht schlecht, gerne wieder",
        "Der Techniker war äußerst freundlich und kompetent.",
        "Das Essen war kalt, aber der Kellner war sehr nett",
    ] {
        assert!(score(good) > 0.2, "{good:?} {}", score(good));
    }
    for bad in [
        "Der Service war nicht gut und die Mitarbeiter unfreundlich.",
        "Ich warte seit 3 Wochen auf mein Paket, keine Antwort. Frechheit!",
        "Seit gestern kein Internet mehr",
        "Sehr enttäuschende Erfahrung, nie wieder!!",
    ] {
        assert!(score(bad) < -0.2, "{bad:?} {}", score(bad));
    }
    assert!(score("Die Hotline war alles andere als hilfreich") < -0.15);
    let neutral = score("Wann öffnet die Filiale in Köln?");
    assert!(neutral.abs() < 0.1, "{neutral}");
    // "war" is a word of both languages, and says something in one of them alone.
    assert!(score("Das war die Rechnung von gestern").abs() < 0.1);
}

#[test]
fn what_cannot_be_known_is_no_zero() {
    let unknown = |text, language| assert_eq!(read(&json!({}), text, language), None, "{text}");
    unknown("Le service est vraiment nul", Some("fr"));
    unknown("Je suis très content de vous", None);
    unknown("", None);
    unknown("12345", None);
    unknown("サービスが悪い", None);
    assert_eq!(read(&json!({}), "Where is gate 7?", None), Some(0.0));
    assert_eq!(read(&json!({"language": "en"}), "Gate 7", None), Some(0.0));
    // Emoji are the same in all languages.
    assert!(read(&json!({}), "サービス 😡", Some("ja")).unwrap() < -0.3);
}

#[test]
fn words_and_languages_of_a_configuration() {
    let config = json!({ "lexicons": [
        { "language": "fr", "words": { "nul": -3, "content": 2.5, "en panne": -2.5 }, "negations": ["pas"],
          "intensifiers": { "très": 1 }, "contrasts": ["mais"], "function_words": ["je", "est", "le", "suis"] },
        { "language": "en-GB", "words": { "gate": -2, "great": 0 } },
    ] });
    assert!(read(&config, "Le service est nul", Some("fr-CA")).unwrap() < -0.3);
    assert!(read(&config, "Le service est en panne", None).unwrap() < -0.3);
    let pleased = read(&config, "Je suis content", None).unwrap();
    assert!(read(&config, "Je suis très content", None).unwrap() > pleased);
    assert!(read(&config, "Je suis pas content", None).unwrap() < 0.0);
    assert!(read(&config, "the gate was great", None).unwrap() < -0.2);
}

#[test]
fn labels_say_which_words_counted() {
    let sentiment = Sentiment::prepare_json("{}").unwrap();
    let text = "Ääh, you hung up on me. Horrible!";
    let analysis = sentiment.analyze(&Subject::text(text)).unwrap();
    let label = &analysis.labels[0];
    let words: Vec<&str> = label
        .evidence
        .iter()
        .map(|&(start, end)| &text[start as usize..end as usize])
        .collect();
    assert_eq!(
        (label.name.as_str(), words),
        ("negative", vec!["hung up on", "Horrible"])
    );
}

#[test]
fn every_problem_is_told_with_its_place() {
    let config = json!({
        "language": "fr", "threshold": 2,
        "lexicons": [
            { "language": "", "words": { "a/b": 9, "one two three four five six seven": 1 } },
            { "language": "en", "intensifiers": { "very": 7 } },
        ],
    });
    let Err(problems) = Sentiment::prepare_json(&config.to_string()) else {
        panic!("it was taken");
    };
    let mut places: Vec<String> = problems
        .into_iter()
        .map(|problem| problem.pointer)
        .collect();
    places.sort();
    assert_eq!(
        places,
        [
            "/language",
            "/lexicons/0/language",
            "/lexicons/0/words/a~1b",
            "/lexicons/0/words/one two three four five six seven",
            "/lexicons/1/intensifiers/very",
            "/threshold",
        ]
    );
}
