//! What sled gets wrong stays worked around, and what can go wrong with a disk is told and survived.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use linecard_store::conformance::samples::{channel, event, site, time};
use linecard_store::{Accept, Append, Change, Store, StoreError};
use linecard_store_sled::{SledOptions, SledStore};

fn accept(id: &str) -> Accept {
    Accept {
        channel: channel("pages"),
        at: time(0),
        events: vec![event(id)],
        cursor: None,
        again: None,
    }
}

async fn filled(folder: &Path, events: usize) {
    let store = SledStore::open(folder).unwrap();
    for number in 0..events {
        let accept = accept(&format!("event-{number}"));
        store.accept(&site("main"), accept).await.unwrap();
    }
}

async fn accepted(store: &SledStore) -> usize {
    let inbox = store.inbox(&site("main"), 0, usize::MAX).await;
    inbox.unwrap().len()
}

/// Every file of a folder but the lock, with its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("linecard.lock") {
                let content = fs::read(&path).unwrap();
                found.insert(path, content);
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    for (path, content) in contents(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, content).unwrap();
    }
}

fn snapshots(folder: &Path) -> Vec<PathBuf> {
    let names = contents(folder).into_keys();
    names
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("snap.")
        })
        .collect()
}

#[tokio::test]
async fn defect_1_a_half_written_snapshot_does_not_keep_the_store_from_opening() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 30).await;
    // What a kill between the creation of the file and its renaming leaves.
    let half = folder.path().join("snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&half, b"half").unwrap();

    let control = tempfile::tempdir().unwrap();
    copy(folder.path(), control.path());
    let without = sled::Config::new().path(control.path()).open();
    assert!(without.is_err(), "sled itself has learned to open this");

    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(accepted(&store).await, 30);
    assert!(!half.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defect_2_a_write_is_acknowledged_only_after_the_data_file_is_synchronized() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(AtomicBool::new(false));
    let inode = Arc::new(AtomicU64::new(0));
    let options = {
        let (gate, inode) = (Arc::clone(&gate), Arc::clone(&inode));
        SledOptions::default().synchronize_with(move |file| {
            inode.store(file.metadata()?.ino(), Ordering::SeqCst);
            while !gate.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            file.sync_data()
        })
    };
    let store = Arc::new(options.open(folder.path()).unwrap());
    let write = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.accept(&site("main"), accept("a")).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!write.is_finished());
    let data = fs::metadata(folder.path().join("db")).unwrap().ino();
    assert_eq!(inode.load(Ordering::SeqCst), data);
    gate.store(true, Ordering::SeqCst);
    assert_eq!(write.await.unwrap().unwrap().new, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defect_2_no_value_goes_into_a_file_that_is_never_synchronized() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    for round in 0..20_u8 {
        let changes = (0..40)
            .map(|number| Change::PutVault {
                key: format!("key-{number:03}"),
                value: vec![round; 1000 * (usize::from(round) + 1)],
            })
            .collect();
        let batch = Append {
            records: Vec::new(),
            changes,
        };
        store.append(&main, epoch, batch).await.unwrap();
    }
    let blobs = fs::read_dir(folder.path().join("blobs")).unwrap().count();
    assert_eq!(blobs, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defect_3_many_concurrent_writers_finish_and_share_synchronizations() {
    let folder = tempfile::tempdir().unwrap();
    let syncs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&syncs);
    let store = SledOptions::default()
        .synchronize_with(move |file| {
            counted.fetch_add(1, Ordering::SeqCst);
            file.sync_data()
        })
        .open(folder.path())
        .unwrap();
    let store = Arc::new(store);
    let writers: Vec<_> = (0..256)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..4 {
                    let accept = accept(&format!("event-{writer}-{number}"));
                    store.accept(&site("main"), accept).await.unwrap();
                }
            })
        })
        .collect();
    let all = async {
        for writer in writers {
            writer.await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all)
        .await
        .expect("the writers do not finish");
    assert_eq!(accepted(&store).await, 1024);
    let syncs = syncs.load(Ordering::SeqCst);
    assert!(syncs < 512, "{syncs} synchronizations for 1024 writes");
}

#[tokio::test]
async fn a_folder_in_use_is_not_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let second = SledStore::open(folder.path());
    assert!(matches!(second, Err(StoreError::InUse { .. })));
    store.accept(&site("main"), accept("a")).await.unwrap();
    drop(store);
    let again = SledStore::open(folder.path()).unwrap();
    assert_eq!(accepted(&again).await, 1);
}

/// What happened to a folder, for people, and how.
type Damage = (&'static str, Box<dyn Fn(&Path)>);

#[tokio::test]
async fn a_damaged_folder_is_refused_and_left_as_it_is() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path(), 200).await;
    // The second run lets sled write a snapshot file.
    filled(whole.path(), 400).await;
    let data = |folder: &Path| folder.join("db");
    let damages: Vec<Damage> = vec![
        (
            "the data file is cut off",
            Box::new(move |folder| {
                let length = log_end(&data(folder));
                let file = fs::File::options().write(true).open(data(folder));
                file.unwrap().set_len(length / 2).unwrap();
            }),
        ),
        (
            "the end of the log is unreadable",
            Box::new(move |folder| {
                let mut content = fs::read(data(folder)).unwrap();
                let end = usize::try_from(log_end(&data(folder))).unwrap();
                for byte in &mut content[end - 2_000..end - 1_900] {
                    *byte ^= 0x55;
                }
                fs::write(data(folder), content).unwrap();
            }),
        ),
        (
            "the data file is empty",
            Box::new(move |folder| fs::write(data(folder), b"").unwrap()),
        ),
        (
            "the data file is missing",
            Box::new(move |folder| fs::remove_file(data(folder)).unwrap()),
        ),
        (
            "a snapshot is unreadable",
            Box::new(|folder| {
                let snapshots = snapshots(folder);
                assert!(!snapshots.is_empty());
                for path in snapshots {
                    fs::write(path, b"this is not a snapshot at all").unwrap();
                }
            }),
        ),
    ];
    for (name, damage) in damages {
        let folder = tempfile::tempdir().unwrap();
        copy(whole.path(), folder.path());
        damage(folder.path());
        let before = contents(folder.path());
        let opened = SledStore::open(folder.path());
        assert!(
            matches!(opened, Err(StoreError::Damaged { .. })),
            "{name}: {opened:?}"
        );
        assert!(before == contents(folder.path()), "{name}: it was changed");
        if name == "the end of the log is unreadable" {
            let mut options = SledOptions::default();
            options.cut_off_damage = true;
            let rest = options.open(folder.path()).unwrap();
            let count = accepted(&rest).await;
            assert!((1..400).contains(&count), "{count} of 400 are left");
            assert!(rest.export(&mut Vec::new()).unwrap().unreadable.is_empty());
        }
    }
    let store = SledStore::open(whole.path()).unwrap();
    assert_eq!(accepted(&store).await, 400);
}

/// Where the log ends in a data file that is shorter than one segment of it.
fn log_end(data: &Path) -> u64 {
    let content = fs::read(data).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    assert!(end > 10_000);
    end
}

#[tokio::test]
async fn after_a_disk_error_nothing_is_taken_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let failing = Arc::clone(&fails);
    let store = SledOptions::default()
        .synchronize_with(move |file| {
            if failing.load(Ordering::SeqCst) {
                return Err(std::io::Error::other("no space left"));
            }
            file.sync_data()
        })
        .open(folder.path())
        .unwrap();
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    store.accept(&main, accept("a")).await.unwrap();
    fails.store(true, Ordering::SeqCst);
    let refused = store.accept(&main, accept("b")).await;
    assert!(
        matches!(&refused, Err(StoreError::Fatal { detail }) if detail.contains("no space left"))
    );
    // The disk works again, but what it has lost is not known: only a restart helps.
    fails.store(false, Ordering::SeqCst);
    let refused = store.accept(&main, accept("c")).await;
    assert!(matches!(refused, Err(StoreError::Fatal { .. })));
    let refused = store.append(&main, epoch, Append::default()).await;
    assert!(matches!(refused, Err(StoreError::Fatal { .. })));
    assert!(accepted(&store).await >= 1);
    drop(store);

    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(store.accept(&main, accept("a")).await.unwrap().new, 0);
    assert_eq!(store.accept(&main, accept("c")).await.unwrap().new, 1);
}

#[tokio::test]
async fn data_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1).await;
    {
        let db = loop {
            if let Ok(db) = sled::Config::new().path(folder.path()).open() {
                break db;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        // The form byte, and the number 99.
        db.insert(b"\0schema", &[1, 99]).unwrap();
        db.flush().unwrap();
    }
    let opened = SledStore::open(folder.path());
    assert!(matches!(
        opened,
        Err(StoreError::Schema {
            found: 99,
            known: 3,
            ..
        })
    ));
}
