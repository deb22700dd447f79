//! X API v2 over real HTTP: posts, timelines, direct messages, refusals.

use std::path::Path;
use std::time::Duration;

use linecard_simulator::x::{Incoming, Rules};
use linecard_simulator::{Fault, FaultPlan, Reachability};
use reqwest::Method;
use serde_json::{Value, json};

use crate::x_account::{ANN, Account};

#[tokio::test]
async fn a_mention_is_read_and_answered_in_public() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let (_, none) = account.get("/2/users/2244994945/mentions").await?;
    assert_eq!(none, json!({ "meta": { "result_count": 0 } }));
    let id = account.mention("@simulated_shop where is it? #late").await;
    let (status, answer) = account
        .get("/2/users/2244994945/mentions?tweet.fields=author_id,conversation_id,entities&expansions=author_id")
        .await?;
    assert_eq!(status, 200);
    assert_eq!(answer["data"][0]["id"], id);
    assert_eq!(answer["data"][0]["author_id"], ANN);
    assert_eq!(answer["data"][0]["entities"]["hashtags"][0]["tag"], "late");
    assert_eq!(answer["includes"]["users"][0]["username"], "ann");
    assert_eq!(answer["meta"]["newest_id"], id);
    assert!(
        answer["data"][0].get("created_at").is_none(),
        "nobody asked for it"
    );

    let reply = json!({ "text": "On its way.", "reply": { "in_reply_to_tweet_id": id } });
    let (status, made) = account.post("/2/tweets", reply.clone()).await?;
    assert_eq!(
        (status, made["data"]["text"].as_str()),
        (201, Some("On its way."))
    );
    let turns = account.x.customers().delivered(ANN);
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0].reply_to.as_deref(), Some(id.as_str()));
    let (status, again) = account.post("/2/tweets", reply).await?;
    assert_eq!(status, 403);
    assert!(
        again["detail"]
            .as_str()
            .unwrap_or_default()
            .contains("duplicate content")
    );

    let since = format!("/2/users/2244994945/mentions?since_id={id}");
    assert_eq!(account.get(&since).await?.1["meta"]["result_count"], 0);
    Ok(())
}

#[tokio::test]
async fn refuses_what_the_network_refuses() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let stranger = account.mention("nothing to see").await;
    let reply = json!({ "text": "Hello", "reply": { "in_reply_to_tweet_id": stranger } });
    assert_eq!(account.post("/2/tweets", reply).await?.0, 403);
    let unknown = account.post("/2/tweets", json!({ "txt": "Hello" })).await?;
    assert_eq!(unknown.0, 400);
    assert_eq!(unknown.1["title"], "Invalid Request");
    assert_eq!(
        account
            .post("/2/tweets", json!({ "text": "x".repeat(281) }))
            .await?
            .0,
        403
    );
    assert_eq!(
        account
            .post("/2/tweets", json!({ "text": "x".repeat(280) }))
            .await?
            .0,
        201
    );
    account.x.set_rules(Rules {
        long_posts: true,
        enterprise_only: true,
        ..Rules::default()
    });
    let (status, long) = account
        .post("/2/tweets", json!({ "text": "y".repeat(400) }))
        .await?;
    assert_eq!(status, 201);
    let id = long["data"]["id"].as_str().unwrap_or_default().to_owned();
    let shown = account
        .get(&format!("/2/tweets/{id}?tweet.fields=note_tweet"))
        .await?
        .1;
    assert_eq!(shown["data"]["note_tweet"]["text"], "y".repeat(400));
    let like = account
        .post("/2/users/2244994945/likes", json!({ "tweet_id": id }))
        .await?;
    assert_eq!(
        (like.0, like.1["reason"].as_str()),
        (403, Some("client-not-enrolled"))
    );
    let partly = account.get(&format!("/2/tweets?ids={id},99")).await?;
    assert_eq!(partly.0, 200);
    assert!(partly.1["data"].is_array() && partly.1["errors"].is_array());
    let app = account
        .call_as("simulated-bearer-token", Method::GET, "/2/dm_events", None)
        .await?;
    assert_eq!(app.0, 403);
    assert_eq!(app.1["title"], "Unsupported Authentication");
    let nobody = account
        .call_as("wrong", Method::GET, "/2/users/me", None)
        .await?;
    assert_eq!(
        (nobody.0, nobody.1["title"].as_str()),
        (401, Some("Unauthorized"))
    );
    Ok(())
}

#[tokio::test]
async fn direct_messages_go_both_ways() -> anyhow::Result<()> {
    let account = Account::start().await?;
    account.x.say(ANN, Incoming::dm("Hello?")).await;
    let to = format!("/2/dm_conversations/with/{ANN}/messages");
    let (status, sent) = account.post(&to, json!({ "text": "Good day." })).await?;
    assert_eq!(status, 201);
    let (_, events) = account
        .get("/2/dm_events?dm_event.fields=sender_id,dm_conversation_id&expansions=sender_id&max_results=1")
        .await?;
    assert_eq!(events["data"][0]["id"], sent["data"]["dm_event_id"]);
    let next = events["meta"]["next_token"].as_str().unwrap_or_default();
    let (_, older) = account
        .get(&format!(
            "/2/dm_events?dm_event.fields=sender_id&pagination_token={next}"
        ))
        .await?;
    assert_eq!(older["data"][0]["text"], "Hello?");
    assert_eq!(older["data"][0]["sender_id"], ANN);
    assert_eq!(
        account
            .post(&to, json!({ "text": "z".repeat(10_001) }))
            .await?
            .0,
        400
    );
    account
        .x
        .customers()
        .set_reachability(ANN, Reachability::Blocked);
    assert_eq!(
        account
            .post(&to, json!({ "text": "Still there?" }))
            .await?
            .0,
        403
    );
    Ok(())
}

#[tokio::test]
async fn search_reads_its_language_and_ends_after_seven_days() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let first = account.mention("Parcel lost by RivalPost #parcel").await;
    account.mention("Parcel found").await;
    let search = |query: &str| {
        format!(
            "/2/tweets/search/recent?query={}",
            query
                .replace(' ', "%20")
                .replace('#', "%23")
                .replace('"', "%22")
        )
    };
    let (_, answer) = account.get(&search("parcel -found")).await?;
    assert_eq!(answer["meta"]["result_count"], 1);
    assert_eq!(answer["data"][0]["id"], first);
    for (query, count) in [
        ("#parcel OR found", 2),
        ("(from:ann lost)", 1),
        ("\"lost by\"", 1),
        ("from:nobody", 0),
    ] {
        assert_eq!(
            account.get(&search(query)).await?.1["meta"]["result_count"],
            count,
            "{query}"
        );
    }
    assert_eq!(account.get(&search("-found")).await?.0, 400);
    account.x.clock().advance(Duration::from_hours(24 * 8));
    let old = account
        .call_as(
            "simulated-bearer-token",
            Method::GET,
            &format!("{}&since_id={first}", search("parcel")),
            None,
        )
        .await?;
    assert_eq!(old.0, 400);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_found_by_the_duplicate_refusal() -> anyhow::Result<()> {
    let account = Account::start().await?;
    account
        .x
        .faults()
        .plan(FaultPlan::next(1, Fault::CloseMidAnswer).on("post"));
    assert!(
        account
            .post("/2/tweets", json!({ "text": "Once" }))
            .await
            .is_err()
    );
    assert_eq!(
        account
            .post("/2/tweets", json!({ "text": "Once" }))
            .await?
            .0,
        403
    );
    Ok(())
}

#[tokio::test]
async fn answers_keep_to_the_published_schemas() -> anyhow::Result<()> {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/platforms/specs/x/x-api-v2.xdk-2.159.openapi.json");
    let Ok(text) = std::fs::read_to_string(spec) else {
        println!("skipped: the published schemas are not here");
        return Ok(());
    };
    let spec: Value = serde_json::from_str(&text)?;
    let account = Account::start().await?;
    let id = account
        .mention("@simulated_shop see https://example.com #tag")
        .await;
    account.x.say(ANN, Incoming::dm("Hi")).await;
    let fields = "tweet.fields=author_id,conversation_id,created_at,referenced_tweets,entities,note_tweet,attachments,public_metrics,edit_controls&expansions=author_id&user.fields=created_at,connection_status,receives_your_dm,public_metrics";
    let answers = [
        (
            "Get2UsersIdMentionsResponse",
            account
                .get(&format!("/2/users/2244994945/mentions?{fields}"))
                .await?
                .1,
        ),
        (
            "Get2TweetsIdResponse",
            account.get(&format!("/2/tweets/{id}?{fields}")).await?.1,
        ),
        (
            "Get2TweetsResponse",
            account
                .get(&format!("/2/tweets?ids={id},99&{fields}"))
                .await?
                .1,
        ),
        (
            "Get2UsersIdResponse",
            account.get(&format!("/2/users/{ANN}?{fields}")).await?.1,
        ),
        (
            "Get2DmEventsResponse",
            account
                .get("/2/dm_events?dm_event.fields=sender_id,created_at,dm_conversation_id")
                .await?
                .1,
        ),
        (
            "TweetCreateResponse",
            account
                .post("/2/tweets", json!({ "text": "Hello" }))
                .await?
                .1,
        ),
    ];
    for (name, answer) in answers {
        assert!(spec["components"]["schemas"].get(name).is_some(), "{name}");
        let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": spec["components"] });
        let validator = jsonschema::validator_for(&schema)?;
        let problems: Vec<String> = validator
            .iter_errors(&answer)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{name}: {problems:?}\n{answer:#}");
    }
    Ok(())
}
