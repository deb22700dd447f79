//! Labels, attributes, followers and notes.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Networks, SiteOptions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, SOON, ask, entries, id_of, is_problem, send, stranger, taken, two_agents};

#[tokio::test(flavor = "multi_thread")]
async fn labels_attributes_and_followers_stand_on_an_interaction() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let boss = hub.administrator()?;
    let outsider = stranger(&boss, &hub.base(), "outsider").await?;
    let id = taken(&networks, &agent, "ann@example.com", "hello").await?;
    let of = format!("/api/v1/interactions/{id}");
    let mut events = agent.events(None).await?;
    let put = async |path: &str, body: &Value| agent.put(&format!("{of}/{path}"), body).await;

    for _ in 0..2 {
        let shown = put("labels/vip", &json!({})).await?;
        ensure!(shown["labels"] == json!(["vip"]), "{shown}");
    }
    put("labels/Gr%C3%B6%C3%9Fe%20XL", &json!({})).await?;
    let told = events.wait_for("interaction-marked", SOON).await?;
    ensure!(
        told["data"]["labels"] == json!(["vip"]) && told["data"]["by"] == "agent-1",
        "{told}"
    );
    let seen = send(&agent, Method::PUT, &format!("{of}/labels/%20"), &json!({})).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
    ask(
        &agent,
        Method::DELETE,
        &format!("{of}/labels/Gr%C3%B6%C3%9Fe%20XL"),
    )
    .await?;
    entries(&agent, "?label=vip", 1).await?;

    for (name, value) in [
        ("order", json!({ "type": "text", "value": "4711" })),
        ("amount", json!({ "type": "number", "value": 12.5 })),
        ("gift", json!({ "type": "boolean", "value": true })),
        ("due", json!({ "type": "date", "value": "2026-12-24" })),
    ] {
        let shown = put(&format!("attributes/{name}"), &value).await?;
        ensure!(shown["attributes"][name] == value, "{shown}");
    }
    for (name, value) in [
        ("due", json!({ "type": "date", "value": "2026-02-30" })),
        ("due", json!({ "type": "moment", "value": "now" })),
        ("Due Day", json!({ "type": "boolean", "value": true })),
        (
            "order",
            json!({ "type": "text", "value": "x".repeat(1_001) }),
        ),
    ] {
        let path = format!("{of}/attributes/{}", name.replace(' ', "%20"));
        let seen = send(&agent, Method::PUT, &path, &value).await?;
        is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
    }
    let seen = ask(&agent, Method::DELETE, &format!("{of}/attributes/gift")).await?;
    ensure!(seen.body["attributes"]["gift"].is_null(), "{seen:?}");

    // Whoever follows sees it, though it is in no queue of theirs.
    is_problem(
        &ask(&outsider, Method::GET, &of).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    let mut outside = outsider.events(None).await?;
    put("followers/outsider", &json!({})).await?;
    let told = outside.wait_for("interaction-marked", SOON).await?;
    ensure!(told["data"]["followers"] == json!(["outsider"]), "{told}");
    outsider.get(&of).await?;
    entries(&outsider, "?scope=followed", 1).await?;
    let seen = send(
        &agent,
        Method::PUT,
        &format!("{of}/followers/nobody"),
        &json!({}),
    )
    .await?;
    is_problem(&seen, StatusCode::NOT_FOUND, "not-found")?;

    hub.kill()?;
    hub.launch().await?;
    let shown = agent.get(&of).await?;
    ensure!(
        shown["labels"] == json!(["vip"])
            && shown["attributes"]["amount"]["value"] == 12.5
            && shown["followers"] == json!(["outsider"]),
        "{shown}"
    );
    ask(&outsider, Method::DELETE, &format!("{of}/followers/me")).await?;
    is_problem(
        &ask(&outsider, Method::GET, &of).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;

    // A contact's attributes stay with the contact.
    let contact = shown["contact"].as_str().context("contact")?;
    let tier = json!({ "type": "text", "value": "gold" });
    let path = format!("/api/v1/contacts/{contact}/attributes/tier");
    let saved = agent.put(&path, &tier).await?;
    ensure!(saved["attributes"]["tier"] == tier, "{saved}");
    is_problem(
        &send(&outsider, Method::PUT, &path, &tier).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    ask(&agent, Method::DELETE, &path).await?;
    let saved = agent.get(&format!("/api/v1/contacts/{contact}")).await?;
    ensure!(saved["attributes"].is_null(), "{saved}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_may_name_its_labels() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let site = networks.site(&SiteOptions::default());
    hub.apply(&format!("labels = [\"vip\", \"refund\"]\n{site}"))?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let id = taken(&networks, &agent, "ann@example.com", "hello").await?;
    let of = format!("/api/v1/interactions/{id}/labels");
    agent.put(&format!("{of}/refund"), &json!({})).await?;
    let seen = send(&agent, Method::PUT, &format!("{of}/other"), &json!({})).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
    let detail = seen.body["detail"].as_str().unwrap_or_default();
    ensure!(detail.contains("refund, vip"), "{detail}");
    hub.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_for_colleagues() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    let boss = hub.administrator()?;
    let outsider = stranger(&boss, &hub.base(), "outsider").await?;
    let id = taken(&networks, &agent, "ann@example.com", "hello").await?;
    let of = format!("/api/v1/interactions/{id}");
    let notes = format!("{of}/notes");
    let mut outside = outsider.events(None).await?;
    let text = "Wants a refund. @outsider, please look; not you, @nobody.";
    let note = agent.post(&notes, &json!({ "text": text })).await?;
    let note_id = id_of(&note)?;
    ensure!(
        note["author"] == "agent-1"
            && note["mentions"] == json!(["outsider"])
            && note["interaction"] == id.as_str(),
        "{note}"
    );
    // Whoever is named is told, and may look.
    let told = outside.wait_for("note-saved", SOON).await?;
    ensure!(told["data"] == note, "{told}");
    outsider.get(&of).await?;
    let own = format!("{notes}/{note_id}");
    let changed = json!({ "text": "Wants an exchange." });
    is_problem(
        &send(&other, Method::PUT, &own, &changed).await?,
        StatusCode::FORBIDDEN,
        "not-allowed",
    )?;
    let seen = agent.put(&own, &changed).await?;
    ensure!(
        seen["text"] == "Wants an exchange." && seen["edited_at"].is_string(),
        "{seen}"
    );
    for text in ["", "  ", &"x".repeat(4_001)] {
        let seen = send(&agent, Method::POST, &notes, &json!({ "text": text })).await?;
        is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
        ensure!(seen.body["pointer"] == "/text", "{seen:?}");
    }
    let contact = note["contact"].as_str().context("contact")?;
    let on_contact = format!("/api/v1/contacts/{contact}/notes");
    let second = other
        .post(&on_contact, &json!({ "text": "Calls in the morning" }))
        .await?;
    ensure!(second["interaction"].is_null(), "{second}");
    hub.kill()?;
    hub.launch().await?;
    let all = agent.get(&on_contact).await?;
    ensure!(
        all["items"][0] == second && all["items"][1] == seen,
        "{all}"
    );
    let page = agent.get(&format!("{on_contact}?limit=1")).await?;
    let next = page["next"].as_str().context("next")?;
    let rest = agent
        .get(&format!("{on_contact}?limit=1&after={next}"))
        .await?;
    ensure!(
        rest["items"][0]["id"] == note["id"] && rest["next"].is_null(),
        "{rest}"
    );
    let listed = agent.get(&notes).await?;
    ensure!(
        listed["items"].as_array().map(Vec::len) == Some(1),
        "{listed}"
    );
    ensure!(listed["items"][0]["revisions"].is_null(), "{listed}");
    let listed = boss.get(&notes).await?;
    ensure!(
        listed["items"][0]["revisions"][0]["text"] == text,
        "{listed}"
    );
    // A supervisor may delete it; what is left says only that there was one.
    ensure!(ask(&boss, Method::DELETE, &own).await?.status == StatusCode::NO_CONTENT);
    let listed = agent.get(&notes).await?;
    let left = &listed["items"][0];
    ensure!(
        left["text"].is_null() && left["deleted_at"].is_string(),
        "{left}"
    );
    is_problem(
        &send(&agent, Method::PUT, &own, &changed).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    // Nothing of it went out.
    agent
        .post(&format!("{of}/messages"), &json!({ "text": "Dear Ann" }))
        .await?;
    let customers = networks.web.customers();
    let got = customers.wait_delivered("ann@example.com", 1, SOON).await;
    let got = got.context("nothing was sent")?;
    ensure!(got.len() == 1 && got[0].text == "Dear Ann", "{got:?}");
    Ok(())
}
