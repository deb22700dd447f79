//! Passwords, sessions and keys, by those who may.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Networks, SiteOptions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, ask, is_problem, send, stranger};

#[tokio::test(flavor = "multi_thread")]
async fn people_look_after_their_own_account() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let boss = hub.administrator()?;
    let carla = stranger(&boss, &hub.base(), "carla").await?;
    let old = "carla's password";
    let elsewhere = Client::sign_in(&hub.base(), "carla", old).await?;
    let sessions = carla.get("/api/v1/agents/me/sessions").await?;
    let sessions = sessions.as_array().context("a list")?.clone();
    ensure!(sessions.len() == 2, "{sessions:?}");
    ensure!(
        sessions[0]["current"] == true && sessions[1]["current"] == false,
        "{sessions:?}"
    );
    let token = carla.token().context("token")?;
    ensure!(
        !Value::from(sessions.clone()).to_string().contains(token),
        "a token is shown"
    );

    let path = "/api/v1/agents/me/password";
    let change = async |who: &Client, old: &str, new: &str| {
        send(who, Method::PUT, path, &json!({ "old": old, "new": new })).await
    };
    is_problem(
        &change(&carla, "wrong", "a new password").await?,
        StatusCode::UNAUTHORIZED,
        "sign-in-failed",
    )?;
    is_problem(
        &change(&carla, old, "short").await?,
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid",
    )?;
    is_problem(
        &change(&carla, old, old).await?,
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid",
    )?;
    elsewhere.get("/api/v1/session").await?;
    let seen = change(&carla, old, "a new password").await?;
    ensure!(seen.status == StatusCode::NO_CONTENT, "{seen:?}");
    // The other session is over, the one that asked goes on, and only the new password lets in.
    let seen = ask(&elsewhere, Method::GET, "/api/v1/session").await?;
    is_problem(&seen, StatusCode::UNAUTHORIZED, "unauthenticated")?;
    carla.get("/api/v1/session").await?;
    ensure!(Client::sign_in(&hub.base(), "carla", old).await.is_err());
    hub.kill()?;
    hub.launch().await?;
    let again = Client::sign_in(&hub.base(), "carla", "a new password").await?;

    // A password that comes from elsewhere is changed there; a key has none.
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    is_problem(
        &change(&agent, "agent-1", "a new password").await?,
        StatusCode::FORBIDDEN,
        "not-allowed",
    )?;
    is_problem(
        &change(&boss, "x", "a new password").await?,
        StatusCode::FORBIDDEN,
        "not-allowed",
    )?;

    // One's own sessions, and anybody's for administrators.
    let of_carla = "/api/v1/agents/carla/sessions";
    is_problem(
        &ask(&agent, Method::GET, of_carla).await?,
        StatusCode::FORBIDDEN,
        "not-allowed",
    )?;
    is_problem(
        &ask(&agent, Method::DELETE, of_carla).await?,
        StatusCode::FORBIDDEN,
        "not-allowed",
    )?;
    let sessions = boss.get(of_carla).await?;
    ensure!(sessions.as_array().map(Vec::len) == Some(2), "{sessions}");
    let second = sessions[1]["id"].as_str().context("id")?;
    let one = format!("/api/v1/agents/me/sessions/{second}");
    ensure!(ask(&carla, Method::DELETE, &one).await?.status == StatusCode::NO_CONTENT);
    is_problem(
        &ask(&carla, Method::DELETE, &one).await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    is_problem(
        &ask(&again, Method::GET, "/api/v1/session").await?,
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
    )?;
    ensure!(
        ask(&carla, Method::DELETE, "/api/v1/agents/me/sessions")
            .await?
            .status
            == StatusCode::NO_CONTENT
    );
    carla.get("/api/v1/session").await?;
    ensure!(ask(&boss, Method::DELETE, of_carla).await?.status == StatusCode::NO_CONTENT);
    is_problem(
        &ask(&carla, Method::GET, "/api/v1/session").await?,
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
    )?;
    is_problem(
        &ask(&boss, Method::GET, "/api/v1/agents/nobody/sessions").await?,
        StatusCode::NOT_FOUND,
        "not-found",
    )?;
    let audit = boss.get("/api/v1/audit?action=agent.password").await?;
    ensure!(
        audit["items"].as_array().map(Vec::len) == Some(1),
        "{audit}"
    );

    let keys = boss.get("/api/v1/keys").await?;
    ensure!(
        keys[0]["has_secret"] == true && keys[0]["channels"] == json!(["web"]),
        "{keys}"
    );
    is_problem(
        &ask(&agent, Method::GET, "/api/v1/keys").await?,
        StatusCode::FORBIDDEN,
        "not-allowed",
    )
}
