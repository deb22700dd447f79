//! The page's feed over real HTTP: reading, answering, moderating, publishing, private replies.

use std::time::Duration;

use linecard_simulator::graph::{FeedAct, GraphError, GraphOptions, GraphSimulator, Incoming};
use linecard_simulator::{Author, Fault, Profile, Reachability, RecordMode};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

const ADA: &str = "7000000000000001";
const BEN: &str = "7000000000000002";
const PAGE: &str = "100000000000001";

struct Page {
    simulator: GraphSimulator,
    client: Client,
    post: String,
}

impl Page {
    async fn start() -> anyhow::Result<Self> {
        Self::with(GraphOptions::default()).await
    }

    async fn with(options: GraphOptions) -> anyhow::Result<Self> {
        let simulator = GraphSimulator::start(options).await?;
        simulator.add_customer(ADA, Profile::named("Ada", "Brooks"));
        simulator.add_customer(BEN, Profile::named("Ben", "Carter"));
        let post = simulator.publish("We are open on Sunday.", &[]).id;
        Ok(Self {
            simulator,
            client: Client::builder().no_proxy().build()?,
            post,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v26.0/{path}", self.simulator.base_url())
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self
            .client
            .request(method, self.url(path))
            .bearer_auth("simulated-page-token")
            .timeout(Duration::from_secs(2));
        let request = if body.is_null() {
            request
        } else {
            request.json(body)
        };
        Ok(request.send().await?)
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        let response = self.call(method, path, &body).await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let (status, answer) = self.json(Method::GET, path, Value::Null).await?;
        assert_eq!(status, 200, "{path}: {answer}");
        Ok(answer)
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.json(Method::POST, path, body).await
    }

    /// Somebody does something in the feed; the id of what is new.
    async fn act(&self, who: &str, what: FeedAct) -> String {
        let delivery = self.simulator.say(who, what).await;
        assert_eq!(
            delivery.problem.as_deref(),
            Some("no callback URL is set"),
            "it happened, and only the hub does not know"
        );
        delivery.message_id
    }

    async fn comment(&self, who: &str, text: &str) -> String {
        self.act(who, FeedAct::comment(&self.post, text)).await
    }
}

fn code(answer: &Value) -> (u64, Option<u64>) {
    (
        answer["error"]["code"].as_u64().unwrap_or_default(),
        answer["error"]["error_subcode"].as_u64(),
    )
}

fn texts(list: &Value) -> Vec<&str> {
    let data = list["data"].as_array().map(Vec::as_slice);
    data.unwrap_or_default()
        .iter()
        .map(|one| one["message"].as_str().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn comments_and_replies_are_read_page_by_page() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let first = page.comment(ADA, "first").await;
    page.act(BEN, FeedAct::reply(&first, "nested")).await;
    page.comment(BEN, "second").await;
    let path = format!("{}/comments", page.post);
    assert_eq!(texts(&page.get(&path).await?), ["first", "second"]);
    let stream = page
        .get(&format!(
            "{path}?filter=stream&order=reverse_chronological&limit=2&fields=message,parent,from,permalink_url"
        ))
        .await?;
    assert_eq!(texts(&stream), ["second", "nested"]);
    assert_eq!(stream["data"][1]["parent"]["id"], first.as_str());
    assert_eq!(
        stream["data"][1]["from"],
        json!({ "id": BEN, "name": "Ben Carter" })
    );
    assert!(stream["data"][0].get("parent").is_none(), "{stream}");
    let link = stream["data"][1]["permalink_url"].as_str();
    assert!(link.is_some_and(|link| link.contains("reply_comment_id=")));
    let next = stream["paging"]["next"].as_str().expect("one is left");
    assert!(!next.contains("access_token"));
    let rest: Value = page
        .client
        .get(next)
        .bearer_auth("simulated-page-token")
        .send()
        .await?
        .json()
        .await?;
    assert_eq!(texts(&rest), ["first"]);
    assert!(rest["paging"].get("next").is_none());

    let feed = page
        .get("me/feed?fields=id,message,from,comments.limit(1).filter(stream).summary(true){id,message,comment_count}")
        .await?;
    let comments = &feed["data"][0]["comments"];
    assert_eq!(comments["summary"]["total_count"], 3);
    assert_eq!(comments["data"][0]["comment_count"], 1);
    assert_eq!(feed["data"][0]["from"]["id"], PAGE);
    let next = comments["paging"]["next"].as_str().expect("two are left");
    let rest: Value = page
        .client
        .get(next)
        .bearer_auth("simulated-page-token")
        .send()
        .await?
        .json()
        .await?;
    assert_eq!(texts(&rest), ["nested"], "the limit goes on");
    let one = page
        .get(&format!(
            "{first}?fields=can_reply_privately,can_hide,like_count,is_hidden,object,message"
        ))
        .await?;
    assert_eq!(one["can_reply_privately"], true);
    assert_eq!(one["object"]["id"], page.post.as_str());
    for broken in [
        format!("{path}?filter=all"),
        format!("{path}?order=best"),
        format!("{path}?since=yesterday"),
        format!("{path}?after=nothing"),
        format!("{path}?fields=secret"),
        format!("{first}?fields=full_picture"),
    ] {
        let (status, answer) = page.json(Method::GET, &broken, Value::Null).await?;
        assert_eq!((status, code(&answer)), (400, (100, None)), "{broken}");
    }
    Ok(())
}

#[tokio::test]
async fn since_and_until_cut_the_lists() -> anyhow::Result<()> {
    let page = Page::start().await?;
    page.comment(ADA, "old").await;
    page.simulator.clock().advance(Duration::from_hours(2));
    let since = page.simulator.clock().now_ms() / 1000;
    page.comment(ADA, "new").await;
    let by_number = page
        .get(&format!("{}/comments?since={since}", page.post))
        .await?;
    assert_eq!(texts(&by_number), ["new"]);
    let created = by_number["data"][0]["created_time"].as_str();
    let created = created.expect("a time").replace('+', "%2B");
    let by_time = page
        .get(&format!("{}/comments?since={created}", page.post))
        .await?;
    assert_eq!(texts(&by_time), ["new"]);
    let visitor = FeedAct::Post {
        text: "Hello from a visitor".to_owned(),
        photos: Vec::new(),
    };
    page.act(BEN, visitor).await;
    let late = page.get(&format!("{PAGE}/feed?since={since}")).await?;
    assert_eq!(texts(&late), ["Hello from a visitor"]);
    let early = page
        .get(&format!("{PAGE}/feed?until={}", since - 60))
        .await?;
    assert_eq!(texts(&early), ["We are open on Sunday."]);
    let own = page.get(&format!("{PAGE}/posts")).await?;
    assert_eq!(texts(&own), ["We are open on Sunday."]);
    let visitors = page.get(&format!("{PAGE}/visitor_posts")).await?;
    assert_eq!(texts(&visitors), ["Hello from a visitor"]);
    Ok(())
}

#[tokio::test]
async fn the_page_answers_and_the_customer_sees_it_below_the_comment() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let comment = page.comment(ADA, "Do you deliver?").await;
    let path = format!("{comment}/comments");
    let (status, answer) = page.post(&path, json!({ "message": "We do." })).await?;
    assert_eq!(status, 200, "{answer}");
    let reply = answer["id"].as_str().expect("an id").to_owned();
    let seen = page.simulator.customers().delivered(ADA);
    assert_eq!(seen[0].message_id, reply);
    assert_eq!(seen[0].reply_to.as_deref(), Some(comment.as_str()));
    let customer = page.simulator.customer(ADA).expect("she exists");
    assert!(customer.duplicates().is_empty());
    assert_eq!(customer.conversation[0].author, Author::Customer);
    // A form does as well, and the same answer twice is a duplicate that the customer sees.
    let form = page
        .client
        .post(page.url(&path))
        .bearer_auth("simulated-page-token")
        .form(&[("message", "We do.")])
        .send()
        .await?;
    assert_eq!(form.status(), 200);
    let customer = page.simulator.customer(ADA).expect("she exists");
    assert_eq!(customer.duplicates().len(), 1);
    // Fields of what was written come back on demand.
    let (_, answer) = page
        .post(
            &format!("{path}?fields=id,message"),
            json!({ "attachment_url": "https://example.com/map.png" }),
        )
        .await?;
    assert_eq!(answer["message"], "");
    let attachment = page
        .get(&format!(
            "{}?fields=attachment",
            answer["id"].as_str().unwrap_or_default()
        ))
        .await?;
    assert_eq!(
        attachment["attachment"]["media"]["image"]["src"],
        "https://example.com/map.png"
    );
    let edit = json!({ "message": "We do, for free." });
    assert_eq!(page.post(&reply, edit).await?.1, json!({ "success": true }));
    let (status, _) = page.json(Method::DELETE, &reply, Value::Null).await?;
    assert_eq!(status, 200);
    let first = page.simulator.customers().delivered(ADA).remove(0);
    assert_eq!(
        (first.text.as_str(), first.edits, first.deleted),
        ("We do, for free.", 1, true)
    );
    let (status, answer) = page.json(Method::GET, &reply, Value::Null).await?;
    assert_eq!((status, code(&answer)), (400, (100, Some(33))));
    Ok(())
}

#[tokio::test]
async fn the_page_moderates() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let comment = page.comment(ADA, "Rubbish!").await;
    let hide = json!({ "is_hidden": true });
    assert_eq!(page.post(&comment, hide.clone()).await?.0, 200);
    let item = page.simulator.feed_item(&comment).expect("still there");
    assert!(item.hidden);
    let likes = format!("{comment}/likes");
    assert_eq!(page.post(&likes, json!({})).await?.1["success"], true);
    let shown = page
        .get(&format!(
            "{comment}?fields=like_count,user_likes,is_hidden,reactions.summary(true)"
        ))
        .await?;
    assert_eq!(
        (
            &shown["like_count"],
            &shown["user_likes"],
            &shown["is_hidden"]
        ),
        (&json!(1), &json!(true), &json!(true))
    );
    assert_eq!(shown["reactions"]["summary"]["viewer_reaction"], "LIKE");
    let (status, _) = page.json(Method::DELETE, &likes, Value::Null).await?;
    assert_eq!(status, 200);
    assert!(
        page.simulator
            .feed_item(&comment)
            .expect("there")
            .reactions
            .is_empty()
    );
    let words = json!({ "message": "Lovely!" });
    let (status, answer) = page.post(&comment, words).await?;
    assert_eq!(
        (status, code(&answer)),
        (403, (200, None)),
        "not the page's words"
    );
    let (_, own) = page
        .post(
            &format!("{comment}/comments"),
            json!({ "message": "Sorry" }),
        )
        .await?;
    let own = own["id"].as_str().unwrap_or_default();
    assert_eq!(page.post(own, hide).await?.0, 403, "nor hides its own");
    let (status, _) = page.json(Method::DELETE, &comment, Value::Null).await?;
    assert_eq!(status, 200);
    assert!(
        page.simulator.feed_item(own).expect("known").removed,
        "all below goes"
    );
    let (status, answer) = page
        .post(&format!("{comment}/comments"), json!({ "message": "?" }))
        .await?;
    assert_eq!((status, code(&answer)), (400, (100, Some(33))));
    assert_eq!(answer["error"]["type"], "GraphMethodException");
    Ok(())
}

#[tokio::test]
async fn what_is_no_comment_is_refused() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let path = format!("{}/comments", page.post);
    for body in [
        json!({}),
        json!({ "message": "  " }),
        json!({ "message": { "text": "x" } }),
        json!({ "message": "x".repeat(8001) }),
        json!({ "attachment_url": "file:///etc/passwd" }),
        json!({ "attachment_id": "1" }),
        json!([1]),
    ] {
        let (status, answer) = page.post(&path, body.clone()).await?;
        assert_eq!((status, code(&answer).0), (400, 100), "{body}: {answer}");
    }
    let (_, answer) = page.post("1_2/comments", json!({ "message": "x" })).await?;
    assert_eq!(code(&answer), (100, Some(33)));
    let none = page.simulator.customers().delivered(ADA);
    assert!(none.is_empty());
    let stranger = page
        .client
        .get(page.url(&path))
        .bearer_auth("wrong")
        .send()
        .await?;
    assert_eq!(stranger.status(), 401);
    Ok(())
}

#[tokio::test]
async fn the_page_publishes_posts_photos_and_videos() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let (_, answer) = page.post("me/feed", json!({ "message": "News" })).await?;
    let id = answer["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("100000000000001_"));
    let (status, answer) = page.post("me/feed", json!({ "message": "News" })).await?;
    assert_eq!((status, code(&answer)), (400, (506, Some(1_455_006))));
    let (_, hidden) = page
        .post("me/feed", json!({ "message": "Later", "published": false }))
        .await?;
    let soon = page.simulator.clock().now_ms() / 1000 + 60;
    for broken in [
        json!({}),
        json!({ "link": "nowhere" }),
        json!({ "message": "x", "scheduled_publish_time": soon + 3600 }),
        json!({ "message": "x", "published": false, "scheduled_publish_time": soon }),
        json!({ "message": "x", "attached_media": [{ "media_fbid": "1" }] }),
    ] {
        let (status, answer) = page.post("me/feed", broken.clone()).await?;
        assert_eq!((status, code(&answer)), (400, (100, None)), "{broken}");
    }
    let scheduled = json!({ "message": "In an hour", "published": false, "scheduled_publish_time": soon + 3600 });
    assert_eq!(page.post("me/feed", scheduled).await?.0, 200);
    assert_eq!(
        texts(&page.get("me/feed").await?),
        ["News", "We are open on Sunday."]
    );
    let unseen = page
        .get(&format!(
            "{}?fields=is_published",
            hidden["id"].as_str().unwrap_or_default()
        ))
        .await?;
    assert_eq!(unseen["is_published"], false);

    let url = json!({ "url": "https://example.com/a.jpg", "caption": "A" });
    let (_, photo) = page.post(&format!("{PAGE}/photos"), url).await?;
    let post_id = photo["post_id"].as_str().expect("a post");
    let shown = page
        .get(&format!(
            "{post_id}?fields=message,attachments,full_picture,status_type"
        ))
        .await?;
    assert_eq!(shown["status_type"], "added_photos");
    assert_eq!(shown["attachments"]["data"][0]["target"]["id"], photo["id"]);
    assert_eq!(shown["full_picture"], "https://example.com/a.jpg");
    let form = "--limit\r\ncontent-disposition: form-data; name=\"published\"\r\n\r\nfalse\r\n\
                --limit\r\ncontent-disposition: form-data; name=\"source\"; filename=\"b.jpg\"\r\n\
                content-type: image/jpeg\r\n\r\njpeg\r\n--limit--\r\n";
    let upload = page
        .client
        .post(page.url("me/photos"))
        .bearer_auth("simulated-page-token")
        .header("content-type", "multipart/form-data; boundary=limit")
        .body(form)
        .send()
        .await?;
    let upload: Value = upload.json().await?;
    assert!(upload.get("post_id").is_none(), "{upload}");
    let album = json!({
        "message": "Two",
        "attached_media": [{ "media_fbid": photo["id"] }, { "media_fbid": upload["id"] }],
    });
    let (_, album) = page.post("me/feed", album).await?;
    let album = album["id"].as_str().unwrap_or_default();
    let shown = page.get(&format!("{album}?fields=attachments")).await?;
    let parts = &shown["attachments"]["data"][0]["subattachments"]["data"];
    let bytes = page
        .client
        .get(
            parts[1]["media"]["image"]["src"]
                .as_str()
                .unwrap_or_default(),
        )
        .send()
        .await?;
    assert_eq!(bytes.bytes().await?.as_ref(), b"jpeg");
    let video = json!({ "file_url": "https://example.com/v.mp4", "description": "V" });
    let (status, video) = page.post("me/videos", video).await?;
    assert_eq!(status, 200);
    // A comment on a photo or video may name it by its own id.
    let path = format!("{}/comments", video["id"].as_str().unwrap_or_default());
    assert_eq!(page.post(&path, json!({ "message": "!" })).await?.0, 200);
    assert_eq!(page.post("me/photos", json!({})).await?.0, 400);
    Ok(())
}

fn reply_to(recipient: &Value) -> Value {
    json!({ "recipient": recipient, "message": { "text": "In private", "metadata": "our-1" } })
}

#[tokio::test]
async fn a_comment_is_answered_privately_once_and_within_a_week() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let comment = page.comment(ADA, "Where is my order?").await;
    let body = reply_to(&json!({ "comment_id": comment }));
    let (status, answer) = page.post("me/messages", body.clone()).await?;
    assert_eq!(status, 200, "{answer}");
    let psid = page.simulator.psid_of(ADA).expect("a conversation");
    assert_eq!(answer["recipient_id"], psid.as_str());
    assert_ne!(psid, ADA);
    for id in [ADA, psid.as_str()] {
        let seen = page.simulator.customers().delivered(id);
        assert_eq!(seen.len(), 1, "{id}");
        assert_eq!(seen[0].reply_to.as_deref(), Some(comment.as_str()));
        assert_eq!(seen[0].reference.as_deref(), Some("our-1"));
    }
    let (status, again) = page.post("me/messages", body).await?;
    assert_eq!((status, code(&again)), (400, (10900, None)));
    let one = page
        .get(&format!("{comment}?fields=can_reply_privately"))
        .await?;
    assert_eq!(one["can_reply_privately"], false);

    // One message only, until the person answers; then the window is open.
    let more = json!({ "recipient": { "id": psid }, "message": { "text": "More" } });
    let (_, closed) = page.post("me/messages", more.clone()).await?;
    assert_eq!(code(&closed), (10, Some(2_018_278)));
    page.simulator.say(&psid, Incoming::text("Thanks")).await;
    assert_eq!(page.post("me/messages", more).await?.0, 200);
    let list = page
        .get("me/conversations?fields=messages{message}")
        .await?;
    assert_eq!(
        texts(&list["data"][0]["messages"]),
        ["More", "Thanks", "In private"]
    );
    // The id in the feed is nobody's on Messenger.
    let wrong = json!({ "recipient": { "id": ADA }, "message": { "text": "x" } });
    assert_eq!(
        code(&page.post("me/messages", wrong).await?.1).1,
        Some(2_018_001)
    );
    let mixed = page.simulator.say(ADA, Incoming::text("x")).await;
    assert!(mixed.problem.is_some_and(|why| why.contains("other ids")));

    let (_, own) = page
        .post(
            &format!("{}/comments", page.post),
            json!({ "message": "own" }),
        )
        .await?;
    let (_, answer) = page
        .post("me/messages", reply_to(&json!({ "comment_id": own["id"] })))
        .await?;
    assert_eq!(code(&answer), (10902, None));
    let (_, answer) = page
        .post("me/messages", reply_to(&json!({ "comment_id": "1_2" })))
        .await?;
    assert_eq!(code(&answer), (100, Some(2_018_292)));
    let late = page.comment(BEN, "And mine?").await;
    page.simulator
        .clock()
        .advance(Duration::from_hours(7 * 24 + 1));
    let (_, answer) = page
        .post("me/messages", reply_to(&json!({ "comment_id": late })))
        .await?;
    assert_eq!(code(&answer), (10902, None));
    let post = FeedAct::Post {
        text: "Anybody?".to_owned(),
        photos: Vec::new(),
    };
    let post = page.act(BEN, post).await;
    page.simulator
        .customers()
        .set_reachability(BEN, Reachability::Blocked);
    let body = reply_to(&json!({ "post_id": post }));
    let (_, answer) = page.post("me/messages", body.clone()).await?;
    assert_eq!(code(&answer), (10, Some(2_018_108)));
    page.simulator
        .customers()
        .set_reachability(BEN, Reachability::Available);
    assert_eq!(
        page.post("me/messages", body).await?.0,
        200,
        "a refusal is no answer"
    );
    Ok(())
}

#[tokio::test]
async fn faults_and_limits_concern_the_feed_as_well() -> anyhow::Result<()> {
    let page = Page::with(GraphOptions {
        hourly_calls: Some(20),
        ..GraphOptions::default()
    })
    .await?;
    let comment = page.comment(ADA, "Hello").await;
    let path = format!("{comment}/comments");
    let answer = || json!({ "message": "Good morning" });
    page.simulator.faults().set_hold(Duration::from_secs(1));
    for (fault, effect) in [
        (Fault::html_502(), 0),
        (GraphError::expired_token().fault(), 0),
        (GraphError::permissions_error().fault(), 0),
        (GraphError::policy_block().fault(), 0),
        (Fault::TimeoutAfterEffect, 1),
        (Fault::CloseMidAnswer, 1),
        (Fault::garbage(), 1),
    ] {
        let before = page.simulator.customers().delivered(ADA).len();
        page.simulator.faults().next_on("comment", 1, fault.clone());
        let outcome = page.post(&path, answer()).await;
        if let Ok((status, _)) = outcome {
            assert_ne!(status, 200, "{fault:?}");
        }
        let after = page.simulator.customers().delivered(ADA).len();
        assert_eq!(after - before, effect, "{fault:?}");
    }
    page.simulator
        .faults()
        .next_on("like", 1, Fault::unavailable_503());
    let likes = page
        .call(Method::POST, &format!("{comment}/likes"), &json!({}))
        .await?;
    assert_eq!(likes.status(), 503);
    // Usage is told in percent under the page's own kind; the limit has its own code.
    let mut last = None;
    for _ in 0..20 {
        let response = page
            .call(
                Method::GET,
                &format!("{}/comments", page.post),
                &Value::Null,
            )
            .await?;
        let header = response.headers().get("x-business-use-case-usage").cloned();
        let usage: Value = serde_json::from_str(header.expect("usage").to_str()?)?;
        last = Some((
            response.status().as_u16(),
            usage,
            response.json::<Value>().await?,
        ));
    }
    let (status, usage, body) = last.expect("a call");
    assert_eq!((status, code(&body).0), (400, 80001));
    assert_eq!(usage[PAGE][0]["type"], "pages");
    assert_eq!(usage[PAGE][0]["estimated_time_to_regain_access"], 5);
    Ok(())
}

#[tokio::test]
async fn subscriptions_and_tokens_can_be_looked_at() -> anyhow::Result<()> {
    let page = Page::with(GraphOptions {
        require_subscription: true,
        record: RecordMode::Last(50),
        ..GraphOptions::default()
    })
    .await?;
    let path = format!("{PAGE}/subscribed_apps");
    assert_eq!(page.get(&path).await?, json!({ "data": [] }));
    let silent = page
        .simulator
        .say(ADA, FeedAct::comment(&page.post, "Hello"))
        .await;
    let problem = silent.problem.unwrap_or_default();
    assert!(
        problem.contains("not subscribed to the field feed"),
        "{problem}"
    );
    let (status, _) = page
        .post(&path, json!({ "subscribed_fields": "feeds" }))
        .await?;
    assert_eq!(status, 400);
    let fields = json!({ "subscribed_fields": "feed,messages" });
    assert_eq!(
        page.post(&path, fields).await?.1,
        json!({ "success": true })
    );
    let list = page.get(&path).await?;
    assert_eq!(
        list["data"][0]["subscribed_fields"],
        json!(["feed", "messages"])
    );
    page.comment(ADA, "Hello again").await;
    let token = page
        .get("debug_token?input_token=simulated-page-token")
        .await?;
    assert_eq!(token["data"]["is_valid"], true);
    assert_eq!(token["data"]["profile_id"], PAGE);
    let token = page.get("debug_token?input_token=another").await?;
    assert_eq!(token["data"]["is_valid"], false);
    Ok(())
}
