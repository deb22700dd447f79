//! The power goes at any moment: what was acknowledged is there, and nothing is there twice.
//!
//! A process writes under load and every call that changes a file is written down. Then the disk is played: it
//! keeps what it was told to keep, and of everything else any part. `LINECARD_CUTS` sets how often the power
//! goes; 50 by default. A failing run prints its seed; `LINECARD_SEED` runs it again over another load.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use linecard_model::platform::timestamp_to_millis;

use super::load::{CHILD, Said};
use disk::{Disk, Random};
use tape::Call;

mod disk;
mod recorder;
mod tape;

const TAPE: &str = "LINECARD_TAPE";
const CUTS: &str = "LINECARD_CUTS";
const SEED: &str = "LINECARD_SEED";
/// So often the power goes in what one process wrote; the next one goes on with what the last cut left.
const OF_ONE_RUN: usize = 10;

/// In the process that writes: has what it does written down, if that is wanted.
pub fn record_if_asked(folder: &Path) {
    if let Ok(tape) = std::env::var(TAPE) {
        recorder::record(folder, Path::new(&tape));
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

pub fn cuts() {
    let cuts = number(CUTS).map_or(50, |cuts| usize::try_from(cuts).unwrap());
    let seed = number(SEED).unwrap_or_else(|| {
        u64::from(std::process::id()) ^ timestamp_to_millis(linecard_model::Timestamp::now())
    });
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    let (mut done, mut synchronized) = (0, 0);
    while done < cuts {
        let before = Disk::of(folder.path());
        let calls = written(folder.path(), &format!("run-{done}"));
        synchronized += calls
            .iter()
            .filter(|call| matches!(call, Call::Synchronized(_)))
            .count();
        let mut places: Vec<usize> = (0..OF_ONE_RUN.min(cuts - done))
            .map(|_| random.below(calls.len()))
            .collect();
        places.sort_unstable();
        let mut disk = before;
        let mut from = 0;
        for place in places {
            for call in &calls[from..place] {
                disk.follow(call);
                if let Call::Said(lines) = call {
                    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
                    said.hear(&lines);
                }
            }
            from = place;
            folder = tempfile::tempdir().unwrap();
            disk.cut(folder.path(), &mut random);
            said.check(folder.path());
            done += 1;
        }
    }
    assert!(said.accepted.len() > 100, "hardly anything was written");
    assert!(
        synchronized > 20,
        "the disk was hardly ever asked to keep anything"
    );
    println!(
        "{done} power cuts: {} events and {} records acknowledged, none missing, none twice",
        said.accepted.len(),
        said.last_seq
    );
}

/// What a process does to the files of a folder until it is killed.
fn written(folder: &Path, run: &str) -> Vec<Call> {
    let tape = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(run)
        .env(CHILD, folder)
        .env(TAPE, tape.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    child.kill().unwrap();
    child.wait().unwrap();
    tape::read(&std::fs::read(tape.path()).unwrap())
}
