//! Rules and opening hours from end to end: an answer outside of the hours, an emergency, a comment that is
//! liked and nobody's work; and, in `kills`, nothing twice when the hub is killed.

#[path = "automatic/calendars.rs"]
mod calendars;
#[path = "automatic/earlier.rs"]
mod earlier;
#[path = "automatic/kills.rs"]
mod kills;
#[path = "automatic/speaking.rs"]
mod speaking;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::{FeedAct, Incoming, Surface};
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

fn options(more: String) -> SiteOptions {
    SiteOptions {
        slots: 100,
        more,
        ..SiteOptions::default()
    }
}

/// A hub that has the page's posts, too, as the channel `posts`.
async fn hub_with_posts(networks: &Networks, more: &str) -> Result<Hub> {
    let page = &networks.graph;
    let posts = format!(
        r#"
[channels.posts]
plugin = "facebook"
queue = "support"
config = {{ page_id = "{page_id}", base_url = "{graph}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", page-access-token = "env:PAGE_TOKEN" }}
hosts = ["{graph}"]
"#,
        page_id = page.options().page_id,
        graph = page.base_url(),
    );
    let hub = networks.hub(BINARY, &options(posts + more)).await?;
    let callback = format!("{}/channels/posts/webhook", hub.base());
    page.set_feed_callback_url(Url::parse(&callback)?);
    page.subscribe_on(Surface::Feed).await?;
    Ok(hub)
}

/// The history with a customer, once it has as many messages as are waited for.
async fn history(client: &Client, customer: &str, count: usize) -> Result<Vec<Value>> {
    eventually("the history", SOON, async || {
        let history = client.history("page", customer).await?;
        Ok((history.len() >= count).then_some(history))
    })
    .await
}

fn by_rule(history: &[Value]) -> Vec<&Value> {
    let said = history.iter();
    said.filter(|message| message["author"]["kind"] == "rule")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_told_once_and_ends() -> Result<()> {
    let more = r#"
[automatic]
disclosure = "This is an automatic answer."

[hours.shop]
zone = "UTC"
everywhere = true
weekly = [{ days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], from = "00:00", to = "24:00" }]
[hours.shop.emergency]
messages = [{ text = "We are in trouble, {{contact.first_name|dear customer}}." }]
work = "end"
"#;
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &options(more.to_owned())).await?;
    let administrator = hub.administrator()?;
    let hours = administrator.get("/api/v1/hours").await?;
    ensure!(hours[0]["open"] == true, "{hours}");
    let switch = "/api/v1/hours/shop/emergency";
    let declared = administrator.put(switch, &json!({})).await?;
    ensure!(
        declared["open"] == false && declared["reason"] == "emergency",
        "{declared}"
    );

    let page = &networks.graph;
    page.add_customer("9001", Profile::named("Rosa", "Diaz"));
    ensure!(
        page.say("9001", Incoming::text("hello?"))
            .await
            .acknowledged
    );
    let got = page.customers().wait_delivered("9001", 1, SOON).await;
    let got = got.context("no emergency message")?;
    ensure!(got[0].text.starts_with("We are in trouble, "), "{got:?}");
    ensure!(
        got[0].text.ends_with("\nThis is an automatic answer."),
        "{got:?}"
    );
    ensure!(
        page.say("9001", Incoming::text("anybody?"))
            .await
            .acknowledged
    );
    let said = history(&administrator, "9001", 3).await?;
    ensure!(by_rule(&said).len() == 1, "{said:#?}");
    let newest = &said[0]["rules"]["hours"];
    ensure!(newest["reason"] == "emergency", "{said:#?}");
    let reply = newest["did"].as_array().context("did")?;
    let reply = reply
        .iter()
        .find(|did| did["what"] == "reply")
        .context("reply")?;
    let why = reply["not_done"].as_str().context("why")?;
    ensure!(why.contains("since it closed"), "{why}");

    // Another one who declares the same does not begin it anew; the end is its end.
    let again = administrator.put(switch, &json!({})).await?;
    ensure!(again["since"] == declared["since"], "{again}");
    let ended = administrator.ask(Method::DELETE, switch, &[], None).await?;
    ensure!(ended.body["open"] == true, "{ended:?}");
    ensure!(page.say("9001", Incoming::text("now?")).await.acknowledged);
    let said = history(&administrator, "9001", 4).await?;
    ensure!(by_rule(&said).len() == 1, "{said:#?}");
    let id = said[0]["interaction"].as_str().context("interaction")?;
    let work = administrator
        .get(&format!("/api/v1/interactions/{id}"))
        .await?;
    ensure!(work["state"] == "queued", "{work}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn praise_is_liked_and_thanked_for_and_is_nobodys_work() -> Result<()> {
    let networks = Networks::start().await?;
    let page = &networks.graph;
    let more = r#"
[[rules]]
name = "praise"
channels = ["posts"]
when = "message.text.mentions('great') && !message.private"
then = { like = true, add_labels = ["praise"], reply = { text = "Thank you!" }, end = { disposition = "Processed" } }
stop = true

[[rules]]
name = "rest"
then = { priority = 5, add_labels = ["rest"] }
"#;
    let hub = hub_with_posts(&networks, more).await?;
    let administrator = hub.administrator()?;
    let post = page.publish("Our new parcel shop is open.", &[]);
    for (customer, text) in [("9001", "Great shop!"), ("9002", "Where is my parcel?")] {
        page.add_customer(customer, Profile::named("Customer", customer));
        let comment = FeedAct::Comment {
            post: Some(post.id.clone()),
            text: text.to_owned(),
            photo: None,
            video: None,
        };
        ensure!(page.say(customer, comment).await.acknowledged);
    }
    let got = page.customers().wait_delivered("9001", 1, SOON).await;
    ensure!(got.context("no thanks")?[0].text == "Thank you!");
    let find = async |customer: &str| {
        eventually("the message", SOON, async || {
            let said = administrator.history("posts", customer).await?;
            let first = said.into_iter().find(|m| m["author"]["kind"] == "contact");
            Ok(first)
        })
        .await
    };
    let praise = find("9001").await?;
    let steps = &praise["rules"]["steps"];
    ensure!(
        steps[0]["rule"] == "praise" && steps[0]["stopped"] == true,
        "{praise:#}"
    );
    let did = steps[0]["did"].as_array().context("did")?;
    ensure!(
        did.iter().all(|did| did.get("not_done").is_none()),
        "{praise:#}"
    );
    ensure!(did.iter().any(|did| did["what"] == "like"), "{praise:#}");
    let id = praise["interaction"].as_str().context("interaction")?;
    let work = administrator
        .get(&format!("/api/v1/interactions/{id}"))
        .await?;
    ensure!(
        work["state"] == "ended" && work["disposition"] == "Processed",
        "{work:#}"
    );
    ensure!(work["labels"] == json!(["praise"]), "{work:#}");

    let other = find("9002").await?;
    let id = other["interaction"].as_str().context("interaction")?;
    let work = administrator
        .get(&format!("/api/v1/interactions/{id}"))
        .await?;
    ensure!(
        work["state"] == "queued" && work["priority"] == 5,
        "{work:#}"
    );
    ensure!(other["rules"]["looked_at"] == 2, "{other:#}");
    Ok(())
}
