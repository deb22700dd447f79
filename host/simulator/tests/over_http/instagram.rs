//! The Instagram account over real HTTP: private messages, comments, profiles.

use std::time::Duration;

use linecard_simulator::graph::{
    Act, CommentAct, GraphOptions, GraphSimulator, Incoming, InstagramPerson,
};
use linecard_simulator::{Profile, Reachability};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::hub::Hub;

pub const ADA: &str = "5600000000000001";
const BEN: &str = "5600000000000002";
pub const ACCOUNT: &str = "17841400000000001";

/// An Instagram account with one picture, a person, and a hub.
pub struct Account {
    pub hub: Hub,
    pub simulator: GraphSimulator,
    client: Client,
    media: String,
}

impl Account {
    pub async fn start() -> anyhow::Result<Self> {
        let hub = Hub::start().await?;
        let simulator = GraphSimulator::start(GraphOptions {
            callback_url: Some(hub.url("/webhook")),
            ..GraphOptions::default()
        })
        .await?;
        let person = InstagramPerson {
            username: Some("ada.b".to_owned()),
            follower_count: 42,
            follows_account: true,
            ..InstagramPerson::default()
        };
        simulator.add_instagram_customer(ADA, Profile::named("Ada", "Brooks"), person);
        let media = simulator
            .publish_media("New in", "https://example.com/m.jpg")
            .id;
        Ok(Self {
            hub,
            simulator,
            client: Client::builder().no_proxy().build()?,
            media,
        })
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        let response = self
            .client
            .request(
                method,
                format!("{}/v27.0/{path}", self.simulator.base_url()),
            )
            .bearer_auth("simulated-instagram-token")
            .json(&body)
            .send()
            .await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let (status, answer) = self.call(Method::GET, path, json!({})).await?;
        assert_eq!(status, 200, "{path}: {answer}");
        Ok(answer)
    }

    async fn send(&self, message: Value) -> anyhow::Result<(u16, Value)> {
        let body = json!({ "recipient": { "id": ADA }, "message": message });
        self.call(Method::POST, "me/messages", body).await
    }

    pub async fn say(&self, what: Incoming) -> String {
        let delivery = self.simulator.say(ADA, Act::Instagram(what.clone())).await;
        assert!(delivery.acknowledged, "{what:?}: {delivery:?}");
        delivery.message_id
    }

    async fn comment(&self, who: &str, text: &str) -> String {
        let what = CommentAct::Comment {
            media: None,
            text: text.to_owned(),
        };
        let delivery = self.simulator.say(who, what).await;
        assert!(delivery.acknowledged, "{delivery:?}");
        delivery.message_id
    }
}

fn code(answer: &Value) -> (u64, Option<u64>) {
    (
        answer["error"]["code"].as_u64().unwrap_or_default(),
        answer["error"]["error_subcode"].as_u64(),
    )
}

#[tokio::test]
async fn answers_echo_and_are_seen() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let first = account.say(Incoming::text("Hello")).await;
    let (status, answer) = account.send(json!({ "text": "Hi 👋" })).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["recipient_id"], ADA);
    account
        .hub
        .until("echo and read", |hub| hub.items().len() == 3)
        .await;
    let items = account.hub.items();
    assert_eq!(items[1]["message"]["is_echo"], true);
    assert_eq!(items[1]["message"]["mid"], answer["message_id"]);
    assert_eq!(items[1]["sender"]["id"], ACCOUNT);
    assert_eq!(items[2]["read"], json!({ "mid": answer["message_id"] }));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(account.hub.items().len(), 3, "nothing tells of a delivery");
    assert_eq!(account.simulator.customers().delivered(ADA).len(), 1);
    let heart = json!({ "attachment": { "type": "like_heart" } });
    assert_eq!(account.send(heart).await?.0, 200);
    let react = json!({
        "recipient": { "id": ADA },
        "sender_action": "react",
        "payload": { "message_id": first, "reaction": "love" },
    });
    assert_eq!(
        account.call(Method::POST, "me/messages", react).await?.0,
        200
    );
    let ada = account.simulator.customer(ADA).expect("she exists");
    assert_eq!(ada.conversation[0].reactions[ACCOUNT], "love");
    // The page's token serves, too, with the account's id.
    let by_page = account
        .client
        .post(format!(
            "{}/v27.0/{ACCOUNT}/messages",
            account.simulator.base_url()
        ))
        .bearer_auth("simulated-page-token")
        .json(&json!({ "recipient": { "id": ADA }, "message": { "text": "Hi again" } }))
        .send()
        .await?;
    assert_eq!(by_page.status(), 200);
    let list = account
        .get("me/conversations?platform=instagram&fields=participants,messages{message,from}")
        .await?;
    let messages = &list["data"][0]["messages"]["data"];
    assert_eq!(messages[0]["message"], "Hi again");
    assert_eq!(messages[0]["from"]["username"], "simulated.page");
    assert_eq!(
        list["data"][0]["participants"]["data"][0],
        json!({ "id": ADA, "username": "ada.b" })
    );
    Ok(())
}

#[tokio::test]
async fn what_instagram_refuses() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let (status, closed) = account.send(json!({ "text": "Hello?" })).await?;
    assert_eq!((status, code(&closed)), (403, (10, Some(2_534_022))));
    assert_eq!(closed["error"]["type"], "IGApiException");
    account.say(Incoming::text("Hello")).await;
    // 334 characters of 3 bytes are more than 1000 bytes.
    for (message, expected) in [
        (json!({ "text": "€".repeat(334) }), 400),
        (json!({ "text": "€".repeat(333) }), 200),
        (json!({ "text": "" }), 400),
        (json!({ "sticker_id": 1 }), 400),
        (
            json!({ "attachment": { "type": "MEDIA_SHARE", "payload": {} } }),
            400,
        ),
        (
            json!({ "attachment": { "type": "image", "payload": { "url": "https://example.com/i" } } }),
            200,
        ),
    ] {
        let (status, answer) = account.send(message.clone()).await?;
        assert_eq!(status, expected, "{message}: {answer}");
    }
    let nobody = json!({ "recipient": { "id": "1" }, "message": { "text": "x" } });
    let (_, answer) = account.call(Method::POST, "me/messages", nobody).await?;
    assert_eq!(code(&answer), (100, Some(2_534_014)));
    account.simulator.clock().advance(Duration::from_hours(25));
    let late = |tag: &str| {
        let mut body = json!({ "recipient": { "id": ADA }, "message": { "text": "Sorry" } });
        if !tag.is_empty() {
            body["messaging_type"] = json!("MESSAGE_TAG");
            body["tag"] = json!(tag);
        }
        body
    };
    let path = format!("{ACCOUNT}/messages");
    let (status, _) = account.call(Method::POST, &path, late("")).await?;
    assert_eq!(status, 403);
    let (status, _) = account
        .call(Method::POST, &path, late("HUMAN_AGENT"))
        .await?;
    assert_eq!(status, 200);
    account
        .simulator
        .clock()
        .advance(Duration::from_hours(7 * 24));
    let (status, _) = account
        .call(Method::POST, &path, late("HUMAN_AGENT"))
        .await?;
    assert_eq!(status, 403);
    let reachability = account.simulator.customers();
    reachability.set_reachability(ADA, Reachability::Unavailable);
    let (_, answer) = account
        .call(Method::POST, &path, late("HUMAN_AGENT"))
        .await?;
    assert_eq!(code(&answer).0, 551);
    // An id means one thing: a photo of the page is no media of the account.
    let photo = account
        .simulator
        .publish("A", &["https://example.com/a.jpg"]);
    assert!(
        account
            .simulator
            .instagram_item(&photo.pictures[0].id)
            .is_none()
    );
    assert!(account.simulator.feed_item(&account.media).is_none());
    assert!(account.simulator.feed_item(&photo.pictures[0].id).is_some());
    // A page's id is no object for the account's own token.
    let (status, answer) = account
        .call(Method::GET, "100000000000001/feed", json!({}))
        .await?;
    assert_eq!((status, code(&answer)), (400, (100, Some(33))));
    Ok(())
}

#[tokio::test]
async fn profiles_need_a_message_first() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let fields = "name,username,profile_pic,follower_count,is_user_follow_business,\
                  is_business_follow_user,is_verified_user";
    let path = format!("{ADA}?fields={fields}");
    account.comment(ADA, "Nice!").await;
    let (status, answer) = account.call(Method::GET, &path, json!({})).await?;
    assert_eq!((status, code(&answer)), (400, (230, None)));
    account.say(Incoming::text("Hello")).await;
    assert_eq!(
        account.get(&path).await?,
        json!({
            "id": ADA, "name": "Ada Brooks", "username": "ada.b", "follower_count": 42,
            "is_user_follow_business": true, "is_business_follow_user": false,
            "is_verified_user": false,
        })
    );
    let me = account.get("me?fields=user_id,username,name").await?;
    assert_eq!(me["username"], "simulated.page");
    Ok(())
}

#[tokio::test]
async fn comments_are_told_answered_hidden_and_deleted() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let comment = account.comment(ADA, "This is an example.").await;
    let change = account.hub.changes().remove(0);
    assert_eq!(
        change,
        json!({ "field": "comments", "value": {
            "id": comment, "text": "This is an example.",
            "from": { "id": ADA, "username": "ada.b" },
            "media": { "id": account.media, "media_product_type": "FEED" },
        } })
    );
    let (status, answer) = account
        .call(
            Method::POST,
            &format!("{comment}/replies"),
            json!({ "message": "Thanks!" }),
        )
        .await?;
    assert_eq!(status, 200, "{answer}");
    account
        .hub
        .until("the own comment comes back", |hub| hub.changes().len() == 2)
        .await;
    let own = &account.hub.changes()[1]["value"];
    assert_eq!(
        (&own["from"]["id"], &own["parent_id"]),
        (&json!(ACCOUNT), &json!(comment))
    );
    let seen = account.simulator.customers().delivered(ADA).remove(0);
    assert_eq!(seen.reply_to.as_deref(), Some(comment.as_str()));
    let reply = CommentAct::Reply {
        to: seen.message_id.clone(),
        text: "Welcome".to_owned(),
    };
    account.simulator.say(BEN, reply).await;
    let shown = account
        .get(&format!(
            "{}/comments?fields=text,timestamp,username,from,hidden,replies{{text,username}}",
            account.media
        ))
        .await?;
    let texts: Vec<_> = shown["data"][0]["replies"]["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["text"].clone())
        .collect();
    assert_eq!(
        texts,
        [json!("Thanks!"), json!("Welcome")],
        "one level of answers"
    );
    let hide = json!({ "hide": true });
    assert_eq!(account.call(Method::POST, &comment, hide).await?.0, 200);
    assert_eq!(
        account.get(&format!("{comment}?fields=hidden")).await?["hidden"],
        true
    );
    assert_eq!(
        account.call(Method::POST, &comment, json!({})).await?.0,
        400
    );
    let delete = account.call(Method::DELETE, &seen.message_id, json!({}));
    assert_eq!(delete.await?.1, json!({ "success": true }));
    assert!(account.simulator.customers().delivered(ADA)[0].deleted);
    let media = account
        .get("me/media?fields=caption,comments_count")
        .await?;
    assert_eq!(media["data"][0]["comments_count"], 2);
    for act in [
        CommentAct::Live {
            media: None,
            text: "live".to_owned(),
        },
        CommentAct::Mention {
            media: "17887498072083520".to_owned(),
            comment: Some("17887498072083521".to_owned()),
        },
    ] {
        assert!(account.simulator.say(ADA, act).await.acknowledged);
    }
    let changes = account.hub.changes();
    let fields: Vec<_> = changes.iter().map(|change| &change["field"]).collect();
    assert_eq!(fields[3..], ["live_comments", "mentions"]);
    let entry = account.hub.received("/webhook")[0].json()["entry"][0].clone();
    assert!(
        entry["time"]
            .as_i64()
            .is_some_and(|time| time < 100_000_000_000)
    );
    Ok(())
}

#[tokio::test]
async fn a_comment_is_answered_privately_once() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let comment = account.comment(ADA, "Price?").await;
    let reply =
        |id: &str| json!({ "recipient": { "comment_id": id }, "message": { "text": "9 €" } });
    let (status, answer) = account
        .call(Method::POST, "me/messages", reply(&comment))
        .await?;
    assert_eq!((status, &answer["recipient_id"]), (200, &json!(ADA)));
    let (_, again) = account
        .call(Method::POST, "me/messages", reply(&comment))
        .await?;
    assert_eq!(code(&again).0, 10900);
    let (status, _) = account.send(json!({ "text": "And more" })).await?;
    assert_eq!(status, 403, "the window opens with the answer");
    account.say(Incoming::text("Thanks")).await;
    assert_eq!(account.send(json!({ "text": "And more" })).await?.0, 200);
    let late = account.comment(BEN, "Size?").await;
    account
        .simulator
        .clock()
        .advance(Duration::from_hours(7 * 24 + 1));
    let (_, answer) = account
        .call(Method::POST, "me/messages", reply(&late))
        .await?;
    assert_eq!(code(&answer).0, 10902);
    let (_, answer) = account
        .call(Method::POST, "me/messages", reply("1"))
        .await?;
    assert_eq!(code(&answer), (100, Some(2_018_292)));
    Ok(())
}
