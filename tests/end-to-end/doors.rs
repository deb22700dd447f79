//! The API's doors: what comes in a wrong shape is refused with its place, at every one of them.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Hub};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Every address that takes JSON: its method and path, and whether the body may be left out.
async fn json_doors(client: &Client) -> Result<Vec<(Method, String)>> {
    let description = client.get("/api/openapi.json").await?;
    let paths = description["paths"].as_object().context("paths")?;
    let mut doors = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().context("methods")? {
            let content = &operation["requestBody"]["content"];
            if content.get("application/json").is_none() {
                continue;
            }
            let filled = filled(path);
            let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
            doors.push((method, filled));
        }
    }
    ensure!(doors.len() >= 12, "{doors:?}");
    Ok(doors)
}

/// A path with something in the place of each of its parameters.
fn filled(path: &str) -> String {
    let steps = path.split('/');
    let steps = steps.map(|step| if step.starts_with('{') { "x" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_no_object_and_nothing_unknown_is_ignored_at_any_door() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let administrator = hub.administrator()?;
    let before = administrator.get("/api/v1/site").await?;
    let headers = [("if-match", "*")];
    for (method, path) in json_doors(&administrator).await? {
        for (body, what) in [
            (json!([]), "an array"),
            (json!(["admin", "x", null, {}]), "an array with values"),
            (json!({"no_such_key": 1}), "an unknown key"),
            (json!("text"), "a text"),
            (json!(null), "null"),
        ] {
            let seen = administrator
                .ask(method.clone(), &path, &headers, Some(&body))
                .await?;
            ensure!(
                seen.status == StatusCode::UNPROCESSABLE_ENTITY,
                "{method} {path} with {what}: {seen:?}"
            );
            ensure!(seen.body["pointer"].is_string(), "{path}: {seen:?}");
        }
    }
    // And below the first level.
    for config in [json!([]), json!(["n", []])] {
        let body = json!({ "config": config });
        let seen = administrator
            .ask(Method::PUT, "/api/v1/site", &headers, Some(&body))
            .await?;
        ensure!(
            seen.status == StatusCode::UNPROCESSABLE_ENTITY && seen.body["pointer"] == "/config",
            "{seen:?}"
        );
    }
    let body = json!({"config": {"queues": {"a": []}, "agents": {"b": {"skils": {}}},
        "channels": {"c": {"plugin": "x", "queue": "a", "skills": [["german"]]}}}});
    let seen = administrator
        .ask(Method::POST, "/api/v1/site/check", &[], Some(&body))
        .await?;
    let places: Vec<&str> = seen.body["errors"]
        .as_array()
        .context("errors")?
        .iter()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    ensure!(
        places
            == [
                "/config/agents/b/skils",
                "/config/channels/c/skills/0",
                "/config/queues/a",
            ],
        "{seen:?}"
    );
    let after = administrator.get("/api/v1/site").await?;
    ensure!(before == after, "{after}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_be_removed() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let key = hub.administrator()?;
    let admin =
        json!({"config": {"role": "admin", "password": "stored"}, "password": "correct horse"});
    key.put("/api/v1/agents/ada", &admin).await?;
    let machine =
        json!({"config": {"role": "admin", "secret": "stored"}, "secret": "battery staple"});
    key.put("/api/v1/keys/crm", &machine).await?;
    let ada = Client::sign_in(&hub.base(), "ada", "correct horse").await?;
    // Another is left.
    let removed = key
        .ask(Method::DELETE, "/api/v1/keys/crm", &[], None)
        .await?;
    ensure!(removed.status == StatusCode::NO_CONTENT, "{removed:?}");
    let demoted = json!({"config": {"role": "agent", "password": "stored"}});
    let without_password = json!({"config": {"role": "admin"}});
    let nobody = json!({"config": {"agents": {}}});
    for (method, path, body) in [
        (Method::DELETE, "/api/v1/agents/ada", None),
        (Method::PUT, "/api/v1/agents/ada", Some(&demoted)),
        (Method::PUT, "/api/v1/agents/ada", Some(&without_password)),
        (Method::PUT, "/api/v1/site", Some(&nobody)),
        (Method::POST, "/api/v1/site/check", Some(&nobody)),
    ] {
        let headers = [("if-match", "*")];
        let seen = ada.ask(method.clone(), path, &headers, body).await?;
        ensure!(
            seen.status == StatusCode::UNPROCESSABLE_ENTITY,
            "{method} {path}: {seen:?}"
        );
        ensure!(
            seen.body["detail"]
                .as_str()
                .is_some_and(|d| d.contains("administer")),
            "{seen:?}"
        );
    }
    ada.get("/api/v1/site").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_work_is_told_when_it_is_applied() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let key = hub.administrator()?;
    let seen = key
        .put("/api/v1/agents/ben", &json!({"config": {"name": "Ben"}}))
        .await?;
    ensure!(seen["warnings"][0]["pointer"] == "/config", "{seen}");
    let body = json!({"config": {"keys": {"crm": {}}}});
    let seen = key.post("/api/v1/site/check", &body).await?;
    ensure!(
        seen["warnings"][0]["pointer"] == "/config/keys/crm",
        "{seen}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_upload_is_refused() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let key = hub.administrator()?;
    let empty = key
        .request(Method::POST, "/api/v1/media")
        .header("content-type", "image/png")
        .send()
        .await?;
    ensure!(
        empty.status() == StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        empty.status()
    );
    let full = key
        .request(Method::POST, "/api/v1/media")
        .header("content-type", "text/plain")
        .body("hello")
        .send()
        .await?;
    ensure!(full.status() == StatusCode::CREATED, "{}", full.status());
    let stored: Value = full.json().await?;
    ensure!(stored["size"] == 5, "{stored}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_parameter_that_nobody_knows_is_refused_at_every_door() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let administrator = hub.administrator()?;
    let description = administrator.get("/api/openapi.json").await?;
    let mut doors = 0;
    for (path, methods) in description["paths"].as_object().context("paths")? {
        for method in methods.as_object().context("methods")?.keys() {
            let filled = filled(path);
            let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
            for query in ["no_such=1", "limit=1&Limit=1", "no_such"] {
                let seen = administrator
                    .ask(method.clone(), &format!("{filled}?{query}"), &[], None)
                    .await?;
                ensure!(
                    seen.status == StatusCode::BAD_REQUEST
                        && seen.body["type"] == "/problems/bad-parameter",
                    "{method} {path}?{query}: {seen:?}"
                );
            }
            doors += 1;
        }
    }
    ensure!(doors >= 40, "{doors}");
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/problems",
        "/api/openapi.json",
    ] {
        let seen = administrator
            .ask(Method::GET, &format!("{path}?verbose"), &[], None)
            .await?;
        ensure!(seen.status == StatusCode::BAD_REQUEST, "{path}: {seen:?}");
    }
    // What is known is taken, and what was meant is said.
    administrator.get("/api/v1/interactions?limit=1").await?;
    let seen = administrator
        .ask(Method::GET, "/api/v1/interactions?limt=1", &[], None)
        .await?;
    let detail = seen.body["detail"].as_str().unwrap_or_default();
    ensure!(detail.contains("did you mean \"limit\"?"), "{seen:?}");
    // Networks add what they like to their own doors.
    let seen = administrator
        .ask(Method::GET, "/channels/none/webhook?no_such=1", &[], None)
        .await?;
    ensure!(seen.status == StatusCode::NOT_FOUND, "{seen:?}");
    Ok(())
}
