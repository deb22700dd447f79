//! The description of the API in the hands of others: linters, two generators whose clients work a
//! shift, and a tester that knows nothing but the description.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Hub, Networks, SiteOptions};

use super::BINARY;
use super::tools::{node, python, run};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/end-to-end/clients")
        .join(name)
}

/// The description as a hub serves it, in a file.
async fn description(hub: &Hub, folder: &Path) -> Result<PathBuf> {
    let description = Client::anonymous(&hub.base())?
        .get("/api/openapi.json")
        .await?;
    let file = folder.join("openapi.json");
    std::fs::write(&file, description.to_string())?;
    Ok(file)
}

/// The description of its streams, in a file.
async fn streams(hub: &Hub, folder: &Path) -> Result<PathBuf> {
    let described = Client::anonymous(&hub.base())?
        .get("/api/asyncapi.json")
        .await?;
    let file = folder.join("asyncapi.json");
    std::fs::write(&file, described.to_string())?;
    Ok(file)
}

/// A hub with an agent, at whom a customer's message waits to alert.
async fn hub_with_work(networks: &Networks, customer: &str) -> Result<Hub> {
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let said = Said::text("Where is my parcel?");
    let delivery = networks.web.say(customer, said).await;
    ensure!(delivery.acknowledged, "{delivery:?}");
    Ok(hub)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_works_a_shift() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tools = [
        "openapi-spec-validator==0.9.0",
        "openapi-python-client==0.29.1",
    ];
    let Some(python) = python(&folder.path().join("python"), &tools)? else {
        return Ok(());
    };
    let networks = Networks::start().await?;
    let customer = "ann@example.com";
    let hub = hub_with_work(&networks, customer).await?;
    let description = description(&hub, folder.path()).await?;
    run(Command::new(&python)
        .args(["-m", "openapi_spec_validator"])
        .arg(&description))?;
    let settings = folder.path().join("generator.yaml");
    std::fs::write(&settings, "post_hooks: []\n")?;
    let made = run(Command::new(&python)
        .args([
            "-m",
            "openapi_python_client",
            "generate",
            "--meta",
            "none",
            "--fail-on-warning",
        ])
        .arg("--config")
        .arg(&settings)
        .arg("--path")
        .arg(&description)
        .arg("--output-path")
        .arg(folder.path().join("hub_client")))?;
    ensure!(!made.contains("Warning"), "{made}");
    run(Command::new(&python)
        .arg(script("shift.py"))
        .arg(hub.base())
        .arg(folder.path())
        .arg(customer)
        .arg(hub.data().join("admin.key")))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_javascript_client_works_a_shift() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tools = [
        "@redocly/cli@2.77.0",
        "@types/node@20.19.43",
        "openapi-fetch@0.17.0",
        "openapi-typescript@7.13.0",
        "typescript@5.9.3",
    ];
    if !node(folder.path(), &tools)? {
        return Ok(());
    }
    let networks = Networks::start().await?;
    let customer = "bob@example.com";
    let hub = hub_with_work(&networks, customer).await?;
    let description = description(&hub, folder.path()).await?;
    let tool = |name: &str| {
        let mut tool = Command::new(folder.path().join("node_modules/.bin").join(name));
        tool.current_dir(folder.path());
        tool
    };
    let rules = script("redocly.yaml");
    run(tool("redocly")
        .args(["lint", "--max-problems", "1000", "--config"])
        .arg(rules)
        .arg(&description)
        .arg(streams(&hub, folder.path()).await?)
        // It would tell its maker that it was run.
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"))?;
    run(tool("openapi-typescript")
        .arg(&description)
        .args(["--output", "hub.d.ts"]))?;
    std::fs::copy(script("shift.ts"), folder.path().join("shift.ts"))?;
    run(tool("tsc").args([
        "--strict",
        "--noUncheckedIndexedAccess",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "shift.ts",
    ]))?;
    run(Command::new("node")
        .arg("shift.js")
        .arg(hub.base())
        .arg(customer)
        .arg(hub.data().join("admin.key"))
        .current_dir(folder.path()))?;
    Ok(())
}

/// How many requests it makes up for each operation, beside those that follow from the description.
const MADE_UP: &str = "12";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_tester_makes_up_is_answered_otherwise_than_described() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tools = ["schemathesis==4.32.5"];
    let Some(python) = python(&folder.path().join("python"), &tools)? else {
        return Ok(());
    };
    let networks = Networks::start().await?;
    let hub = hub_with_work(&networks, "cleo@example.com").await?;
    let key = std::fs::read_to_string(hub.data().join("admin.key"))?;
    let tested = run(Command::new(&python)
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(script("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/openapi.json", hub.base()))
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            MADE_UP,
        ])
        .args([
            "--seed",
            "1",
            "--generation-deterministic",
            "--no-shrink",
            "--no-color",
        ])
        .arg("--continue-on-failure")
        // A stream does not end.
        .args(["--exclude-path-regex", "^/api/v1/events(/ws)?$"])
        .current_dir(folder.path())
        .env("LINECARD_KEY", key.trim())
        // The tester asks this machine only, past any proxy.
        .env("NO_PROXY", "127.0.0.1"));
    tested.map(drop)
}
