//! A store that is killed at any moment opens again, has everything that it acknowledged, and has
//! nothing twice. And a disk that is really full takes nothing away.
//!
//! `LINECARD_KILLS` sets how often it is killed; 20 by default.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use linecard_model::platform::timestamp_to_millis;

use super::load::{CHILD, Said};

const KILLS: &str = "LINECARD_KILLS";

pub fn kills() {
    let kills: u32 = std::env::var(KILLS)
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    // A fixed sequence of pauses would always kill at the same places.
    let mut random =
        u64::from(std::process::id()) ^ timestamp_to_millis(linecard_model::Timestamp::now());
    for kill in 0..kills {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let pause = Duration::from_micros((random >> 33) % 200_000);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!("run-{kill}"))
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).lines();
            lines.map_while(Result::ok).collect::<Vec<_>>()
        });
        // Some kills hit the opening.
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap();
        said.hear(&reader.join().unwrap());
        said.check(folder.path());
    }
    assert!(said.accepted.len() > 100, "hardly anything was written");
    println!(
        "{kills} kills: {} events and {} records acknowledged, none missing, none twice",
        said.accepted.len(),
        said.last_seq
    );
}

/// The system refuses to let any file grow beyond 2 MiB, as a full disk would.
pub fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let limit = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" full";
    let out = Command::new("sh")
        .args(["-c", limit])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    let lines: Vec<String> = out.stdout.lines().map_while(Result::ok).collect();
    assert!(
        lines.last().is_some_and(|line| line == "fatal"),
        "it did not stop as it should: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut said = Said::default();
    said.hear(&lines);
    said.check(folder.path());
    println!(
        "full disk: {} acknowledged events kept",
        said.accepted.len()
    );
}
