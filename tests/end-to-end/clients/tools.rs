//! Programs that others wrote, installed for a test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail, ensure};
use linecard_tests::in_full;

/// Makes a Python environment with packages, and gives its interpreter. `None`: it cannot be had here.
pub(crate) fn python(folder: &Path, packages: &[&str]) -> Result<Option<PathBuf>> {
    let python = folder.join("bin").join("python");
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        // Of what comes, a small part is used.
        "--no-compile",
    ]);
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(folder);
    let there = had(&mut make, packages)? && had(install.args(packages), packages)?;
    Ok(there.then_some(python))
}

/// Installs packages for Node in a folder. `false`: they cannot be had here.
pub(crate) fn node(folder: &Path, packages: &[&str]) -> Result<bool> {
    std::fs::write(
        folder.join("package.json"),
        r#"{"private": true, "type": "module"}"#,
    )?;
    let mut install = Command::new("npm");
    install
        .args(["install", "--no-audit", "--no-fund", "--silent"])
        .args(packages)
        .current_dir(folder);
    had(&mut install, packages)
}

/// Runs a step of an installation. Where everything must run in full, a failure fails the test.
fn had(step: &mut Command, packages: &[&str]) -> Result<bool> {
    let problem = match step.output() {
        Ok(done) if done.status.success() => return Ok(true),
        Ok(done) => String::from_utf8_lossy(&done.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let packages = packages.join(", ");
    if in_full() {
        bail!("{packages} cannot be installed: {problem}");
    }
    println!("skipped: {packages} cannot be installed here");
    Ok(false)
}

/// Runs a program that must succeed, and gives what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(
        status.success(),
        "{command:?}: {status}\n{said}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    Ok(said)
}
