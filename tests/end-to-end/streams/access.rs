//! That somebody may do or see something else than before is told to them, and to nobody else.

use anyhow::{Result, ensure};
use linecard_tests::{Client, Networks, SOON};
use serde_json::json;

use super::viewers::Blocks;
use super::{members, role, two_agents};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_another_role_or_leaves_a_queue_is_told() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = two_agents(&networks).await?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    let other = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let mut told = Blocks::open(&agent, "?include=access").await?;
    let mut of_other = Blocks::open(&other, "?include=access").await?;

    role(&boss, "agent-2", "supervisor").await?;
    let changed = told.aside("access-changed").await?;
    let rights = changed["data"]["rights"].as_array();
    ensure!(
        rights.is_some_and(|all| all.contains(&json!("lead"))),
        "{changed}"
    );
    ensure!(changed["seq"].is_null(), "{changed}");
    role(&boss, "agent-2", "agent").await?;
    let changed = told.aside("access-changed").await?;
    ensure!(changed["data"]["rights"] == json!([]), "{changed}");
    members(&boss, &["agent-1"]).await?;
    told.aside("access-changed").await?;

    // Nothing of it concerned the other one.
    let presence = json!({"state": "not-ready", "reason": "Lunch"});
    other.put("/api/v1/agents/me/presence", &presence).await?;
    tokio::time::timeout(SOON, async {
        loop {
            let block = of_other.next().await?;
            ensure!(!block.contains("access-changed"), "{block}");
            if block.contains("Lunch") {
                return Ok(());
            }
        }
    })
    .await?
}
