//! What the page's feed tells the hub: shapes, spellings, own deeds, and the ways of delivery.

use std::collections::BTreeSet;
use std::time::Duration;

use linecard_simulator::graph::{
    Act, AfterSend, EditVerb, FeedAct, FeedOptions, GraphOptions, GraphSimulator, Incoming,
    Surface, WebhookDelivery, webhook,
};
use linecard_simulator::{Author, Profile};
use serde_json::{Value, json};

use crate::hub::{Hub, keys, shared};

const ADA: &str = "7000000000000001";
const BEN: &str = "7000000000000002";
const PSID: &str = "1234567890123456";

async fn start(options: GraphOptions) -> anyhow::Result<(Hub, GraphSimulator)> {
    let hub = Hub::start().await?;
    let simulator = GraphSimulator::start(GraphOptions {
        callback_url: Some(hub.url("/webhook")),
        ..options
    })
    .await?;
    simulator.add_customer(ADA, Profile::named("Ada", "Brooks"));
    simulator.add_customer(BEN, Profile::named("Ben", "Carter"));
    Ok((hub, simulator))
}

/// Somebody does something; the value of the change that tells of it.
async fn told(hub: &Hub, page: &GraphSimulator, who: &str, what: FeedAct) -> (String, Value) {
    let before = hub.changes().len();
    let delivery = page.say(who, what.clone()).await;
    assert!(delivery.acknowledged, "{what:?}: {delivery:?}");
    let change = hub.changes().get(before).cloned().expect("a change");
    (delivery.message_id, change["value"].clone())
}

fn without_own_events() -> FeedOptions {
    FeedOptions {
        own_events: false,
        ..FeedOptions::default()
    }
}

#[tokio::test]
async fn a_comment_and_a_reply_name_what_they_belong_to() -> anyhow::Result<()> {
    let (hub, page) = start(GraphOptions::default()).await?;
    let post = page
        .publish("We are open.", &["https://example.com/a.jpg"])
        .id;
    hub.until("the post is told", |hub| !hub.changes().is_empty())
        .await;
    let (comment, value) = told(&hub, &page, ADA, FeedAct::comment(&post, "Grüße 😀")).await;
    assert_eq!(
        (&value["item"], &value["verb"], &value["message"]),
        (&json!("comment"), &json!("add"), &json!("Grüße 😀"))
    );
    assert_eq!(value["from"], json!({ "id": ADA, "name": "Ada Brooks" }));
    assert_eq!(value["post_id"], post.as_str());
    assert_eq!(value["parent_id"], post.as_str());
    assert_eq!(value["comment_id"], comment.as_str());
    let number = post.rsplit('_').next().expect("two numbers");
    assert!(comment.starts_with(&format!("{number}_")), "{comment}");
    assert_eq!(value["post"]["status_type"], "added_photos");
    let (_, reply) = told(&hub, &page, BEN, FeedAct::reply(&comment, "Same here")).await;
    assert_eq!(reply["parent_id"], comment.as_str());
    assert_eq!(reply["post_id"], post.as_str());
    let body = hub.received("/webhook").pop().expect("the last call");
    assert_eq!(
        body.header("x-hub-signature-256"),
        webhook::sign(&page.options().app_secret, &body.body)
    );
    let entry = &body.json()["entry"][0];
    let seconds = page.clock().now_ms() / 1000;
    assert!(
        (seconds - entry["time"].as_i64().unwrap_or_default()).abs() < 10,
        "{entry}"
    );
    assert_eq!(entry["changes"][0]["field"], "feed");
    let unknown = page.say(ADA, FeedAct::comment("1_2", "x")).await;
    assert!(!unknown.acknowledged && unknown.attempts == 0);
    Ok(())
}

#[tokio::test]
async fn changes_and_removals_are_told_in_either_spelling() -> anyhow::Result<()> {
    for (verb, word) in [(EditVerb::Edited, "edited"), (EditVerb::Edit, "edit")] {
        let (hub, page) = start(GraphOptions {
            feed: FeedOptions {
                edit_verb: verb,
                ..without_own_events()
            },
            ..GraphOptions::default()
        })
        .await?;
        let post = page.publish("Post", &[]).id;
        hub.until("the post", |hub| hub.changes().len() == 1).await;
        let (id, _) = told(&hub, &page, ADA, FeedAct::comment(&post, "helo")).await;
        let edit = FeedAct::Edit {
            id: id.clone(),
            text: "hello".to_owned(),
        };
        let (_, value) = told(&hub, &page, ADA, edit.clone()).await;
        assert_eq!(
            (&value["verb"], &value["message"]),
            (&json!(word), &json!("hello"))
        );
        assert!(!page.say(BEN, edit).await.acknowledged, "not his words");
        let hide = FeedAct::PageHide {
            id: id.clone(),
            hidden: true,
        };
        assert_eq!(told(&hub, &page, "inbox", hide).await.1["verb"], "hide");
        let (_, value) = told(&hub, &page, ADA, FeedAct::Delete { id: id.clone() }).await;
        assert_eq!(
            value,
            json!({ "item": "comment", "verb": "remove", "comment_id": id,
                "post_id": post, "parent_id": post })
        );
        let turn = page
            .customer(ADA)
            .expect("she exists")
            .conversation
            .remove(0);
        assert_eq!((turn.edits, turn.deleted), (1, true));
        let inbox = page.customer("inbox");
        assert!(inbox.is_none_or(|person| person.conversation.is_empty()));
    }
    Ok(())
}

#[tokio::test]
async fn private_people_and_reactions() -> anyhow::Result<()> {
    let (hub, page) = start(GraphOptions::default()).await?;
    let hidden = Profile {
        hidden: true,
        ..Profile::named("Nobody", "Known")
    };
    page.add_customer(BEN, hidden);
    let post = page.publish("Post", &[]).id;
    hub.until("the post", |hub| hub.changes().len() == 1).await;
    let (id, value) = told(&hub, &page, BEN, FeedAct::comment(&post, "psst")).await;
    assert!(value.get("from").is_none(), "{value}");
    let react = FeedAct::React {
        id: id.clone(),
        reaction: "love".to_owned(),
    };
    let (_, value) = told(&hub, &page, ADA, react).await;
    assert_eq!(value["item"], "reaction");
    assert_eq!(
        (
            &value["reaction_type"],
            &value["comment_id"],
            &value["from"]["id"]
        ),
        (&json!("love"), &json!(id), &json!(ADA))
    );
    let (_, value) = told(&hub, &page, ADA, FeedAct::Unreact { id }).await;
    assert_eq!(
        (&value["verb"], &value["reaction_type"]),
        (&json!("remove"), &json!("love"))
    );
    Ok(())
}

/// One of each kind of event, and the recorded sample of that kind where there is one.
#[tokio::test]
async fn every_kind_of_event_has_the_shape_of_recorded_ones() -> anyhow::Result<()> {
    let (hub, page) = start(GraphOptions::default()).await?;
    let post = page.publish("Status", &[]).id;
    hub.until("the post", |hub| hub.changes().len() == 1).await;
    page.publish("Photo", &["https://example.com/a.jpg"]);
    hub.until("the photo", |hub| hub.changes().len() == 2).await;
    page.publish(
        "Two",
        &["https://example.com/a.jpg", "https://example.com/b.jpg"],
    );
    hub.until("the photos", |hub| hub.changes().len() == 3)
        .await;
    let comment = FeedAct::comment(&post, "hello");
    let (id, _) = told(&hub, &page, ADA, comment).await;
    let picture = FeedAct::Comment {
        post: None,
        text: "look".to_owned(),
        photo: Some("https://example.com/c.jpg".to_owned()),
        video: None,
    };
    told(&hub, &page, ADA, picture).await;
    let visitor = FeedAct::Post {
        text: "Hi".to_owned(),
        photos: Vec::new(),
    };
    told(&hub, &page, ADA, visitor).await;
    let react = |id: &str| FeedAct::React {
        id: id.to_owned(),
        reaction: "wow".to_owned(),
    };
    told(&hub, &page, ADA, react(&id)).await;
    told(&hub, &page, ADA, react(&post)).await;
    told(&hub, &page, ADA, FeedAct::Unreact { id: post.clone() }).await;
    told(&hub, &page, ADA, FeedAct::Delete { id }).await;
    told(
        &hub,
        &page,
        ADA,
        FeedAct::Mention {
            text: "@page".to_owned(),
        },
    )
    .await;
    let Some(samples) = shared() else {
        return Ok(());
    };
    let recorded = [
        "feed-status-add-25",
        "feed-photo-add-message",
        "feed-status-add-photos",
        "feed-comment-add-211",
        "feed-comment-add-with-photo",
        "feed-post-add-25",
        "feed-reaction-add-comment",
        "feed-reaction-add",
        "feed-reaction-remove",
        "feed-comment-remove-25",
        "mention-post-add",
    ];
    // Newer than the recorded ones: who wrote it in `from`, the post inside of a comment, and the
    // time of a visitor's post and of a mention with its words.
    let newer = |path: &str| {
        path.starts_with("/value/from")
            || path.starts_with("/value/post/")
            || [
                "/value/post",
                "/value/created_time",
                "/value/published",
                "/value/message",
            ]
            .contains(&path)
    };
    for (change, sample) in hub.changes().iter().zip(recorded) {
        let path = samples.join(format!("samples/facebook_page/{sample}.json"));
        let body: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let recorded = &body["entry"][0]["changes"][0];
        let mut allowed = BTreeSet::new();
        keys(recorded, "", &mut allowed);
        let mut ours = BTreeSet::new();
        keys(change, "", &mut ours);
        let strange: Vec<_> = ours
            .difference(&allowed)
            .filter(|path| !newer(path))
            .collect();
        assert!(strange.is_empty(), "{sample} has no {strange:?}");
        for name in ["item", "verb"] {
            assert_eq!(change["value"][name], recorded["value"][name], "{sample}");
        }
        assert_eq!(change["field"], recorded["field"], "{sample}");
    }
    Ok(())
}

#[tokio::test]
async fn the_hubs_own_deeds_come_back() -> anyhow::Result<()> {
    let (hub, page) = start(GraphOptions::default()).await?;
    let post = page.publish("Post", &[]).id;
    hub.until("the post", |hub| hub.changes().len() == 1).await;
    let (id, _) = told(&hub, &page, ADA, FeedAct::comment(&post, "?")).await;
    let client = reqwest::Client::new();
    let call = |method: reqwest::Method, path: String, body: Value| {
        client
            .request(method, format!("{}/v27.0/{path}", page.base_url()))
            .bearer_auth("simulated-page-token")
            .json(&body)
            .send()
    };
    let deeds = [
        (
            format!("{id}/comments"),
            json!({ "message": "!" }),
            "comment",
            "add",
        ),
        (format!("{id}/likes"), json!({}), "reaction", "add"),
        (id.clone(), json!({ "is_hidden": true }), "comment", "hide"),
        (
            id.clone(),
            json!({ "is_hidden": false }),
            "comment",
            "unhide",
        ),
        (
            "me/feed".to_owned(),
            json!({ "message": "More" }),
            "status",
            "add",
        ),
    ];
    for (place, (path, body, item, verb)) in deeds.into_iter().enumerate() {
        assert_eq!(call(reqwest::Method::POST, path, body).await?.status(), 200);
        hub.until("it is told", |hub| hub.changes().len() == place + 3)
            .await;
        let value = hub.changes()[place + 2]["value"].clone();
        assert_eq!(
            (&value["item"], &value["verb"]),
            (&json!(item), &json!(verb))
        );
    }
    assert_eq!(hub.changes()[2]["value"]["from"]["id"], "100000000000001");
    call(reqwest::Method::DELETE, id, json!({})).await?;
    hub.until("the removal", |hub| hub.changes().len() == 8)
        .await;
    // Somebody answers in the network's own tools: told alike, and no answer of the hub.
    let (again, _) = told(&hub, &page, BEN, FeedAct::comment(&post, "hello?")).await;
    let inbox = FeedAct::PageReply {
        to: again,
        text: "From the inbox".to_owned(),
    };
    let (_, value) = told(&hub, &page, "inbox", inbox).await;
    assert_eq!(value["from"]["id"], "100000000000001");
    let ben = page.customer(BEN).expect("he exists");
    assert_eq!(ben.conversation[1].author, Author::Inbox);
    assert_eq!(ben.delivered().count(), 0);
    Ok(())
}

#[tokio::test]
async fn messages_and_the_feed_share_calls_or_go_apart() -> anyhow::Result<()> {
    let (hub, page) = start(GraphOptions {
        delivery: WebhookDelivery {
            batch: 10,
            items_per_entry: 10,
            gather: Duration::from_millis(200),
            ..WebhookDelivery::default()
        },
        after_send: AfterSend {
            echo: false,
            delivered: false,
            read: false,
            delay_ms: 0,
        },
        ..GraphOptions::default()
    })
    .await?;
    let post = page.publish("Post", &[]).id;
    hub.until("the post", |hub| hub.changes().len() == 1).await;
    let both = || async {
        let said = futures::future::join_all([
            page.say(PSID, Act::from(Incoming::text("in private"))),
            page.say(ADA, Act::from(FeedAct::comment(&post, "in public"))),
        ])
        .await;
        assert!(
            said.iter().all(|delivery| delivery.acknowledged),
            "{said:?}"
        );
    };
    both().await;
    let body = hub.received("/webhook").pop().expect("a call").json();
    let entries = body["entry"].as_array().expect("entries");
    assert_eq!(entries.len(), 2, "{body}");
    let (ms, s) = (&entries[0]["time"], &entries[1]["time"]);
    assert!(
        ms.as_i64() > s.as_i64().map(|s| s * 100),
        "milliseconds and seconds"
    );
    assert!(entries[0]["messaging"].is_array() && entries[1]["changes"].is_array());

    page.set_feed_callback_url(hub.url("/webhook/feed"));
    page.subscribe_on(Surface::Feed).await?;
    both().await;
    let apart: Vec<Value> = hub
        .received("/webhook/feed")
        .iter()
        .filter(|one| !one.body.is_empty())
        .map(crate::hub::Received::json)
        .collect();
    assert_eq!(apart.len(), 1);
    assert!(apart[0]["entry"][0]["changes"].is_array());

    page.set_feed_callback_url(hub.url("/webhook"));
    page.set_delivery(WebhookDelivery {
        duplicates: 1.0,
        ..WebhookDelivery::default()
    });
    let before = hub.changes().len();
    hub.answer_next(&[500, 503]);
    let delivery = page.say(ADA, FeedAct::comment(&post, "twice")).await;
    assert!(delivery.acknowledged);
    hub.until("the copy", |hub| {
        let same = |change: &&Value| change["value"]["comment_id"] == delivery.message_id.as_str();
        hub.changes()[before..].iter().filter(same).count() >= 2
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn the_feed_can_be_steered_over_http() -> anyhow::Result<()> {
    let (hub, page) = start(GraphOptions::default()).await?;
    let client = reqwest::Client::new();
    let sim = |path: &str| format!("{}/_sim/{path}", page.base_url());
    let post: Value = client
        .post(sim("feed"))
        .json(&json!({ "text": "Post", "photos": ["https://example.com/a.jpg"] }))
        .send()
        .await?
        .json()
        .await?;
    let say = |body: Value| {
        client
            .post(sim(&format!("customers/{ADA}/say")))
            .json(&body)
            .send()
    };
    let said: Value = say(json!({ "on": "feed", "type": "comment", "text": "Hello" }))
        .await?
        .json()
        .await?;
    assert_eq!(said["acknowledged"], true, "{said}");
    let id = said["message_id"].as_str().unwrap_or_default();
    let item = page.feed_item(id).expect("the comment");
    assert_eq!(item.post_id, post["id"].as_str().unwrap_or_default());
    let refused = say(json!({ "on": "feed", "type": "shout", "text": "Hello" })).await?;
    assert_eq!(refused.status(), 422);
    let fault = client
        .post(sim("faults"))
        .json(&json!({ "fault": "rate_limited_80001", "operation": "comments" }))
        .send()
        .await?;
    assert_eq!(fault.status(), 204);
    let struck = client
        .get(format!(
            "{}/v27.0/{}/comments",
            page.base_url(),
            item.post_id
        ))
        .bearer_auth("simulated-page-token")
        .send()
        .await?;
    assert!(struck.headers().contains_key("x-business-use-case-usage"));
    assert_eq!(struck.json::<Value>().await?["error"]["code"], 80001);
    let moved = client
        .put(sim("callback"))
        .json(&json!({ "on": "feed", "url": hub.url("/webhook/feed") }))
        .send()
        .await?;
    assert_eq!(moved.status(), 204);
    let subscribed = client.post(sim("subscribe?on=feed")).send().await?;
    assert_eq!(subscribed.status(), 200);
    assert_eq!(hub.received("/webhook/feed").len(), 1);
    Ok(())
}
