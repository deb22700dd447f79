//! For which interactions a service policy holds.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::QueueId;
use linecard_model::desk::Attribute;
use linecard_model::routing::{MediaType, ServiceClock, ServiceFacts, ServicePolicy};
use serde_json::json;

fn text(text: &str) -> Attribute {
    Attribute::Text(text.to_owned())
}

#[test]
fn every_condition_that_is_given_must_hold() {
    let queue = QueueId::new("care").unwrap();
    let labels = BTreeSet::from(["vip".to_owned(), "refund".to_owned()]);
    let attributes = BTreeMap::from([("tier".to_owned(), text("silver"))]);
    let of_contact = BTreeMap::from([
        ("tier".to_owned(), text("gold")),
        ("country".to_owned(), text("de")),
        ("premium".to_owned(), Attribute::Boolean(true)),
        ("orders".to_owned(), Attribute::Number(3.0)),
    ]);
    let facts = ServiceFacts {
        queue: &queue,
        media_type: MediaType::SocialDirectMessage,
        priority: 10,
        labels: &labels,
        attributes: &attributes,
        of_contact: &of_contact,
    };
    for (conditions, holds) in [
        (json!({}), true),
        (json!({ "queues": ["care", "sales"] }), true),
        (json!({ "queues": ["sales"] }), false),
        (json!({ "media_types": ["social-direct-message"] }), true),
        (json!({ "media_types": ["chat"] }), false),
        // Any of the labels will do.
        (json!({ "labels": ["vip", "press"] }), true),
        (json!({ "labels": ["press"] }), false),
        // All of the attributes must be there; the interaction's come before the contact's.
        (json!({ "attributes": { "country": "de" } }), true),
        (
            json!({ "attributes": { "country": "de", "tier": "silver" } }),
            true,
        ),
        (json!({ "attributes": { "tier": "gold" } }), false),
        (json!({ "attributes": { "language": "de" } }), false),
        (
            json!({ "attributes": { "premium": "true", "orders": "3" } }),
            true,
        ),
        (json!({ "min_priority": 10 }), true),
        (json!({ "min_priority": 11 }), false),
        (json!({ "queues": ["care"], "labels": ["press"] }), false),
    ] {
        let mut policy = conditions.clone();
        policy["policy"] = json!("p");
        policy["first_answer_seconds"] = json!(60);
        let policy: ServicePolicy = serde_json::from_value(policy).unwrap();
        assert_eq!(policy.holds_for(&facts), holds, "{conditions}");
        let promise = policy.promise();
        assert_eq!(promise.target(ServiceClock::FirstAnswer), Some(60));
        assert_eq!(promise.target(ServiceClock::Resolution), None);
        assert_eq!(promise.warn_percent, 80);
    }
}

#[test]
fn a_key_that_no_policy_has_is_refused() {
    let misspelt = json!({ "policy": "p", "first_answer_second": 60 });
    let error = serde_json::from_value::<ServicePolicy>(misspelt).unwrap_err();
    assert!(error.to_string().contains("first_answer_second"), "{error}");
}
