//! A scripted day on every simulated network: customers who write and answer like people, robot agents
//! who work through the public API, networks that fail at random, and a reconciliation of what each
//! customer wrote and got with what the hub says. `linecard demo` is the script; this runs it.
//!
//! In full (`LINECARD_FULL=1`) 80 customers come to each network, else a few.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use linecard_tests::{give_compiled, in_full};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

fn day(network: &str) -> Result<()> {
    let (customers, rate) = if in_full() { ("80", "15") } else { ("25", "8") };
    // What is tried here is not how plug-ins are compiled.
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    give_compiled(Path::new(BINARY), &data)?;
    let output = Command::new(BINARY)
        .args(["demo", "--networks", network, "--customers", customers])
        .args(["--rate", rate, "--trouble", "0.1", "--data"])
        .arg(&data)
        .env_remove("LINECARD_CONFIG")
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    let summary: Vec<&str> = told.lines().rev().take(60).collect();
    for line in summary.iter().rev() {
        println!("{network}: {line}");
    }
    ensure!(output.status.success(), "{network}: {log}");
    ensure!(told.contains("The networks were made to fail"), "{told}");
    Ok(())
}

/// One after the other, and in one test: each fills the machine, and whoever waited for another would keep a
/// thread from the other tests.
#[test]
fn a_day_on_each_network() -> Result<()> {
    let networks = [
        "page",
        "posts",
        "instagram",
        "whatsapp",
        "telegram",
        "web",
        "x",
    ];
    networks.into_iter().try_for_each(day)
}
