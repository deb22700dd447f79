//! The example of a shop in two countries: what becomes of which message.

use std::collections::BTreeMap;

use linecard_model::rule::RuleOccasion;
use linecard_model::site::SiteConfig;
use linecard_model::{ChannelId, Timestamp};
use linecard_rules::{Act, Decision, Fact, Facts, Hours, Occasion, RuleSet};

fn site() -> SiteConfig {
    toml::from_str(include_str!("../../examples/two-countries.toml")).unwrap()
}

fn decide(channel: &str, private: bool, text: &str, more: impl Fn(&mut Facts)) -> Decision {
    let rules = RuleSet::compile(&site().rules).unwrap();
    let mut facts = Facts::default();
    assert!(facts.set("message.text", text) && facts.set("message.private", private));
    more(&mut facts);
    rules.decide(Occasion {
        on: RuleOccasion::Message,
        after_seconds: None,
        facts: &facts,
        channel: &ChannelId::new(channel).unwrap(),
        public: !private,
        begins: true,
        moves: true,
        ends: true,
    })
}

fn numbers(name: &str, value: f64) -> Fact {
    Fact::Map(BTreeMap::from([(name.to_owned(), Fact::Double(value))]))
}

#[test]
fn noise_is_dropped_only_where_it_is_known_to_be_noise() {
    let few = |facts: &mut Facts| assert!(facts.set("author.followers", 2));
    assert!(decide("page-us", false, "Follow me!", few).drop);
    assert!(!decide("page-us", true, "Follow me!", few).drop);
    let unknown = decide("page-us", false, "Follow me!", |_| {});
    assert!(!unknown.drop);
    let why = unknown.steps[0].undecided.as_deref();
    assert_eq!(why, Some("`followers` is absent"));
}

#[test]
fn praise_is_liked_and_over() {
    let happy = |facts: &mut Facts| assert!(facts.set("scores", numbers("sentiment", 0.9)));
    let praise = decide("page-de", false, "Toller Laden!", happy);
    assert_eq!(praise.acts[0].act, Act::Like);
    assert!(praise.end.is_some() && praise.looked_at == 2);
    let question = decide("page-de", false, "Great! Until when?", happy);
    assert!(question.end.is_none() && question.acts.is_empty());
}

#[test]
fn the_number_is_led_by_language_and_refunds_by_words() {
    let german = |facts: &mut Facts| assert!(facts.set("message.language", "de"));
    let queue = |decision: &Decision| decision.queue.as_ref().map(ToString::to_string);
    let hello = decide("whatsapp", true, "Guten Tag", german);
    assert_eq!(queue(&hello).as_deref(), Some("de"));
    assert_eq!(hello.skills[0].skill.as_str(), "german");
    let refund = decide("page-us", true, "I want my MONEY BACK", |_| {});
    assert_eq!(queue(&refund).as_deref(), Some("refunds"));
    assert_eq!(refund.priority, Some(10));
    // The first rule that names a queue counts, and the label is put all the same.
    let both = decide("whatsapp", true, "Rückerstattung bitte", german);
    assert_eq!(queue(&both).as_deref(), Some("de"));
    assert!(both.add_labels.contains("refund"));
    let gold = |facts: &mut Facts| {
        let tier = BTreeMap::from([("tier".to_owned(), Fact::Text("gold".to_owned()))]);
        assert!(facts.set("contact.attributes", Fact::Map(tier)));
    };
    assert_eq!(decide("page-us", true, "hi", gold).priority, Some(30));
}

#[test]
fn each_country_has_its_hours_and_its_words() {
    let site = site();
    let hours = |name: &str| Hours::compile(&site.hours[name]).unwrap();
    let said = |name: &str, channel: &str, at: &str, language: Option<&str>| {
        let hours = hours(name);
        let at: Timestamp = at.parse().unwrap();
        let channel = ChannelId::new(channel).unwrap();
        let standing = hours.at(at);
        let message = standing.message(&hours, &channel, language);
        (standing.open, message.map(|message| message.text.clone()))
    };
    let (open, text) = said("germany", "page-de", "2026-05-01T08:00:00Z", Some("de-AT"));
    assert!(!open && text.unwrap().starts_with("Hallo "));
    let (_, text) = said("germany", "page-de", "2026-05-01T08:00:00Z", None);
    assert!(text.unwrap().starts_with("Hello, "));
    let (open, text) = said("america", "page-us", "2026-11-26T16:00:00Z", Some("en"));
    assert!(!open && text.unwrap().starts_with("It is a holiday"));
    let (open, text) = said("america", "page-us", "2026-11-27T16:00:00Z", Some("en"));
    assert!(open && text.is_none());
    let (open, text) = said("america", "whatsapp", "2026-11-27T23:00:00Z", Some("en"));
    assert!(!open && text.unwrap().starts_with("We will be back"));
}
