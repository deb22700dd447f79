//! Outgoing webhooks: what another system is told, checked with the libraries that the specification's
//! authors publish.

mod receiver;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Hub, Networks, SOON, Seen, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::BINARY;
use super::tools::{node, python, run};
use receiver::{Answering, Receiver, Request};

/// A hub that may send webhooks to a receiver on this machine, and gives an event up after two attempts.
async fn hub(networks: &Networks, receiver: &Receiver) -> Result<Hub> {
    let mut hub = Hub::prepare(BINARY)?;
    hub.environment = networks.secrets();
    let password = ("PASSWORD_AGENT_1".to_owned(), "agent-1".to_owned());
    hub.environment.push(password);
    let settings = format!(
        "[webhooks]\nhosts = [\"{}\"]\nattempts = 2\nfirst_retry_seconds = 1\n",
        receiver.base()
    );
    std::fs::write(hub.folder().join("linecard.toml"), settings)?;
    hub.launch().await?;
    hub.apply(&networks.site(&SiteOptions::default()))?;
    networks.connect(&hub).await?;
    Ok(hub)
}

async fn say(networks: &Networks, customer: &str, text: &str) -> Result<()> {
    let said = networks.web.say(customer, Said::text(text)).await;
    ensure!(said.acknowledged, "{said:?}");
    Ok(())
}

/// Adds a webhook and gives its secret.
async fn add(admin: &Client, name: &str, settings: &Value) -> Result<String> {
    let path = format!("/api/v1/webhooks/{name}");
    let put = admin.put(&path, settings).await?;
    let secret = put["secret"].as_str().context("secret")?;
    ensure!(secret.starts_with("whsec_"), "{put}");
    Ok(secret.to_owned())
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    eventually(what, SOON, async || Ok(is_so().await?.then_some(()))).await
}

/// What a receiver took, by the number of the event; each has one id, whenever it came.
fn by_seq(requests: &[Request]) -> Result<BTreeMap<u64, Value>> {
    let mut found: BTreeMap<u64, (String, Value)> = BTreeMap::new();
    for request in requests {
        let body: Value = serde_json::from_str(&request.body)?;
        let seq = body["seq"].as_u64().context("seq")?;
        let id = request.header("webhook-id")?.to_owned();
        if let Some((known, _)) = found.insert(seq, (id.clone(), body)) {
            ensure!(known == id, "event {seq} came as {known} and as {id}");
        }
    }
    let bodies = found.into_iter().map(|(seq, (_, body))| (seq, body));
    Ok(bodies.collect())
}

/// Everything of some kinds that happened until now, as the event stream has it.
async fn happened(admin: &Client, kinds: &[&str]) -> Result<BTreeMap<u64, Value>> {
    let newest = admin.get("/api/v1/snapshot").await?["seq"]
        .as_u64()
        .context("seq")?;
    let mut events = admin.events(Some(0)).await?;
    let mut found = BTreeMap::new();
    // The administrator sees every event, so the newest one comes.
    while let Some((seq, event)) = events.next().await? {
        let kind = event["kind"].as_str().context("kind")?;
        if kinds.is_empty() || kinds.contains(&kind) {
            found.insert(seq, event.clone());
        }
        if seq >= newest {
            break;
        }
    }
    Ok(found)
}

/// Has the published libraries check every request. `secrets` are tried one by one: each must do.
fn checked_by_libraries(requests: &[Request], secrets: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("requests.json");
    let all: Vec<Value> = requests
        .iter()
        .map(|request| json!({"headers": request.headers, "body": request.body}))
        .collect();
    std::fs::write(
        &file,
        json!({"requests": all, "secrets": secrets}).to_string(),
    )?;
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/end-to-end/clients");
    let home = folder.path().join("python");
    if let Some(python) = python(&home, &["standardwebhooks==1.0.1"])? {
        let script = scripts.join("standard_webhooks.py");
        let said = run(Command::new(python).arg(script).arg(&file))?;
        ensure!(said.trim() == requests.len().to_string(), "{said}");
    }
    let home = folder.path().join("node");
    std::fs::create_dir(&home)?;
    if node(&home, &["standardwebhooks@1.0.0"])? {
        let script = home.join("check.mjs");
        std::fs::copy(scripts.join("standard_webhooks.mjs"), &script)?;
        let said = run(Command::new("node").arg(script).arg(&file))?;
        ensure!(said.trim() == requests.len().to_string(), "{said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_system_is_told_everything_signed_also_over_a_kill() -> Result<()> {
    let receiver = Receiver::start().await?;
    let networks = Networks::start().await?;
    let mut hub = hub(&networks, &receiver).await?;
    let admin = hub.administrator()?;
    say(&networks, "before@example.com", "before").await?;
    until("the first message", async || {
        Ok(!happened(&admin, &["message-received"]).await?.is_empty())
    })
    .await?;
    let kinds = ["interaction-started", "message-received"];
    let settings = json!({"url": receiver.url("/crm"), "events": kinds});
    let first = add(&admin, "crm", &settings).await?;
    let everything = json!({"url": receiver.url("/all")});
    add(&admin, "all", &everything).await?;
    let began = happened(&admin, &[]).await?;
    let began = *began.keys().last().context("nothing happened")?;

    for number in 1..=3 {
        for customer in ["ann@example.com", "bob@example.com"] {
            say(&networks, customer, &format!("{customer} {number}")).await?;
        }
    }
    let expected = async |admin: &Client, kinds: &[&str]| {
        let mut all = happened(admin, kinds).await?;
        all.retain(|seq, event| {
            *seq > began && event["kind"] != "audited" && event["kind"] != "site-configured"
        });
        anyhow::Ok(all)
    };
    until("all are told", async || {
        let told = by_seq(&receiver.taken("/crm"))?;
        Ok(told.len() == 8 && told == expected(&admin, &kinds).await?)
    })
    .await?;

    // The hub is killed while it tells something, and more has happened.
    receiver.answer("/crm", Answering::Never);
    say(&networks, "ann@example.com", "ann@example.com 4").await?;
    let so_far = receiver.asked("/crm");
    until("a request is under way", async || {
        Ok(receiver.asked("/crm") > so_far || receiver.asked("/crm") > 8)
    })
    .await?;
    say(&networks, "ann@example.com", "ann@example.com 5").await?;
    until("both are recorded", async || {
        Ok(happened(&admin, &["message-received"]).await?.len() >= 9)
    })
    .await?;
    hub.kill()?;
    receiver.answer("/crm", Answering::With(204));
    hub.launch().await?;
    until("what happened before the kill is told", async || {
        Ok(by_seq(&receiver.taken("/crm"))? == expected(&admin, &kinds).await?)
    })
    .await?;
    // A contact is told as it is at the time.
    let kinds_of = |events: BTreeMap<u64, Value>| {
        let kinds = events
            .into_iter()
            .map(|(seq, event)| (seq, event["kind"].clone()));
        kinds.collect::<BTreeMap<u64, Value>>()
    };
    until("so is everything", async || {
        let told = kinds_of(by_seq(&receiver.taken("/all"))?);
        Ok(told == kinds_of(expected(&admin, &[]).await?))
    })
    .await?;

    // Of each interaction in the order in which it happened; only what came twice may come between.
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for request in receiver.taken("/crm") {
        let body: Value = serde_json::from_str(&request.body)?;
        let seq = body["seq"].as_u64().context("seq")?;
        let interaction = body["data"]["interaction"].as_str();
        let interaction = interaction.or(body["data"]["id"].as_str());
        if seen.insert(seq) {
            let last = last
                .entry(interaction.unwrap_or_default().to_owned())
                .or_default();
            ensure!(seq > *last, "{seq} after {last}");
            *last = seq;
        }
    }
    checked_by_libraries(&receiver.taken("/crm"), &[&first])?;

    // Two secrets, then one.
    let rotate = async |key: &str, seconds: u32| {
        let body = json!({ "overlap_seconds": seconds });
        let key = [("idempotency-key", key)];
        let path = "/api/v1/webhooks/crm/rotate";
        admin.ask(Method::POST, path, &key, Some(&body)).await
    };
    let rotated = rotate("one", 3_600).await?;
    ensure!(rotated.status == 200, "{rotated:?}");
    let second = rotated.body["secret"]
        .as_str()
        .context("secret")?
        .to_owned();
    ensure!(second != first && rotated.body["former_secret_until"].is_string());
    let again = rotate("one", 3_600).await?;
    ensure!(again.body == rotated.body, "{again:?}");
    ensure!(again.headers.contains_key("idempotency-replayed"));
    let other = rotate("one", 60).await?;
    ensure!(other.status == 422, "{other:?}");
    receiver.forget();
    say(&networks, "ann@example.com", "ann@example.com 6").await?;
    until("it is told", async || {
        Ok(!receiver.taken("/crm").is_empty())
    })
    .await?;
    checked_by_libraries(&receiver.taken("/crm"), &[&first, &second])?;
    let third = rotate("two", 0).await?;
    let third = third.body["secret"].as_str().context("secret")?.to_owned();
    receiver.forget();
    say(&networks, "ann@example.com", "ann@example.com 7").await?;
    until("it is told", async || {
        Ok(!receiver.taken("/crm").is_empty())
    })
    .await?;
    let taken = receiver.taken("/crm");
    ensure!(!taken[0].header("webhook-signature")?.contains(' '));
    checked_by_libraries(&taken, &[&third])?;

    // Nobody sees a secret again, neither in an answer nor in the log.
    let shown = admin.get("/api/v1/webhooks").await?.to_string();
    let audit = admin.get("/api/v1/audit").await?.to_string();
    for secret in [&first, &second, &third] {
        let secret = secret.trim_start_matches("whsec_");
        for text in [&shown, &audit, &hub.log()] {
            ensure!(!text.contains(secret), "a secret is shown: {text}");
        }
    }
    ensure!(audit.contains("webhook.rotate") && audit.contains("webhook.create"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_kept_and_told_again_and_holds_up_nobody_else() -> Result<()> {
    let receiver = Receiver::start().await?;
    let networks = Networks::start().await?;
    let mut hub = hub(&networks, &receiver).await?;
    let admin = hub.administrator()?;
    let kinds = json!(["message-received"]);
    for name in ["good", "broken", "stalled", "moved"] {
        let settings = json!({"url": receiver.url(&format!("/{name}")), "events": kinds});
        add(&admin, name, &settings).await?;
    }
    receiver.answer("/broken", Answering::With(500));
    receiver.answer("/stalled", Answering::Never);
    let elsewhere = receiver.url("/elsewhere");
    receiver.answer("/moved", Answering::Redirect(elsewhere));
    for number in 1..=20 {
        let customer = format!("c{number}@example.com");
        say(&networks, &customer, &format!("word {number}")).await?;
    }
    until("the good one has all", async || {
        Ok(by_seq(&receiver.taken("/good"))?.len() == 20)
    })
    .await?;
    ensure!(by_seq(&receiver.taken("/stalled"))?.is_empty());

    // Two attempts, and then they are dead letters, which say why.
    let letters = async |name: &str| {
        let path = format!("/api/v1/webhooks/{name}/dead-letters?limit=7");
        admin.all(&path, "after").await
    };
    until("the broken one has given up", async || {
        Ok(letters("broken").await?.len() == 20)
    })
    .await?;
    let broken = letters("broken").await?;
    ensure!(
        broken[0]["attempts"] == 2 && broken[0]["status"] == 500,
        "{broken:?}"
    );
    ensure!(receiver.asked("/broken") == 40);
    until("so has the one that has moved", async || {
        Ok(letters("moved").await?.len() == 20)
    })
    .await?;
    let moved = letters("moved").await?[0].to_string();
    ensure!(moved.contains("redirections are not followed"), "{moved}");
    ensure!(receiver.asked("/elsewhere") == 0);
    let log = admin.get("/api/v1/webhooks/broken/deliveries").await?;
    let newest = &log[0];
    ensure!(
        newest["outcome"] == "given-up" && newest["attempt"] == 2,
        "{newest}"
    );

    // They outlive a kill; one is told again, then all since then.
    hub.kill()?;
    hub.launch().await?;
    // What was given up in its last moment may have been tried anew since.
    let seqs = |letters: &[Value]| letters.iter().map(|l| l["seq"].clone()).collect::<Vec<_>>();
    until("they are there again", async || {
        Ok(seqs(&letters("broken").await?) == seqs(&broken))
    })
    .await?;
    receiver.answer("/broken", Answering::With(200));
    let again = async |body: Value, key: &str| {
        let key = [("idempotency-key", key)];
        let path = "/api/v1/webhooks/broken/redeliver";
        admin.ask(Method::POST, path, &key, Some(&body)).await
    };
    let seq = broken[3]["seq"].as_u64().context("seq")?;
    let one = again(json!({ "seq": seq }), "one").await?;
    ensure!(one.status == 204, "{one:?}");
    until("it is told", async || {
        Ok(by_seq(&receiver.taken("/broken"))?.len() == 1)
    })
    .await?;
    ensure!(letters("broken").await?.len() == 19);
    for (body, status) in [
        (json!({ "seq": 1_000_000 }), 404),
        (json!({ "seq": 0 }), 404),
        (json!({}), 422),
        (json!({ "seq": seq, "since": "2026-01-01T00:00:00Z" }), 422),
    ] {
        let refused = again(body.clone(), &format!("bad {body}")).await?;
        ensure!(refused.status == status, "{body}: {refused:?}");
    }
    let since = json!({ "since": broken[0]["first_at"] });
    // Everything since the first of them was tried is everything but what had happened just before.
    let all = again(since.clone(), "all").await?;
    ensure!(all.status == 204, "{all:?}");
    let replayed = again(since, "all").await?;
    ensure!(
        replayed.headers.contains_key("idempotency-replayed"),
        "{replayed:?}"
    );
    let everything = json!({ "since": "2020-01-01T00:00:00Z" });
    again(everything, "everything").await?;
    until("all are told", async || {
        Ok(by_seq(&receiver.taken("/broken"))? == by_seq(&receiver.taken("/good"))?)
    })
    .await?;
    until("no dead letter is left", async || {
        Ok(letters("broken").await?.is_empty())
    })
    .await?;

    // Whoever is gone is told nothing any more, until somebody enables it again: then what it missed.
    receiver.answer("/good", Answering::With(410));
    say(&networks, "c1@example.com", "to nobody").await?;
    let good = "/api/v1/webhooks/good";
    until("it is disabled", async || {
        let shown = admin.get(good).await?;
        Ok(shown["enabled"] == false && shown["disabled_because"].is_string())
    })
    .await?;
    say(&networks, "c1@example.com", "nor this").await?;
    until("another one has it", async || {
        Ok(by_seq(&receiver.taken("/broken"))?.len() == 22)
    })
    .await?;
    ensure!(by_seq(&receiver.taken("/good"))?.len() == 20);
    receiver.answer("/good", Answering::With(200));
    let settings = json!({"url": receiver.url("/good"), "events": kinds});
    let enabled = admin.put(good, &settings).await?;
    ensure!(enabled["secret"].is_null() && enabled["disabled_because"].is_null());
    until("it has what it missed", async || {
        Ok(by_seq(&receiver.taken("/good"))? == by_seq(&receiver.taken("/broken"))?)
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_alone_set_webhooks_up_and_none_leads_inside() -> Result<()> {
    let receiver = Receiver::start().await?;
    let networks = Networks::start().await?;
    let hub = hub(&networks, &receiver).await?;
    let admin = hub.administrator()?;
    let put = async |who: &Client, body: &Value, headers: &[(&str, &str)]| {
        let path = "/api/v1/webhooks/tickets";
        who.ask(Method::PUT, path, headers, Some(body)).await
    };
    let outside = json!({"url": "https://tickets.example.com/hook?token=s3cr3t", "enabled": false});
    for (url, pointer) in [
        ("http://127.0.0.1:1/", "/url"),
        ("https://127.0.0.1/", "/url"),
        ("https://169.254.169.254/latest/meta-data", "/url"),
        ("https://[::ffff:127.0.0.1]/", "/url"),
        ("https://0x7f000001/", "/url"),
        ("http://tickets.example.com/", "/url"),
        ("https://localhost/", "/url"),
        ("https://me:word@tickets.example.com/", "/url"),
        ("ftp://tickets.example.com/", "/url"),
        ("tickets", "/url"),
    ] {
        let refused = put(&admin, &json!({ "url": url }), &[]).await?;
        ensure!(refused.status == 422, "{url}: {refused:?}");
        ensure!(refused.body["pointer"] == pointer, "{url}: {refused:?}");
    }
    let kind = json!({"url": "https://a.example.com/", "events": ["message-recieved"]});
    let refused = put(&admin, &kind, &[]).await?;
    ensure!(
        refused.body["detail"]
            .to_string()
            .contains("message-received"),
        "{refused:?}"
    );
    for private in ["audited", "site-configured", "draft-saved"] {
        let body = json!({"url": "https://a.example.com/", "events": [private]});
        let refused = put(&admin, &body, &[]).await?;
        ensure!(refused.body["pointer"] == "/events/0", "{refused:?}");
    }

    let made = put(&admin, &outside, &[("if-none-match", "*")]).await?;
    ensure!(made.status == 201, "{made:?}");
    let version = made.headers["etag"].to_str()?.to_owned();
    let twice = put(&admin, &outside, &[("if-none-match", "*")]).await?;
    ensure!(twice.status == 412, "{twice:?}");
    let changed = json!({"url": "https://tickets.example.com/other", "enabled": false});
    let done = put(&admin, &changed, &[("if-match", &version)]).await?;
    ensure!(
        done.status == 200 && done.body["secret"].is_null(),
        "{done:?}"
    );
    let late = put(&admin, &outside, &[("if-match", &version)]).await?;
    ensure!(late.status == 412, "{late:?}");
    let audit = admin.get("/api/v1/audit?action=webhook.change").await?;
    ensure!(
        audit["items"][0]["before"]["host"] == "tickets.example.com",
        "{audit}"
    );
    ensure!(!audit.to_string().contains("s3cr3t") && !hub.log().contains("s3cr3t"));

    // Nobody else, whatever they ask.
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let one = "/api/v1/webhooks/tickets";
    for (method, path, body) in [
        (Method::GET, "/api/v1/webhooks".to_owned(), None),
        (Method::GET, one.to_owned(), None),
        (Method::PUT, one.to_owned(), Some(&outside)),
        (Method::DELETE, one.to_owned(), None),
        (Method::GET, format!("{one}/deliveries"), None),
        (Method::GET, format!("{one}/dead-letters"), None),
        (Method::POST, format!("{one}/rotate"), Some(&Value::Null)),
        (Method::POST, format!("{one}/redeliver"), Some(&Value::Null)),
    ] {
        let body = body.map(|body| {
            if body.is_null() {
                json!({})
            } else {
                body.clone()
            }
        });
        let refused: Seen = agent.ask(method.clone(), &path, &[], body.as_ref()).await?;
        ensure!(refused.status == 403, "{method} {path}: {refused:?}");
    }

    let page = Client::anonymous(&hub.base())?;
    let page = page.ask(Method::GET, "/metrics", &[], None).await?.body;
    let page = page.as_str().unwrap_or_default();
    ensure!(
        page.contains("linecard_outgoing_webhook_enabled{webhook=\"tickets\"} 0"),
        "{page}"
    );
    let gone = admin.ask(Method::DELETE, one, &[], None).await?;
    ensure!(gone.status == 204, "{gone:?}");
    for _ in 0..2 {
        let gone = admin.ask(Method::DELETE, one, &[], None).await?;
        ensure!(gone.status == 404, "{gone:?}");
    }
    ensure!(admin.get("/api/v1/webhooks").await? == json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_told_to_nobody_again() -> Result<()> {
    const WORDS: &str = "Zqxb'Kvlw: where is it?";
    let receiver = Receiver::start().await?;
    let networks = Networks::start().await?;
    let hub = hub(&networks, &receiver).await?;
    let admin = hub.administrator()?;
    add(&admin, "all", &json!({"url": receiver.url("/all")})).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    say(&networks, "dora@example.com", WORDS).await?;
    let interaction = agent.accept_next().await?;
    let contact = interaction["contact"].as_str().context("contact")?;
    let of_interaction = format!(
        "/api/v1/interactions/{}",
        interaction["id"].as_str().context("id")?
    );
    agent
        .post(&format!("{of_interaction}/end"), &json!({}))
        .await?;
    let code = json!({ "disposition": "Processed" });
    agent
        .post(&format!("{of_interaction}/wrap-up"), &code)
        .await?;
    until("the words are told", async || {
        Ok(receiver
            .taken("/all")
            .iter()
            .any(|r| r.body.contains("Kvlw")))
    })
    .await?;
    let of_contact = format!("/api/v1/contacts/{contact}");
    let erased = admin.ask(Method::DELETE, &of_contact, &[], None).await?;
    ensure!(erased.status.is_success(), "{erased:?}");
    let has_erasure = |requests: &[Request]| {
        requests
            .iter()
            .any(|r| r.body.contains("\"contact-erased\"") && r.body.contains(contact))
    };
    until("the erasure is told", async || {
        Ok(has_erasure(&receiver.taken("/all")))
    })
    .await?;
    receiver.forget();
    let everything = json!({ "since": "2020-01-01T00:00:00Z" });
    admin
        .post("/api/v1/webhooks/all/redeliver", &everything)
        .await?;
    // What is of different interactions is told side by side, so either may come first.
    until("everything is told again", async || {
        let taken = receiver.taken("/all");
        let is_message = |r: &Request| r.body.contains("\"message-received\"");
        Ok(has_erasure(&taken) && taken.iter().any(is_message))
    })
    .await?;
    let taken = receiver.taken("/all");
    ensure!(
        taken
            .iter()
            .all(|r| !r.body.contains("Kvlw") && !r.body.contains("dora@"))
    );
    Ok(())
}
