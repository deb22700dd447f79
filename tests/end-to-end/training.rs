//! What models learn from: corrected, added, changed, excluded, exported and trained on; and what agents ended
//! conversations with.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const TRAINING: &str = "/api/v1/training-messages";

/// The source of each item, what it says, and whether it is excluded.
fn items(page: &Value) -> Vec<(&str, &str, bool)> {
    let items = page["items"].as_array().map(Vec::as_slice);
    let items = items.unwrap_or_default().iter();
    items
        .map(|item| {
            let source = item["source"].as_str().unwrap_or_default();
            let text = item["text"].as_str().unwrap_or_default();
            (source, text, item["excluded"] == true)
        })
        .collect()
}

async fn export(client: &Client, query: &str) -> Result<Vec<String>> {
    let path = format!("{TRAINING}/export{query}");
    let seen = client.ask(Method::GET, &path, &[], None).await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");
    let table = seen.body.as_str().context("a table")?;
    Ok(table.lines().map(str::to_owned).collect())
}

fn train(hub: &Hub, arguments: &[&str]) -> Result<(bool, String)> {
    let output = hub.command().arg("train").args(arguments).output()?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), said))
}

/// What a customer says, once it is there: its interaction and its id.
async fn said(
    networks: &Networks,
    admin: &Client,
    customer: &str,
    text: &str,
) -> Result<(String, String)> {
    networks
        .graph
        .add_customer(customer, Profile::named("A", "B"));
    let said = networks.graph.say(customer, Incoming::text(text)).await;
    ensure!(said.acknowledged, "{said:?}");
    eventually("the message", SOON, async || {
        let history = admin.history("page", customer).await?;
        let message = history.iter().find(|m| m["content"]["text"] == text);
        Ok(message.and_then(|message| {
            let id = |key: &str| Some(message[key].as_str()?.to_owned());
            Some((id("interaction")?, id("id")?))
        }))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn training_messages_are_added_changed_excluded_exported_and_learned_from() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let admin = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;

    // What cannot be kept is refused with its place, and nobody without the right keeps any.
    let long = "x".repeat(4_001);
    for (body, pointer) in [
        (json!({"text": " ", "labels": ["a"]}), "/text"),
        (json!({"text": long, "labels": ["a"]}), "/text"),
        (json!({"text": "x", "labels": []}), "/labels"),
        (json!({"text": "x", "labels": ["a\tb"]}), "/labels"),
    ] {
        let refused = admin.ask(Method::POST, TRAINING, &[], Some(&body)).await?;
        ensure!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY,
            "{refused:?}"
        );
        ensure!(refused.body["pointer"] == pointer, "{refused:?}");
    }
    let late = json!({"text": "Late\tagain,\nas ever", "labels": ["complaint"]});
    let refused = agent.ask(Method::POST, TRAINING, &[], Some(&late)).await?;
    ensure!(refused.status == StatusCode::FORBIDDEN, "{refused:?}");

    // The same request has one effect.
    let key = [("idempotency-key", "one")];
    let added = admin.ask(Method::POST, TRAINING, &key, Some(&late)).await?;
    let again = admin.ask(Method::POST, TRAINING, &key, Some(&late)).await?;
    ensure!(
        added.body["id"] == again.body["id"] && added.body["id"].is_string(),
        "{again:?}"
    );
    let both = json!({"text": "Thanks, but late", "labels": ["complaint", "praise"]});
    let both = admin.post(TRAINING, &both).await?;
    let gone = admin
        .post(TRAINING, &json!({"text": "Gone", "labels": ["x"]}))
        .await?;
    let path = |id: &Value| format!("{TRAINING}/{}", id.as_str().unwrap_or_default());
    let removed = admin
        .ask(Method::DELETE, &path(&gone["id"]), &[], None)
        .await?;
    ensure!(removed.status == StatusCode::NO_CONTENT, "{removed:?}");
    let unknown = admin
        .ask(Method::DELETE, &path(&gone["id"]), &[], None)
        .await?;
    ensure!(unknown.status == StatusCode::NOT_FOUND, "{unknown:?}");
    let praise = json!({"text": "Thanks", "labels": ["praise"], "excluded": true});
    admin.put(&path(&both["id"]), &praise).await?;

    // A customer's message is corrected by an agent and kept out by whoever may.
    let (interaction, message) = said(&networks, &admin, "9601", "Where is it?").await?;
    let of = |what: &str| format!("/api/v1/interactions/{interaction}/messages/{message}/{what}");
    let question = json!({"labels": ["question"]});
    admin.put(&of("scores"), &question).await?;
    let listed = admin.get(TRAINING).await?;
    let expected = [
        ("added", "Thanks", true),
        ("added", "Late\tagain,\nas ever", false),
        ("correction", "Where is it?", false),
    ];
    ensure!(items(&listed) == expected, "{listed:#}");
    ensure!(listed["items"][2]["message"] == *message, "{listed:#}");
    // Page by page it is the same.
    let pages = admin.all(&format!("{TRAINING}?limit=1"), "after").await?;
    ensure!(pages.len() == 3, "{pages:#?}");
    let not_own = admin
        .ask(
            Method::PUT,
            &format!("{TRAINING}/{message}"),
            &[],
            Some(&praise),
        )
        .await?;
    ensure!(not_own.status == StatusCode::NOT_FOUND, "{not_own:?}");
    let out = json!({"excluded": true});
    let refused = agent
        .ask(Method::PUT, &of("training"), &[], Some(&out))
        .await?;
    ensure!(refused.status == StatusCode::FORBIDDEN, "{refused:?}");
    for _ in 0..2 {
        admin.put(&of("training"), &out).await?;
    }
    admin
        .put(&of("scores"), &json!({"labels": ["order"]}))
        .await?;

    // After a kill all of it is there, and the table has what is not excluded.
    hub.kill()?;
    hub.launch().await?;
    let table = export(&admin, "").await?;
    ensure!(
        table.len() == 2 && table[0].starts_with("text\tlabel\tlabels\tsource\tid\t"),
        "{table:#?}"
    );
    ensure!(
        table[1].starts_with("Late again, as ever\tcomplaint\tcomplaint\tadded\t"),
        "{table:#?}"
    );
    admin
        .put(&of("training"), &json!({"excluded": false}))
        .await?;
    let table = export(&admin, "").await?;
    ensure!(
        table.len() == 3 && table[2].starts_with("Where is it?\torder\torder\tcorrection\t"),
        "{table:#?}"
    );
    let audit = admin.get("/api/v1/audit?action=training.exclude").await?;
    ensure!(
        audit["items"].as_array().is_some_and(|all| all.len() == 1),
        "{audit}"
    );

    // `linecard train` takes the table, and what the hub has.
    std::fs::write(hub.folder().join("t.tsv"), table.join("\n"))?;
    let columns = [
        "t.tsv", "--text", "text", "--label", "label", "--out", "m.model",
    ];
    for arguments in [&columns[..], &["--history", "--out", "m.model"]] {
        let (trained, told) = train(&hub, arguments)?;
        ensure!(
            !trained && told.contains("there are 2 labelled texts"),
            "{arguments:?}: {told}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_ended_conversations_with_is_learned_from() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let admin = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    for (customer, text, code) in [
        ("9601", "My order came broken", "Processed"),
        ("9602", "I would like two more", "Up Sell"),
        ("9603", "It is late", "Processed"),
    ] {
        said(&networks, &admin, customer, text).await?;
        let work = agent.accept_next().await?;
        let id = work["id"].as_str().context("id")?.to_owned();
        networks
            .graph
            .say(customer, Incoming::text("Anybody there?"))
            .await;
        agent
            .post(
                &format!("/api/v1/interactions/{id}/end"),
                &json!({"disposition": code}),
            )
            .await?;
    }
    let listed = admin
        .get(&format!("{TRAINING}?disposition=Processed"))
        .await?;
    let expected = [
        ("disposition", "It is late", false),
        ("disposition", "My order came broken", false),
    ];
    ensure!(items(&listed) == expected, "{listed:#}");
    ensure!(
        listed["items"][0]["labels"] == json!(["Processed"]),
        "{listed:#}"
    );
    ensure!(listed["items"][0]["by"] == "agent-1", "{listed:#}");
    let table = export(&admin, "?disposition=Up%20Sell").await?;
    ensure!(
        table.len() == 2 && table[1].starts_with("I would like two more\tUp Sell\t"),
        "{table:#?}"
    );
    let choice = [
        "--disposition",
        "Processed=complaint",
        "--disposition",
        "Up Sell",
    ];
    let (trained, told) = train(
        &hub,
        &[&["--history", "--out", "m.model"], &choice[..]].concat(),
    )?;
    ensure!(
        !trained && told.contains("there are 3 labelled texts"),
        "{told}"
    );
    let (trained, told) = train(&hub, &["--out", "m.model", "--disposition", "Processed"])?;
    ensure!(!trained && told.contains("--history"), "{told}");
    let (trained, told) = train(
        &hub,
        &["--history", "--out", "m.model", "--disposition", "=x"],
    )?;
    ensure!(
        !trained && told.contains("write a disposition code"),
        "{told}"
    );
    Ok(())
}
