//! A scripted day on every simulated network: customers who write and answer like people, robot agents
//! who work through the public API, networks that fail at random, and a reconciliation of what each
//! customer wrote and got with what the hub says. `linecard demo` is the script; this runs it.
//!
//! In full (`LINECARD_FULL=1`) 80 customers come to each network, else a few.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use linecard_tests::in_full;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// One day at a time: each fills the machine.
static MACHINE: Mutex<()> = Mutex::new(());

fn day(network: &str) -> Result<()> {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let (customers, rate) = if in_full() { ("80", "15") } else { ("25", "8") };
    let output = Command::new(BINARY)
        .args(["demo", "--networks", network, "--customers", customers])
        .args(["--rate", rate, "--trouble", "0.1"])
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

#[test]
fn a_day_on_messenger() -> Result<()> {
    day("page")
}

#[test]
fn a_day_on_a_facebook_page() -> Result<()> {
    day("posts")
}

#[test]
fn a_day_on_instagram() -> Result<()> {
    day("instagram")
}

#[test]
fn a_day_on_open_messaging() -> Result<()> {
    day("web")
}

#[test]
fn a_day_on_x() -> Result<()> {
    day("x")
}

#[test]
fn a_day_on_whatsapp() -> Result<()> {
    day("whatsapp")
}

#[test]
fn a_day_on_telegram() -> Result<()> {
    day("telegram")
}
