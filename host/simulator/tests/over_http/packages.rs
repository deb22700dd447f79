//! Clients that others wrote: installed into a folder of their own, and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{bail, ensure};

/// Runs what installs a package. `Ok(false)`: it cannot be had here.
fn installed(package: &str, commands: &mut [Command]) -> anyhow::Result<bool> {
    for command in commands {
        let problem = match command.output() {
            Ok(done) if done.status.success() => continue,
            Ok(done) => String::from_utf8_lossy(&done.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        if std::env::var_os("LINECARD_FULL").is_some() {
            bail!("{package} cannot be installed: {problem}");
        }
        println!("skipped: {package} cannot be installed here");
        return Ok(false);
    }
    Ok(true)
}

/// A package of npm in a folder. `Ok(false)`: it cannot be had here.
pub fn npm(folder: &Path, package: &str) -> anyhow::Result<bool> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(folder)
        .arg(package);
    installed(package, &mut [npm])
}

/// A package of the Python Package Index in a virtual environment: its interpreter. `Ok(None)`: it
/// cannot be had here.
pub fn python(folder: &Path, package: &str) -> anyhow::Result<Option<PathBuf>> {
    let python = folder.join("bin").join("python");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", package]);
    Ok(installed(package, &mut [venv, pip])?.then_some(python))
}

/// A script of this folder.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/over_http/clients")
        .join(name)
}

/// Fails with what a script said, if it failed.
pub fn succeeded(output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(())
}
