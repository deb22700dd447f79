//! Clients that others wrote, against the real hub.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use linecard_tests::{Client, Networks, SiteOptions, eventually, in_full};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Makes a Python environment with a package. `None`: it cannot be had here.
fn python(folder: &Path, package: &str) -> Result<Option<std::path::PathBuf>> {
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(folder)
        .output();
    let python = folder.join("bin").join("python");
    let problem = match made {
        Ok(made) if made.status.success() => {
            let installed = Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    package,
                ])
                .output()?;
            if installed.status.success() {
                return Ok(Some(python));
            }
            String::from_utf8_lossy(&installed.stderr).into_owned()
        }
        Ok(made) => String::from_utf8_lossy(&made.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    if in_full() {
        bail!("{package} cannot be installed: {problem}");
    }
    println!("skipped: {package} cannot be installed here");
    Ok(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_genesys_client_delivers_a_message() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(python) = python(folder.path(), "PureCloudPlatformClientV2==269.0.0")? else {
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
