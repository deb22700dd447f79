//! The reference of all keys: what it says is taken by the real program with the real plug-ins.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Hub};
use reqwest::{Method, StatusCode};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

fn printed(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Every setting without the `#` before it.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_setting_of_every_network_can_be_applied() -> Result<()> {
    let hub = Hub::prepare(BINARY)?;
    let text = printed(hub.command().args(["init", "--reference", "site.toml"]))?;
    let file = hub.folder().join("site.toml");
    std::fs::write(&file, uncommented(&text))?;
    // The model that it names is there, as a trained one would be.
    let models = hub.data().join("models");
    std::fs::create_dir_all(&models)?;
    let labelled = "text\tlabel\n".to_owned() + &"it is late\ta\nit is here\tb\n".repeat(20);
    std::fs::write(hub.folder().join("messages.tsv"), labelled)?;
    let mut train = hub.command();
    train.args([
        "train",
        "messages.tsv",
        "--text",
        "text",
        "--label",
        "label",
    ]);
    train.args(["--quality", "draft", "--out"]);
    printed(train.arg(models.join("example.model")))?;
    // So is the calendar, beside the site file.
    let calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\nEND:VCALENDAR\n";
    std::fs::write(hub.folder().join("holidays.ics"), calendar)?;
    let mut check = hub.command();
    check.args(["apply", "--offline", "--check"]).arg(&file);
    // The secrets that it names, as their kinds are written.
    for place in text.split("\"env:").skip(1) {
        let name = place.split('"').next().context("a name")?;
        let value = match name {
            "X_USER_OAUTH1" => {
                r#"{"consumer_key":"a","consumer_secret":"b","token":"c","token_secret":"d"}"#
            }
            "X_USER_OAUTH2" => {
                r#"{"token_url":"https://api.x.com/2/oauth2/token","client_id":"a","refresh_token":"b"}"#
            }
            _ => "a-value-that-is-long-enough",
        };
        check.env(name, value);
    }
    printed(&mut check)?;

    // It has every key of every plug-in, in its own tables.
    let plugins: Value =
        serde_json::from_str(&printed(hub.command().args(["plugins", "--json"]))?)?;
    let said: toml::Value = toml::from_str(&uncommented(&text))?;
    let mut keys = 0;
    for plugin in plugins.as_array().context("plug-ins")? {
        let manifest = &plugin["manifest"];
        let id = manifest["id"].as_str().context("id")?;
        let group = if manifest["connector"].is_object() {
            "channels"
        } else {
            "analyzers"
        };
        let told = said.get(group).and_then(|group| group.get(id));
        let told = told.with_context(|| format!("{id} is not there"))?;
        for key in manifest["config_schema"]["properties"]
            .as_object()
            .context("keys")?
            .keys()
        {
            ensure!(told["config"].get(key).is_some(), "{id}: {key}\n{text}");
            keys += 1;
        }
        for secret in manifest["connector"]["secrets"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = secret["name"].as_str().context("name")?;
            ensure!(told["secrets"].get(name).is_some(), "{id}: {name}\n{text}");
        }
    }
    ensure!(keys > 30, "{keys}");

    // The process's file is one that the process reads.
    let text = printed(hub.command().args(["init", "--reference", "linecard.toml"]))?;
    std::fs::write(hub.folder().join("linecard.toml"), uncommented(&text))?;
    printed(hub.command().arg("plugins").env_remove("LINECARD_DATA"))?;
    Ok(())
}

#[test]
fn where_there_is_no_hub_the_reference_leaves_nothing_behind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(BINARY);
    command
        .args(["init", "--reference"])
        .current_dir(folder.path());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LINECARD_") {
            command.env_remove(name);
        }
    }
    let text = printed(&mut command)?;
    for part in ["linecard.toml", "site.toml"] {
        ensure!(
            text.contains(&format!("======== {part} ========")),
            "{text}"
        );
    }
    ensure!(text.contains("#[channels.whatsapp.config]"), "{text}");
    ensure!(std::fs::read_dir(folder.path())?.next().is_none());
    // And what `init` writes is the process's part of it.
    command.args(["linecard.toml"]);
    let printed_alone = printed(&mut command)?;
    let mut init = Command::new(BINARY);
    init.arg("init").current_dir(folder.path());
    printed(&mut init)?;
    let written = std::fs::read_to_string(folder.path().join("linecard.toml"))?;
    ensure!(written.trim_end() == printed_alone.trim_end(), "{written}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_stands_beside_the_api_for_everybody() -> Result<()> {
    let mut hub = Hub::prepare(BINARY)?;
    let settings = "public_url = \"https://desk.example.com/care\"\n";
    std::fs::write(hub.folder().join("linecard.toml"), settings)?;
    hub.launch().await?;
    let stranger = Client::anonymous(&hub.base())?;
    let description = stranger.get("/care/api/openapi.json").await?;
    // The page shows it as a link.
    let link = description["externalDocs"]["url"]
        .as_str()
        .context("link")?;
    ensure!(link == "/care/api/reference", "{link}");
    for path in [link, "/api/reference"] {
        let seen = stranger.ask(Method::GET, path, &[], None).await?;
        ensure!(seen.status == StatusCode::OK, "{seen:?}");
        ensure!(seen.headers["content-type"] == "text/plain; charset=utf-8");
        let text = seen.body.as_str().context("text")?;
        let alone = printed(hub.command().args(["init", "--reference"]))?;
        ensure!(text.trim_end() == alone.trim_end());
    }
    let seen = stranger
        .ask(Method::GET, "/api/reference?x=1", &[], None)
        .await?;
    ensure!(seen.status == StatusCode::BAD_REQUEST, "{seen:?}");
    Ok(())
}
