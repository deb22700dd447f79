//! A backup is what the store held at one moment, whatever is written while it is made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use linecard_model::event::Event;
use linecard_store::conformance::samples::{contact, interaction, message, site, time};
use linecard_store::{Store, StoreError, UnitOfWork};
use linecard_store_sled::SledStore;
use serde_json::Value;

/// Writes records until told to end; gives the number of the last event.
async fn write_on(store: Arc<dyn Store>, from: u64, pause: Duration, end: Arc<AtomicBool>) -> u64 {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut number = from;
    while !end.load(Ordering::Relaxed) {
        let last = store.last_seq(&main).await.unwrap();
        let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), last + 1);
        // The same few interactions and contacts over and over, and messages that are new, large ones too.
        let mut written = message(number, number % 7 + 1, number % 7 + 1);
        if number.is_multiple_of(5) {
            let words: Vec<String> = (0..4_000).map(|word| (word * number).to_string()).collect();
            written.content.text = Some(words.join(" "));
        }
        let events = vec![
            Event::ContactSaved(contact(number % 7 + 1)),
            Event::InteractionStarted(interaction(number % 7 + 1, number % 7 + 1)),
            Event::MessageReceived(written),
        ];
        unit.record(time(number), events).await.unwrap();
        store.append(&main, epoch, unit.finish()).await.unwrap();
        number += 1;
        tokio::time::sleep(pause).await;
    }
    store.last_seq(&main).await.unwrap()
}

/// The lines of an export by their keys; without the header's and the end's counters.
fn values(export: &[u8]) -> BTreeMap<(String, String), Value> {
    let mut values = BTreeMap::new();
    for line in export
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let line: Value = serde_json::from_slice(line).unwrap();
        let key = (line["family"].to_string(), line["key"].to_string());
        match line["line"].as_str() {
            Some("value") => drop(values.insert(key, line["value"].clone())),
            Some("removed") => drop(values.remove(&key)),
            _ => {}
        }
    }
    values
}

async fn restored(export: &[u8], folder: &Path) -> SledStore {
    let store = SledStore::open(folder).unwrap();
    store.import(export).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    SledStore::open(folder).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_what_the_store_held_at_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let sled = Arc::new(SledStore::open(folder.path()).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sled) as _;
    let end = Arc::new(AtomicBool::new(false));
    let filling = Arc::new(AtomicBool::new(false));
    let filling_up = write_on(Arc::clone(&store), 1, Duration::ZERO, Arc::clone(&filling));
    let filled = tokio::spawn(filling_up);
    tokio::time::sleep(Duration::from_millis(500)).await;
    filling.store(true, Ordering::Relaxed);
    let before = filled.await.unwrap();
    // With a pause, so that a fast machine does not have much more to compare than a slow one.
    let pause = Duration::from_millis(2);
    let writing = write_on(Arc::clone(&store), 100_000, pause, Arc::clone(&end));
    let writer = tokio::spawn(writing);
    for round in 0..3 {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&taken);
        let told = store
            .backup(Box::new(move |piece| {
                // A slow place to write to: much is written meanwhile.
                std::thread::sleep(Duration::from_millis(3));
                sink.lock().unwrap().extend_from_slice(&piece);
                true
            }))
            .await
            .unwrap();
        let export = std::mem::take(&mut *taken.lock().unwrap());
        assert!(told > 0);
        let place = tempfile::tempdir().unwrap();
        let copy = restored(&export, place.path()).await;
        // Whole records with all that belongs to them: a check finds nothing that does not fit.
        let checked = copy.check().unwrap();
        assert!(checked.problems.is_empty(), "{:?}", checked.problems);
        let last = copy.last_seq(&site("main")).await.unwrap();
        assert!(last >= before, "round {round}: {last} after {before}");
        // What it says of itself is what was given.
        let mut again = Vec::new();
        copy.export(&mut again).unwrap();
        assert_eq!(values(&again), values(&export), "round {round}");
    }
    end.store(true, Ordering::Relaxed);
    let last = writer.await.unwrap();
    assert!(last > before, "nothing was written meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_backup_at_a_time_and_none_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
    let unwanted = store.backup(Box::new(|_| false)).await;
    assert!(
        matches!(unwanted, Err(StoreError::BackupUnwanted)),
        "{unwanted:?}"
    );
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let first = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let sink = move |_| {
                // The first piece is kept until the second backup was refused.
                let _ = begun.send(());
                let _ = goes_on.recv();
                true
            };
            store.backup(Box::new(sink)).await
        }
    });
    begins.recv().await.unwrap();
    let second = store.backup(Box::new(|_| true)).await;
    assert!(matches!(second, Err(StoreError::BackupRuns)), "{second:?}");
    drop(go_on);
    first.await.unwrap().unwrap();
    store.backup(Box::new(|_| true)).await.unwrap();
}
