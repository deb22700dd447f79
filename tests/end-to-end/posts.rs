//! An account on X, from end to end: a post that names it is answered within the limit that holds
//! for the account, and every call is one that X's own description of its API has.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::record::Direction;
use linecard_simulator::x::{Incoming, Rules, XOptions, XSimulator};
use linecard_tests::{
    Client, Hub, Networks, Request, SOON, SiteOptions, Specification, eventually,
};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const CUSTOMER: &str = "9200";

/// A site with the account, which may write long posts or not.
fn site(networks: &Networks, x: &XSimulator, long_posts: bool) -> String {
    let options = x.options();
    let base = x.base_url();
    let more = format!(
        r#"
[channels.posts]
plugin = "x"
queue = "support"
config = {{ user_id = "{id}", username = "{name}", base_url = "{base}", poll_every_seconds = 1, searches = ["parcel"], long_posts = {long_posts} }}
secrets = {{ user-oauth1 = "env:X_OAUTH1", consumer-secret = "env:X_CONSUMER_SECRET" }}
hosts = ["{base}"]
"#,
        id = options.user_id,
        name = options.username,
    );
    networks.site(&SiteOptions {
        more,
        ..SiteOptions::default()
    })
}

async fn hub(networks: &Networks, x: &XSimulator) -> Result<Hub> {
    let options = x.options();
    let oauth1 = json!({
        "consumer_key": options.consumer_key, "consumer_secret": options.consumer_secret,
        "token": options.access_token, "token_secret": options.access_token_secret,
    });
    let mut hub = Hub::prepare(BINARY)?;
    hub.environment = networks.secrets();
    for (name, value) in [
        ("X_OAUTH1", oauth1.to_string()),
        ("X_CONSUMER_SECRET", options.consumer_secret.clone()),
        ("PASSWORD_AGENT_1", "agent-1".to_owned()),
    ] {
        hub.environment.push((name.to_owned(), value));
    }
    hub.launch().await?;
    hub.apply(&site(networks, x, false))?;
    Ok(hub)
}

/// The text limit of a public answer, as the API shows it.
async fn shown_limit(agent: &Client, interaction: &str) -> Result<Value> {
    let shown = agent
        .get(&format!("/api/v1/interactions/{interaction}"))
        .await?;
    let actions = shown["capabilities"]["actions"].as_array();
    let reply = actions
        .into_iter()
        .flatten()
        .find(|action| action["kind"] == "reply")
        .with_context(|| format!("no reply in {shown}"))?;
    Ok(reply["limits"]["text"].clone())
}

/// Every call that the hub has made is one that X's document has.
fn check_calls(x: &XSimulator) -> Result<()> {
    let Some(specification) = Specification::x()? else {
        return Ok(());
    };
    let mut wrong = Vec::new();
    let mut operations = std::collections::BTreeSet::new();
    for entry in x.record().entries() {
        if entry.direction != Direction::FromHub || !entry.target.starts_with("/2/") {
            continue;
        }
        let url = Url::parse(&format!("https://api.x.com{}", entry.target))?;
        let request = Request {
            method: &entry.method,
            url: &url,
            json: &entry.request,
            form: None,
        };
        let problems = specification.problems(request)?;
        wrong.extend(
            problems
                .into_iter()
                .map(|p| format!("{}: {p}", entry.operation)),
        );
        operations.insert(entry.operation);
    }
    println!("held against the document: {operations:?}");
    ensure!(wrong.is_empty(), "{wrong:#?}");
    ensure!(operations.len() >= 6, "only {operations:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_account_that_may_write_long_posts_answers_with_one() -> Result<()> {
    let networks = Networks::start().await?;
    let x = XSimulator::start(XOptions {
        rules: Rules {
            long_posts: true,
            ..Rules::default()
        },
        ..XOptions::default()
    })
    .await?;
    let hub = hub(&networks, &x).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    x.add_customer(CUSTOMER, Profile::named("Rosa", "Diaz"));
    let post = Incoming::Post {
        text: format!("@{} Where is my parcel?", x.options().username),
        reply_to: None,
        quotes: None,
        media: None,
    };
    let said = x.say(CUSTOMER, post).await;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;

    // Without the option 280 is the limit, and nothing longer gets as far as the outbox.
    let limit = shown_limit(&agent, id).await?;
    ensure!(
        limit == json!({ "max": 280, "unit": "x_weighted" }),
        "{limit}"
    );
    let messages = format!("/api/v1/interactions/{id}/messages");
    let long = json!({ "text": "a".repeat(281) });
    let refused = agent.ask(Method::POST, &messages, &[], Some(&long)).await?;
    ensure!(
        refused.body["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("text-too-long")),
        "{refused:?}"
    );
    let said_by_us = agent.all(&messages, "before").await?;
    ensure!(said_by_us.len() == 1, "{said_by_us:?}");

    // With it, the very same answer is taken and sent.
    hub.apply(&site(&networks, &x, true))?;
    let limit = shown_limit(&agent, id).await?;
    ensure!(
        limit == json!({ "max": 25_000, "unit": "x_weighted" }),
        "{limit}"
    );
    agent.post(&messages, &long).await?;
    let got = x.customers().wait_delivered(CUSTOMER, 1, SOON).await;
    let got = got.context("no answer")?;
    ensure!(got[0].text.contains(&"a".repeat(281)), "{got:?}");
    ensure!(x.record().of(Direction::FromHub, "post").len() == 1);

    // What else an agent does with a post, for the check of the calls.
    let actions = format!("/api/v1/interactions/{id}/actions");
    let target = agent.message(id, &said.message_id).await?;
    for action in [
        json!({ "action": "react", "message": target, "name": "like" }),
        json!({ "action": "unreact", "message": target, "name": "like" }),
        json!({ "action": "repost", "message": target }),
        json!({ "action": "unrepost", "message": target }),
        json!({ "action": "follow" }),
        json!({ "action": "unfollow" }),
    ] {
        agent.post(&actions, &action).await?;
    }
    let private = json!({ "text": "What is your order number?", "private": true });
    agent.post(&messages, &private).await?;
    for (operation, calls) in [("like", 2), ("repost", 2), ("follow", 2), ("dm", 1)] {
        eventually(operation, SOON, async || {
            let made = x.record().of(Direction::FromHub, operation);
            Ok((made.len() >= calls && made.iter().all(|e| e.status.is_some())).then_some(()))
        })
        .await?;
    }
    check_calls(&x)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_chat_is_work_that_says_where_it_can_be_read() -> Result<()> {
    let networks = Networks::start().await?;
    let x = XSimulator::start(XOptions::default()).await?;
    let hub = hub(&networks, &x).await?;
    let callback = format!("{}/channels/posts/webhook", hub.base());
    x.set_callback_url(Url::parse(&callback)?);
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    x.add_customer(CUSTOMER, Profile::named("Rosa", "Diaz"));
    let written = x.say(CUSTOMER, Incoming::EncryptedChat).await;
    ensure!(written.acknowledged, "{written:?}");
    let interaction = agent.accept_next().await?;
    ensure!(interaction["visibility"] == "private", "{interaction}");
    let id = interaction["id"].as_str().context("id")?;
    let said = agent
        .all(&format!("/api/v1/interactions/{id}/messages"), "before")
        .await?;
    let content = &said.first().context("a message")?["content"];
    ensure!(
        content["text"] == "Encrypted chat: open it in X."
            && content["structured"]["kind"] == "encrypted-chat",
        "{said:?}"
    );
    Ok(())
}
