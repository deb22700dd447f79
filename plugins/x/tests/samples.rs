//! Every recorded payload, answer and signature that is at hand: nothing traps, everything is told.

use crate::common::signed;
use linecard_graph::testing::{
    Awkward, Calls, Neighbour, Sample, check_answers, check_awkward, check_large_delivery, files,
    kind_name, print_row, recorded, said, samples,
};
use linecard_sdk::connector::{Channel, Connector as _, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::EventKind;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use linecard_testkit::{Call, Case, SandboxedPlugin};
use linecard_x::X;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn channel(user: &str, more: &Value) -> Channel {
    let mut config = json!({ "user_id": user, "username": "acme" });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    Channel::new("x-1", &config)
}

fn answer(body: &Value) -> Response {
    Response::new(200, body.to_string())
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let Some(folder) = recorded("specs") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("signature-vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let channel = channel("2244", &json!({}));
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().into_iter().flatten() {
        if vector["platform"] != "x" || vector["header"] != "x-twitter-webhooks-signature" {
            continue;
        }
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let body = encode::from_hex(text("body_hex")).unwrap();
        let holds = |body: &[u8]| {
            let _host = TestHost::new()
                .secret("consumer-secret", text("secret"))
                .install();
            let request = WebhookRequest::post(body)
                .with_header("x-twitter-webhooks-signature", text("expected"));
            !matches!(
                X::receive(&channel, &request),
                Err(Rejection::BadSignature(_))
            )
        };
        assert!(holds(&body), "{vector}");
        for bit in 0..body.len() * 8 {
            let mut flipped = body.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!holds(&flipped), "bit {bit} of {vector}");
        }
        checked += 1;
    }
    assert!(checked >= 2, "only {checked} vectors were found");
}

#[test]
fn every_recorded_webhook_is_understood_natively_and_in_the_sandbox() {
    let samples = files("samples/x");
    if samples.is_empty() {
        return;
    }
    let component = linecard_testkit::build(&linecard_testkit::this_crate!()).unwrap();
    let plugin = SandboxedPlugin::load(&component).unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, sample) in &samples {
        let user = sample["for_user_id"].as_str().unwrap_or("2244");
        let request = signed(&sample.to_string());
        let channel = channel(user, &json!({}));
        let reception = {
            let _host = TestHost::new().secret("consumer-secret", "test").install();
            X::receive(&channel, &request).unwrap()
        };
        let mut secrets = Map::new();
        secrets.insert("consumer-secret".to_owned(), json!("test"));
        let case = Case {
            name: name.clone(),
            folder: PathBuf::new(),
            call: Call::Receive(request),
            answers: Vec::new(),
            config: json!({}),
            secrets,
            now: None,
            varies: true,
            head: None,
        };
        let sandboxed = plugin.run(&case, &channel.config).unwrap();
        let told = sandboxed
            .pointer("/ok/events")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        assert_eq!(told, reception.events.len(), "{name}: {sandboxed}");
        assert!(!reception.events.is_empty(), "{name} tells nothing");
        let names: Vec<String> = reception
            .events
            .iter()
            .map(|e| kind_name(&e.kind))
            .collect();
        println!("{name:50} {}", names.join(", "));
        for event in &reception.events {
            *counts.entry(kind_name(&event.kind)).or_default() += 1;
            if let EventKind::Other(other) = &event.kind {
                // What X's sheet says to ignore: blocks and mutes, and the account's own deeds.
                let ignored = [
                    "block_events",
                    "mute_events",
                    "own-like",
                    "own-follow",
                    "own-repost",
                    // It comes with the mentions.
                    "reply-without-conversation",
                ];
                let own = other.starts_with("direct_message_");
                assert!(own || ignored.contains(&other.as_str()), "{name}: {other}");
            }
        }
    }
    print_row("x", samples.len(), &counts);
}

/// A post in the list of posts and a message in that of messages.
fn neighbours(sample: &Sample) -> Vec<Neighbour> {
    let user = || json!({ "id_str": "6999", "screen_name": "ann", "name": "Ann" });
    let needs = || vec!["/for_user_id".to_owned()];
    let mut neighbours = Vec::new();
    let has = |name: &str| sample.body.pointer(name).is_some_and(Value::is_array);
    for list in ["/tweet_create_events", "/favorite_events", "/follow_events"] {
        if has(list) {
            neighbours.push(Neighbour {
                list: list.to_owned(),
                needs: needs(),
                make: match list {
                    "/tweet_create_events" => Box::new(move |word| {
                        json!({ "id_str": "1795000000000000001", "text": word, "user": user() })
                    }),
                    "/favorite_events" => Box::new(move |word| {
                        json!({ "favorited_status": { "id_str": word }, "user": user() })
                    }),
                    _ => continue,
                },
            });
        }
    }
    if has("/direct_message_events") {
        let own = sample.config["user_id"].clone();
        neighbours.push(Neighbour {
            list: "/direct_message_events".to_owned(),
            needs: needs(),
            make: Box::new(move |word| {
                json!({ "type": "message_create", "id": "17", "created_timestamp": "1767225600000",
                    "message_create": { "target": { "recipient_id": own }, "sender_id": "6999",
                        "message_data": { "text": word } } })
            }),
        });
    }
    if has("/data") {
        let own = sample.config["user_id"].clone();
        neighbours.push(Neighbour {
            list: "/data".to_owned(),
            needs: Vec::new(),
            make: Box::new(move |word| {
                json!({ "event_uuid": "17", "filter": { "user_id": own }, "event_type": "post.mention.create",
                    "payload": { "id": "1795000000000000002", "author_id": "6999", "text": word } })
            }),
        });
    }
    neighbours
}

fn awkward() -> Awkward {
    Awkward {
        network: "x",
        request: |body| signed(&String::from_utf8_lossy(&body)),
        secrets: &[("consumer-secret", "test")],
        neighbours,
        statuses: &[200],
    }
}

#[test]
fn a_delivery_with_too_many_posts_is_read_in_part_and_kept() {
    let post = |word: &str| {
        let id = word.replace(|sign: char| !sign.is_ascii_digit(), "");
        json!({ "id_str": format!("17950{id}"), "text": word, "user": { "id_str": "6999" } })
    };
    let whole = |posts| json!({ "for_user_id": "2244", "tweet_create_events": posts });
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "user_id": "2244", "username": "acme" });
    check_large_delivery(&this_crate, &awkward(), config, post, whole);
}

#[test]
fn awkward_values_cost_nothing_but_themselves() {
    let this_crate = linecard_testkit::this_crate!();
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = |user: &str| json!({ "user_id": user, "username": "acme" });
    let mut all = samples("samples/x", own, |body| {
        Some(config(body["for_user_id"].as_str().unwrap_or("2244")))
    });
    // The newer envelope, of which nothing is recorded: made of the older one's parts.
    let activity = |kind: &str, payload: Value| json!({ "event_uuid": "1", "filter": { "user_id": "2244" }, "event_type": kind, "payload": payload });
    let post = json!({ "id": "1795000000000000001", "author_id": "77", "text": "hi", "created_at": "2026-01-01T00:00:00Z",
        "conversation_id": "1795000000000000001", "lang": "en", "edit_history_tweet_ids": ["1795000000000000001"],
        "referenced_tweets": [{ "type": "replied_to", "id": "5" }], "attachments": { "media_keys": ["3_1"] },
        "entities": { "mentions": [{ "id": "2244", "username": "acme" }] } });
    let chat = json!({ "id": "9", "conversation_id": "77:2244", "sender_id": "77", "created_at_msec": "1767225600000",
        "encoded_event": "AAAA" });
    all.push(Sample {
        name: "activity".to_owned(),
        body: json!({ "data": [
            activity("post.reply.create", post),
            activity("chat.received", chat),
            activity("like.create", json!({ "liked_tweet_id": "5", "liked_tweet_author_id": "2244" })),
            activity("follow.follow", json!({ "source": { "data": { "id": "77", "username": "ann" } } })),
            activity("post.delete", json!({ "id": "5", "author_id": "77" })),
            activity("profile.update.bio", json!({ "id": "77" })),
        ] }),
        config: config("2244"),
    });
    check_awkward::<X>(&this_crate, &awkward(), &all);
}

#[test]
fn every_recorded_answer_with_posts_is_understood() {
    let samples = files("samples/x_api");
    let channel = channel("2244", &json!({ "direct_messages": false }));
    let mut posts = 0;
    for (name, sample) in &samples {
        let uri = sample
            .pointer("/request/uri")
            .and_then(Value::as_str)
            .unwrap_or("");
        let body = sample.pointer("/response/body").unwrap_or(sample);
        if !(uri.contains("/mentions") || uri.contains("/search/")) || body["data"].is_null() {
            continue;
        }
        let _host = TestHost::new().answer(answer(body)).install();
        let page = X::poll(&channel, b"").unwrap();
        assert!(!page.events.is_empty(), "{name}");
        posts += page.events.len();
    }
    assert!(samples.is_empty() || posts > 20, "only {posts} posts");
}

/// The calls of an account, with the configuration under which each asks for one thing alone.
fn calls() -> Calls {
    let account = |more: Value| {
        let mut config = json!({ "user_id": "2244", "username": "acme", "mentions": false,
            "direct_messages": false, "first_hours": 0 });
        for (name, value) in more.as_object().into_iter().flatten() {
            config[name] = value.clone();
        }
        config
    };
    let oauth1 = json!({ "consumer_key": "k", "consumer_secret": "s", "token": "2244-t", "token_secret": "ts" });
    let poll = || json!({ "poll": {} });
    let like = || json!({ "message_id": "901", "name": "like", "emoji": null });
    let image = json!([{ "media": "file", "attachment": { "kind": "image", "url": null, "media_id": null,
        "mime": "image/png", "size": 9, "name": null, "sha256": null, "label": null } }]);
    Calls::new(
        account(json!({})),
        json!({ "user-oauth1": oauth1, "consumer-secret": "test" }),
    )
    .call_with(
        "mentions",
        poll(),
        Some(account(json!({ "mentions": true }))),
    )
    .call_with(
        "search",
        poll(),
        Some(account(json!({ "searches": ["x"] }))),
    )
    .call_with(
        "messages",
        poll(),
        Some(account(json!({ "direct_messages": true }))),
    )
    .call(
        "profile",
        json!({ "resolve_profile": { "id": "77", "aliases": [] } }),
    )
    .call("probe", json!({ "probe": {} }))
    .action(
        "reply",
        json!({ "reply": said("x", json!([]), Some("901")) }),
    )
    .action("upload", json!({ "reply": said("x", image, Some("901")) }))
    .action(
        "message",
        json!({ "send_message": said("x", json!([]), None) }),
    )
    .action("like", json!({ "react": like() }))
    .action("unlike", json!({ "unreact": like() }))
    .action("repost", json!({ "repost": "901" }))
    .action("unrepost", json!({ "unrepost": "901" }))
    .action("follow", json!("follow"))
    .action("unfollow", json!("unfollow"))
    .action("hide", json!({ "hide": "901" }))
    .action("unhide", json!({ "unhide": "901" }))
    .action("delete", json!({ "delete": "901" }))
}

#[test]
fn every_recorded_answer_is_taken_in_the_sandbox() {
    let this_crate = linecard_testkit::this_crate!();
    let inbound = |body: Vec<u8>| signed(&String::from_utf8_lossy(&body));
    let became = check_answers(&this_crate, "samples/x_api", &calls(), inbound);
    if became.is_empty() {
        return;
    }
    assert!(
        became.len() > 25,
        "only {} answers were found",
        became.len()
    );
    let expected = [
        ("tweepy-client_create_and_delete_tweet-1", "reply", "1 sent"),
        ("tweepy-client_create_and_delete_tweet-2", "delete", "ok"),
        ("tweepy-client_like_and_unlike-1", "like", "ok"),
        ("tweepy-client_like_and_unlike-2", "unlike", "ok"),
        ("tweepy-client_retweet_and_unretweet-1", "repost", "ok"),
        ("tweepy-client_follow_and_unfollow_user-1", "follow", "ok"),
        ("tweepy-client_hide_and_unhide_reply-1", "hide", "ok"),
        ("tweepy-client_get_user-1", "profile", "ok"),
    ];
    for (file, call, what) in expected {
        assert_eq!(became[file][call], what, "{file}");
    }
}
