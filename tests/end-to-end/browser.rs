//! What a browser does: it gets the desk's pages, signs in by a cookie, and is not made to act by pages
//! of other sites.

mod agent;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Hub, Networks, Seen, SiteOptions, in_full};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::clients::tools::{node, run};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const MEANT: (&str, &str) = ("x-linecard-session", "cookie");

/// Signs in as a page does, and gives the cookie as a browser sends it back.
async fn sign_in(client: &Client) -> Result<(Seen, String)> {
    let body = json!({"name": "agent-1", "password": "agent-1", "cookie": true});
    let seen = client
        .ask(Method::POST, "/api/v1/session", &[], Some(&body))
        .await?;
    ensure!(seen.status == StatusCode::CREATED, "{seen:?}");
    let set = seen.headers.get("set-cookie").context("no cookie")?;
    let set = set.to_str()?;
    ensure!(set.contains("; HttpOnly"), "{set}");
    ensure!(set.contains("; SameSite=Strict"), "{set}");
    let pair = set.split(';').next().context("no cookie")?.to_owned();
    Ok((seen, pair))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_signs_in_by_cookie_and_acts_only_with_its_header() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let browser = Client::anonymous(&hub.base())?;
    let (session, pair) = sign_in(&browser).await?;
    ensure!(session.body["name"] == "agent-1", "{session:?}");
    ensure!(session.body.get("token").is_none(), "a script can read it");
    let cookie = ("cookie", pair.as_str());

    let read = browser
        .ask(Method::GET, "/api/v1/session", &[cookie], None)
        .await?;
    ensure!(read.status == StatusCode::OK, "{read:?}");

    // A form of another site would send the cookie, but never the header.
    let ready = json!({"state": "ready"});
    let place = "/api/v1/agents/me/presence";
    let seen = browser
        .ask(Method::PUT, place, &[cookie], Some(&ready))
        .await?;
    ensure!(seen.status == StatusCode::FORBIDDEN, "{seen:?}");
    ensure!(
        seen.body["type"] == "/problems/session-header-missing",
        "{seen:?}"
    );
    let seen = browser
        .ask(Method::PUT, place, &[cookie, MEANT], Some(&ready))
        .await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");

    // Whoever leaves is out, with a copy of the cookie too.
    let left = browser
        .ask(Method::DELETE, "/api/v1/session", &[cookie, MEANT], None)
        .await?;
    ensure!(left.status == StatusCode::NO_CONTENT, "{left:?}");
    let cleared = left.headers.get("set-cookie").context("it stays")?;
    ensure!(cleared.to_str()?.contains("Max-Age=0"), "{cleared:?}");
    let seen = browser
        .ask(Method::GET, "/api/v1/session", &[cookie], None)
        .await?;
    ensure!(seen.status == StatusCode::UNAUTHORIZED, "{seen:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_comes_with_the_program_and_runs_nothing_but_its_own_scripts() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let http = linecard_tests::http()?;
    let page = http.get(format!("{}/desk/", hub.base())).send().await?;
    ensure!(page.status() == StatusCode::OK, "{page:?}");
    let policy = page.headers().get("content-security-policy");
    let policy = policy.context("no policy")?.to_str()?.to_owned();
    ensure!(!policy.contains("unsafe"), "{policy}");
    ensure!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let text = page.text().await?;
    let script = text
        .split("src=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .context("the page has no script")?;
    let script = url::Url::parse(&format!("{}/desk/", hub.base()))?.join(script)?;
    let first = http.get(script.clone()).send().await?;
    ensure!(first.status() == StatusCode::OK, "{script}: {first:?}");
    let tag = first.headers().get("etag").context("no tag")?.clone();
    let again = http.get(script).header("if-none-match", tag).send().await?;
    ensure!(again.status() == StatusCode::NOT_MODIFIED, "{again:?}");
    Ok(())
}

/// Where Debian and others put the browser.
fn chromium() -> Result<Option<&'static str>> {
    let places = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    let found = places.into_iter().find(|place| Path::new(place).exists());
    if found.is_none() {
        ensure!(!in_full(), "there is no Chromium");
        println!("skipped: there is no Chromium here");
    }
    Ok(found)
}

/// Where a browser's journey is, once what it needs is installed. None: this machine has no browser for it.
fn journey(folder: &Path, name: &str) -> Result<Option<Command>> {
    let Some(chromium) = chromium()? else {
        return Ok(None);
    };
    if !node(folder, &["playwright-core@1.65.1", "axe-core@4.14.1"])? {
        return Ok(None);
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/end-to-end/browser");
    for file in [name, "desk.mjs"] {
        std::fs::copy(source.join(file), folder.join(file))?;
    }
    let mut node = Command::new("node");
    node.arg(folder.join(name)).env("CHROMIUM", chromium);
    Ok(Some(node))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leads_takes_over_and_sets_up_channels_and_rules_in_a_browser() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(mut node) = journey(folder.path(), "supervisor.mjs")? else {
        return Ok(());
    };
    let networks = Networks::start().await?;
    // A busy machine takes its time to look at what rings.
    let site = SiteOptions {
        slots: 1,
        offer_timeout: 300,
        more: r#"
[hours.shop]
name = "Shop <img src=x onerror=alert(1)>"
zone = "UTC"
[queues.odd]
name = "<script>alert(2)</script>"
[groups.odd]
name = "<b>group</b>"
members = ["agent-1"]
[roles.odd]
name = "<b>role</b>"
[analyzers.words]
plugin = "keywords"
config = { rules = [{ label = "<b>label</b>", words = ["anybody"] }] }
[[rules]]
name = "<img src=x onerror=alert(3)>"
when = "message.text.contains('Anybody')"
[rules.then]
add_labels = ["<b>by rule</b>"]
"#
        .to_owned(),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &site).await?;
    let administrator = hub.administrator()?;
    let boss = json!({
        "config": {"name": "Boss", "role": "admin", "password": "stored"},
        "password": "the boss's password",
    });
    administrator.put("/api/v1/agents/boss", &boss).await?;

    let hostile = Profile::named("Emil <img src=x onerror=alert(4)>", "\u{202e}limE");
    networks.web.add_customer("emil", hostile);
    // One customer is with an agent who has room for no other, and another one waits.
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let said = networks.web.say("dora", Said::text("Hello?")).await;
    ensure!(said.acknowledged, "{said:?}");
    let taken = agent.accept_next().await?;
    let taken = taken["id"].as_str().context("no id")?.to_owned();
    let said = networks.web.say("emil", Said::text("Anybody?")).await;
    ensure!(said.acknowledged, "{said:?}");

    node.arg(hub.base());
    node.env("PASSWORD", "the boss's password");
    node.env("KEY", administrator.token().context("no key")?);
    tokio::task::spawn_blocking(move || run(&mut node)).await??;

    // What the browser showed is so.
    let place = format!("/api/v1/interactions/{taken}");
    let seen = administrator.get(&place).await?;
    ensure!(seen["agent"] == "boss", "{seen}");
    let rules = administrator.get("/api/v1/rules").await?;
    ensure!(
        rules["rules"][1]["when"] == "message.text.contains('refund')",
        "{rules}"
    );
    let said = administrator.get("/api/v1/practice/messages").await?;
    let last = said.as_array().and_then(|all| all.last());
    ensure!(
        last.is_some_and(|one| one["text"] == "And I still answer." && one["by_customer"] == false),
        "{said}"
    );
    Ok(())
}
