//! What Facebook writes in other ways than its documentation says is read all the same.

use crate::common::*;
use linecard_facebook::Facebook;
use linecard_graph::testing::check_awkward_answers;
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::EventKind;
use linecard_sdk::testing::TestHost;
use serde_json::json;

#[test]
fn a_like_of_a_comment_without_its_post_is_a_reaction_to_the_comment() {
    for item in ["like", "reaction"] {
        for (verb, comment) in [("add", "500_601"), ("remove", "500_601"), ("add", "601")] {
            let event = event(json!({ "item": item, "verb": verb, "comment_id": comment,
                "sender_id": 7001, "sender_name": "Ann" }));
            let (added, reaction) = match &event.kind {
                EventKind::ReactionAdded(reaction) => (true, reaction),
                EventKind::ReactionRemoved(reaction) => (false, reaction),
                other => panic!("{other:?}"),
            };
            assert_eq!(added, verb == "add");
            assert_eq!(
                (reaction.message_id.as_str(), reaction.name.as_str()),
                (comment, "like")
            );
            assert_eq!(event.author.unwrap().identity.id, "7001");
        }
    }
    let follow = event(json!({ "item": "like", "verb": "add", "sender_id": "7001" }));
    assert!(matches!(follow.kind, EventKind::Follow));
    assert_eq!(follow.author.unwrap().identity.id, "7001");
}

#[test]
fn a_name_without_an_id_is_kept() {
    let event = event(comment(json!({ "from": { "name": "Ann" } })));
    let author = event.author.unwrap();
    assert!(author.identity.id.starts_with("unnamed:"));
    assert_eq!(author.profile.unwrap().display_name.as_deref(), Some("Ann"));
}

#[test]
fn a_change_without_a_value_has_its_fields_name() {
    let entry = json!({ "id": PAGE, "time": THEN, "changes": [
        { "field": "page_upcoming_change" },
        { "field": "feed", "value": [] },
        { "value": {} },
        17,
    ] });
    let body = json!({ "object": "page", "entry": [entry] });
    let events = receive(body.to_string()).unwrap().events;
    let names: Vec<&str> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Other(name) => name.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["page_upcoming_change", "feed", "change", "change"]);
}

#[test]
fn awkward_values_in_the_feed_cost_nothing_but_themselves() {
    let post = |id: &str, text: &str| {
        json!({ "id": format!("{PAGE}_{id}"), "message": text, "created_time": "2025-12-31T23:59:00+0000",
            "from": { "id": "7001", "name": "Ann" }, "permalink_url": "https://www.facebook.com/1",
            "attachments": { "data": [{ "type": "photo", "title": "t", "media": { "image": { "src": "https://x.example/p" } },
                "target": { "id": "9" } }] },
            "comments": { "data": [{ "id": format!("{id}_1"), "message": "Hello", "from": { "id": "7002" },
                "parent": { "id": "5" }, "created_time": "2025-12-31T23:59:30+0000" }],
                "paging": { "cursors": { "after": "x" } } } })
    };
    let answer = json!({ "data": [post("17", "Hi")],
        "paging": { "next": "https://graph.facebook.com/v27.0/1/feed?until=5&__paging_token=x" } });
    let tried = check_awkward_answers(
        &answer,
        |word| post("18", word),
        |response| {
            let _host = TestHost::new().answer(response).install();
            Facebook::poll(&channel(), b"")
        },
    );
    assert!(tried > 500);
}

#[test]
fn what_the_neighbour_takes_is_kept_by_it_alone() {
    let entry = json!({ "id": PAGE, "time": THEN, "messaging": [{ "sender": { "id": "6001" }, "message": { "mid": "m1", "text": "x" } }] });
    let body = json!({ "object": "page", "entry": [entry] }).to_string();
    assert_eq!(receive(body.clone()).unwrap().events.len(), 1);
    let _host = host().install();
    let took = |networks: &str| {
        let request = signed(body.clone()).with_header("linecard-neighbours", networks);
        Facebook::receive(&channel(), &request)
            .unwrap()
            .events
            .len()
    };
    assert_eq!(took("facebook, messenger"), 0);
    // Without that connector at the address nobody else keeps it.
    assert_eq!(took("instagram, facebook"), 1);
}
