//! Calls of a running hub are recorded without secrets, and made again with the plug-in's file; the channel is
//! set up from the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::telegram::Incoming;
use linecard_tests::{Hub, SOON, eventually};
use serde_json::{Value, json};

use crate::telegram::{Shop, TOKEN};

/// The word by which the network shows that a delivery is its own, as the hub's environment has it.
const KEY: &str = "a long word of ours";

fn linecard(hub: &Hub, arguments: &[&str]) -> Result<(bool, String)> {
    let output = hub.command().args(arguments).output()?;
    let (out, error) = (&output.stdout, &output.stderr);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(error)
    );
    Ok((output.status.success(), said))
}

fn done(hub: &Hub, arguments: &[&str]) -> Result<String> {
    let (is_done, said) = linecard(hub, arguments)?;
    ensure!(is_done, "{arguments:?}: {said}\n{}", hub.log());
    Ok(said)
}

/// The folder of the one recorded case of a call.
fn case(hub: &Hub, call: &str) -> Result<PathBuf> {
    let folder = hub.data().join("recordings/telegram");
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut cases: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    cases.retain(|case| {
        let name = case.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with(&format!("{call}-")))
    });
    ensure!(cases.len() == 1, "{call}: {cases:?}");
    cases.pop().context("a case")
}

/// Everything that is in a folder, and that only its owner may read it.
fn read(case: &Path) -> Result<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| anyhow::Ok(path.metadata()?.permissions().mode() & 0o777);
    ensure!(mode(case)? == 0o700, "{}", case.display());
    let mut all = String::new();
    for entry in std::fs::read_dir(case)? {
        let file = entry?.path();
        ensure!(mode(&file)? == 0o600, "{}", file.display());
        all.push_str(&std::fs::read_to_string(file)?);
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_without_secrets_and_made_again() -> Result<()> {
    let shop = Shop::open("webhook").await?;
    let hub = &shop.hub;
    // The channel is registered from the command line; first it is told what would be done.
    let said = done(hub, &["channel", "set-up", "tg", "--rehearse"])?;
    ensure!(said.contains("would be done: "), "{said}");
    ensure!(said.contains("run `linecard channel set-up tg`"), "{said}");
    ensure!(shop.bot.webhook().is_none());
    let said = done(hub, &["channel", "set-up", "tg"])?;
    ensure!(said.contains("delivers to the hub"), "{said}");
    ensure!(shop.bot.webhook().is_some());
    let (is_done, said) = linecard(hub, &["channel", "set-up", "none"])?;
    ensure!(
        !is_done && said.contains("there is no channel none"),
        "{said}"
    );

    // Nothing is recorded until somebody asks for it, and then what was asked for.
    shop.say(Incoming::text("Before anybody records")).await?;
    let interaction = shop.agent.accept_next().await?;
    let record = [
        "plugin", "record", "telegram", "--call", "receive", "--call", "perform",
    ];
    let said = done(hub, &record)?;
    ensure!(said.contains("up to 20 calls of telegram"), "{said}");
    shop.say(Incoming::text("Where is my parcel?")).await?;
    shop.answer(&interaction, &json!({ "text": "On its way" }))
        .await?;
    shop.delivered(1).await?;
    eventually("both calls are written", SOON, async || {
        let said = done(hub, &["plugin", "record", "telegram", "--show"])?;
        Ok((said.contains("receive ") && said.contains("perform ")).then_some(()))
    })
    .await?;
    let said = done(hub, &["plugin", "record", "telegram", "--stop"])?;
    ensure!(said.contains("are not recorded"), "{said}");
    shop.say(Incoming::text("After it")).await?;

    let (receive, perform) = (case(hub, "receive")?, case(hub, "perform")?);
    let (received, performed) = (read(&receive)?, read(&perform)?);
    for (words, all) in [
        ("Where is my parcel?", &received),
        ("On its way", &performed),
    ] {
        ensure!(all.contains(words), "{words} is missing in {all}");
    }
    for all in [&received, &performed] {
        for secret in [TOKEN, KEY, "Before anybody", "After it"] {
            ensure!(!all.contains(secret), "{secret} is in {all}");
        }
    }

    // The same call, with what stands for the secrets, comes out the same: by the call's id and by the folder.
    let component = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("../plugins/wasm32-wasip2/plugin/linecard_telegram.wasm");
    let component = component.to_str().context("path")?;
    let name = receive.file_name().context("name")?.to_string_lossy();
    let id = name.rsplit('-').next().context("id")?;
    let said = done(hub, &["plugin", "replay", id, component])?;
    ensure!(said.contains("all 1 cases are as expected"), "{said}");
    let folder = perform.to_str().context("path")?;
    let said = done(hub, &["plugin", "replay", folder, component])?;
    ensure!(said.contains("all 1 cases are as expected"), "{said}");
    // What comes out otherwise is shown line by line.
    let file = perform.join("expected.json");
    let mut expected: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    expected["requests"][0]["body"]["text"] = json!("Something else");
    std::fs::write(&file, expected.to_string())?;
    let (is_done, said) = linecard(hub, &["plugin", "replay", folder, component])?;
    ensure!(!is_done, "{said}");
    for part in [
        "-        \"text\": \"Something else\"",
        "+        \"text\": \"On its way\"",
    ] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    let (is_done, said) = linecard(hub, &["plugin", "replay", "nothing", component])?;
    ensure!(
        !is_done && said.contains("there is no case nothing"),
        "{said}"
    );

    // It is in the audit log; and when a person is erased, no case stays.
    let administrator = hub.administrator()?;
    let audit = administrator.get("/api/v1/audit").await?.to_string();
    ensure!(audit.contains("plugin.record"), "{audit}");
    let id = interaction["id"].as_str().context("id")?;
    let end = format!("/api/v1/interactions/{id}/end");
    shop.agent.post(&end, &json!({})).await?;
    let contact = interaction["contact"].as_str();
    let contact = contact.with_context(|| interaction.to_string())?;
    eventually("the person is erased", SOON, async || {
        let path = format!("/api/v1/contacts/{contact}");
        let erased = administrator
            .ask(reqwest::Method::DELETE, &path, &[], None)
            .await?;
        Ok((erased.status == 204).then_some(()))
    })
    .await?;
    ensure!(!receive.exists() && !perform.exists());
    Ok(())
}
