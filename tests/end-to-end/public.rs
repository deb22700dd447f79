//! A Facebook page's comments and an Instagram account, from end to end: what the public writes is
//! answered in public or privately, and what happens to a comment is reflected.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::{CommentAct, FeedAct, Incoming, InstagramPerson, Surface, webhook};
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use serde_json::{Value, json};
use url::Url;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// A hub with the page's posts and the Instagram account beside the usual channels.
async fn hub(networks: &Networks) -> Result<Hub> {
    let graph = networks.graph.base_url();
    let options = networks.graph.options();
    let more = format!(
        r#"
[channels.posts]
plugin = "facebook"
queue = "support"
config = {{ page_id = "{page}", base_url = "{graph}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", page-access-token = "env:PAGE_TOKEN" }}
hosts = ["{graph}"]

[channels.instagram]
plugin = "instagram"
queue = "support"
config = {{ account_id = "{account}", base_url = "{graph}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", access-token = "env:INSTAGRAM_TOKEN" }}
hosts = ["{graph}"]
"#,
        page = options.page_id,
        account = options.instagram.id,
    );
    let site = SiteOptions {
        more,
        ..SiteOptions::default()
    };
    let mut hub = Hub::prepare(BINARY)?;
    hub.environment = networks.secrets();
    let token = options.instagram.access_token.clone();
    hub.environment.push(("INSTAGRAM_TOKEN".to_owned(), token));
    for number in 1..=site.agents {
        let password = (
            format!("PASSWORD_AGENT_{number}"),
            format!("agent-{number}"),
        );
        hub.environment.push(password);
    }
    hub.launch().await?;
    hub.apply(&networks.site(&site))?;
    networks.connect(&hub).await?;
    let callback =
        |channel: &str| Url::parse(&format!("{}/channels/{channel}/webhook", hub.base()));
    networks.graph.set_feed_callback_url(callback("posts")?);
    networks
        .graph
        .set_instagram_callback_url(callback("instagram")?);
    for surface in [Surface::Feed, Surface::Instagram] {
        networks.graph.subscribe_on(surface).await?;
    }
    Ok(hub)
}

/// Waits until the oldest message of an interaction is as wanted.
async fn first_message(
    agent: &Client,
    interaction: &str,
    what: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    eventually(what, SOON, async || {
        let messages = agent.all(&path, "before").await?;
        Ok(messages.last().filter(|m| wanted(m)).cloned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_answered_in_public_liked_hidden_and_answered_privately() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = hub(&networks).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    let post = page.publish("Our new parcel shop is open.", &[]);
    page.add_customer("9001", Profile::named("Rosa", "Diaz"));
    let comment = FeedAct::Comment {
        post: Some(post.id.clone()),
        text: "Mine never came!".to_owned(),
        photo: None,
        video: None,
    };
    let said = page.say("9001", comment).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    ensure!(
        interaction["media_type"] == "social-conversation",
        "{interaction}"
    );
    ensure!(interaction["thread"] == post.id.as_str(), "{interaction}");
    let written = first_message(&agent, id, "the comment", |_| true).await?;
    ensure!(
        written["content"]["text"] == "Mine never came!",
        "{written}"
    );

    // The answer is a child of the comment.
    let messages = format!("/api/v1/interactions/{id}/messages");
    agent
        .post(&messages, &json!({ "text": "Sorry! I am looking for it." }))
        .await?;
    let got = page.customers().wait_delivered("9001", 1, SOON).await;
    let got = got.context("no answer")?;
    ensure!(
        got[0].reply_to.as_deref() == Some(said.message_id.as_str()),
        "{got:?}"
    );

    // A like and a private answer.
    let actions = format!("/api/v1/interactions/{id}/actions");
    let target = &written["id"];
    let like = json!({ "action": "react", "message": target, "name": "like" });
    agent.post(&actions, &like).await?;
    let private = json!({ "text": "What is your order number?", "private": true });
    agent.post(&messages, &private).await?;
    let got = page.customers().wait_delivered("9001", 2, SOON).await;
    let got = got.context("no private answer")?;
    ensure!(got[1].text == "What is your order number?", "{got:?}");

    // The agent hides the comment: it is still there, and shown as hidden.
    agent
        .post(&actions, &json!({ "action": "hide", "message": target }))
        .await?;
    let hidden = first_message(&agent, id, "a hidden comment", |m| {
        !m["hidden_at"].is_null()
    })
    .await?;
    ensure!(hidden["deleted_at"].is_null(), "{hidden}");
    agent
        .post(&actions, &json!({ "action": "unhide", "message": target }))
        .await?;
    let shown = first_message(&agent, id, "a comment that is shown again", |m| {
        m["hidden_at"].is_null()
    })
    .await?;
    ensure!(shown.get("revisions").is_none(), "{shown}");
    let liked = page.feed_item(&said.message_id).context("the comment")?;
    ensure!(!format!("{liked:?}").is_empty());

    // The customer changes and deletes it while the agent works.
    let edit = FeedAct::Edit {
        id: said.message_id.clone(),
        text: "Mine came late.".to_owned(),
    };
    page.say("9001", edit).await;
    first_message(&agent, id, "the new text", |m| {
        m["content"]["text"] == "Mine came late."
    })
    .await?;
    let delete = FeedAct::Delete {
        id: said.message_id.clone(),
    };
    page.say("9001", delete).await;
    first_message(&agent, id, "a deleted comment", |m| {
        !m["deleted_at"].is_null()
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instagram_customer_is_answered_under_a_post_and_privately() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = hub(&networks).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let instagram = &networks.graph;
    let person = InstagramPerson::default();
    instagram.add_instagram_customer("9100", Profile::named("Kim", "Ono"), person);
    let said = instagram
        .say(
            "9100",
            linecard_simulator::graph::Act::Instagram(Incoming::text("Hi! Is it in stock?")),
        )
        .await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    ensure!(
        interaction["media_type"] == "social-direct-message",
        "{interaction}"
    );
    agent
        .post(
            &format!("/api/v1/interactions/{id}/messages"),
            &json!({ "text": "Yes, in blue." }),
        )
        .await?;
    let got = instagram.customers().wait_delivered("9100", 1, SOON).await;
    ensure!(got.context("no answer")?[0].text == "Yes, in blue.");

    let media = instagram.publish_media("New colours", "https://example.com/a.jpg");
    let comment = CommentAct::Comment {
        media: Some(media.id.clone()),
        text: "And red?".to_owned(),
    };
    let said = instagram.say("9100", comment).await;
    ensure!(said.acknowledged, "{said:?}");
    let public = agent.accept_next().await?;
    let public_id = public["id"].as_str().context("id")?;
    ensure!(public["media_type"] == "social-conversation", "{public}");
    agent
        .post(
            &format!("/api/v1/interactions/{public_id}/messages"),
            &json!({ "text": "Red comes in May." }),
        )
        .await?;
    let got = instagram.customers().wait_delivered("9100", 2, SOON).await;
    let got = got.context("no answer to the comment")?;
    ensure!(
        got[1].reply_to.as_deref() == Some(said.message_id.as_str()),
        "{got:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_of_one_app_share_one_address() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = hub(&networks).await?;
    let site = std::fs::read_to_string(hub.folder().join("site.toml"))?;
    let mut grouped = site;
    for plugin in ["messenger", "facebook", "instagram"] {
        let line = format!("plugin = \"{plugin}\"");
        grouped = grouped.replace(&line, &format!("{line}\nwebhook_group = \"meta\""));
    }
    hub.apply(&grouped)?;
    let admin = hub.administrator()?;
    let channel = admin.get("/api/v1/channels/posts").await?;
    ensure!(
        channel["shared_webhook_path"] == "/webhooks/meta",
        "{channel}"
    );
    let address = Url::parse(&format!("{}/webhooks/meta", hub.base()))?;
    let graph = &networks.graph;
    graph.set_callback_url(address.clone());
    graph.set_feed_callback_url(address.clone());
    graph.set_instagram_callback_url(address.clone());
    for surface in [Surface::Messenger, Surface::Feed, Surface::Instagram] {
        graph.subscribe_on(surface).await?;
    }

    let post = graph.publish("Ask us", &[]).id;
    graph.add_customer("9101", Profile::named("Ada", "Brooks"));
    graph.add_customer("9102", Profile::named("Bo", "Li"));
    let person = InstagramPerson::default();
    graph.add_instagram_customer("5600000000009103", Profile::named("Cy", "Roe"), person);
    let said = [
        graph.say("9101", Incoming::text("in private")).await,
        graph
            .say("9102", FeedAct::comment(&post, "in public"))
            .await,
        graph
            .say(
                "5600000000009103",
                linecard_simulator::graph::Act::Instagram(Incoming::text("elsewhere")),
            )
            .await,
    ];
    ensure!(said.iter().all(|said| said.acknowledged), "{said:?}");
    for (channel, identity) in [
        ("page", "9101"),
        ("posts", "9102"),
        ("instagram", "5600000000009103"),
    ] {
        eventually("each has its own", SOON, async || {
            let history = admin.history(channel, identity).await;
            Ok(history
                .is_ok_and(|history| history.len() == 1)
                .then_some(()))
        })
        .await
        .with_context(|| format!("{channel}: {}", hub.log()))?;
    }

    let last_refused = async |channel: &str| -> Result<serde_json::Value> {
        let channel = admin.get(&format!("/api/v1/channels/{channel}")).await?;
        Ok(channel["health"]["last_refused"].clone())
    };
    for channel in ["page", "posts", "instagram"] {
        let refused = last_refused(channel).await?;
        ensure!(
            refused.is_null(),
            "what another took is no refusal: {refused}"
        );
    }
    let http = linecard_tests::http()?;
    let post_to = |url: Url, signature: &'static str| {
        http.post(url)
            .header("x-hub-signature-256", signature)
            .body("{}")
            .send()
    };
    let forged = post_to(address.clone(), "sha256=00").await?;
    ensure!(
        forged.status() == reqwest::StatusCode::UNAUTHORIZED,
        "{forged:?}"
    );
    for channel in ["page", "posts", "instagram"] {
        let refused = last_refused(channel).await?;
        ensure!(refused["reason"] == "bad-signature", "{channel}: {refused}");
    }
    // A page that no channel is set up for leaves a trace, though the other products let it pass.
    let body = webhook::text_message("404404", "1", "m_strange", 1_790_000_000_000, "hi");
    let strange = webhook::signed(&graph.options().app_secret, &body);
    let request = http
        .post(address.clone())
        .header("x-hub-signature-256", strange.signature)
        .body(strange.bytes);
    ensure!(request.send().await?.status().as_u16() != 500);
    let refused = last_refused("page").await?;
    ensure!(refused["reason"] == "not-for-this-channel", "{refused}");
    let unknown = post_to(address.join("/webhooks/other")?, "").await?;
    ensure!(
        unknown.status() == reqwest::StatusCode::NOT_FOUND,
        "{unknown:?}"
    );
    Ok(())
}
