use linecard_model::manifest::RaisedLimit;
use serde_json::json;

use super::*;

fn limit() -> TextLimit {
    TextLimit {
        max: 280,
        unit: TextUnit::XWeighted,
        raised: Some(RaisedLimit {
            max: 25_000,
            enabled_by: "/long_posts".to_owned(),
        }),
    }
}

#[test]
fn only_a_configuration_that_says_so_raises_a_limit() {
    let max = |settings: Value| in_force(&settings, Some(&limit())).map(|limit| limit.max);
    assert_eq!(max(json!({ "long_posts": true })), Some(25_000));
    for settings in [
        json!({ "long_posts": false }),
        json!({ "long_posts": "true" }),
        json!({}),
        Value::Null,
    ] {
        assert_eq!(max(settings), Some(280));
    }
    assert_eq!(in_force(&json!({ "long_posts": true }), None), None);
}

#[test]
fn a_text_is_counted_against_the_limit_in_force() {
    let check = |settings: Value, count: usize| {
        let text = "a".repeat(count);
        check_text(in_force(&settings, Some(&limit())).as_ref(), Some(&text))
    };
    let refused = |counted, max| {
        Err(Forbidden::TextTooLong {
            counted,
            max,
            unit: TextUnit::XWeighted,
        })
    };
    assert_eq!(check(json!({}), 280), Ok(()));
    assert_eq!(check(json!({}), 281), refused(281, 280));
    let long = json!({ "long_posts": true });
    assert_eq!(check(long.clone(), 25_000), Ok(()));
    assert_eq!(check(long, 25_001), refused(25_001, 25_000));
}

fn said(interaction: &Interaction, more: Value) -> Arc<Message> {
    let mut message = json!({
        "id": linecard_model::MessageId::generate(), "contact": interaction.contact,
        "interaction": interaction.id, "channel": interaction.channel,
        "thread": "post", "visibility": "public", "author": { "kind": "contact" },
        "at": "2026-11-01T00:00:00Z", "content": {}, "state": { "state": "received" }, "raw": "",
    });
    for (name, value) in more.as_object().unwrap() {
        message[name] = value.clone();
    }
    Arc::new(serde_json::from_value(message).unwrap())
}

#[test]
fn a_private_answer_closes_with_its_use() {
    let interaction: Interaction = serde_json::from_value(json!({
        "id": linecard_model::InteractionId::generate(), "contact": ContactId::generate(),
        "channel": "posts", "thread": "post", "visibility": "public",
        "media_type": "social-conversation", "queue": "q", "state": { "state": "queued" },
        "created_at": "2026-11-01T00:00:00Z",
    }))
    .unwrap();
    let comment = |id: &str| said(&interaction, json!({ "platform_ids": [id] }));
    let answer = |to: &str, state: Value| {
        said(
            &interaction,
            json!({ "visibility": "private", "parent": to, "state": state,
                "author": { "kind": "agent", "agent": "ann" } }),
        )
    };
    let failed = |code: &str| {
        json!({ "state": "failed", "at": "2026-11-01T00:00:00Z", "retryable": false,
            "reason": { "code": code, "text": "no" } })
    };
    let accepted = json!({ "state": "accepted" });
    for (messages, open) in [
        (vec![comment("a")], true),
        (vec![comment("a"), answer("a", accepted.clone())], false),
        (vec![comment("a"), answer("a", failed("100"))], true),
        (
            vec![comment("a"), answer("a", failed("already-done"))],
            false,
        ),
        (
            vec![comment("a"), comment("b"), answer("a", accepted.clone())],
            true,
        ),
        (
            vec![
                comment("a"),
                comment("b"),
                answer("b", failed("already-done")),
                answer("a", accepted.clone()),
            ],
            false,
        ),
    ] {
        for (window, expected) in [(ONE_PRIVATE_REPLY, open), ("standard", true)] {
            let limits = json!({
                "kind": "private_reply", "max_attachments": 0, "text_with_media": false,
                "max_quick_replies": 0, "idempotent": false,
                "windows": [{ "name": window, "seconds": 60, "demands": "nothing" }],
            });
            let limits = serde_json::from_value(limits).unwrap();
            let mut now = Capabilities {
                actions: vec![Allowed {
                    kind: ActionKind::PrivateReply,
                    open: true,
                    until: None,
                    limits,
                }],
                reply_until: None,
            };
            close_private_reply(&mut now, &interaction, &messages);
            assert_eq!(now.actions[0].open, expected, "{window} {messages:#?}");
        }
    }
}
