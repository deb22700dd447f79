//! What was said is found by its words: at once, by those who may know, and by nobody once it is erased.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::graph::Incoming;
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// What a query finds: the texts of the messages and notes, and the names of the contacts.
async fn found(who: &Client, query: &str) -> Result<Vec<String>> {
    let items = who.all(&format!("/api/v1/search?{query}"), "after").await?;
    let text = |item: &Value| {
        let text = match item["kind"].as_str()? {
            "message" => &item["message"]["content"]["text"],
            "note" => &item["note"]["text"],
            _ => &item["contact"]["identities"][0]["id"],
        };
        Some(text.as_str()?.to_owned())
    };
    items
        .iter()
        .map(|item| text(item).with_context(|| format!("{item}")))
        .collect()
}

async fn until_found(who: &Client, query: &str, count: usize) -> Result<Vec<String>> {
    let what = format!("{count} are found by {query}");
    eventually(&what, SOON, async || {
        let texts = match found(who, query).await {
            // Between an index that is thrown away and the next one there is none.
            Err(why) if why.to_string().contains("/problems/search-unavailable") => {
                return Ok(None);
            }
            texts => texts?,
        };
        Ok((texts.len() == count).then_some(texts))
    })
    .await
}

async fn say(networks: &Networks, customer: &str, text: &str) -> Result<()> {
    let said = networks.graph.say(customer, Incoming::text(text)).await;
    ensure!(said.acknowledged, "{said:?}");
    Ok(())
}

/// An agent who works elsewhere.
async fn stranger(boss: &Client, hub: &Hub) -> Result<Client> {
    let agent = json!({ "config": { "password": "stored" }, "password": "stranger-pw" });
    boss.put("/api/v1/agents/stranger", &agent).await?;
    let queue = json!({ "config": { "members": ["stranger"] } });
    boss.put("/api/v1/queues/elsewhere", &queue).await?;
    Client::sign_in(&hub.base(), "stranger", "stranger-pw").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_found_within_a_second_by_those_who_see_it() -> Result<()> {
    let networks = Networks::start().await?;
    let options = SiteOptions {
        more: "[analyzers.language]\nplugin = \"language\"\n[analyzers.mood]\nplugin = \"sentiment\"\n"
            .to_owned(),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let stranger = stranger(&boss, &hub).await?;
    let english =
        "I am still waiting for the refunds of my last two orders, this is terrible and awful";
    let german =
        "Ich warte immer noch auf die Lieferungen, die Häuser an der Straße sind schon fertig";
    say(&networks, "8101", english).await?;
    eventually("it is there", SOON, async || {
        let history = agent.history("page", "8101").await?;
        Ok((!history.is_empty()).then_some(()))
    })
    .await?;
    let since = Instant::now();
    until_found(&agent, "q=refund", 1).await?;
    let took = since.elapsed();
    ensure!(took < Duration::from_secs(5), "found after {took:?}");
    say(&networks, "8102", german).await?;
    let middleware = networks
        .web
        .say("zoe.mueller@example.com", Said::text("東京都から注文した"))
        .await;
    ensure!(middleware.acknowledged, "{middleware:?}");
    // Words of one stem, each in its language; diacritics, beginnings, phrases, and no spaces at all.
    until_found(&agent, "q=%E6%B3%A8%E6%96%87", 1).await?;
    for (query, text) in [
        ("q=refunded%20order", english),
        ("q=ORDERS", english),
        ("q=haus", german),
        ("q=strasse", german),
        ("q=lieferung", german),
        ("q=lief*", german),
        ("q=%22immer%20noch%22", german),
        ("q=waiting&channel=page", english),
        ("q=waiting&network=messenger", english),
        (
            "q=waiting&queue=support&media_type=social-direct-message",
            english,
        ),
        ("q=waiting&score=sentiment&score_max=-0.1", english),
        ("q=waiting&kind=message&sort=time", english),
    ] {
        let texts = until_found(&agent, query, 1).await?;
        ensure!(texts == [text], "{query}: {texts:?}");
    }
    for query in [
        "q=%22noch%20immer%22",
        "q=waiting&channel=web",
        "q=waiting&queue=elsewhere",
        "q=waiting&agent=me",
        "q=waiting&score=sentiment&score_min=0.1",
        "q=waiting&kind=note,contact",
        "q=waiting&to=2020-01-01T00:00:00Z",
        "q=waiting&label=vip",
        "q=waiting&disposition=Processed",
    ] {
        let texts = found(&agent, query).await?;
        ensure!(texts.is_empty(), "{query}: {texts:?}");
    }
    // A customer, by a part of the address.
    let people = until_found(&agent, "q=mueller&kind=contact", 1).await?;
    ensure!(people == ["zoe.mueller@example.com"], "{people:?}");
    // Where it stands is told in characters.
    let page = agent.get("/api/v1/search?q=haus").await?;
    let mark = &page["items"][0]["highlights"][0];
    let place = german.chars().position(|c| c == 'H').context("place")?;
    ensure!(
        mark["field"] == "/message/content/text"
            && mark["start"] == place
            && mark["end"] == place + 6,
        "{page}"
    );
    ensure!(
        page["complete"] == true && page["items"][0]["customer"]["identity"] == "8102",
        "{page}"
    );
    // Others' customers are not found, nor what is noted about them.
    for query in ["q=refund", "q=mueller", "q=haus", "q=waiting&queue=support"] {
        let texts = found(&stranger, query).await?;
        ensure!(texts.is_empty(), "{query}: {texts:?}");
    }
    // Work, labels and notes.
    agent.go_ready().await?;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let of = format!("/api/v1/interactions/{id}");
    let note = json!({ "text": "Wants a xylophone. @stranger please look." });
    agent.post(&format!("{of}/notes"), &note).await?;
    until_found(&agent, "q=xylophone&kind=note", 1).await?;
    until_found(&agent, "q=waiting&agent=me", 1).await?;
    // Who is named in a note follows the interaction, and sees its customer from then on.
    until_found(&stranger, "q=xylophone", 1).await?;
    until_found(&stranger, "q=refund", 1).await?;
    ensure!(found(&stranger, "q=haus").await?.is_empty());
    agent.put(&format!("{of}/labels/vip"), &json!({})).await?;
    until_found(&agent, "q=waiting&label=vip", 1).await?;
    agent.post(&format!("{of}/end"), &json!({})).await?;
    let code = json!({ "disposition": "Processed" });
    agent.post(&format!("{of}/wrap-up"), &code).await?;
    until_found(&agent, "q=waiting&disposition=Processed", 1).await?;
    for (query, kind) in [
        ("q=", "bad-parameter"),
        ("q=%22open", "bad-parameter"),
        ("q=x&kind=table", "bad-parameter"),
        ("q=x&sort=size", "bad-parameter"),
        ("q=x&score_min=1", "bad-parameter"),
        ("q=x&queue=No%20Queue", "bad-parameter"),
        ("q=x&after=nonsense", "bad-cursor"),
        ("q=x&limit=0", "bad-parameter"),
        ("kind=note", "bad-parameter"),
    ] {
        let path = format!("/api/v1/search?{query}");
        let seen = agent.ask(Method::GET, &path, &[], None).await?;
        let is_it = seen.body["type"]
            .as_str()
            .is_some_and(|is| is.ends_with(kind));
        ensure!(
            seen.status == StatusCode::BAD_REQUEST && is_it,
            "{query}: {seen:?}"
        );
    }
    let metrics = agent
        .request(Method::GET, "/metrics")
        .send()
        .await?
        .text()
        .await?;
    ensure!(metrics.contains("linecard_search_documents"), "{metrics}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_hub_and_one_without_its_index_find_everything_once() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let boss = hub.administrator()?;
    let index = hub.data().join("search");
    let mut count = 0;
    for round in 0..3 {
        for number in 0..5 {
            say(
                &networks,
                &format!("83{round}{number}"),
                "the parcel is late",
            )
            .await?;
            count += 1;
        }
        // At once, while it is being written; later; and with the index thrown away or broken.
        if round == 1 {
            until_found(&boss, "q=parcel", count).await?;
        }
        hub.kill()?;
        match round {
            0 => {}
            1 => std::fs::remove_dir_all(&index)?,
            _ => std::fs::write(index.join("meta.json"), "{")?,
        }
        hub.launch().await?;
        until_found(&boss, "q=parcel&limit=2", count).await?;
    }
    Ok(())
}

/// In which files of a folder some bytes stand.
fn files_with(folder: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        // It may just have gone.
        let Ok(all) = std::fs::read(file.path()) else {
            continue;
        };
        if all.windows(bytes.len()).any(|window| window == bytes) {
            found.push(file.path().display().to_string());
        }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_erased_is_found_by_nobody_and_gone_from_the_files() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    say(&networks, "8401", "a quixotic zeppelin").await?;
    let interaction = agent.accept_next().await?;
    say(&networks, "8402", "another zeppelin").await?;
    until_found(&boss, "q=zeppelin&kind=message", 2).await?;
    let contact = interaction["contact"].as_str().context("contact")?;
    let id = interaction["id"].as_str().context("id")?;
    let index = hub.data().join("search");
    ensure!(!files_with(&index, contact.as_bytes())?.is_empty());
    let of = format!("/api/v1/interactions/{id}");
    agent.post(&format!("{of}/end"), &json!({})).await?;
    let code = json!({ "disposition": "Processed" });
    agent.post(&format!("{of}/wrap-up"), &code).await?;
    let path = format!("/api/v1/contacts/{contact}");
    let gone = boss.ask(Method::DELETE, &path, &[], None).await?;
    ensure!(gone.status == StatusCode::NO_CONTENT, "{gone:?}");
    let left = until_found(&boss, "q=zeppelin&kind=message", 1).await?;
    ensure!(left == ["another zeppelin"], "{left:?}");
    ensure!(found(&boss, "q=quixotic").await?.is_empty());
    eventually("the bytes are gone", SOON, async || {
        Ok(files_with(&index, contact.as_bytes())?
            .is_empty()
            .then_some(()))
    })
    .await?;
    hub.stop().await?;
    hub.launch().await?;
    until_found(&boss, "q=zeppelin&kind=message", 1).await?;
    ensure!(files_with(&index, contact.as_bytes())?.is_empty());
    Ok(())
}
