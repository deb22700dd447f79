//! A person asks what is kept about them, and then that nothing be kept.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::Method;
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const SAID: &str = "Zqxb'Kvlw: where is it?";

/// Stops the hub and looks for what was said in the bytes on the disk, once the data was written anew.
async fn nothing_is_left(hub: &mut Hub) -> Result<()> {
    hub.stop().await?;
    for command in ["check", "rebuild", "compact", "check"] {
        let output = hub.command().arg(command).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command}: {told}");
    }
    // The folder from before the rebuild is the operator's to delete.
    let store = hub.data().join("store");
    let mut looked_at = 0;
    for entry in std::fs::read_dir(&store)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let bytes = std::fs::read(entry.path())?;
            looked_at += bytes.len();
            let word = b"Zqxb'Kvlw";
            let is_there = bytes.windows(word.len()).any(|w| w == word);
            ensure!(!is_there, "{} still has it", entry.path().display());
        }
    }
    ensure!(looked_at > 1_000, "{}", store.display());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_everything_and_is_erased_once() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let admin = hub.administrator()?;
    let mut events = agent.events(None).await?;
    agent.go_ready().await?;
    let said = networks.graph.say("7001", Incoming::text(SAID)).await;
    ensure!(said.acknowledged, "{said:?}");
    events.wait_for("interaction-offered", SOON).await?;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let contact = interaction["contact"].as_str().context("contact")?;
    let of_contact = format!("/api/v1/contacts/{contact}");

    // What colleagues put to it: with a key, under which the answer is kept for a time.
    let of_interaction = format!("/api/v1/interactions/{id}");
    for (method, path, body) in [
        (
            Method::POST,
            format!("{of_interaction}/notes"),
            json!({ "text": format!("note {SAID}") }),
        ),
        (
            Method::POST,
            format!("{of_contact}/notes"),
            json!({ "text": format!("also {SAID}") }),
        ),
        (
            Method::PUT,
            format!("{of_interaction}/draft"),
            json!({ "text": format!("draft {SAID}") }),
        ),
        (
            Method::PUT,
            format!("{of_interaction}/attributes/name"),
            json!({ "type": "text", "value": format!("attribute {SAID}") }),
        ),
        (
            Method::PUT,
            format!("{of_contact}/attributes/name"),
            json!({ "type": "text", "value": format!("fact {SAID}") }),
        ),
    ] {
        let key = [("idempotency-key", path.as_str())];
        let put = agent.ask(method, &path, &key, Some(&body)).await?;
        ensure!(put.status.is_success(), "{put:?}");
    }

    let export = admin.get(&format!("{of_contact}/export")).await?;
    let text = export.to_string();
    ensure!(text.contains(SAID) && text.contains("7001"), "{text}");
    for what in ["note", "also", "draft", "attribute", "fact"] {
        ensure!(text.contains(&format!("{what} {SAID}")), "{what}: {text}");
    }
    ensure!(
        export["messages"][0]["raw"]
            .as_str()
            .is_some_and(|raw| raw.contains("7001"))
    );
    ensure!(export["interactions"][0]["id"] == id, "{text}");
    let refused = agent
        .ask(Method::GET, &format!("{of_contact}/export"), &[], None)
        .await?;
    ensure!(refused.status == 403, "{refused:?}");

    let erase = async |who: &Client| {
        let key = [("idempotency-key", "erase-7001")];
        who.ask(Method::DELETE, &of_contact, &key, None).await
    };
    ensure!(erase(&agent).await?.status == 403);
    // While somebody has the interaction, nothing is erased.
    let busy = erase(&admin).await?;
    ensure!(busy.status == 409, "{busy:?}");
    let end = format!("/api/v1/interactions/{id}");
    agent.post(&format!("{end}/end"), &json!({})).await?;
    let code = json!({ "disposition": "Processed" });
    agent.post(&format!("{end}/wrap-up"), &code).await?;
    for _ in 0..2 {
        let done = erase(&admin).await?;
        ensure!(done.status == 204, "{done:?}");
    }
    events.wait_for("contact-erased", SOON).await?;
    let history = admin.get(&format!("{of_contact}/history")).await?;
    ensure!(
        history["items"].as_array().map(Vec::len) == Some(1),
        "{history}"
    );
    ensure!(!history.to_string().contains(SAID), "{history}");
    let found = admin
        .get("/api/v1/contacts?channel=page&identity=7001")
        .await?;
    ensure!(found["items"] == json!([]), "{found}");
    let audit = admin.get("/api/v1/audit?action=contact.erase").await?;
    ensure!(
        audit["items"].as_array().map(Vec::len) == Some(1),
        "{audit}"
    );
    // Who reads everything from the beginning finds that something was said, and not what.
    let mut again = admin.events(Some(0)).await?;
    let read = async {
        loop {
            let (_, event) = again.next().await?.context("the stream ended")?;
            ensure!(!event.to_string().contains(SAID), "{event}");
            if event["kind"] == "contact-erased" {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(SOON, read).await??;
    // Whoever writes again is somebody new.
    let said = networks
        .graph
        .say("7001", Incoming::text("Hello again"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    eventually("the new contact", SOON, async || {
        let found = admin
            .get("/api/v1/contacts?channel=page&identity=7001")
            .await?;
        let id = found.pointer("/items/0/id").and_then(|id| id.as_str());
        Ok(id.map(|id| id != contact).filter(|is_new| *is_new))
    })
    .await?;

    nothing_is_left(&mut hub).await?;
    Ok(())
}

/// Two customers who turn out to be one person: whoever may see the one sees both, all is given out together,
/// and erasing the one by either's id leaves nothing of the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_merged_person_is_seen_exported_and_erased_as_one() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let admin = hub.administrator()?;
    agent.go_ready().await?;
    let mut ids = Vec::new();
    for (customer, text) in [
        ("7101", SAID),
        ("7102", "Zqxb'Kvlw again, from my other account"),
    ] {
        let said = networks.graph.say(customer, Incoming::text(text)).await;
        ensure!(said.acknowledged, "{said:?}");
        let interaction = agent.accept_next().await?;
        let id = interaction["id"].as_str().context("id")?.to_owned();
        let contact = interaction["contact"]
            .as_str()
            .context("contact")?
            .to_owned();
        ids.push((id, contact));
    }
    let [(first, one), (second, other)] = ids.as_slice() else {
        anyhow::bail!("{ids:?}");
    };
    ensure!(one != other);

    let stranger = json!({ "config": { "password": "stored" }, "password": "stranger-pw" });
    admin.put("/api/v1/agents/stranger", &stranger).await?;
    let queue = json!({ "config": { "members": ["stranger"] } });
    admin.put("/api/v1/queues/elsewhere", &queue).await?;
    let stranger = Client::sign_in(&hub.base(), "stranger", "stranger-pw").await?;
    let merge = format!("/api/v1/contacts/{other}/merged/{one}");
    let refused = agent
        .ask(Method::PUT, &merge, &[], Some(&json!({})))
        .await?;
    ensure!(refused.status == 403, "{refused:?}");
    admin.put(&merge, &json!({})).await?;
    for who in [&agent, &admin] {
        for id in [one, other] {
            let shown = who.get(&format!("/api/v1/contacts/{id}")).await?;
            ensure!(shown["id"] == one.as_str(), "{shown}");
            let history = who.get(&format!("/api/v1/contacts/{id}/history")).await?;
            let texts = history.to_string();
            ensure!(
                texts.contains(SAID) && texts.contains("my other account"),
                "{history}"
            );
        }
    }
    // Somebody who works elsewhere sees neither.
    for id in [one, other] {
        let path = format!("/api/v1/contacts/{id}");
        let seen = stranger.ask(Method::GET, &path, &[], None).await?;
        ensure!(seen.status == 404, "{seen:?}");
        let export = admin.get(&format!("/api/v1/contacts/{id}/export")).await?;
        let text = export.to_string();
        for needed in [SAID, "my other account", "7101", "7102", first, second] {
            ensure!(text.contains(needed), "{needed} is missing: {text}");
        }
    }

    let of_other = format!("/api/v1/contacts/{other}");
    let erase = async |name: &str| {
        let key = [("idempotency-key", name)];
        admin.ask(Method::DELETE, &of_other, &key, None).await
    };
    // An open conversation of either of the two holds it up.
    for id in [first, second] {
        let busy = erase(id).await?;
        ensure!(busy.status == 409, "{busy:?}");
        let of = format!("/api/v1/interactions/{id}");
        agent.post(&format!("{of}/end"), &json!({})).await?;
        let code = json!({ "disposition": "Processed" });
        agent.post(&format!("{of}/wrap-up"), &code).await?;
    }
    let done = erase("done").await?;
    ensure!(done.status == 204, "{done:?}");
    for id in [one, other] {
        for path in ["", "/history", "/export", "/events"] {
            let path = format!("/api/v1/contacts/{id}{path}");
            let seen = admin.ask(Method::GET, &path, &[], None).await?;
            let text = seen.body.to_string();
            for gone in ["Zqxb'Kvlw", "7101", "7102"] {
                ensure!(!text.contains(gone), "{path} still has {gone}: {text}");
            }
        }
    }
    for customer in ["7101", "7102"] {
        let path = format!("/api/v1/contacts?channel=page&identity={customer}");
        let found = admin.get(&path).await?;
        ensure!(found["items"] == json!([]), "{found}");
    }
    nothing_is_left(&mut hub).await?;
    Ok(())
}
