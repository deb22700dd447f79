//! X's webhooks over real HTTP: both envelopes, signatures, the challenge-response check.

use linecard_simulator::signature::sha256_base64;
use linecard_simulator::x::{Envelope, Incoming, XDelivery, XOptions, XSimulator};
use reqwest::Method;
use serde_json::{Value, json};

use crate::hub::Hub;

const ANN: &str = "1500000000000000001";

async fn start(hub: &Hub, delivery: XDelivery) -> anyhow::Result<XSimulator> {
    Ok(XSimulator::start(XOptions {
        callback_url: Some(hub.url("/webhook")),
        delivery,
        ..XOptions::default()
    })
    .await?)
}

#[tokio::test]
async fn events_are_signed_and_have_the_envelope_of_today() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let x = start(&hub, XDelivery::default()).await?;
    let delivery = x.say(ANN, Incoming::mention("@simulated_shop help")).await;
    assert!(delivery.acknowledged, "{delivery:?}");
    x.say(ANN, Incoming::dm("psst")).await;
    x.say(ANN, Incoming::Follow).await;
    let received = hub.received("/webhook");
    for one in &received {
        let expected = sha256_base64("simulated-consumer-secret", &one.body);
        assert_eq!(one.header("x-twitter-webhooks-signature"), expected);
    }
    let events: Vec<Value> = received
        .iter()
        .map(|one| one.json()["data"].clone())
        .collect();
    assert_eq!(events[0]["event_type"], "post.mention.create");
    assert_eq!(events[0]["payload"]["id"], delivery.message_id);
    assert_eq!(events[0]["filter"]["user_id"], "2244994945");
    assert_eq!(events[1]["event_type"], "dm.received");
    let message = &events[1]["payload"]["direct_message_events"][0]["message_create"];
    assert_eq!(message["message_data"]["text"], "psst");
    assert_eq!(message["sender_id"], ANN);
    assert_eq!(events[2]["payload"]["source"]["data"]["id"], ANN);
    Ok(())
}

#[tokio::test]
async fn the_older_envelope_cuts_long_posts() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let delivery = XDelivery {
        envelope: Envelope::AccountActivity,
        duplicates: 1.0,
        ..XDelivery::default()
    };
    let x = start(&hub, delivery).await?;
    let text = format!("@simulated_shop {}", "long ".repeat(40));
    x.say(ANN, Incoming::mention(text.clone())).await;
    hub.until("the duplicate", |hub| hub.received("/webhook").len() == 2)
        .await;
    let body = hub.received("/webhook")[0].json();
    assert_eq!(body["for_user_id"], "2244994945");
    let post = &body["tweet_create_events"][0];
    assert_eq!(post["truncated"], true);
    assert_eq!(post["extended_tweet"]["full_text"], text);
    assert_eq!(
        post["text"].as_str().unwrap_or_default().chars().count(),
        140
    );
    assert_eq!(hub.received("/webhook")[1].json(), body);
    Ok(())
}

#[tokio::test]
async fn a_webhook_must_pass_the_challenge() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let x = XSimulator::start(XOptions::default()).await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client
        .post(format!("{}/2/webhooks", x.base_url()))
        .bearer_auth("simulated-bearer-token")
        .json(&json!({ "url": hub.url("/webhook") }))
        .send()
        .await?;
    assert_eq!(answer.status(), 400, "this hub does not know the secret");
    assert!(hub.received("/webhook")[0].query.starts_with("crc_token="));
    assert!(
        !x.say(ANN, Incoming::mention("@simulated_shop hi"))
            .await
            .acknowledged
    );
    Ok(())
}

#[tokio::test]
async fn likes_and_the_accounts_own_posts_are_told_and_can_be_replayed() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let x = start(&hub, XDelivery::default()).await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let call = |path: &str, body: Value| {
        let url = format!("{}{path}", x.base_url());
        let request = client.post(url).bearer_auth("simulated-user-token");
        request.json(&body).send()
    };
    let made: Value = call("/2/tweets", json!({ "text": "Open today" }))
        .await?
        .json()
        .await?;
    let id = made["data"]["id"].as_str().unwrap_or_default().to_owned();
    let like = Incoming::Like { post: id.clone() };
    assert!(x.say(ANN, like).await.acknowledged);
    let event = |place: usize| hub.received("/webhook")[place].json()["data"].clone();
    hub.until("both events", |hub| hub.received("/webhook").len() == 2)
        .await;
    let events = [event(0), event(1)];
    let of = |kind: &str| events.iter().find(|one| one["event_type"] == kind);
    assert_eq!(
        of("post.create").map(|one| &one["payload"]["id"]),
        Some(&json!(id))
    );
    let liked = of("like.create").map(|one| &one["payload"]["liked_tweet_id"]);
    assert_eq!(liked, Some(&json!(id)));
    let replay =
        json!({ "webhook_id": "1", "from_date": "202001010000", "to_date": "299901010000" });
    assert_eq!(call("/2/webhooks/replay", replay).await?.status(), 200);
    hub.until("the replay", |hub| hub.received("/webhook").len() == 4)
        .await;
    Ok(())
}

#[tokio::test]
async fn a_webhook_that_passes_the_challenge_gets_what_it_subscribed_to() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    hub.learn_challenge_key("simulated-consumer-secret");
    let x = XSimulator::start(XOptions::default()).await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let call = |method: Method, path: &str, body: Value| {
        let url = format!("{}{path}", x.base_url());
        let request = client.request(method, url).json(&body);
        async move {
            let answer = request.bearer_auth("simulated-user-token").send().await?;
            anyhow::Ok((answer.status().as_u16(), answer.json::<Value>().await?))
        }
    };
    let (status, made) = call(
        Method::POST,
        "/2/webhooks",
        json!({ "url": hub.url("/webhook") }),
    )
    .await?;
    assert_eq!((status, &made["data"]["valid"]), (200, &json!(true)));
    let id = made["data"]["id"].as_str().unwrap_or_default();
    let mention = || Incoming::mention("@simulated_shop hi");
    assert!(
        !x.say(ANN, mention()).await.acknowledged,
        "nothing is subscribed to yet"
    );
    let subscription = json!({ "event_type": "post.mention.create", "webhook_id": id, "tag": "mine",
        "filter": { "user_id": "2244994945" } });
    let subscriptions = "/2/activity/subscriptions";
    assert_eq!(
        call(Method::POST, subscriptions, subscription).await?.0,
        200
    );
    assert!(x.say(ANN, mention()).await.acknowledged);
    assert!(!x.say(ANN, Incoming::dm("psst")).await.acknowledged);
    let last = hub.received("/webhook").pop().expect("an event").json();
    assert_eq!(last["data"]["tag"], "mine");

    // The key changes: the next check fails, and nothing comes any more until it holds again.
    let one = format!("/2/webhooks/{id}");
    hub.learn_challenge_key("another");
    assert_eq!(call(Method::PUT, &one, json!({})).await?.0, 400);
    let (_, all) = call(Method::GET, "/2/webhooks", json!({})).await?;
    assert_eq!(all["data"][0]["valid"], false);
    assert!(!x.say(ANN, mention()).await.acknowledged);
    hub.learn_challenge_key("simulated-consumer-secret");
    assert_eq!(call(Method::PUT, &one, json!({})).await?.0, 200);
    assert!(x.say(ANN, mention()).await.acknowledged);
    let (_, gone) = call(Method::DELETE, &one, json!({})).await?;
    assert_eq!(gone["data"]["deleted"], true);
    assert!(!x.say(ANN, mention()).await.acknowledged);
    Ok(())
}
