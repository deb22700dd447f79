//! What can be read of a damaged store is read, and what cannot is counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use linecard_model::event::Event;
use linecard_store::conformance::samples::{
    channel, contact, event, interaction, message, site, time,
};
use linecard_store::{Accept, Store, UnitOfWork};
use linecard_store_sled::{SledStore, salvage};
use serde_json::Value;

/// Where bits are flipped.
const PLACES: u64 = 200;
const CUSTOMERS: u64 = 60;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A store with some history: accepted, recorded, changed, so that pages were divided and replaced.
async fn filled(folder: &Path) {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder).unwrap());
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut random = Random(5);
    for number in 1..=600_u64 {
        let who = number % CUSTOMERS;
        let accept = Accept {
            channel: channel("pages"),
            at: time(number),
            events: vec![event(&format!("event-{number}"))],
            cursor: None,
            again: None,
        };
        store.accept(&main, accept).await.unwrap();
        let entry = store.inbox(&main, 0, 1).await.unwrap().remove(0);
        let next = store.last_seq(&main).await.unwrap() + 1;
        let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), next);
        let mut message = message(number, who, who);
        let letters =
            std::iter::repeat_with(|| char::from(b' ' + u8::try_from(random.below(90)).unwrap()));
        message.content.text = Some(
            letters
                .take(if number.is_multiple_of(97) { 9_000 } else { 90 })
                .collect(),
        );
        message.raw.clone_from(&entry.event.raw);
        let mut events = Vec::new();
        if number <= CUSTOMERS {
            events.push(Event::ContactSaved(contact(who)));
            events.push(Event::InteractionStarted(interaction(who, who)));
        }
        events.push(Event::MessageReceived(message));
        unit.arrives(entry.number, &entry.event.raw);
        unit.record(time(number), events).await.unwrap();
        unit.inbox_done(entry.number);
        store.append(&main, epoch, unit.finish()).await.unwrap();
    }
    store.close().await.unwrap();
}

/// The values of an export, by site, family and key.
fn values(export: &[u8]) -> BTreeMap<String, Value> {
    let lines = std::str::from_utf8(export).unwrap().lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["line"] == "value")
        .map(|line| {
            let key = format!("{}/{}/{}", line["site"], line["family"], line["key"]);
            (key, line["value"].clone())
        })
        .collect()
}

#[tokio::test]
async fn a_whole_store_is_salvaged_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let mut exported = Vec::new();
    let report = SledStore::open(folder.path())
        .unwrap()
        .export(&mut exported)
        .unwrap();
    let mut salvaged = Vec::new();
    let saved = salvage(folder.path(), &mut salvaged).unwrap();
    assert_eq!(saved.unreadable, Vec::<String>::new());
    assert_eq!(saved.values, report.values);
    let (salvaged_values, exported_values) = (values(&salvaged), values(&exported));
    assert!(salvaged_values == exported_values, "something is different");

    // And it is one that can be imported.
    let into = tempfile::tempdir().unwrap();
    let fresh = SledStore::open(into.path()).unwrap();
    assert_eq!(fresh.import(&salvaged[..]).await.unwrap(), report.values);
    drop(fresh);
    let fresh = SledStore::open(into.path()).unwrap();
    assert_eq!(fresh.check().unwrap().problems, []);
}

#[tokio::test]
async fn a_flipped_bit_costs_no_more_than_what_it_hits() {
    /// A page holds up to 17 values, and a change of a page some.
    const MOST: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let mut whole = Vec::new();
    salvage(folder.path(), &mut whole).unwrap();
    let whole = values(&whole);
    let data = folder.path().join("db");
    let bytes = std::fs::read(&data).unwrap();
    let mut random = Random(11);
    let (mut hits, mut lost_at_most) = (0, 0);
    for _ in 0..PLACES {
        let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << random.below(8);
        std::fs::write(&data, &damaged).unwrap();
        let mut salvaged = Vec::new();
        let saved = salvage(folder.path(), &mut salvaged).unwrap();
        let salvaged = values(&salvaged);
        let is_as_before = |(key, value): &(&String, &Value)| salvaged.get(*key) == Some(*value);
        let lost = whole.iter().filter(|one| !is_as_before(one)).count();
        lost_at_most = lost_at_most.max(lost);
        assert!(
            lost <= MOST,
            "bit at {place}: {lost} of {} lost",
            whole.len()
        );
        if lost > 0 {
            hits += 1;
            assert!(
                !saved.unreadable.is_empty(),
                "bit at {place}: {lost} lost, none told"
            );
        }
    }
    println!(
        "{PLACES} flips: {hits} hit something, {lost_at_most} of {} values lost at most",
        whole.len()
    );
    assert!(hits > 0, "no flip has hit anything that is still used");
}

#[tokio::test]
async fn many_damages_leave_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let mut whole = Vec::new();
    salvage(folder.path(), &mut whole).unwrap();
    let whole = values(&whole);
    let data = folder.path().join("db");
    let mut bytes = std::fs::read(&data).unwrap();
    let mut random = Random(23);
    for _ in 0..20 {
        let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        bytes[place] ^= 0xFF;
    }
    // The first segment's header as well.
    bytes[3] ^= 1;
    std::fs::write(&data, &bytes).unwrap();
    let mut salvaged = Vec::new();
    let saved = salvage(folder.path(), &mut salvaged).unwrap();
    let salvaged = values(&salvaged);
    assert!(!saved.unreadable.is_empty());
    let found = whole
        .keys()
        .filter(|key| salvaged.contains_key(*key))
        .count();
    assert!(found * 10 > whole.len() * 7, "{found} of {}", whole.len());
}
