//! The API at its public edge: who may do what, what is refused and how, and event streams without
//! gaps.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Hub, Networks, SOON, Seen, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

fn is_problem(seen: &Seen, status: StatusCode, kind: &str) -> Result<()> {
    let wanted = format!("/problems/{kind}");
    let content = seen
        .headers
        .get("content-type")
        .map(reqwest::header::HeaderValue::as_bytes);
    ensure!(
        seen.status == status
            && seen.body["type"] == wanted.as_str()
            && seen.body["status"] == status.as_u16()
            && content == Some(b"application/problem+json"),
        "{kind} was expected: {seen:?}"
    );
    Ok(())
}

async fn delete(client: &Client, path: &str) -> Result<Seen> {
    client.ask(Method::DELETE, path, &[], None).await
}

async fn put(client: &Client, path: &str, body: &Value) -> Result<Seen> {
    client.ask(Method::PUT, path, &[], Some(body)).await
}

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Result<Seen> {
    let headers = [("idempotency-key", key)];
    client.ask(Method::POST, path, &headers, Some(body)).await
}

async fn get(client: &Client, path: &str) -> Result<Seen> {
    client.ask(Method::GET, path, &[], None).await
}

/// One offer at the agent, whose id it gives.
async fn offer(networks: &Networks, agent: &Client, customer: &str) -> Result<String> {
    let said = networks.web.say(customer, Said::text("hello")).await;
    ensure!(said.acknowledged, "{said:?}");
    eventually("an offer", SOON, async || {
        let offers = agent.get("/api/v1/offers").await?;
        Ok(offers
            .pointer("/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    })
    .await
}

/// Adds an agent of another queue, and signs in.
async fn stranger(hub: &Hub) -> Result<Client> {
    let boss = hub.administrator()?;
    let agent = json!({"config": {"password": "stored"}, "password": "stranger-pw"});
    let seen = put(&boss, "/api/v1/agents/stranger", &agent).await?;
    ensure!(seen.status == StatusCode::CREATED, "{seen:?}");
    let queue = json!({"config": {"members": ["stranger"]}});
    boss.put("/api/v1/queues/elsewhere", &queue).await?;
    Client::sign_in(&hub.base(), "stranger", "stranger-pw").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_one_effect() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let offer = offer(&networks, &agent, "ann@example.com").await?;
    let accept = format!("/api/v1/offers/{offer}/accept");
    let first = post(&agent, &accept, "key-1", &json!({})).await?;
    ensure!(first.status == StatusCode::OK, "{first:?}");
    ensure!(first.body["state"] == "connected" && first.body["capabilities"].is_object());
    let again = post(&agent, &accept, "key-1", &json!({})).await?;
    ensure!(
        again.status == StatusCode::OK && again.body == first.body,
        "{again:?}"
    );
    ensure!(again.headers.contains_key("idempotency-replayed"));
    let other = post(&agent, &accept, "key-2", &json!({})).await?;
    is_problem(&other, StatusCode::CONFLICT, "offer-taken")?;

    let id = first.body["id"].as_str().context("id")?;
    let messages = format!("/api/v1/interactions/{id}/messages");
    let hello = json!({"text": "Hello!"});
    let sent = post(&agent, &messages, "key-3", &hello).await?;
    ensure!(sent.status == StatusCode::ACCEPTED, "{sent:?}");
    // Also after the process was killed.
    hub.kill()?;
    hub.launch().await?;
    let again = post(&agent, &messages, "key-3", &hello).await?;
    ensure!(again.body == sent.body && again.headers.contains_key("idempotency-replayed"));
    let other = post(&agent, &messages, "key-3", &json!({"text": "Bye!"})).await?;
    is_problem(
        &other,
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
    )?;
    let all = agent.all(&messages, "before").await?;
    ensure!(
        all.len() == 2,
        "the customer's message and one answer: {all:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_see_their_own_queues_only() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let stranger = stranger(&hub).await?;
    let boss = hub.administrator()?;
    let start = boss.get("/api/v1/snapshot").await?["seq"]
        .as_u64()
        .context("seq")?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let offer = offer(&networks, &agent, "ann@example.com").await?;
    let interaction = agent.get(&format!("/api/v1/offers/{offer}")).await?["interaction"].clone();
    let (id, contact) = (
        interaction["id"].as_str().context("id")?,
        interaction["contact"].as_str().context("contact")?,
    );
    for path in [
        format!("/api/v1/offers/{offer}"),
        format!("/api/v1/interactions/{id}"),
        format!("/api/v1/interactions/{id}/messages"),
        format!("/api/v1/interactions/{id}/explain"),
        format!("/api/v1/contacts/{contact}"),
        format!("/api/v1/contacts/{contact}/history"),
    ] {
        let seen = get(&stranger, &path).await?;
        ensure!(seen.status == StatusCode::NOT_FOUND, "{path}: {seen:?}");
        agent.get(&path).await?;
    }
    let accept = format!("/api/v1/offers/{offer}/accept");
    let seen = post(&stranger, &accept, "k", &json!({})).await?;
    is_problem(&seen, StatusCode::CONFLICT, "offer-of-another")?;
    for path in ["/api/v1/interactions", "/api/v1/interactions?state=ended"] {
        ensure!(stranger.get(path).await?["items"] == json!([]), "{path}");
    }
    for path in ["site", "stats", "agents", "audit", "contacts"] {
        let path = format!("/api/v1/{path}");
        is_problem(
            &get(&agent, &path).await?,
            StatusCode::FORBIDDEN,
            "not-allowed",
        )?;
        boss.get(&path).await?;
    }
    // The stream shows the same: what belongs to a queue, and nobody's but an administrator's audit.
    let mut events = agent.events(Some(start)).await?;
    events.wait_for("interaction-offered", SOON).await?;
    let health = json!({"config": {"members": ["stranger"], "name": "Other"}});
    boss.put("/api/v1/queues/elsewhere", &health).await?;
    let mut others = stranger.events(Some(start)).await?;
    let quiet = tokio::time::timeout(Duration::from_secs(2), async {
        while let Some((_, event)) = others.next().await? {
            let kind = event["kind"].as_str().unwrap_or_default().to_owned();
            ensure!(kind == "channel-health-changed", "a stranger sees {event}");
        }
        Ok(())
    })
    .await;
    if let Ok(ended) = quiet {
        ended?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_problems_that_name_the_field() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let anonymous = Client::anonymous(&hub.base())?;
    let seen = get(&anonymous, "/api/v1/offers").await?;
    is_problem(&seen, StatusCode::UNAUTHORIZED, "unauthenticated")?;
    ensure!(seen.headers.contains_key("www-authenticate"));
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let presence = "/api/v1/agents/me/presence";
    let nope = json!({"state": "not-ready", "reason": "Nope"});
    let seen = put(&agent, presence, &nope).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "unknown-reason")?;
    ensure!(seen.body["pointer"] == "/reason" && seen.body["allowed"].is_array());
    let seen = put(&agent, presence, &json!({"state": "asleep"})).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
    ensure!(seen.body["pointer"] == "/state", "{seen:?}");
    let seen = delete(&agent, "/api/v1/offers").await?;
    is_problem(&seen, StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")?;
    is_problem(
        &get(&agent, "/api/v1/no").await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    for cursor in ["x", "-1", "99999999"] {
        let seen = get(&agent, &format!("/api/v1/events?after={cursor}")).await?;
        is_problem(&seen, StatusCode::BAD_REQUEST, "bad-cursor")?;
    }
    let seen = get(&agent, "/api/v1/interactions?limit=0").await?;
    is_problem(&seen, StatusCode::BAD_REQUEST, "bad-parameter")?;

    agent.go_ready().await?;
    let offer = offer(&networks, &agent, "ann@example.com").await?;
    let accept = format!("/api/v1/offers/{offer}/accept");
    let interaction = agent.post(&accept, &json!({})).await?;
    let id = interaction["id"].as_str().context("id")?;
    let messages = format!("/api/v1/interactions/{id}/messages");
    let long = json!({"text": "x".repeat(100_000)});
    let seen = post(&agent, &messages, "long", &long).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "text-too-long")?;
    ensure!(seen.body["pointer"] == "/text" && seen.body["max"].is_u64());
    let detail = seen.body["detail"].as_str().context("a detail")?;
    ensure!(
        detail.contains("100000 characters"),
        "not in people's words: {detail}"
    );
    let seen = post(&agent, &messages, "empty", &json!({"text": " "})).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "text-required")?;
    let actions = format!("/api/v1/interactions/{id}/actions");
    let written = agent.all(&messages, "before").await?;
    let target = &written.last().context("a message")?["id"];
    for (wrong, status, kind) in [
        (
            json!({ "action": "dance" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        // Messages are named by the hub's ids, and by those of this conversation.
        (
            json!({ "action": "hide", "message": "1" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            json!({ "action": "hide", "message": id }),
            StatusCode::NOT_FOUND,
            "not-found",
        ),
        (
            json!({ "action": "hide", "message": target, "part": 1 }),
            StatusCode::CONFLICT,
            "not-on-network",
        ),
    ] {
        let seen = post(&agent, &actions, &wrong.to_string(), &wrong).await?;
        is_problem(&seen, status, kind)?;
    }
    let hide = json!({ "action": "hide", "message": target });
    let seen = post(&agent, &actions, "hide", &hide).await?;
    is_problem(
        &seen,
        StatusCode::UNPROCESSABLE_ENTITY,
        "capability-unsupported",
    )?;
    let end = format!("/api/v1/interactions/{id}/end");
    let seen = post(&agent, &end, "end", &json!({"disposition": "Nonsense"})).await?;
    is_problem(
        &seen,
        StatusCode::UNPROCESSABLE_ENTITY,
        "unknown-disposition",
    )?;
    ensure!(seen.body["pointer"] == "/disposition");

    let name = "agent-2";
    let mut last = None;
    for _ in 0..11 {
        let wrong = json!({"name": name, "password": "wrong"});
        let seen = anonymous.ask(Method::POST, "/api/v1/session", &[], Some(&wrong));
        last = Some(seen.await?);
    }
    let last = last.context("an answer")?;
    is_problem(&last, StatusCode::TOO_MANY_REQUESTS, "too-many-attempts")?;
    ensure!(last.headers.contains_key("retry-after"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_changed_by_one_person_at_a_time() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let boss = hub.administrator()?;
    let read = get(&boss, "/api/v1/site").await?;
    let etag = read.headers["etag"].to_str()?.to_owned();
    let mut config = read.body["config"].clone();
    config["name"] = json!("First");
    let body = json!({"config": config});
    let change = async |condition: &str, body: &Value| {
        let headers = [("if-match", condition)];
        boss.ask(Method::PUT, "/api/v1/site", &headers, Some(body))
            .await
    };
    let missing = put(&boss, "/api/v1/site", &body).await?;
    is_problem(
        &missing,
        StatusCode::PRECONDITION_REQUIRED,
        "precondition-required",
    )?;
    // Of several at the same time, one is taken.
    let all = futures::future::join_all((0..4).map(|_| change(&etag, &body))).await;
    let mut taken = 0;
    for seen in all {
        let seen = seen?;
        if seen.status == StatusCode::OK {
            taken += 1;
        } else {
            is_problem(
                &seen,
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
            )?;
        }
    }
    ensure!(taken == 1, "{taken} changes of one version were taken");

    let mut wrong = config.clone();
    wrong["channels"]["web"]["queue"] = json!("missing");
    wrong["channels"]["page"]["plugin"] = json!("absent");
    let seen = change("*", &json!({"config": wrong})).await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid-site")?;
    let pointers: Vec<_> = seen.body["errors"]
        .as_array()
        .context("errors")?
        .iter()
        .filter_map(|e| e["pointer"].as_str())
        .collect();
    ensure!(
        pointers.contains(&"/config/channels/web/queue"),
        "{pointers:?}"
    );
    ensure!(
        pointers.contains(&"/config/channels/page/plugin"),
        "{pointers:?}"
    );
    let now = boss.get("/api/v1/site").await?;
    ensure!(
        now["config"]["channels"] == config["channels"],
        "nothing has changed"
    );

    let audit = boss.get("/api/v1/audit?limit=1").await?;
    ensure!(audit["items"][0]["action"] == "site.configure", "{audit}");
    ensure!(audit["items"][0]["after"]["name"] == "First", "{audit}");
    let stored = serde_json::to_string(&boss.get("/api/v1/site").await?)?;
    for (_, secret) in networks.secrets() {
        ensure!(
            !stored.contains(&secret),
            "the configuration holds a secret"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_out_or_removed_hears_nothing_more() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let stranger = stranger(&hub).await?;
    // A session is still one after the process was killed.
    hub.kill()?;
    hub.launch().await?;
    let mut first = stranger.events(None).await?;
    let again = Client::sign_in(&hub.base(), "stranger", "stranger-pw").await?;
    let mut second = again.events(None).await?;
    let seen = delete(&stranger, "/api/v1/session").await?;
    ensure!(seen.status == StatusCode::NO_CONTENT, "{seen:?}");
    let ended = tokio::time::timeout(SOON, first.next()).await??;
    ensure!(ended.is_none(), "the stream goes on: {ended:?}");
    is_problem(
        &get(&stranger, "/api/v1/session").await?,
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
    )?;
    again.get("/api/v1/session").await?;

    let boss = hub.administrator()?;
    boss.put("/api/v1/queues/elsewhere", &json!({"config": {}}))
        .await?;
    let seen = delete(&boss, "/api/v1/agents/stranger").await?;
    ensure!(seen.status == StatusCode::NO_CONTENT, "{seen:?}");
    tokio::time::timeout(SOON, async {
        while second.next().await?.is_some() {}
        anyhow::Ok(())
    })
    .await
    .context("the stream of somebody who was removed goes on")??;
    let seen = get(&again, "/api/v1/session").await?;
    is_problem(&seen, StatusCode::UNAUTHORIZED, "unauthenticated")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_without_a_gap_or_a_duplicate() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let busy = tokio::spawn(async move {
        for n in 0..60 {
            let presence = if n % 2 == 0 {
                json!({"state": "ready"})
            } else {
                json!({"state": "not-ready", "reason": "Lunch"})
            };
            agent.put("/api/v1/agents/me/presence", &presence).await?;
        }
        anyhow::Ok(())
    });
    // Connections that end again and again, each going on where the one before was.
    let mut last = 0;
    let mut seen = Vec::new();
    let mut presences = 0;
    while presences < 60 {
        let mut events = boss.events(Some(last)).await?;
        for _ in 0..7 {
            let next = tokio::time::timeout(SOON, events.next());
            let Some((seq, event)) = next.await?? else {
                break;
            };
            last = seq;
            seen.push(seq);
            presences += usize::from(event["kind"] == "presence-changed");
            if presences == 60 {
                break;
            }
        }
    }
    busy.await??;
    let wanted: Vec<u64> = (1..=last).collect();
    ensure!(seen == wanted, "{seen:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_websocket() -> Result<()> {
    use futures::StreamExt as _;
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let ticket = agent.post("/api/v1/events/ticket", &json!({})).await?;
    let ticket = ticket["ticket"].as_str().context("ticket")?.to_owned();
    let base = hub.base().replace("http://", "ws://");
    let address = format!("{base}/api/v1/events/ws?ticket={ticket}");
    let (mut socket, _) = tokio_tungstenite::connect_async(&address).await?;
    agent.go_ready().await?;
    let presence = tokio::time::timeout(SOON, async {
        while let Some(message) = socket.next().await {
            let event: Value = serde_json::from_str(message?.to_text()?)?;
            if event["kind"] == "presence-changed" {
                return Ok(event);
            }
        }
        anyhow::bail!("the socket ended")
    });
    let presence = presence.await??;
    ensure!(
        presence["data"]["presence"]["state"] == "ready",
        "{presence}"
    );
    let second = tokio_tungstenite::connect_async(&address).await;
    ensure!(second.is_err(), "a ticket is good once");
    ensure!(!hub.log().contains(&ticket), "a ticket is in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_speaks_with_the_hubs_own_words() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let anonymous = Client::anonymous(&hub.base())?;
    let message = json!({"channel": {"messageId": "m", "from": {"id": "a", "idType": "Opaque"},
        "time": "2026-01-01T00:00:00Z"}, "text": "forged"});
    let headers = [("linecard-authenticated", "open-messaging-api")];
    let path = "/channels/web/webhook/message";
    let seen = anonymous
        .ask(Method::POST, path, &headers, Some(&message))
        .await?;
    is_problem(&seen, StatusCode::UNAUTHORIZED, "bad-signature")?;
    let unknown = anonymous
        .ask(Method::POST, "/channels/none/webhook", &[], Some(&message))
        .await?;
    is_problem(&unknown, StatusCode::NOT_FOUND, "not-found")?;
    let large = json!("x".repeat(5 << 20));
    let seen = anonymous.ask(Method::POST, path, &[], Some(&large)).await?;
    is_problem(&seen, StatusCode::PAYLOAD_TOO_LARGE, "too-large")?;
    // A person's session is no key of a middleware.
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let path = "/api/v2/conversations/messages/web/inbound/open/message";
    let seen = agent
        .ask(Method::POST, path, &headers, Some(&message))
        .await?;
    ensure!(
        seen.status == StatusCode::FORBIDDEN && seen.body["code"] == "not.authorized",
        "{seen:?}"
    );
    let boss = hub.administrator()?;
    ensure!(boss.get("/api/v1/interactions").await?["items"] == json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_is_cut_off_and_slows_nobody() -> Result<()> {
    use tokio::io::AsyncWriteExt as _;
    if !linecard_tests::in_full() {
        println!("skipped: it takes a minute; set LINECARD_FULL=1");
        return Ok(());
    }
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let boss = hub.administrator()?;
    let key = std::fs::read_to_string(hub.data().join("admin.key"))?;
    let address = hub.base().replace("http://", "");
    let mut idle = tokio::net::TcpStream::connect(&address).await?;
    let request = format!(
        "GET /api/v1/events?after=0 HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\n\r\n",
        key.trim()
    );
    idle.write_all(request.as_bytes()).await?;
    let streams = async || {
        let page = boss.get("/metrics").await?;
        let page = page.as_str().context("a page")?;
        let line = page
            .lines()
            .find(|l| l.starts_with("linecard_event_streams "));
        line.map(str::to_owned).context("the number of streams")
    };
    eventually("the stream is open", SOON, async || {
        Ok((streams().await?.ends_with(" 1")).then_some(()))
    })
    .await?;
    let mut config = boss.get("/api/v1/site").await?["config"].clone();
    for n in 0..40 {
        // Far more than the buffers of both systems hold.
        config["name"] = json!(format!("{n}{}", "x".repeat(250_000)));
        let headers = [("if-match", "*")];
        let body = json!({"config": config});
        let change = boss.ask(Method::PUT, "/api/v1/site", &headers, Some(&body));
        let seen = tokio::time::timeout(SOON, change).await??;
        ensure!(seen.status == StatusCode::OK, "{seen:?}");
    }
    eventually(
        "the reader is cut off",
        Duration::from_secs(90),
        async || Ok((streams().await?.ends_with(" 0")).then_some(())),
    )
    .await?;
    drop(idle);
    Ok(())
}
