//! Standard responses and macros.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Networks};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, SOON, ask, is_problem, send, taken, two_agents};

#[tokio::test(flavor = "multi_thread")]
async fn standard_responses_are_found_filled_in_and_counted() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let boss = hub.administrator()?;
    let id = taken(&networks, &agent, "ann@example.com", "hello").await?;
    let of = format!("/api/v1/interactions/{id}");
    let put = async |name: &str, body: Value| {
        send(
            &boss,
            Method::PUT,
            &format!("/api/v1/responses/{name}"),
            &body,
        )
        .await
    };
    let welcome = json!({
        "folder": "General/Greetings", "title": "Welcome", "language": "en",
        "text": "Hello {{contact.attributes.nick|there}}, {{agent.name}} here, about {{interaction.attributes.order}}.",
    });
    let seen = put("welcome", welcome.clone()).await?;
    ensure!(
        seen.status == StatusCode::OK && seen.body["used"] == 0,
        "{seen:?}"
    );
    let seen = put(
        "page-only",
        json!({ "title": "Page", "text": "Hi", "channels": ["page"] }),
    )
    .await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");
    put(
        "refund",
        json!({ "folder": "Orders", "title": "Refund", "text": "We pay it back." }),
    )
    .await?;
    // What cannot be filled in is named with its place.
    let seen = put(
        "wrong",
        json!({ "title": "W", "text": "Hi {{contact.nmae}}" }),
    )
    .await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
    let detail = seen.body["detail"].as_str().unwrap_or_default();
    ensure!(
        seen.body["pointer"] == "/text"
            && detail.contains("contact.nmae")
            && detail.contains("character 4"),
        "{seen:?}"
    );
    let seen = put(
        "wrong",
        json!({ "title": "W", "text": "Hi", "channels": ["nowhere"] }),
    )
    .await?;
    ensure!(seen.body["pointer"] == "/channels", "{seen:?}");
    let path = "/api/v1/responses/welcome";
    let seen = send(&agent, Method::PUT, path, &welcome).await?;
    is_problem(&seen, StatusCode::FORBIDDEN, "not-allowed")?;

    let found = async |query: &str| {
        let page = agent.get(&format!("/api/v1/responses{query}")).await?;
        let items = page["items"].as_array().context("items")?.clone();
        let names = items
            .iter()
            .map(|item| item["id"].as_str().unwrap_or_default().to_owned());
        Ok::<_, anyhow::Error>(names.collect::<Vec<_>>().join(" "))
    };
    for (query, expected) in [
        ("", "page-only refund welcome"),
        ("?search=HERE%20welcome", "welcome"),
        ("?search=orders", "refund"),
        ("?folder=General", "welcome"),
        ("?folder=Gen", ""),
        ("?language=en", "page-only refund welcome"),
        ("?language=de", "page-only refund"),
        (&format!("?interaction={id}"), "refund welcome"),
    ] {
        let names = found(query).await?;
        ensure!(names == expected, "{query}: {names}");
    }
    let page = agent.get("/api/v1/responses?limit=2").await?;
    let next = page["next"].as_str().context("next")?;
    ensure!(found(&format!("?limit=2&after={next}")).await? == "welcome");

    let render = json!({ "interaction": id });
    let path = "/api/v1/responses/welcome/render";
    let filled = agent.post(path, &render).await?;
    ensure!(
        filled["text"] == "Hello there, agent-1 here, about ."
            && filled["missing"] == json!(["interaction.attributes.order"]),
        "{filled}"
    );
    let order = json!({ "type": "number", "value": 4711 });
    agent.put(&format!("{of}/attributes/order"), &order).await?;
    let filled = agent.post(path, &render).await?;
    ensure!(
        filled["text"] == "Hello there, agent-1 here, about 4711.",
        "{filled}"
    );
    let seen = send(
        &agent,
        Method::POST,
        "/api/v1/responses/page-only/render",
        &render,
    )
    .await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;

    // Its use is counted with the message, or nothing is sent.
    let messages = format!("{of}/messages");
    for (name, status) in [
        ("nothing", StatusCode::NOT_FOUND),
        ("page-only", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let body = json!({ "text": "Hi", "response": name });
        let seen = send(&agent, Method::POST, &messages, &body).await?;
        ensure!(seen.status == status, "{name}: {seen:?}");
    }
    let body = json!({ "text": filled["text"], "response": "welcome" });
    agent.post(&messages, &body).await?;
    let got = networks
        .web
        .customers()
        .wait_delivered("ann@example.com", 1, SOON)
        .await;
    let got = got.context("nothing was sent")?;
    ensure!(
        got.len() == 1 && got[0].text == "Hello there, agent-1 here, about 4711.",
        "{got:?}"
    );
    hub.kill()?;
    hub.launch().await?;
    let used = agent.get("/api/v1/responses/welcome").await?;
    ensure!(used["used"] == 1 && used["used_at"].is_string(), "{used}");
    ensure!(found("?sort=used&limit=1").await? == "welcome");

    // All of them, taken out and put back.
    let all = boss.get("/api/v1/site/responses").await?;
    ensure!(all["responses"]["welcome"] == welcome, "{all}");
    let mut less = all.clone();
    less["responses"]
        .as_object_mut()
        .context("object")?
        .remove("refund");
    less["responses"]["new"] = json!({ "title": "New", "text": "{{who}}" });
    let seen = send(&boss, Method::PUT, "/api/v1/site/responses", &less).await?;
    ensure!(seen.body["pointer"] == "/responses/new/text", "{seen:?}");
    ensure!(
        found("").await? == "page-only refund welcome",
        "all or none"
    );
    less["responses"]["new"]["text"] = "New".into();
    let done = boss.put("/api/v1/site/responses", &less).await?;
    ensure!(done == json!({ "saved": 1, "removed": 1 }), "{done}");
    ensure!(found("").await? == "new page-only welcome");
    ensure!(agent.get("/api/v1/responses/welcome").await?["used"] == 1);
    let seen = ask(&boss, Method::DELETE, "/api/v1/responses/new").await?;
    ensure!(seen.status == StatusCode::NO_CONTENT, "{seen:?}");
    let seen = ask(&boss, Method::DELETE, "/api/v1/responses/new").await?;
    is_problem(&seen, StatusCode::NOT_FOUND, "not-found")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_macro_does_everything_or_nothing() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &two_agents()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    let boss = hub.administrator()?;
    let id = taken(&networks, &agent, "ann@example.com", "hello").await?;
    let of = format!("/api/v1/interactions/{id}");
    agent.put(&format!("{of}/labels/open"), &json!({})).await?;
    agent
        .put(&format!("{of}/draft"), &json!({ "text": "Dear" }))
        .await?;
    let put = async |name: &str, body: Value| {
        send(&boss, Method::PUT, &format!("/api/v1/macros/{name}"), &body).await
    };
    boss.put(
        "/api/v1/responses/bye",
        &json!({ "title": "Bye", "text": "Bye, {{agent.name}}" }),
    )
    .await?;
    let whole = json!({
        "title": "Close", "response": "bye", "add_labels": ["done"], "remove_labels": ["open"],
        "end": true, "disposition": "Processed",
    });
    for (name, body) in [
        ("close", whole.clone()),
        ("wrong-code", {
            let mut wrong = whole.clone();
            wrong["disposition"] = "Nonsense".into();
            wrong
        }),
        (
            "missing",
            json!({ "title": "M", "text": "{{contact.attributes.x}}", "add_labels": ["done"] }),
        ),
        (
            "label-only",
            json!({ "title": "L", "add_labels": ["seen"] }),
        ),
    ] {
        let seen = put(name, body).await?;
        ensure!(seen.status == StatusCode::OK, "{name}: {seen:?}");
    }
    for (body, pointer) in [
        (json!({ "title": "Nothing" }), "/response"),
        (json!({ "title": "X", "response": "nothing" }), "/response"),
        (
            json!({ "title": "X", "text": "a", "response": "bye" }),
            "/text",
        ),
        (
            json!({ "title": "X", "text": "a", "disposition": "Processed" }),
            "/disposition",
        ),
    ] {
        let seen = put("x", body).await?;
        is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;
        ensure!(seen.body["pointer"] == pointer, "{seen:?}");
    }
    let seen = send(&agent, Method::PUT, "/api/v1/macros/close", &whole).await?;
    is_problem(&seen, StatusCode::FORBIDDEN, "not-allowed")?;
    let seen = ask(&boss, Method::DELETE, "/api/v1/responses/bye").await?;
    is_problem(&seen, StatusCode::UNPROCESSABLE_ENTITY, "invalid")?;

    let before = agent.get(&of).await?;
    let run = async |who: &Client, name: &str, key: &str| {
        let headers = [("idempotency-key", key)];
        let path = format!("{of}/macros/{name}");
        who.ask(Method::POST, &path, &headers, None).await
    };
    is_problem(
        &run(&agent, "wrong-code", "1").await?,
        StatusCode::UNPROCESSABLE_ENTITY,
        "unknown-disposition",
    )?;
    is_problem(
        &run(&agent, "missing", "2").await?,
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid",
    )?;
    is_problem(
        &run(&other, "close", "3").await?,
        StatusCode::CONFLICT,
        "not-yours",
    )?;
    is_problem(
        &run(&agent, "none", "4").await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    ensure!(agent.get(&of).await? == before, "something was done");
    ensure!(agent.get(&format!("{of}/draft")).await?["text"] == "Dear");

    let mut events = agent.events(None).await?;
    let shown = run(&agent, "label-only", "5").await?;
    ensure!(shown.body["labels"] == json!(["open", "seen"]), "{shown:?}");
    let done = run(&agent, "close", "6").await?;
    ensure!(
        done.body["state"] == "ended"
            && done.body["disposition"] == "Processed"
            && done.body["labels"] == json!(["done", "seen"]),
        "{done:?}"
    );
    for kind in [
        "message-accepted",
        "response-used",
        "draft-removed",
        "interaction-marked",
        "interaction-ended",
        "macro-run",
    ] {
        events.wait_for(kind, SOON).await?;
    }
    hub.kill()?;
    hub.launch().await?;
    let again = run(&agent, "close", "6").await?;
    ensure!(again.body == done.body, "{again:?}");
    let got = networks
        .web
        .customers()
        .wait_delivered("ann@example.com", 1, SOON)
        .await;
    let got = got.context("nothing was sent")?;
    ensure!(got.len() == 1 && got[0].text == "Bye, agent-1", "{got:?}");
    ensure!(agent.get("/api/v1/responses/bye").await?["used"] == 1);
    is_problem(
        &run(&agent, "close", "7").await?,
        StatusCode::CONFLICT,
        "wrong-state",
    )?;
    let seen = ask(&boss, Method::DELETE, "/api/v1/macros/close").await?;
    ensure!(seen.status == StatusCode::NO_CONTENT, "{seen:?}");
    let names = agent.get("/api/v1/macros").await?;
    ensure!(names.as_array().map(Vec::len) == Some(3), "{names}");
    Ok(())
}
