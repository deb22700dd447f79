//! How many events a second are accepted and recorded, against what the disk itself can do.
//!
//! `cargo bench -p linecard-store`. The disk's own rate is measured in the same run and the same
//! folder: appends of one page, each followed by `fdatasync`.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use linecard_model::event::Event;
use linecard_store::conformance::samples::{
    channel, contact, event, interaction, message, site, time,
};
use linecard_store::{Accept, Store, UnitOfWork};
use linecard_store_sled::SledStore;

const TIME: Duration = Duration::from_secs(3);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let syncs = disk(folder.path());
    println!("disk: {syncs:.0} fdatasync/s");
    for writers in [1, 16, 256] {
        let rate = runtime.block_on(accepts(&folder.path().join(format!("a{writers}")), writers));
        println!(
            "accept, {writers} writers: {rate:.0} events/s, {:.2} per fdatasync of the disk",
            rate / syncs
        );
    }
    for batch in [1, 16, 64] {
        let rate = runtime.block_on(whole_way(&folder.path().join(format!("w{batch}")), batch));
        println!(
            "accept, prepare and append, {batch} a unit: {rate:.0} messages/s, {:.2} per fdatasync of the disk",
            rate / syncs
        );
    }
}

fn disk(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("probe")).unwrap();
    let page = [7; 4096];
    let began = Instant::now();
    let mut count = 0.0;
    while began.elapsed() < TIME {
        file.write_all(&page).unwrap();
        file.sync_data().unwrap();
        count += 1.0;
    }
    count / began.elapsed().as_secs_f64()
}

fn one(id: &str) -> Accept {
    Accept {
        channel: channel("pages"),
        at: time(0),
        events: vec![event(id)],
        cursor: None,
        again: None,
    }
}

async fn write(store: Arc<dyn Store>, writer: usize, count: Arc<AtomicU64>, until: Instant) {
    let main = site("main");
    for number in 0.. {
        if Instant::now() >= until {
            return;
        }
        let accept = one(&format!("event-{writer}-{number}"));
        store.accept(&main, accept).await.unwrap();
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[allow(clippy::cast_precision_loss)]
async fn accepts(folder: &Path, writers: usize) -> f64 {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder).unwrap());
    let count = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (store, count) = (Arc::clone(&store), Arc::clone(&count));
            tokio::spawn(write(store, writer, count, began + TIME))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// 64 writers deliver while one owner turns what is waiting into records: the rate of records.
#[allow(clippy::cast_precision_loss)]
async fn whole_way(folder: &Path, batch: usize) -> f64 {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder).unwrap());
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let began = Instant::now();
    let until = began + TIME;
    let count = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|writer| tokio::spawn(write(Arc::clone(&store), writer, Arc::clone(&count), until)))
        .collect();
    let (mut next, mut after, mut recorded) = (1, 0, 0_u64);
    while Instant::now() < until {
        let entries = store.inbox(&main, after, batch).await.unwrap();
        if entries.is_empty() {
            tokio::task::yield_now().await;
            continue;
        }
        let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), next);
        for entry in entries {
            after = entry.number;
            let customer = entry.number % 1000;
            let mut events = Vec::new();
            let known = unit.contact(contact(customer).id).await.unwrap();
            if known.is_none() {
                events.push(Event::ContactSaved(contact(customer)));
                events.push(Event::InteractionStarted(interaction(customer, customer)));
            }
            events.push(Event::MessageReceived(message(
                entry.number,
                customer,
                customer,
            )));
            unit.record(time(entry.number), events).await.unwrap();
            unit.inbox_done(entry.number);
            recorded += 1;
        }
        next = unit.next_seq();
        store.append(&main, epoch, unit.finish()).await.unwrap();
    }
    for task in tasks {
        task.await.unwrap();
    }
    recorded as f64 / began.elapsed().as_secs_f64()
}
