//! What an agent's desk is made of: the inbox, read marks, drafts, notes, labels, attributes, followers,
//! standard responses, macros, the own account, and people who are blocked.

mod account;
mod inbox;
mod people;
mod put;
mod responses;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Networks, SOON, Seen, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Asks without a body and without a key.
async fn ask(client: &Client, method: Method, path: &str) -> Result<Seen> {
    client.ask(method, path, &[], None).await
}

/// Asks with a body and without a key, so that nothing of the answer is kept.
async fn send(client: &Client, method: Method, path: &str, body: &Value) -> Result<Seen> {
    client.ask(method, path, &[], Some(body)).await
}

fn is_problem(seen: &Seen, status: StatusCode, kind: &str) -> Result<()> {
    let wanted = format!("/problems/{kind}");
    ensure!(
        seen.status == status && seen.body["type"] == wanted.as_str(),
        "{kind} was expected: {seen:?}"
    );
    Ok(())
}

/// A site with two agents who see the same queue.
fn two_agents() -> SiteOptions {
    SiteOptions {
        agents: 2,
        ..SiteOptions::default()
    }
}

/// A customer of the middleware says something.
async fn say(networks: &Networks, customer: &str, text: &str) -> Result<()> {
    let said = networks.web.say(customer, Said::text(text)).await;
    ensure!(said.acknowledged, "{said:?}");
    Ok(())
}

/// Waits until the inbox under a query has so many entries, and gives them.
async fn entries(client: &Client, query: &str, count: usize) -> Result<Vec<Value>> {
    let path = format!("/api/v1/inbox{query}");
    eventually("the inbox", SOON, async || {
        let items = client.get(&path).await?["items"].take();
        let items: Vec<Value> = serde_json::from_value(items)?;
        Ok((items.len() == count).then_some(items))
    })
    .await
}

/// A customer's message is taken by an agent who becomes ready for it; gives the interaction's id.
async fn taken(networks: &Networks, agent: &Client, customer: &str, text: &str) -> Result<String> {
    say(networks, customer, text).await?;
    agent.go_ready().await?;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    Ok(id.to_owned())
}

fn id_of(value: &Value) -> Result<String> {
    Ok(value["id"].as_str().context("id")?.to_owned())
}

/// Adds an agent with a password that the hub keeps, who works elsewhere, and signs in.
async fn stranger(boss: &Client, base: &str, name: &str) -> Result<Client> {
    let password = format!("{name}'s password");
    let agent = json!({ "config": { "name": name, "password": "stored" }, "password": password });
    boss.put(&format!("/api/v1/agents/{name}"), &agent).await?;
    let queue = json!({ "config": { "members": [name] } });
    boss.put("/api/v1/queues/elsewhere", &queue).await?;
    Client::sign_in(base, name, &password).await
}
