//! What operators rely on.

use linecard_influence::Influence;
use linecard_sdk::prelude::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn influence(config: &Value, profile: Option<Profile>) -> Option<f64> {
    let influence = Influence::prepare_json(&config.to_string()).expect("a good configuration");
    let mut subject = Subject::text("hello");
    subject.author = profile;
    let analysis = influence.analyze(&subject).unwrap();
    analysis.scores.first().map(|score| score.value)
}

fn followed(followers: u64) -> Profile {
    Profile {
        followers: Some(followers),
        ..Profile::default()
    }
}

#[test]
fn without_facts_there_is_no_score() {
    assert_eq!(influence(&json!({}), None), None);
    let named = Profile {
        display_name: Some("Ann".to_owned()),
        we_follow: Some(true),
        ..Profile::default()
    };
    assert_eq!(influence(&json!({}), Some(named)), None);
    assert_eq!(influence(&json!({}), Some(followed(0))), Some(0.0));
}

#[test]
fn the_documented_formula() {
    let of = |followers| influence(&json!({}), Some(followed(followers))).unwrap();
    assert!((of(1_000_000) - 0.8).abs() < 1e-9 && (of(u64::MAX) - 0.8).abs() < 1e-9);
    assert!((of(999) - 0.4).abs() < 1e-3, "{}", of(999));
    let verified = Profile {
        verified: Some(true),
        ..followed(1_000_000)
    };
    assert_eq!(influence(&json!({}), Some(verified.clone())), Some(1.0));
    let config = json!({ "followers": 0, "verified": 0.3, "facts": { "subscriber": 0.5 } });
    let mut subscriber = verified;
    subscriber.extra.push(linecard_sdk::events::Fact {
        name: "subscriber".to_owned(),
        value: "true".to_owned(),
    });
    assert_eq!(influence(&config, Some(subscriber)), Some(0.8));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let config = json!({ "followers": 2, "most_followers": 1, "facts": { "a/b": -1 } });
    let Err(problems) = Influence::prepare_json(&config.to_string()) else {
        panic!("it was taken");
    };
    let places: Vec<&str> = problems
        .iter()
        .map(|problem| problem.pointer.as_str())
        .collect();
    assert_eq!(places, ["/followers", "/facts/a~1b", "/most_followers"]);
}

proptest! {
    #[test]
    fn more_followers_are_never_less_influence(some: u64, more: u64, weight in 0.0..=1.0f64) {
        let config = json!({ "followers": weight });
        let (some, more) = (some.min(more), some.max(more));
        let (low, high) = (influence(&config, Some(followed(some))), influence(&config, Some(followed(more))));
        prop_assert!(low <= high);
        prop_assert!((0.0..=1.0).contains(&high.unwrap()));
    }
}
