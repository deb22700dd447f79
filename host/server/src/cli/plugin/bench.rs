//! Tells how fast a plug-in is in the hub's sandbox, on recorded calls.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_testkit::{Measured, measure};

use super::test::{cases_of, component};
use crate::cli::options::ConfigOptions;
use crate::cli::say;
use crate::cli::setup::sandbox_config;

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// A component, or the folder of a project: a Rust crate is built first, any other has one `.wasm` file
    #[arg(value_name = "DIR|FILE")]
    of: PathBuf,
    /// The folder of the cases; `tests/golden` in the project, or in the nearest folder above the file
    cases: Option<PathBuf>,
    /// How long each case is repeated, in seconds
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
}

impl Bench {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let sandbox = sandbox_config(&options.load()?)?;
        let (of, cases) = (self.of.clone(), self.cases.clone());
        let time = Duration::from_secs(self.seconds);
        let run = tokio::task::spawn_blocking(move || {
            let component = component(&of)?;
            let cases = cases_of(&of, &component, cases)?;
            say(&format!(
                "{:<32} {:<16} {:>10} {:>10} {:>10} {:>10}",
                "case", "call", "calls/s", "p50", "p95", "p99"
            ));
            anyhow::Ok(measure(&component, &cases, &sandbox, time, |m| {
                say(&line(m));
            })?)
        });
        let measured = run.await.context("the measurement broke off")??;
        let failed = measured
            .iter()
            .filter(|measured| measured.failed > 0)
            .count();
        if measured.is_empty() {
            bail!("there is nothing to measure: the configuration of every case is refused");
        }
        if failed > 0 {
            bail!("in {failed} cases the plug-in failed: see `linecard plugin test`");
        }
        Ok(())
    }
}

fn line(measured: &Measured) -> String {
    let [half, most, nearly_all] = measured
        .percentiles
        .map(|time| format!("{} µs", time.as_micros()));
    let per_second = measured.per_second;
    format!(
        "{:<32} {:<16} {per_second:>10.0} {half:>10} {most:>10} {nearly_all:>10}",
        measured.case, measured.call
    )
}
