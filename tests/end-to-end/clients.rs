//! Clients that others wrote, against the real hub.

mod description;
pub(crate) mod tools;
mod webhooks;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Networks, SiteOptions, eventually};
use tools::python;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

#[tokio::test(flavor = "multi_thread")]
async fn the_official_genesys_client_delivers_a_message() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(python) = python(folder.path(), &["PureCloudPlatformClientV2==269.0.0"])? else {
        return Ok(());
    };
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let web = networks.web.options();
    let output = Command::new(python)
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/end-to-end/clients/genesys.py"),
        )
        .args([
            &hub.base(),
            &web.client_id,
            &web.client_secret,
            &web.integration_id,
        ])
        .output()?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        hub.log()
    );
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let message = eventually("the message", Duration::from_secs(10), async || {
        Ok(agent
            .history("web", "grace@example.com")
            .await?
            .into_iter()
            .next())
    })
    .await?;
    let text = message["content"]["text"].as_str().context("text")?;
    ensure!(text.starts_with("It's easier"), "{message}");
    Ok(())
}
