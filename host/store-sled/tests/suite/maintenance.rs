//! A check finds what does not fit, and an import takes nothing that is not a whole export.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::event::Event;
use linecard_store::conformance::samples::{
    contact, contact_id, interaction, message, message_id, site, time,
};
use linecard_store::{Kept, Store, UnitOfWork};
use linecard_store_sled::{SledStore, TransferError};
use sha2::{Digest, Sha256};

/// Three records: two customers, one with a message too large for one value.
async fn filled(folder: &Path) {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder).unwrap());
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 1);
    for number in 1..=3 {
        let mut message = message(number, number, number);
        message.content.text = Some(words(if number == 1 { 30_000 } else { 10 }));
        let events = vec![
            Event::ContactSaved(contact(number)),
            Event::InteractionStarted(interaction(number, number)),
            Event::MessageReceived(message),
        ];
        unit.record(time(number), events).await.unwrap();
    }
    store.append(&main, epoch, unit.finish()).await.unwrap();
}

/// A text of which nothing can be left out.
fn words(length: usize) -> String {
    let mut random = 7_u64;
    let mut letter = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b' ' + u8::try_from((random >> 33) % 95).unwrap())
    };
    std::iter::repeat_with(&mut letter).take(length).collect()
}

fn key(family: u8, rest: &[u8]) -> Vec<u8> {
    [b"\x04main".as_slice(), &[family], rest].concat()
}

/// A network's id on the channel `pages`.
fn of_id(id: &str) -> Vec<u8> {
    [b"pages\0\xff", &Sha256::digest(id)[..16]].concat()
}

/// Removes a key behind the store's back.
fn remove(folder: &Path, key: &[u8]) {
    let mut patience = 500;
    let db = loop {
        match sled::Config::new().path(folder).open() {
            Ok(db) => break db,
            Err(error) if patience == 0 => panic!("{error}"),
            Err(_) => patience -= 1,
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(db.remove(key).unwrap().is_some(), "it was not there");
    db.flush().unwrap();
}

#[tokio::test]
async fn a_check_finds_what_does_not_fit() {
    let message_key = [&contact_id(1).as_bytes()[..], message_id(1).as_bytes()].concat();
    let owner = [b"H".as_slice(), &message_key].concat();
    let length = u16::try_from(owner.len()).unwrap().to_be_bytes();
    let piece = [&length[..], &owner, &[0, 0, 0, 1]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("should follow", key(b'J', &4_u64.to_be_bytes())),
        ("refers to", key(b'C', contact_id(2).as_bytes())),
        ("refers to", key(b'P', &of_id("user-3"))),
        ("refers to", key(b'X', &of_id("mid-2"))),
        ("piece 1 of", key(b'Z', &piece)),
        ("belongs to no value", key(b'H', &message_key)),
    ];
    for (expected, key) in cases {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path()).await;
        {
            let store = SledStore::open(folder.path()).unwrap();
            let checked = store.check().unwrap();
            assert_eq!(checked.problems, []);
            assert_eq!(checked.events, 9);
        }
        remove(folder.path(), &key);
        let store = SledStore::open(folder.path()).unwrap();
        let problems = store.check().unwrap().problems;
        assert!(
            problems.iter().any(|p| p.detail.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}

#[tokio::test]
async fn a_rebuild_finds_and_mends_views_that_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    remove(folder.path(), &key(b'X', &of_id("mid-2")));
    let store = SledStore::open(folder.path()).unwrap();
    let into = tempfile::tempdir().unwrap();
    let rebuilt = store.rebuild(into.path()).await.unwrap();
    assert_eq!(rebuilt.records, 3);
    assert_eq!(rebuilt.differences.len(), 1);
    let mended = SledStore::open(into.path()).unwrap();
    assert_eq!(mended.check().unwrap().problems, []);
    let again = mended.rebuild(into.path().join("again")).await.unwrap();
    assert_eq!(again.differences, Vec::<String>::new());
}

#[tokio::test]
async fn an_import_takes_only_a_whole_export_into_an_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let store = SledStore::open(folder.path()).unwrap();
    let mut export = Vec::new();
    store.export(&mut export).unwrap();
    let lines: Vec<&str> = std::str::from_utf8(&export).unwrap().lines().collect();
    let import = async |text: String| {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        store.import(text.as_bytes()).await
    };

    let full = store.import(&export[..]).await;
    assert!(matches!(full, Err(TransferError::NotEmpty)));
    let cut_off = import(lines[..lines.len() - 1].join("\n")).await;
    assert!(matches!(cut_off, Err(TransferError::Incomplete { .. })));
    let mut missing = lines.clone();
    missing.remove(3);
    let missing = import(missing.join("\n")).await;
    assert!(matches!(missing, Err(TransferError::Incomplete { .. })));
    let headless = import(lines[1..].join("\n")).await;
    assert!(matches!(headless, Err(TransferError::Format(_))));
    let newer = import(
        lines
            .join("\n")
            .replacen("\"version\":3", "\"version\":4", 1),
    )
    .await;
    assert!(matches!(newer, Err(TransferError::Format(_))));
    let other = import("{\"some\":\"json\"}".to_owned()).await;
    assert!(matches!(other, Err(TransferError::Format(_))));
    let broken = [lines[0], "{\"line\":\"value\""].join("\n");
    let broken = import(broken).await;
    assert!(matches!(broken, Err(TransferError::Line { line: 2, .. })));
    let values = import(lines.join("\n")).await.unwrap();
    assert_eq!(values, lines.len() as u64 - 2);
}

/// A journal without its beginning: what began before it is kept as it is, the rest comes anew.
#[tokio::test]
async fn a_rebuild_keeps_what_began_before_the_journal_does() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let main = site("main");
    {
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
        let epoch = store.own(&main).await.unwrap();
        let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 10);
        unit.put_snapshot(9, b"{}".to_vec());
        store.append(&main, epoch, unit.finish()).await.unwrap();
        let purged = store.purge(&main, Kept::Journal, time(3), None, 10).await;
        assert_eq!(purged.unwrap().removed, 2);
        let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 10);
        // More in an interaction that began before, and in one that did not.
        let events = vec![
            Event::MessageReceived(message(11, 1, 1)),
            Event::MessageReceived(message(13, 3, 3)),
        ];
        unit.record(time(10), events).await.unwrap();
        store.append(&main, epoch, unit.finish()).await.unwrap();
    }
    remove(folder.path(), &key(b'X', &of_id("mid-13")));
    let store = SledStore::open(folder.path()).unwrap();
    let into = tempfile::tempdir().unwrap();
    let rebuilt = store.rebuild(into.path()).await.unwrap();
    assert_eq!((rebuilt.records, rebuilt.differences.len()), (2, 1));
    let mended = SledStore::open(into.path()).unwrap();
    assert_eq!(mended.check().unwrap().problems, []);
    assert_eq!(mended.first_seq(&main).await.unwrap(), 7);
    assert_eq!(mended.last_seq(&main).await.unwrap(), 11);
    assert!(mended.snapshot(&main).await.unwrap().is_some());
    let again = mended.rebuild(into.path().join("again")).await.unwrap();
    assert_eq!(again.differences, Vec::<String>::new());
}
