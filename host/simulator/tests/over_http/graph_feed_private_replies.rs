//! Private replies to comments and posts.

use std::time::Duration;

use linecard_simulator::Reachability;
use linecard_simulator::graph::{FeedAct, Incoming};
use serde_json::{Value, json};

use crate::feed_page::{ADA, BEN, Page, code, texts};

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
