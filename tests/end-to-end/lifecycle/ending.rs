//! What is under way when the hub is told to end, and a data folder that goes away.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Networks, SiteOptions, eventually};

use super::{BINARY, SOON, answer, deliver, ended, until_state};

#[tokio::test(flavor = "multi_thread")]
async fn answers_under_way_when_the_hub_is_told_to_end_arrive_once_and_are_known_to() -> Result<()>
{
    const CUSTOMERS: usize = 6;
    const STOPS: usize = 20;
    let networks = Networks::start().await?;
    let options = SiteOptions {
        slots: 20,
        ..SiteOptions::default()
    };
    let mut hub = networks.hub(BINARY, &options).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let mut interactions = Vec::new();
    for number in 0..CUSTOMERS {
        let name = format!("{}", 7_300 + number);
        networks
            .graph
            .add_customer(name.clone(), Profile::named("Customer", &name));
        networks.graph.say(&name, Incoming::text("hello")).await;
        let interaction = agent.accept_next().await?;
        interactions.push((name, interaction["id"].as_str().context("id")?.to_owned()));
    }
    for stop in 0..STOPS {
        // Each answer takes so long that the hub is told to end while all of them are under way.
        let slow = Fault::Slow { millis: 1_500 };
        let faults = networks.graph.faults();
        faults.plan(FaultPlan::next(100, slow).on("send"));
        let struck = faults.struck();
        let mut answers = Vec::new();
        for (name, id) in &interactions {
            let first = answer(&agent, id, &format!("Good day, {name}! ({stop})")).await?;
            // This one waits for the first: it is not begun any more.
            let second = answer(&agent, id, &format!("How can I help, {name}? ({stop})")).await?;
            answers.push((name, id, [first, second]));
        }
        eventually("all are under way", SOON, async || {
            Ok((faults.struck() >= struck + CUSTOMERS as u64).then_some(()))
        })
        .await?;
        let status = hub.stop().await?;
        ensure!(status.success(), "{status}\n{}", hub.log());
        for (name, ..) in &answers {
            let arrived = networks.graph.customers().delivered(name);
            ensure!(arrived.len() > 2 * stop, "stop {stop}, {name}: {arrived:?}");
        }
        faults.clear();
        hub.launch().await?;
        for (name, id, messages) in answers {
            for message in messages {
                let states = ["sent", "delivered", "read", "uncertain", "failed"];
                let found = until_state(&agent, id, &message, &states).await?;
                let state = found["state"].as_str().context("state")?;
                ensure!(
                    !["uncertain", "failed"].contains(&state),
                    "stop {stop}, {name}: {found}"
                );
            }
            let arrived = networks.graph.customers().delivered(name);
            ensure!(
                arrived.len() == 2 * (stop + 1),
                "stop {stop}, {name}: {arrived:?}"
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_goes_away_is_noticed_before_anything_more_is_acknowledged() -> Result<()>
{
    let networks = Networks::start().await?;
    for is_moved in [false, true] {
        let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
        let base = hub.base();
        let status = deliver(&networks, &base, "7400", "m_before").await;
        ensure!(status == Some(200), "{status:?}");
        if is_moved {
            std::fs::rename(hub.data(), hub.folder().join("elsewhere"))?;
            // A folder of the same name with a file of the same name is another one.
            for part in ["", "store"] {
                std::fs::create_dir_all(hub.data().join(part))?;
            }
            let file = hub.folder().join("elsewhere/store/db");
            std::fs::copy(&file, hub.data().join("store/db"))?;
        } else {
            // The hub may write a file into a folder that is just being emptied.
            eventually("the folder is gone", SOON, async || {
                let removed = std::fs::remove_dir_all(hub.data());
                Ok((removed.is_ok() || !hub.data().exists()).then_some(()))
            })
            .await?;
        }
        for number in 0..5 {
            let status = deliver(&networks, &base, "7400", &format!("m_after_{number}")).await;
            ensure!(status != Some(200), "acknowledged message {number}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let code = ended(&mut hub).await?;
        ensure!(code.is_some_and(|code| code != 0), "{code:?}");
        let log = hub.log();
        ensure!(log.contains("deleted, moved or replaced"), "{log}");
    }
    Ok(())
}
