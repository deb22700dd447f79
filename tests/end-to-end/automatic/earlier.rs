//! Rules that go by what was exchanged with a customer before.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Networks, SOON, eventually};
use serde_json::json;

use super::{BINARY, history, options};

const RULES: &str = r#"
[[rules]]
name = "regulars"
when = "contact.messages >= 1 && contact.last_agent == 'agent-1'"
then = { add_labels = ["regular"] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_knows_how_much_they_wrote_and_who_had_them_last() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &options(RULES.to_owned())).await?;
    let administrator = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    page.add_customer("9001", Profile::named("Rosa", "Diaz"));
    for text in ["hello", "it is broken"] {
        ensure!(page.say("9001", Incoming::text(text)).await.acknowledged);
    }
    history(&administrator, "9001", 2).await?;
    let taken = agent.accept_next().await?;
    let first = taken["id"].as_str().context("id")?;
    let end = format!("/api/v1/interactions/{first}/end");
    agent.post(&end, &json!({})).await?;

    ensure!(page.say("9001", Incoming::text("again")).await.acknowledged);
    let said = history(&administrator, "9001", 3).await?;
    let work = said[0]["interaction"].as_str().context("interaction")?;
    ensure!(work != first, "{said:#?}");
    let work = format!("/api/v1/interactions/{work}");
    let labelled = eventually("the label", SOON, async || {
        let now = administrator.get(&work).await?;
        Ok((now["labels"] == json!(["regular"])).then_some(now))
    });
    labelled.await?;

    // Tried with what was recorded, each message is told by what was there before it.
    let counted = json!({ "messages": 10, "rules": [
        { "name": "second", "when": "contact.messages == 1", "then": { "add_labels": ["second"] } },
        { "name": "known", "when": "has(contact.last_agent)", "then": { "add_labels": ["known"] } },
    ] });
    let tried = administrator.post("/api/v1/rules/test", &counted).await?;
    ensure!(tried["messages"] == 3, "{tried}");
    let by_rule = |name: &str| -> Vec<&str> {
        let all = tried["differences"].as_array().into_iter().flatten();
        let own = all.filter(|of| of["after"].to_string().contains(&format!("\"{name}\"")));
        own.filter_map(|of| of["message"].as_str()).collect()
    };
    let id = |place: usize| said[place]["id"].as_str().unwrap_or_default();
    ensure!(by_rule("second") == [id(1)], "{tried}");
    ensure!(by_rule("known").contains(&id(0)), "{tried}");
    ensure!(!by_rule("known").contains(&id(2)), "{tried}");
    Ok(())
}
