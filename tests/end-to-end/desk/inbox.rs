//! The inbox in one call, read marks and drafts.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Networks, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, SOON, ask, entries, id_of, is_problem, say, send, taken, two_agents};

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_has_all_that_a_list_shows() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    networks
        .graph
        .add_customer("7001", Profile::named("Zoë", "Müller"));
    let said = networks
        .graph
        .say("7001", Incoming::text("Where is\n\n my  parcel?"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    entries(&agent, "", 1).await?;
    say(&networks, "ann@example.com", &"long ".repeat(100)).await?;
    entries(&agent, "", 2).await?;
    say(&networks, "bob@example.com", "hello").await?;
    let waiting = entries(&agent, "?scope=waiting", 3).await?;
    let first = eventually("the customer's name", SOON, async || {
        let items = agent.get("/api/v1/inbox?channel=page").await?["items"].take();
        let named = items[0]["customer"]["display_name"] == "Zoë Müller";
        Ok(named.then(|| items[0].clone()))
    })
    .await?;
    ensure!(
        waiting[0]["id"] == first["id"],
        "whoever waits longest is first: {waiting:?}"
    );
    let last = &first["last_message"];
    ensure!(
        last["text"] == "Where is my parcel?"
            && last["direction"] == "inbound"
            && last["author"]["kind"] == "contact"
            && first["waiting_since"] == last["at"],
        "{first}"
    );
    ensure!(
        first["network"] == "messenger"
            && first["unread"] == 1
            && first["priority"] == 0
            && first["reply_until"].is_string()
            && first["draft_saved_at"].is_null(),
        "{first}"
    );
    let cut = waiting[1]["last_message"]["text"]
        .as_str()
        .context("text")?;
    ensure!(cut.ends_with('…') && cut.chars().count() == 161, "{cut}");

    // Pages follow each other whatever happens in between, in any order.
    for sort in [
        "waiting_since",
        "last_message",
        "created",
        "reply_until",
        "deadline",
        "priority",
        "unread",
        "draft",
        "name",
        "state",
        "queue",
        "channel",
        "network",
        "media_type",
    ] {
        for order in ["asc", "desc"] {
            let path = format!("/api/v1/inbox?sort={sort}&order={order}&limit=1");
            let mut found = Vec::new();
            let mut page = agent.get(&path).await?;
            ensure!(page["total"] == 3 && page["seq"].is_u64(), "{page}");
            loop {
                found.push(page["items"][0]["id"].clone());
                let Some(next) = page["next"].as_str() else {
                    break;
                };
                page = agent.get(&format!("{path}&after={next}")).await?;
            }
            found.sort_by_key(Value::to_string);
            let mut all: Vec<Value> = waiting.iter().map(|item| item["id"].clone()).collect();
            all.sort_by_key(Value::to_string);
            ensure!(found == all, "{sort} {order}: {found:?}");
        }
    }
    let page = agent.get("/api/v1/inbox?sort=last_message&limit=1").await?;
    let next = page["next"].as_str().context("next")?;
    // What comes next moves to the end of the list.
    say(&networks, "ann@example.com", "again").await?;
    let after = format!("/api/v1/inbox?sort=last_message&after={next}");
    eventually("the rest of the list", SOON, async || {
        let rest = agent.get(&after).await?["items"].take();
        let ids: Vec<&Value> = rest
            .as_array()
            .into_iter()
            .flatten()
            .map(|i| &i["id"])
            .collect();
        Ok((ids == [&waiting[2]["id"], &waiting[1]["id"]]).then_some(()))
    })
    .await?;
    let wrong = format!("/api/v1/inbox?sort=created&after={next}");
    is_problem(
        &ask(&agent, Method::GET, &wrong).await?,
        StatusCode::BAD_REQUEST,
        "bad-cursor",
    )?;
    for query in [
        "sort=age",
        "scope=none",
        "order=up",
        "state=ended",
        "media_type=fax",
        "unread=maybe",
    ] {
        let seen = ask(&agent, Method::GET, &format!("/api/v1/inbox?{query}")).await?;
        is_problem(&seen, StatusCode::BAD_REQUEST, "bad-parameter")?;
    }

    // What is the caller's own, and what is not.
    agent.go_ready().await?;
    let mine = id_of(&agent.accept_next().await?)?;
    let busy = json!({ "state": "not-ready", "reason": "Meeting" });
    agent.put("/api/v1/agents/me/presence", &busy).await?;
    for (query, count) in [
        ("?scope=mine&state=connected", 1),
        ("?network=messenger", 1),
        ("?queue=support", 3),
        ("?queue=nowhere", 0),
        ("?media_type=social-direct-message&unread=true", 3),
        ("?label=vip", 0),
        ("?draft=true", 0),
        ("?scope=all", 3),
    ] {
        entries(&agent, query, count).await?;
    }
    ensure!(mine == first["id"], "{mine}");
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    entries(&other, "?scope=mine", 0).await?;
    let theirs = entries(&other, "", 2).await?;
    ensure!(
        theirs.iter().all(|item| item["id"] != mine.as_str()),
        "{theirs:?}"
    );
    entries(&hub.administrator()?, "?scope=all", 3).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_bring_the_inbox_along() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let after = agent.get("/api/v1/inbox").await?["seq"].as_u64();
    let mut events = agent.events_with(after, "?include=interaction").await?;
    say(&networks, "ann@example.com", "hello").await?;
    let queued = events.wait_for("interaction-enqueued", SOON).await?;
    let entry = entries(&agent, "", 1).await?.remove(0);
    let told = &queued["interaction"];
    ensure!(told["id"] == queued["data"]["interaction"], "{queued}");
    for member in [
        "id",
        "network",
        "last_message",
        "unread",
        "waiting_since",
        "customer",
    ] {
        ensure!(
            told[member] == entry[member] && !told[member].is_null(),
            "{member}: {queued}"
        );
    }
    // Whoever does not ask for it gets what there was before, and who sees nothing of it nothing.
    let mut plain = agent.events(after).await?;
    let queued = plain.wait_for("interaction-enqueued", SOON).await?;
    ensure!(queued["interaction"].is_null(), "{queued}");
    let seen = ask(&agent, Method::GET, "/api/v1/events?include=everything").await?;
    is_problem(&seen, StatusCode::BAD_REQUEST, "bad-parameter")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_and_drafted_is_kept_for_each_agent() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    let boss = hub.administrator()?;
    let id = taken(&networks, &agent, "ann@example.com", "one").await?;
    let of = format!("/api/v1/interactions/{id}");
    let start = agent.get("/api/v1/inbox").await?["seq"].as_u64();
    for text in ["two", "three"] {
        say(&networks, "ann@example.com", text).await?;
    }
    let unread =
        async |who: &Client| Ok::<Value, anyhow::Error>(who.get(&of).await?["unread"].take());
    eventually("three messages", SOON, async || {
        Ok((unread(&agent).await? == 3).then_some(()))
    })
    .await?;
    let messages = agent.all(&format!("{of}/messages"), "before").await?;
    let read = async |message: &Value| {
        agent
            .put(&format!("{of}/read"), &json!({ "message": message }))
            .await
    };
    let so_far = read(&messages[1]["id"]).await?;
    ensure!(
        so_far == json!({ "message": messages[1]["id"], "unread": 1 }),
        "{so_far}"
    );
    // An older report that comes later changes nothing.
    ensure!(read(&messages[2]["id"]).await? == so_far);
    ensure!(unread(&other).await? == 3, "each has read for themselves");
    let none = "01890a5d-ac96-774b-bcce-b302099a8057";
    let seen = send(
        &agent,
        Method::PUT,
        &format!("{of}/read"),
        &json!({ "message": none }),
    )
    .await?;
    is_problem(&seen, StatusCode::NOT_FOUND, "not-found")?;
    let seen = send(&boss, Method::PUT, &format!("{of}/read"), &json!({})).await?;
    is_problem(&seen, StatusCode::FORBIDDEN, "not-allowed")?;

    // A draft has the form of an answer.
    let draft = format!("{of}/draft");
    is_problem(
        &ask(&agent, Method::GET, &draft).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    let begun = json!({
        "text": "Dear Ann,", "reply_to": messages[0]["id"], "private": false,
        "quick_replies": [{ "text": "Yes", "payload": "y" }],
    });
    let saved = agent.put(&draft, &begun).await?;
    for (member, value) in begun.as_object().context("object")? {
        ensure!(saved[member] == *value, "{member}: {saved}");
    }
    is_problem(
        &ask(&other, Method::GET, &draft).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    for (body, status) in [
        (json!({}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({ "text": "x".repeat(70_000) }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "text": "x", "reply_to": none }),
            StatusCode::NOT_FOUND,
        ),
        (json!({ "txet": "x" }), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let seen = send(&agent, Method::PUT, &draft, &body).await?;
        ensure!(seen.status == status, "{body:.60}: {seen:?}");
    }
    hub.kill()?;
    hub.launch().await?;
    ensure!(agent.get(&draft).await? == saved, "it outlives the process");
    ensure!(unread(&agent).await? == 1);
    let entry = entries(&agent, "?draft=true", 1).await?.remove(0);
    ensure!(entry["draft_saved_at"] == saved["saved_at"], "{entry}");

    // Only the agent's own streams carry it, also from the journal.
    let mut own = agent.events(start).await?;
    let told = own.wait_for("interaction-read", SOON).await?;
    ensure!(told["data"]["unread"] == 1, "{told}");
    let told = own.wait_for("draft-saved", SOON).await?;
    ensure!(told["data"]["draft"]["text"] == "Dear Ann,", "{told}");
    let sent = agent
        .post(&format!("{of}/messages"), &json!({ "text": "Hello" }))
        .await?;
    ensure!(sent["state"] == "accepted", "{sent}");
    own.wait_for("draft-removed", SOON).await?;
    for reader in [&other, &boss] {
        let mut events = reader.events(start).await?;
        let read = async {
            loop {
                let (_, event) = events.next().await?.context("the stream ended")?;
                let kind = event["kind"].as_str().unwrap_or_default();
                let is_own = kind.starts_with("draft-") || kind == "interaction-read";
                ensure!(!is_own, "{event}");
                if kind == "message-accepted" {
                    return Ok(());
                }
            }
        };
        tokio::time::timeout(SOON, read).await??;
    }
    // What is answered is read, and what was sent is a draft no more.
    is_problem(
        &ask(&agent, Method::GET, &draft).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    let shown = agent.get(&of).await?;
    ensure!(
        shown["unread"] == 0
            && shown["draft_saved_at"].is_null()
            && shown["waiting_since"].is_null()
            && shown["last_message"]["direction"] == "outbound"
            && shown["last_message"]["author"]["agent"] == "agent-1",
        "{shown}"
    );
    let seen = ask(&agent, Method::DELETE, &format!("{of}/read")).await?;
    ensure!(seen.body["unread"] == 3, "{seen:?}");
    let all = agent.put(&format!("{of}/read"), &json!({})).await?;
    ensure!(all["unread"] == 0, "{all}");

    agent.put(&draft, &json!({ "text": "P.S." })).await?;
    ensure!(ask(&agent, Method::DELETE, &draft).await?.status == StatusCode::NO_CONTENT);
    ensure!(ask(&agent, Method::DELETE, &draft).await?.status == StatusCode::NO_CONTENT);
    let end = json!({ "disposition": "Processed" });
    agent.post(&format!("{of}/end"), &end).await?;
    let seen = send(&agent, Method::PUT, &draft, &json!({ "text": "late" })).await?;
    is_problem(&seen, StatusCode::CONFLICT, "wrong-state")
}
