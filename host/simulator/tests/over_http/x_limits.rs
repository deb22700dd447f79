//! What X refuses to an account: signatures, tokens, permissions, limits, money.

use std::collections::BTreeMap;
use std::time::Duration;

use linecard_simulator::FaultPlan;
use linecard_simulator::x::{Rules, XError, XOptions};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::x_account::{ANN, Account};

const ME: &str = "/2/users/me";
const MENTIONS: &str = "/2/users/2244994945/mentions";

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
async fn a_signature_is_believed_within_five_minutes_of_the_networks_clock() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let options = account.x.options();
    let token = oauth1_request::Token::from_parts(
        options.consumer_key.clone(),
        options.consumer_secret.clone(),
        options.access_token.clone(),
        options.access_token_secret.clone(),
    );
    let uri = format!("{}{ME}", account.x.base_url());
    for (skew, status) in [
        (0, 200),
        (290, 200),
        (-290, 200),
        (310, 401),
        (-310, 401),
        (0, 200),
    ] {
        account.x.set_clock_skew(skew);
        let header = oauth1_request::get(&uri, &(), &token, oauth1_request::HMAC_SHA1);
        let request = account.client.get(&uri).header("authorization", header);
        assert_eq!(request.send().await?.status(), status, "{skew} seconds");
    }
    // A bearer token has no clock.
    account.x.set_clock_skew(3600);
    assert_eq!(account.get(ME).await?.0, 200);
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
async fn an_account_that_took_its_consent_away_is_refused_until_it_gives_it_back()
-> anyhow::Result<()> {
    let account = Account::start().await?;
    account.x.set_revoked(true);
    let (status, refusal) = account.get(ME).await?;
    assert_eq!((status, &refusal["title"]), (401, &json!("Unauthorized")));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "simulated-refresh-token"),
        ("client_id", "simulated-client"),
    ];
    let url = format!("{}/2/oauth2/token", account.x.base_url());
    let refresh = || account.client.post(&url).form(&form).send();
    assert_eq!(refresh().await?.status(), 400);
    // The app alone needs nobody's consent.
    let user = format!("/2/users/{ANN}");
    let app = "simulated-bearer-token";
    assert_eq!(account.call_as(app, Method::GET, &user, None).await?.0, 200);
    account.x.set_revoked(false);
    assert_eq!(account.get(ME).await?.0, 200);
    assert_eq!(refresh().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn an_app_that_may_only_read_can_change_nothing() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let id = account.mention("@simulated_shop hi").await;
    account.x.set_rules(Rules {
        read_only: true,
        ..Rules::default()
    });
    for (path, body) in [
        ("/2/tweets", json!({ "text": "Hello" })),
        ("/2/users/2244994945/likes", json!({ "tweet_id": id })),
        (
            "/2/dm_conversations/with/1500000000000000001/messages",
            json!({ "text": "Hello" }),
        ),
    ] {
        let (status, refusal) = account.post(path, body).await?;
        assert_eq!(status, 403, "{path}");
        let kind = refusal["type"].as_str().unwrap_or_default();
        assert!(kind.ends_with("/oauth1-permissions"), "{refusal}");
    }
    assert_eq!(account.get(MENTIONS).await?.1["meta"]["result_count"], 1);
    assert!(account.x.customers().delivered(ANN).is_empty());
    Ok(())
}

#[tokio::test]
async fn without_credits_every_call_is_refused() -> anyhow::Result<()> {
    let account = Account::start().await?;
    account.x.set_rules(Rules {
        credits_depleted: true,
        ..Rules::default()
    });
    for (status, refusal) in [
        account.get(MENTIONS).await?,
        account
            .post("/2/tweets", json!({ "text": "Hello" }))
            .await?,
    ] {
        assert_eq!(
            (status, &refusal["title"]),
            (402, &json!("CreditsDepleted"))
        );
        let kind = refusal["type"].as_str().unwrap_or_default();
        assert!(kind.ends_with("/credits"), "{refusal}");
    }
    account.x.set_rules(Rules::default());
    assert_eq!(account.get(MENTIONS).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_months_cap_stops_reading_posts_and_nothing_else() -> anyhow::Result<()> {
    let account = Account::start().await?;
    account.x.set_rules(Rules {
        usage_capped: true,
        ..Rules::default()
    });
    let request = account
        .client
        .get(format!("{}{MENTIONS}", account.x.base_url()))
        .bearer_auth("simulated-user-token");
    let refused = request.send().await?;
    assert_eq!(refused.status(), 429);
    // Calls are left in this quarter of an hour: waiting for its end brings nothing.
    assert_eq!(header(&refused, "x-rate-limit-remaining"), Some(299));
    let refusal: Value = refused.json().await?;
    assert_eq!(refusal["title"], "UsageCapExceeded");
    assert_eq!(refusal["period"], "Monthly");
    let kind = refusal["type"].as_str().unwrap_or_default();
    assert!(kind.ends_with("/usage-capped"), "{refusal}");
    assert_eq!(account.get(ME).await?.0, 200);
    let post = json!({ "text": "Hello" });
    assert_eq!(account.post("/2/tweets", post).await?.0, 201);
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

fn header(response: &Response, name: &str) -> Option<i64> {
    response.headers().get(name)?.to_str().ok()?.parse().ok()
}

#[tokio::test]
async fn a_days_limit_outlasts_the_quarter_of_an_hour() -> anyhow::Result<()> {
    let account = Account::with(XOptions {
        daily_limits: BTreeMap::from([("post".to_owned(), 1)]),
        token_lifetime: Duration::from_hours(100),
        ..XOptions::default()
    })
    .await?;
    let post = |text: &str| {
        account
            .client
            .post(format!("{}/2/tweets", account.x.base_url()))
            .bearer_auth("simulated-user-token")
            .json(&json!({ "text": text }))
            .send()
    };
    assert_eq!(post("one").await?.status(), 201);
    let spent = post("two").await?;
    assert_eq!(spent.status(), 429);
    let now = account.x.clock().now_ms() / 1000;
    assert_eq!(header(&spent, "x-rate-limit-remaining"), Some(98));
    assert_eq!(header(&spent, "x-app-limit-24hour-limit"), Some(1));
    assert_eq!(header(&spent, "x-app-limit-24hour-remaining"), Some(0));
    let quarter = header(&spent, "x-rate-limit-reset").unwrap_or(0) - now;
    let day = header(&spent, "x-app-limit-24hour-reset").unwrap_or(0) - now;
    assert!((800..=900).contains(&quarter), "{quarter}");
    assert!((86_000..=86_400).contains(&day), "{day}");
    assert!(spent.headers().get("retry-after").is_none());
    account.x.clock().advance(Duration::from_mins(16));
    assert_eq!(post("three").await?.status(), 429);
    account.x.clock().advance(Duration::from_hours(24));
    assert_eq!(post("four").await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn a_throttle_can_be_asked_for_by_name() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let now = account.x.clock().now_ms();
    let refusal = XError::named("rate_limited", now).expect("a name");
    let plan = FaultPlan::next(1, refusal.fault()).on("me");
    account.x.faults().plan(plan);
    let me = || {
        let url = format!("{}{ME}", account.x.base_url());
        account
            .client
            .get(url)
            .bearer_auth("simulated-user-token")
            .send()
    };
    let refused = me().await?;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "x-rate-limit-remaining"), Some(0));
    assert_eq!(
        header(&refused, "x-rate-limit-reset"),
        Some(now / 1000 + 60)
    );
    assert_eq!(me().await?.status(), 200);
    Ok(())
}
