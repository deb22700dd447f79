//! Who looks at an interaction, and who writes: seen by those who see it, recorded nowhere.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt as _;
use linecard_tests::{Client, Networks, SiteOptions};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BINARY, SOON, say};

/// Reads a stream block by block: what is no event is there too.
pub(super) struct Blocks {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
    buffer: String,
}

impl Blocks {
    pub(super) async fn open(client: &Client, query: &str) -> Result<Self> {
        let stream = client.request(Method::GET, &format!("/api/v1/events{query}"));
        let stream = stream.send().await?.error_for_status()?;
        Ok(Self {
            bytes: stream.bytes_stream().boxed(),
            buffer: String::new(),
        })
    }

    pub(super) async fn next(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                return Ok(self.buffer.drain(..end + 2).collect());
            }
            let bytes = self.bytes.next().await.context("the stream ended")??;
            self.buffer.push_str(std::str::from_utf8(&bytes)?);
        }
    }

    /// The next word about who looks.
    async fn viewers(&mut self) -> Result<Value> {
        self.aside("interaction-viewers").await
    }

    /// The next word of a kind that is no event.
    pub(super) async fn aside(&mut self, kind: &str) -> Result<Value> {
        let head = format!("event: {kind}\n");
        let searched = async {
            loop {
                let block = self.next().await?;
                if block.starts_with(&head) {
                    // Whoever resumes names the last event, and not this.
                    ensure!(
                        !block.contains("\nid:") && !block.starts_with("id:"),
                        "{block}"
                    );
                    let data = block.lines().find_map(|line| line.strip_prefix("data: "));
                    return Ok(serde_json::from_str(data.context("data")?)?);
                }
            }
        };
        tokio::time::timeout(SOON * 3, searched)
            .await
            .with_context(|| format!("{kind} is not told"))?
    }
}

fn names(viewers: &Value) -> Vec<(String, bool)> {
    let all = viewers.as_array().into_iter().flatten();
    let one = |viewer: &Value| {
        let name = viewer["agent"].as_str().unwrap_or_default().to_owned();
        (name, viewer["typing"] == true)
    };
    all.map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_see_an_interaction_see_who_looks_and_who_writes() -> Result<()> {
    let networks = Networks::start().await?;
    let options = SiteOptions {
        agents: 3,
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let boss = hub.administrator()?;
    let members = json!({"config": {"members": ["agent-1", "agent-2"]}});
    boss.put("/api/v1/queues/support", &members).await?;
    let sign_in = async |name: &str| Client::sign_in(&hub.base(), name, name).await;
    let (anna, ben, stranger) = (
        sign_in("agent-1").await?,
        sign_in("agent-2").await?,
        sign_in("agent-3").await?,
    );
    anna.go_ready().await?;
    say(&networks, "hello").await?;
    let interaction = anna.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let of_interaction = format!("/api/v1/interactions/{id}");
    let viewing = format!("{of_interaction}/viewing");

    let mut seen_by_ben = Blocks::open(&ben, "?include=viewers").await?;
    let mut seen_by_boss = Blocks::open(&boss, "?include=interaction,viewers").await?;
    let mut not_asked_for = Blocks::open(&boss, "").await?;
    let mut seen_by_stranger = Blocks::open(&stranger, "?include=viewers").await?;
    let before = boss.get("/api/v1/snapshot").await?["seq"].clone();
    let began = std::time::Instant::now();
    let looking = anna.put(&viewing, &json!({})).await?;
    ensure!(
        names(&looking) == [("agent-1".to_owned(), false)],
        "{looking}"
    );
    for stream in [&mut seen_by_ben, &mut seen_by_boss] {
        let told = stream.viewers().await?;
        ensure!(
            told["data"]["interaction"] == id && told["seq"].is_null(),
            "{told}"
        );
        ensure!(names(&told["data"]["viewers"]) == [("agent-1".to_owned(), false)]);
    }
    // Said again it is no news; another word is.
    anna.put(&viewing, &json!({ "typing": false })).await?;
    ben.put(&viewing, &json!({ "typing": true })).await?;
    let both = [("agent-1".to_owned(), false), ("agent-2".to_owned(), true)];
    let told = seen_by_boss.viewers().await?;
    ensure!(names(&told["data"]["viewers"]) == both, "{told}");
    let shown = anna.get(&of_interaction).await?;
    ensure!(names(&shown["viewers"]) == both, "{shown}");

    // Whoever comes later hears how it stands.
    let mut late = Blocks::open(&anna, "?include=viewers").await?;
    let told = late.viewers().await?;
    ensure!(names(&told["data"]["viewers"]) == both, "{told}");

    // Nothing of it is recorded, nobody else hears of it or may take part, and machines do not look.
    ensure!(boss.get("/api/v1/snapshot").await?["seq"] == before);
    for (who, status) in [(&stranger, 404), (&boss, 403)] {
        for method in [Method::PUT, Method::DELETE] {
            let refused = who.ask(method, &viewing, &[], Some(&json!({}))).await?;
            ensure!(refused.status == status, "{refused:?}");
        }
    }
    let left = ben.ask(Method::DELETE, &viewing, &[], None).await?;
    ensure!(left.status == 204, "{left:?}");
    let told = seen_by_boss.viewers().await?;
    ensure!(
        names(&told["data"]["viewers"]) == [("agent-1".to_owned(), false)],
        "{told}"
    );
    // Whoever does not say it again is gone.
    let told = seen_by_boss.viewers().await?;
    ensure!(names(&told["data"]["viewers"]).is_empty(), "{told}");
    ensure!(began.elapsed() >= Duration::from_secs(15));
    ensure!(anna.get(&of_interaction).await?["viewers"].is_null());

    // An event of their own comes to each, and nothing of what was said in between.
    for (client, stream) in [
        (&stranger, &mut seen_by_stranger),
        (&boss, &mut not_asked_for),
    ] {
        stranger
            .put(
                "/api/v1/agents/me/presence",
                &json!({"state": "not-ready", "reason": "Lunch"}),
            )
            .await?;
        let found = tokio::time::timeout(SOON, async {
            loop {
                let block = stream.next().await?;
                ensure!(!block.contains("interaction-viewers"), "{block}");
                if block.contains("not-ready") {
                    return Ok(());
                }
            }
        });
        found
            .await
            .with_context(|| format!("{:?}", client.token().is_some()))??;
        stranger
            .put("/api/v1/agents/me/presence", &json!({"state": "offline"}))
            .await?;
    }
    Ok(())
}
