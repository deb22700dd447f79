//! Plug-in files that come, change and go while the hub is at work.

#[path = "plugins/author.rs"]
mod author;
#[path = "plugins/recorded.rs"]
mod recorded;
#[path = "plugins/suspended.rs"]
mod suspended;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// The component of a bundled plug-in, with a section that nobody reads: another file, the same plug-in.
fn version(plugin: &str, mark: &str) -> Result<Vec<u8>> {
    let name = format!("linecard_{}.wasm", plugin.replace('-', "_"));
    let built = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../plugins/wasm32-wasip2/plugin");
    let mut component = std::fs::read(built.join(&name)).context(name)?;
    let content = format!("\u{4}mark{mark}");
    component.extend([0, u8::try_from(content.len())?]);
    component.extend(content.as_bytes());
    Ok(component)
}

/// A component that asks for another host in the place of one that it asked for.
fn asking(plugin: &str, host: &str, instead: &str) -> Result<Vec<u8>> {
    ensure!(host.len() == instead.len(), "in the place of it");
    let mut component = version(plugin, "asking")?;
    let places: Vec<usize> = component
        .windows(host.len())
        .enumerate()
        .filter(|(_, window)| *window == host.as_bytes())
        .map(|(at, _)| at)
        .collect();
    ensure!(!places.is_empty(), "{plugin} does not name {host}");
    for at in places {
        component[at..at + host.len()].copy_from_slice(instead.as_bytes());
    }
    Ok(component)
}

fn file(hub: &Hub, plugin: &str) -> Result<PathBuf> {
    let folder = hub.data().join("plugins");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{plugin}.wasm")))
}

/// Puts content in the place of a plug-in's file, at once.
fn drop_in(hub: &Hub, plugin: &str, content: &[u8]) -> Result<()> {
    let file = file(hub, plugin)?;
    let beside = file.with_extension("part");
    std::fs::write(&beside, content)?;
    Ok(std::fs::rename(beside, file)?)
}

async fn serving(admin: &Client, plugin: &str) -> Result<Value> {
    admin.get(&format!("/api/v1/plugins/{plugin}")).await
}

/// Waits until another version serves than the one with a hash; gives the new one's.
async fn another(admin: &Client, plugin: &str, than: &Value) -> Result<String> {
    eventually("another version serves", SOON, async || {
        let now = serving(admin, plugin).await?["sha256"].clone();
        Ok((now != *than)
            .then(|| now.as_str().map(str::to_owned))
            .flatten())
    })
    .await
}

/// Has another version of a bundled plug-in serve; gives its hash.
pub(crate) async fn put(hub: &Hub, admin: &Client, plugin: &str, mark: &str) -> Result<String> {
    let before = serving(admin, plugin).await?["sha256"].clone();
    drop_in(hub, plugin, &version(plugin, mark)?)?;
    another(admin, plugin, &before).await
}

/// Waits until the hub lists something about a file.
async fn listed(admin: &Client, list: &str) -> Result<Value> {
    eventually(list, SOON, async || {
        let all = admin.get("/api/v1/plugins").await?;
        Ok(all[list].get(0).cloned())
    })
    .await
}

/// How many exchanges the test under load makes.
fn exchanges() -> u32 {
    let asked = std::env::var("LINECARD_EXCHANGES").ok();
    asked.and_then(|number| number.parse().ok()).unwrap_or(6)
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_exchanged_under_load_and_every_message_counts_once() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let admin = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    page.add_customer("5100", Profile::named("Ada", "L"));
    let said = page.say("5100", Incoming::text("first")).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let path = format!("/api/v1/interactions/{id}/messages");
    let exchanging = async {
        let mut versions = Vec::new();
        for number in 0..exchanges() {
            let began = Instant::now();
            versions.push(put(&hub, &admin, "messenger", &number.to_string()).await?);
            println!("exchange {number} took {:?}", began.elapsed());
        }
        anyhow::Ok(versions)
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let talking = async {
        let mut said = Vec::new();
        while !*stopped.borrow() {
            let text = format!("message {}", said.len());
            let customer = page.say("5100", Incoming::text(&text)).await;
            ensure!(customer.acknowledged, "{text}: {customer:?}");
            agent
                .post(&path, &json!({ "text": format!("answer to {text}") }))
                .await?;
            said.push(text);
        }
        anyhow::Ok(said)
    };
    let exchanging = async {
        let versions = exchanging.await;
        let _ = stop.send(true);
        versions
    };
    let (versions, said) = tokio::join!(exchanging, talking);
    let (versions, said) = (versions?, said?);
    ensure!(
        versions.len() == usize::try_from(exchanges())?,
        "{versions:?}"
    );
    ensure!(said.len() > 3, "only {} messages", said.len());
    eventually("everything is answered", SOON, async || {
        Ok((page.customers().delivered("5100").len() >= said.len()).then_some(()))
    })
    .await?;
    let arrived = serde_json::to_value(
        page.customers()
            .delivered("5100")
            .iter()
            .map(|d| format!("{d:?}"))
            .collect::<Vec<_>>(),
    )?;
    let messages = agent.all(&path, "before").await?;
    let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
    for message in &messages {
        *texts
            .entry(message["content"]["text"].as_str().unwrap_or_default())
            .or_default() += 1;
    }
    for text in &said {
        let answer = format!("answer to {text}");
        ensure!(texts.get(text.as_str()) == Some(&1), "{text}: {texts:?}");
        let delivered = arrived.as_array().context("list")?.iter();
        let times = delivered.filter(|d| {
            d.as_str()
                .is_some_and(|d| d.contains(&format!("\"{answer}\"")))
        });
        ensure!(times.count() == 1, "{answer} in {arrived}");
    }
    // So many versions are kept, and no more.
    let detail = serving(&admin, "messenger").await?;
    let kept = detail["versions"].as_array().context("versions")?;
    ensure!(kept.len() <= 5, "{detail}");
    let folder = hub.data().join("plugin-versions");
    ensure!(std::fs::read_dir(folder)?.count() <= 5);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_leaves_the_version_before_it_serving() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let admin = hub.administrator()?;
    let bundled = serving(&admin, "messenger").await?;
    let good = put(&hub, &admin, "messenger", "good").await?;
    let mut events = admin.events(None).await?;

    let whole = version("messenger", "next")?;
    std::fs::write(file(&hub, "messenger")?, &whole[..whole.len() / 2])?;
    let change = events.wait_for("plugin-changed", SOON).await?;
    ensure!(change["data"]["state"] == "refused", "{change}");
    ensure!(change["data"]["file"] == "messenger.wasm", "{change}");
    let problem = listed(&admin, "problems").await?;
    ensure!(
        problem["reason"].as_str().is_some_and(|r| !r.is_empty()),
        "{problem}"
    );
    let now = serving(&admin, "messenger").await?;
    ensure!(
        now["sha256"] == good.as_str() && now["source"] == "kept",
        "{now}"
    );
    networks
        .graph
        .add_customer("5200", Profile::named("Bo", "B"));
    let said = networks.graph.say("5200", Incoming::text("hello")).await;
    ensure!(said.acknowledged, "{said:?}");

    // It is so after a restart, too.
    hub.kill()?;
    hub.launch().await?;
    let now = serving(&admin, "messenger").await?;
    ensure!(
        now["sha256"] == good.as_str() && now["source"] == "kept",
        "{now}"
    );

    // The rest arrives.
    std::fs::write(file(&hub, "messenger")?, &whole)?;
    another(&admin, "messenger", &json!(good)).await?;
    let all = admin.get("/api/v1/plugins").await?;
    ensure!(all["problems"] == json!([]), "{all}");

    // Without a file the plug-in serves as it comes with the program.
    std::fs::remove_file(file(&hub, "messenger")?)?;
    eventually("the bundled one serves", SOON, async || {
        let now = serving(&admin, "messenger").await?;
        Ok((now["source"] == "bundled" && now["sha256"] == bundled["sha256"]).then_some(()))
    })
    .await?;
    let said = networks
        .graph
        .say("5200", Incoming::text("still there?"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    Ok(())
}

/// Runs a command about the hub's plug-ins, and gives what it says.
fn command(hub: &Hub, arguments: &[&str]) -> Result<String> {
    let output = hub.command().arg("plugin").args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{arguments:?}: {said}{errors}");
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_asks_for_more_waits_for_an_approval() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let admin = hub.administrator()?;
    let before = put(&hub, &admin, "messenger", "before").await?;
    let mut events = admin.events(None).await?;
    drop_in(
        &hub,
        "messenger",
        &asking("messenger", "cdn.fbsbx.com", "cdn.fbsbx.org")?,
    )?;
    let change = events.wait_for("plugin-changed", SOON).await?;
    ensure!(change["data"]["state"] == "pending", "{change}");
    let pending = listed(&admin, "pending").await?;
    let asks = pending["asks"].to_string();
    ensure!(
        asks.contains("cdn.fbsbx.org") && !asks.contains("secret"),
        "{pending}"
    );
    let now = serving(&admin, "messenger").await?;
    ensure!(now["sha256"] == before.as_str(), "{now}");
    // Whoever may not change the configuration does not decide it, and does not see it.
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let sha256 = pending["sha256"].as_str().context("sha256")?.to_owned();
    let path = format!("/api/v1/plugins/messenger/files/{sha256}/approve");
    let refused = agent
        .ask(reqwest::Method::POST, &path, &[], Some(&json!({})))
        .await?;
    ensure!(refused.status == 403, "{refused:?}");
    let seen = agent.get("/api/v1/plugins").await?;
    ensure!(seen["pending"] == json!([]), "{seen}");
    // It waits over a restart.
    hub.kill()?;
    hub.launch().await?;
    let now = serving(&admin, "messenger").await?;
    ensure!(now["sha256"] == before.as_str(), "{now}");
    let said = command(&hub, &["list"])?;
    ensure!(
        said.contains("waits for an approval") && said.contains("cdn.fbsbx.org"),
        "{said}"
    );
    command(&hub, &["approve", "messenger"])?;
    let now = serving(&admin, "messenger").await?;
    ensure!(
        now["sha256"] == sha256.as_str() && now["source"] == "file",
        "{now}"
    );
    // And back, which lasts.
    command(&hub, &["roll-back", "messenger"])?;
    let now = serving(&admin, "messenger").await?;
    ensure!(
        now["sha256"] == before.as_str() && now["source"] == "kept",
        "{now}"
    );
    hub.kill()?;
    hub.launch().await?;
    let now = serving(&admin, "messenger").await?;
    ensure!(now["sha256"] == before.as_str(), "{now}");
    let audit = admin.get("/api/v1/audit").await?.to_string();
    for action in ["plugin.approve", "plugin.roll-back"] {
        ensure!(audit.contains(action), "{action}: {audit}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_files_are_listed_no_other_serves() -> Result<()> {
    let networks = Networks::start().await?;
    let options = SiteOptions {
        more: "[plugins]\ntrust = \"listed\"\n".to_owned(),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let admin = hub.administrator()?;
    let bundled = serving(&admin, "messenger").await?;
    drop_in(&hub, "messenger", &version("messenger", "unlisted")?)?;
    let pending = listed(&admin, "pending").await?;
    let now = serving(&admin, "messenger").await?;
    ensure!(now["sha256"] == bundled["sha256"], "{now}");
    let sha256 = pending["sha256"].as_str().context("sha256")?;
    let more = format!("[plugins]\ntrust = \"listed\"\nlisted = [\"{sha256}\"]\n");
    hub.apply(&networks.site(&SiteOptions {
        more,
        ..SiteOptions::default()
    }))?;
    another(&admin, "messenger", &bundled["sha256"]).await?;
    // What is used cannot be taken from the list.
    let error = hub.apply(&networks.site(&options)).err();
    let error = error.context("it is used")?.to_string();
    ensure!(error.contains("plugin approve messenger"), "{error}");
    Ok(())
}
