//! The page's feed over real HTTP: reading, answering, moderating.

use std::time::Duration;

use linecard_simulator::Author;
use linecard_simulator::graph::FeedAct;
use reqwest::Method;
use serde_json::{Value, json};

use crate::feed_page::{ADA, BEN, PAGE, Page, code, texts};

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
