//! People who are blocked, found, and on their way.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Networks, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, SOON, ask, entries, is_problem, say, send, stranger};

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_blocked_writes_is_kept_and_no_work() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let boss = hub.administrator()?;
    say(&networks, "ann@example.com", "you will regret this").await?;
    let waiting = entries(&agent, "", 1).await?;
    let contact = waiting[0]["contact"]
        .as_str()
        .context("contact")?
        .to_owned();
    let block = format!("/api/v1/contacts/{contact}/block");
    let reason = json!({ "reason": "threats" });
    let seen = send(&agent, Method::PUT, &block, &reason).await?;
    is_problem(&seen, StatusCode::FORBIDDEN, "not-allowed")?;
    for _ in 0..2 {
        let shown = boss.put(&block, &reason).await?;
        ensure!(shown["blocked"]["reason"] == "threats", "{shown}");
    }
    // What waited is work no more.
    entries(&agent, "", 0).await?;
    let ended = agent
        .get(&format!(
            "/api/v1/interactions/{}",
            waiting[0]["id"].as_str().context("id")?
        ))
        .await?;
    ensure!(ended["end_reason"] == "cancelled", "{ended}");
    hub.kill()?;
    hub.launch().await?;
    say(&networks, "ann@example.com", "and this").await?;
    let history = format!("/api/v1/contacts/{contact}/history");
    eventually("the message is kept", SOON, async || {
        let items = boss.get(&history).await?["items"].take();
        let newest = &items[0];
        let is_there = newest["content"]["text"] == "and this";
        ensure!(!is_there || newest["interaction"].is_null(), "{newest}");
        Ok(is_there.then_some(()))
    })
    .await?;
    entries(&agent, "?scope=all", 0).await?;
    // Others are served as before.
    say(&networks, "bob@example.com", "hello").await?;
    entries(&agent, "", 1).await?;
    let seen = ask(&boss, Method::DELETE, &block).await?;
    ensure!(
        seen.body["blocked"].is_null() && seen.status == StatusCode::OK,
        "{seen:?}"
    );
    say(&networks, "ann@example.com", "sorry").await?;
    let items = entries(&agent, "", 2).await?;
    let back = items
        .iter()
        .find(|item| item["contact"] == contact.as_str());
    let back = back.context("no work of hers")?;
    ensure!(
        back["last_message"]["text"] == "sorry" && back["inbound_count"] == 1,
        "{back}"
    );
    let audit = boss.get("/api/v1/audit?action=contact.block").await?;
    ensure!(
        audit["items"].as_array().map(Vec::len) == Some(1),
        "{audit}"
    );
    hub.stop().await?;
    let output = hub.command().arg("check").output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_and_their_way_is_told() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let boss = hub.administrator()?;
    let outsider = stranger(&boss, &hub.base(), "outsider").await?;
    for customer in [
        "ann.lee@example.com",
        "bob@example.com",
        "ann.other@example.com",
    ] {
        say(&networks, customer, "hello").await?;
    }
    say(&networks, "ann.lee@example.com", "again").await?;
    let items = entries(&agent, "", 3).await?;
    let search = async |who: &Client, text: &str| {
        let path = format!("/api/v1/search?kind=contact&q={text}&limit=1");
        who.all(&path, "after").await
    };
    for (text, count) in [
        ("ann", 2),
        ("ANN%20lee", 1),
        ("example.com", 3),
        ("exam*", 3),
        ("carol", 0),
    ] {
        eventually(&format!("{count} are found by {text}"), SOON, async || {
            let found = search(&agent, text).await?;
            Ok((found.len() == count).then_some(()))
        })
        .await?;
    }
    ensure!(
        search(&outsider, "ann").await?.is_empty(),
        "others' customers are found"
    );
    let seen = ask(&agent, Method::GET, "/api/v1/search?q=%20").await?;
    is_problem(&seen, StatusCode::BAD_REQUEST, "bad-parameter")?;

    let ann = search(&agent, "ann%20lee").await?.remove(0)["contact"].take();
    let id = ann["id"].as_str().context("id")?;
    let path = format!("/api/v1/contacts/{id}/journey");
    let way = eventually("both messages", SOON, async || {
        let way = agent.get(&path).await?;
        Ok((way["channels"][0]["inbound_count"] == 2).then_some(way))
    })
    .await?;
    let web = &way["channels"][0];
    ensure!(
        way["interactions"] == 1
            && way["open"] == 1
            && way["complete"] == true
            && web["channel"] == "web"
            && web["outbound_count"] == 0
            && web["last_at"] == way["last_seen"]
            && way["first_seen"] == ann["created_at"],
        "{way}"
    );
    ensure!(items.iter().any(|item| item["contact"] == id), "{items:?}");
    is_problem(
        &ask(&outsider, Method::GET, &path).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_address_in_common_is_suggested_until_somebody_knows_better() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let boss = hub.administrator()?;
    for customer in ["ann@example.com", "bob@example.com", "cleo@example.com"] {
        say(&networks, customer, "hello").await?;
    }
    entries(&agent, "", 3).await?;
    let contact_of = async |customer: &str| {
        let path = format!("/api/v1/contacts?channel=web&identity={customer}");
        let found = boss.get(&path).await?;
        let id = found.pointer("/items/0/id").and_then(Value::as_str);
        id.map(str::to_owned).context("a contact")
    };
    let ann = contact_of("ann@example.com").await?;
    let bob = contact_of("bob@example.com").await?;
    let alike = format!("/api/v1/contacts/{ann}/alike");
    ensure!(agent.get(&alike).await? == json!({ "items": [] }));
    let attribute = format!("/api/v1/contacts/{bob}/attributes/work-email");
    let value = json!({ "type": "text", "value": "Ann@Example.com" });
    let set = send(&agent, Method::PUT, &attribute, &value).await?;
    ensure!(set.status.is_success(), "{set:?}");
    let found = agent.get(&alike).await?;
    ensure!(
        found["items"].as_array().map(Vec::len) == Some(1)
            && found.pointer("/items/0/contact/id") == Some(&json!(bob))
            && found.pointer("/items/0/common")
                == Some(&json!([{ "kind": "email", "value": "ann@example.com" }])),
        "{found}"
    );
    // It is only a suggestion: the two are one, and then two again, when people say so.
    let merge = format!("/api/v1/contacts/{ann}/merged/{bob}");
    boss.put(&merge, &json!({})).await?;
    ensure!(agent.get(&alike).await? == json!({ "items": [] }));
    ask(&boss, Method::DELETE, &merge).await?;
    ensure!(agent.get(&alike).await? == json!({ "items": [] }));
    Ok(())
}
