//! Faults, limits, subscriptions and tokens where the feed is concerned.

use std::time::Duration;

use linecard_simulator::graph::{FeedAct, GraphError, GraphOptions};
use linecard_simulator::{Fault, RecordMode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::feed_page::{ADA, PAGE, Page, code};

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

#[tokio::test]
async fn what_new_apps_may_use_no_longer_is_refused_on_any_version() -> anyhow::Result<()> {
    let page = Page::start().await?;
    for query in [
        "ids=1,2",
        "fields=message.as(said)",
        "date_format=U",
        "method=delete",
        "callback=read",
    ] {
        let path = format!("{}?{query}", page.post);
        let (status, answer) = page.json(Method::GET, &path, Value::Null).await?;
        assert_eq!((status, code(&answer).0), (400, 100), "{query}: {answer}");
    }
    page.get(&format!("{}?fields=message", page.post)).await?;
    // In a body, by a header, in an asynchronous batch.
    for (path, body) in [
        (page.post.clone(), json!({ "method": "delete" })),
        (format!("{}/async_batch_requests", page.post), json!({})),
    ] {
        let (status, answer) = page.json(Method::POST, &path, body).await?;
        assert_eq!((status, code(&answer).0), (400, 100), "{path}: {answer}");
    }
    let base = page.simulator.base_url();
    let token = &page.simulator.options().access_token;
    let ask = |version: &str| {
        let url = format!("{base}/{version}/{}?fields=message", page.post);
        reqwest::Client::new().get(url).bearer_auth(token)
    };
    let overridden = ask("v27.0")
        .header("x-http-method-override", "DELETE")
        .send()
        .await?;
    assert_eq!(overridden.status(), 400);
    // Versions that were are served; there is none after the newest.
    for (version, expected) in [("v27.0", 200), ("v21.0", 200), ("v28.0", 400)] {
        assert_eq!(ask(version).send().await?.status(), expected, "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_is_told_and_does_what_it_may() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let edge = format!("{PAGE}/subscribed_apps");
    let fields = page.get(&edge).await?;
    let fields = fields["data"][0]["subscribed_fields"]
        .as_array()
        .map(Vec::len);
    assert!(
        fields.is_some_and(|count| count > 10),
        "it sends everything: {fields:?}"
    );
    page.simulator
        .set_token_rights(&["pages_read_engagement"], 1_800_000_000);
    let told = page
        .get("debug_token?input_token=simulated-page-token")
        .await?;
    assert_eq!(told["data"]["scopes"], json!(["pages_read_engagement"]));
    assert_eq!(told["data"]["expires_at"], 1_800_000_000);
    let message = json!({ "recipient": { "id": "1" }, "message": { "text": "Hi" } });
    let (status, answer) = page.post("me/messages", message).await?;
    assert_eq!((status, code(&answer).0), (403, 230), "{answer}");
    Ok(())
}
