//! What many streams cost, in processor time and in memory. Run by hand, each alone:
//! `cargo test -p linecard --test streams -- --ignored --nocapture NAME`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt as _;
use linecard_tests::{Client, Hub, Networks, SiteOptions, eventually};
use reqwest::Method;
use serde_json::json;

use super::BINARY;

/// A hub that lets one person have many streams.
async fn hub(networks: &Networks, streams: usize) -> Result<Hub> {
    let mut hub = Hub::prepare(BINARY)?;
    let config = hub.folder().join("many.toml");
    std::fs::write(&config, format!("[http]\nstreams = {streams}\n"))?;
    hub.environment = networks.secrets();
    let options = SiteOptions::default();
    hub.environment
        .push(("PASSWORD_AGENT_1".to_owned(), "agent-1".to_owned()));
    hub.environment
        .push(("LINECARD_CONFIG".to_owned(), config.display().to_string()));
    hub.launch().await?;
    hub.apply(&networks.site(&options))?;
    Ok(hub)
}

async fn open(client: &Client) -> Result<reqwest::Response> {
    let answer = client.request(Method::GET, "/api/v1/events").send().await?;
    Ok(answer.error_for_status()?)
}

/// The processor time that a process has used, in ticks of 10 ms.
fn processor_time(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("stat")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let (user, system) = (ticks().context("user")?, ticks().context("system")?);
    Ok(Duration::from_millis((user + system) * 10))
}

/// The memory that a process has, in KiB.
fn memory(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let number = line.and_then(|l| l.split_whitespace().next());
    Ok(number.context("VmRSS")?.parse()?)
}

async fn streams_open(boss: &Client, number: usize) -> Result<()> {
    let wanted = format!("linecard_event_streams {number}");
    eventually("the streams", Duration::from_secs(120), async || {
        let page = boss.get("/metrics").await?;
        let page = page.as_str().context("a page")?;
        Ok(page.lines().any(|l| l == wanted).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a check"]
async fn an_event_for_a_thousand_readers() -> Result<()> {
    const READERS: usize = 1_000;
    const EVENTS: usize = 200;
    let networks = Networks::start().await?;
    let hub = hub(&networks, READERS).await?;
    let process = hub.process_id().context("no process")?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let mut readers = Vec::new();
    let (told, mut count) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..READERS {
        let mut bytes = open(&agent).await?.bytes_stream();
        let told = told.clone();
        readers.push(tokio::spawn(async move {
            while let Some(Ok(chunk)) = bytes.next().await {
                let events = chunk.windows(4).filter(|part| *part == b"id: ").count();
                if events > 0 && told.send(events).is_err() {
                    return;
                }
            }
        }));
    }
    streams_open(&boss, READERS).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, start) = (processor_time(process)?, Instant::now());
    for n in 0..EVENTS {
        let presence = if n % 2 == 0 {
            json!({"state": "not-ready", "reason": "Lunch"})
        } else {
            json!({"state": "ready"})
        };
        agent.put("/api/v1/agents/me/presence", &presence).await?;
    }
    let mut shown = 0;
    while shown < READERS * EVENTS {
        let next = tokio::time::timeout(Duration::from_secs(30), count.recv());
        shown += next.await?.context("the readers ended")?;
    }
    let used = processor_time(process)?.saturating_sub(before);
    let each = used / u32::try_from(shown)?;
    println!(
        "{shown} events at readers in {:?}; {used:?} of processor time, {each:?} for each",
        start.elapsed()
    );
    for reader in readers {
        reader.abort();
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of memory that depends on the allocator"]
async fn memory_comes_back_after_three_thousand_streams() -> Result<()> {
    const STREAMS: usize = 3_000;
    let networks = Networks::start().await?;
    let hub = hub(&networks, STREAMS).await?;
    let process = hub.process_id().context("no process")?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = memory(process)?;
    let mut open_streams = Vec::new();
    for _ in 0..STREAMS {
        open_streams.push(open(&agent).await?);
    }
    streams_open(&boss, STREAMS).await?;
    let most = memory(process)?;
    drop(open_streams);
    streams_open(&boss, 0).await?;
    let mut after = memory(process)?;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        after = after.min(memory(process)?);
    }
    println!("{before} KiB before, {most} KiB with {STREAMS} streams, {after} KiB afterwards");
    ensure!(
        after <= before + before / 5,
        "{before} KiB before, {after} KiB afterwards"
    );
    Ok(())
}
