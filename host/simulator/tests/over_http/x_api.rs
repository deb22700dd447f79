//! X API v2 over real HTTP: signatures, posts, timelines, direct messages, media, refusals.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use linecard_simulator::x::{Incoming, Rules, XOptions, XSimulator};
use linecard_simulator::{Fault, FaultPlan, Profile, Reachability};
use reqwest::{Client, Method};
use serde_json::{Value, json};

const ANN: &str = "1500000000000000001";

struct Account {
    x: XSimulator,
    client: Client,
}

impl Account {
    async fn start() -> anyhow::Result<Self> {
        Self::with(XOptions::default()).await
    }

    async fn with(options: XOptions) -> anyhow::Result<Self> {
        let x = XSimulator::start(options).await?;
        x.add_customer(
            ANN,
            Profile {
                nickname: Some("ann".to_owned()),
                ..Profile::named("Ann", "Lee")
            },
        );
        Ok(Self {
            x,
            client: Client::builder().no_proxy().build()?,
        })
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(u16, Value)> {
        self.call_as("simulated-user-token", method, path, body)
            .await
    }

    async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.x.base_url()))
            .bearer_auth(token)
            .timeout(Duration::from_secs(2));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn mention(&self, text: &str) -> String {
        self.x.say(ANN, Incoming::mention(text)).await.message_id
    }
}

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
async fn an_independent_signer_is_believed_and_a_changed_call_is_not() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let options = account.x.options();
    let token = oauth1_request::Token::from_parts(
        options.consumer_key.clone(),
        options.consumer_secret.clone(),
        options.access_token.clone(),
        options.access_token_secret.clone(),
    );
    let uri = format!("{}/2/users/me", account.x.base_url());
    let query = oauth1_request::ParameterList::new([(
        "user.fields",
        &"created_at,name" as &dyn std::fmt::Display,
    )]);
    let header = oauth1_request::get(&uri, &query, &token, oauth1_request::HMAC_SHA1);
    let send = |query: &'static str| {
        account
            .client
            .get(format!("{uri}?user.fields={query}"))
            .header("authorization", &header)
            .send()
    };
    assert_eq!(
        send("name").await?.status(),
        401,
        "another query than was signed"
    );
    assert_eq!(send("created_at%2Cname").await?.status(), 200);
    assert_eq!(
        send("created_at%2Cname").await?.status(),
        401,
        "the nonce was used"
    );
    account.x.set_clock_skew(3600);
    let header = oauth1_request::get(&uri, &(), &token, oauth1_request::HMAC_SHA1);
    let late = account
        .client
        .get(&uri)
        .header("authorization", header)
        .send()
        .await?;
    assert_eq!(late.status(), 401);
    Ok(())
}

#[tokio::test]
async fn tokens_expire_and_each_refresh_token_serves_once() -> anyhow::Result<()> {
    let account = Account::start().await?;
    account.x.clock().advance(Duration::from_hours(3));
    assert_eq!(account.get("/2/users/me").await?.0, 401);
    let url = format!("{}/2/oauth2/token", account.x.base_url());
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "simulated-refresh-token"),
        ("client_id", "simulated-client"),
    ];
    let fresh: Value = account
        .client
        .post(&url)
        .form(&form)
        .send()
        .await?
        .json()
        .await?;
    let token = fresh["access_token"].as_str().unwrap_or_default();
    assert_eq!(
        account
            .call_as(token, Method::GET, "/2/users/me", None)
            .await?
            .0,
        200
    );
    assert_eq!(
        account.client.post(&url).form(&form).send().await?.status(),
        400
    );
    Ok(())
}

#[tokio::test]
async fn limits_are_counted_and_told() -> anyhow::Result<()> {
    let account = Account::with(XOptions {
        limits: BTreeMap::from([("me".to_owned(), 2)]),
        ..XOptions::default()
    })
    .await?;
    for _ in 0..2 {
        assert_eq!(account.get("/2/users/me").await?.0, 200);
    }
    let url = format!("{}/2/users/me", account.x.base_url());
    let spent = account
        .client
        .get(url)
        .bearer_auth("simulated-user-token")
        .send()
        .await?;
    assert_eq!(spent.status(), 429);
    assert_eq!(spent.headers()["x-rate-limit-remaining"], "0");
    assert_eq!(spent.headers()["x-rate-limit-limit"], "2");
    account.x.clock().advance(Duration::from_mins(16));
    assert_eq!(account.get("/2/users/me").await?.0, 200);
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
async fn a_video_is_uploaded_in_pieces_and_processed() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let start =
        json!({ "media_type": "video/mp4", "total_bytes": 6, "media_category": "tweet_video" });
    let (_, begun) = account.post("/2/media/upload/initialize", start).await?;
    let id = begun["data"]["id"].as_str().unwrap_or_default().to_owned();
    for (index, piece) in ["YWJj", "ZGVm"].iter().enumerate() {
        let piece = json!({ "segment_index": index, "media": piece });
        assert_eq!(
            account
                .post(&format!("/2/media/upload/{id}/append"), piece)
                .await?
                .0,
            200
        );
    }
    let (_, done) = account
        .post(&format!("/2/media/upload/{id}/finalize"), json!({}))
        .await?;
    assert_eq!(done["data"]["processing_info"]["state"], "in_progress");
    let post = json!({ "text": "Look", "media": { "media_ids": [id] } });
    assert_eq!(account.post("/2/tweets", post.clone()).await?.0, 400);
    account.x.clock().advance(Duration::from_secs(6));
    let status = account
        .get(&format!("/2/media/upload?command=STATUS&media_id={id}"))
        .await?
        .1;
    assert_eq!(status["data"]["processing_info"]["state"], "succeeded");
    assert_eq!(account.post("/2/tweets", post).await?.0, 201);
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
