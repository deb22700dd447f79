//! The store when its process is killed, when the power goes, and when the disk is full.

use std::path::Path;

use load::{CHILD, child};

mod kill;
mod load;
mod power;

fn main() {
    if let Ok(folder) = std::env::var(CHILD) {
        let run = std::env::args().nth(1).unwrap_or_default();
        power::record_if_asked(Path::new(&folder));
        return child(Path::new(&folder), &run);
    }
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    kill::kills();
    kill::full_disk();
    power::cuts();
}
