//! A folder that an earlier version wrote is brought to the present layout when it is opened, wherever
//! an earlier attempt was cut off, and nothing is lost.
//!
//! The folder of each earlier layout is kept as it was; what must be found in it is read here from its
//! bytes, in the earlier layout's own terms.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use linecard_model::ChannelId;
use linecard_model::contact::Contact;
use linecard_model::desk::Marks;
use linecard_model::event::{Event, Record};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageReaction};
use linecard_model::outbox::OutboxEntry;
use linecard_model::site::SiteConfig;
use linecard_store::conformance::samples::{channel, site};
use linecard_store::content::{joined, kept_apart};
use linecard_store::{MessageRef, Page, RawOf, Store};
use linecard_store_sled::{SledOptions, SledStore, TransferError};
use serde::de::DeserializeOwned;

const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/layout-1.tar.gz"
);

fn unpacked() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar")
        .args(["-xzf", FIXTURE, "-C"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(unpacked.success(), "{FIXTURE} cannot be unpacked");
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), &place).unwrap();
        }
    }
}

/// What layout 1 held, read without the store's code.
struct Former {
    messages: Vec<Message>,
    contacts: Vec<Contact>,
    open: Vec<Interaction>,
    outbox: Vec<OutboxEntry>,
    config: SiteConfig,
    records: Vec<Record>,
}

impl Former {
    fn of(folder: &Path) -> Self {
        let copied = tempfile::tempdir().unwrap();
        copy(folder, copied.path());
        let db = sled::Config::new().path(copied.path()).open().unwrap();
        Self {
            messages: family(&db, b'H'),
            contacts: family(&db, b'C'),
            open: family(&db, b'O'),
            outbox: family(&db, b'U'),
            config: family(&db, b'G').remove(0),
            records: family(&db, b'J'),
        }
    }
}

/// Values of a family: MessagePack after a byte that says whether the value stands here or in pieces.
fn family<T: DeserializeOwned>(db: &sled::Db, family: u8) -> Vec<T> {
    let prefix = [b"\x04main".as_slice(), &[family]].concat();
    let values = db.scan_prefix(&prefix).map(|entry| {
        let (key, value) = entry.unwrap();
        let whole = match value[0] {
            1 => value.to_vec(),
            2 => {
                let rest = &key[5..];
                let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
                let pieces = [b"\x04mainZ".as_slice(), &length, rest].concat();
                let pieces = db.scan_prefix(pieces).values();
                pieces.flat_map(|piece| piece.unwrap().to_vec()).collect()
            }
            form => panic!("form {form}"),
        };
        rmp_serde::from_slice(&whole[1..]).unwrap()
    });
    values.collect()
}

async fn assert_all_is_there(store: &SledStore, former: &Former) {
    let main = site("main");
    let all = |limit| Page {
        before: None,
        limit,
    };
    assert_eq!(store.check().unwrap().problems, []);

    for message in &former.messages {
        let found = store.message(&main, message.contact, message.id).await;
        let mut found = found.unwrap().unwrap();
        for revision in &mut found.revisions {
            assert!(
                revision.replaced_by.take().is_some(),
                "no event replaced it"
            );
        }
        let expected = Message {
            raw: String::new(),
            reactions: Vec::new(),
            ..message.clone()
        };
        assert_eq!(found, expected);
        let place = MessageRef {
            contact: message.contact,
            message: message.id,
        };
        let reactions = store.reactions(&main, place, None, 1_000).await.unwrap();
        assert_eq!(reactions.total, reactions.page.len() as u64);
        let is_there = |one: &MessageReaction| reactions.page.contains(one);
        assert_eq!(reactions.page.len(), message.reactions.len());
        assert!(message.reactions.iter().all(is_there), "{reactions:?}");
        let raw = store.raw(&main, RawOf::Message(message.id)).await.unwrap();
        assert_eq!(raw.unwrap_or_default(), message.raw);
    }
    let mut contacts = store
        .contacts(
            &main,
            Page {
                before: None,
                limit: 10_000,
            },
        )
        .await
        .unwrap();
    contacts.sort_by_key(|contact| contact.id);
    assert_eq!(contacts, former.contacts);
    let mut histories = 0;
    for contact in &contacts {
        histories += store
            .history(&main, contact.id, all(10_000))
            .await
            .unwrap()
            .len();
    }
    assert_eq!(histories, former.messages.len());
    let mut open = store.open_interactions(&main).await.unwrap();
    for interaction in &mut open {
        let messages = former.messages.iter();
        let own = messages.filter(|message| message.interaction == interaction.id);
        let newest = own.max_by_key(|message| (message.at, message.id)).unwrap();
        let last = interaction.last_message.take().unwrap();
        assert_eq!((last.message, last.at), (newest.id, newest.at));
        interaction.waiting_since = None;
        interaction.marks = Marks::default();
    }
    assert_eq!(open, former.open);
    assert_eq!(
        store.config(&main).await.unwrap().as_ref(),
        Some(&former.config)
    );

    let mut outbox: BTreeMap<ChannelId, Vec<OutboxEntry>> = BTreeMap::new();
    for entry in &former.outbox {
        outbox
            .entry(entry.channel.clone())
            .or_default()
            .push(entry.clone());
    }
    for (channel, entries) in outbox {
        let found = store.outbox(&main, &channel, 0, 10_000).await.unwrap();
        assert_eq!(found, entries);
    }
    // Numbers were the clock's microseconds: the next ones lie above all that were ever given.
    let last = store.last_outbox(&main).await.unwrap();
    let newest = former.records.last().unwrap().at.as_microsecond();
    assert!(
        last >= former
            .outbox
            .iter()
            .map(|entry| entry.number)
            .max()
            .unwrap()
    );
    assert!(last >= u64::try_from(newest).unwrap());

    let records = store.journal(&main, 0, 100_000).await.unwrap();
    assert_eq!(records.len(), former.records.len());
    for (record, former) in records.iter().zip(&former.records) {
        assert_eq!((record.first_seq, record.at), (former.first_seq, former.at));
        for ((seq, event), (_, former)) in record.numbered().zip(former.numbered()) {
            let mut expected = former.clone();
            if let Event::PlatformEvent { raw, .. } = &mut expected {
                let kept = store.raw(&main, RawOf::Event(seq)).await.unwrap();
                assert_eq!(kept.unwrap_or_default(), std::mem::take(raw));
            }
            let bare = kept_apart(&expected).map_or_else(|| expected.clone(), |(bare, _)| bare);
            assert_eq!(event, &bare);
            let alone = Record {
                first_seq: seq,
                at: record.at,
                events: vec![event.clone()],
            };
            let whole = joined(store, &main, alone).await.unwrap();
            assert_says_the_same(&whole.events[0], &expected);
        }
    }
    let waiting = store.inbox(&main, 0, 100).await.unwrap();
    let waiting: Vec<_> = waiting
        .iter()
        .map(|entry| entry.event.id.as_str())
        .collect();
    assert_eq!(waiting, ["waiting-1", "waiting-2"]);
    let early = former.messages.iter().map(|message| &message.channel);
    let mut found = 0;
    for channel in early.collect::<std::collections::BTreeSet<_>>() {
        found += store
            .early(&main, channel, "not-known-yet")
            .await
            .unwrap()
            .len();
    }
    assert_eq!(found, 1);
    assert!(store.snapshot(&main).await.unwrap().is_some());
}

/// An event joined with its content says what it said when it happened, as far as that is kept.
fn assert_says_the_same(whole: &Event, former: &Event) {
    match (whole, former) {
        // The facts are the present ones.
        (Event::ContactSaved(whole), Event::ContactSaved(former)) => {
            assert_eq!(whole.id, former.id);
            assert_eq!(whole.identities.is_empty(), former.identities.is_empty());
        }
        (Event::MessageReceived(whole), Event::MessageReceived(former))
        | (Event::MessageAccepted(whole), Event::MessageAccepted(former)) => {
            let mut expected = former.clone();
            expected.raw.clear();
            // The present ones as well.
            expected.files.clone_from(&whole.files);
            expected.note.clone_from(&whole.note);
            assert_eq!(*whole, expected);
        }
        (whole, former) => assert_eq!(whole, former),
    }
}

/// What the fixture must hold for the test to say anything.
fn assert_says_something(former: &Former) {
    let with = |wanted: fn(&Message) -> bool| former.messages.iter().filter(|m| wanted(m)).count();
    assert!(with(|m| m.raw.len() > 8 * 1024) > 0, "a payload in pieces");
    assert!(with(|m| !m.raw.is_empty()) > 50);
    assert!(with(|m| !m.revisions.is_empty()) > 0);
    assert!(with(|m| !m.reactions.is_empty()) > 0);
    assert!(former.contacts.len() > 10 && former.open.len() > 5 && !former.outbox.is_empty());
    assert!(!former.config.channels.is_empty());
    let events = former.records.iter().flat_map(|record| &record.events);
    let mut events = events.filter(|event| matches!(event, Event::PlatformEvent { .. }));
    assert!(events.next().is_some());
}

#[tokio::test]
async fn the_first_layout_is_brought_to_the_present_one() {
    let folder = unpacked();
    let former = Former::of(folder.path());
    assert_says_something(&former);
    for _ in 0..2 {
        let store = SledStore::open(folder.path()).unwrap();
        assert_all_is_there(&store, &former).await;
        store.close().await.unwrap();
    }
    // And it goes on: the next number is taken, and the views still follow from the journal.
    let store = SledStore::open(folder.path()).unwrap();
    let taken = store
        .accept(
            &site("main"),
            linecard_store::Accept {
                channel: channel("pages"),
                at: linecard_store::conformance::samples::time(0),
                events: vec![linecard_store::conformance::samples::event("waiting-2")],
                cursor: None,
                again: None,
            },
        )
        .await
        .unwrap();
    assert_eq!((taken.new, taken.duplicates), (0, 1));
    let into = tempfile::tempdir().unwrap();
    let rebuilt = store.rebuild(into.path()).await.unwrap();
    assert_eq!(rebuilt.differences, Vec::<String>::new());
    let rebuilt = SledStore::open(into.path()).unwrap();
    assert!(rebuilt.snapshot(&site("main")).await.unwrap().is_none());
    for message in &former.messages {
        let raw = rebuilt.raw(&site("main"), RawOf::Message(message.id)).await;
        assert_eq!(raw.unwrap().unwrap_or_default(), message.raw);
    }
}

/// The disk as it was at each of the migration's writes is opened again, as after a kill there.
#[tokio::test]
async fn a_migration_that_was_cut_off_is_begun_again() {
    let folder = unpacked();
    let former = Former::of(folder.path());
    let copies = tempfile::tempdir().unwrap();
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let place = |number: usize| -> PathBuf { copies.path().join(number.to_string()) };
    let (from, to, counted) = (
        folder.path().to_owned(),
        copies.path().to_owned(),
        std::sync::Arc::clone(&count),
    );
    let store = SledOptions::default()
        .synchronize_with(move |file| {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            copy(&from, &to.join(number.to_string()));
            file.sync_data()
        })
        .open(folder.path())
        .unwrap();
    drop(store);
    let steps = count.load(Ordering::Relaxed);
    assert!(steps >= 4, "{steps} steps: too few to be cut off between");
    for number in 0..steps {
        // Refused once more on the way, then opened.
        let writes = AtomicUsize::new(0);
        let refused = SledOptions::default()
            .synchronize_with(move |file| match writes.fetch_add(1, Ordering::Relaxed) {
                1 => Err(io::Error::other("the disk is gone")),
                _ => file.sync_data(),
            })
            .open(place(number));
        drop(refused);
        let store = SledStore::open(place(number)).unwrap();
        assert_all_is_there(&store, &former).await;
    }
}

/// An export of the first layout is still taken; damaged data is saved in the layout that it has.
#[tokio::test]
async fn an_export_of_the_first_layout_can_be_imported() {
    let folder = unpacked();
    let former = Former::of(folder.path());
    let mut options = SledOptions::default();
    options.cut_off_damage = true;
    let mut export = Vec::new();
    let store = options.open(folder.path()).unwrap();
    assert_eq!(
        store.export(&mut export).unwrap().unreadable,
        Vec::<String>::new()
    );
    let header = String::from_utf8_lossy(&export[..100]);
    assert!(header.contains("\"version\":1"), "{header}");

    let into = tempfile::tempdir().unwrap();
    let fresh = SledStore::open(into.path()).unwrap();
    fresh.import(&export[..]).await.unwrap();
    let again = fresh.import(&export[..]).await;
    assert!(matches!(again, Err(TransferError::NotEmpty)));
    fresh.close().await.unwrap();
    drop(fresh);
    let store = SledStore::open(into.path()).unwrap();
    assert_all_is_there(&store, &former).await;
}
