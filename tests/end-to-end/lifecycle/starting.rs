//! What a start costs.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::Hub;

use super::BINARY;

/// The most memory that a process has had so far, in KiB.
fn peak(hub: &Hub) -> Result<u64> {
    let process = hub.process_id().context("the hub is running")?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let number = line.and_then(|l| l.split_whitespace().next());
    Ok(number.context("VmHWM")?.parse()?)
}

/// Compiling takes several times the memory of a running hub. It is another process that has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_takes_no_more_memory_than_a_later_one() -> Result<()> {
    let mut hub = Hub::prepare(BINARY)?;
    let cache = hub.data().join("cache");
    std::fs::remove_dir_all(&cache)?;
    hub.launch().await?;
    let compiled = std::fs::read_dir(&cache)?.count();
    ensure!(compiled > 0, "the plug-ins were compiled");
    let first = peak(&hub)?;
    hub.stop().await?;
    hub.launch().await?;
    let later = peak(&hub)?;
    ensure!(
        first < later * 5 / 4,
        "the first start took {first} KiB, the second one {later} KiB"
    );
    hub.stop().await?;
    Ok(())
}
