//! A store under load in a process of its own, and what must be there after it ended in whatever way.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::event::Event;
use linecard_store::conformance::samples::{channel, event, message, site, time};
use linecard_store::content::joined;
use linecard_store::{Accept, Store, StoreError, UnitOfWork};
use linecard_store_sled::SledStore;

/// The variable that makes the process the one that writes, in the folder that it names.
pub const CHILD: &str = "LINECARD_KILL_CHILD";

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Writes under load and says what was acknowledged: `A` and the id of an accepted event, `R` and the
/// last number of an appended record.
pub fn child(folder: &Path, run: &str) {
    runtime().block_on(async {
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder).unwrap());
        println!("open");
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (store, run) = (Arc::clone(&store), run.to_owned());
                tokio::spawn(async move {
                    for number in 0_u64.. {
                        let id = format!("{run}/{writer}/{number}");
                        let accept = Accept {
                            channel: channel("pages"),
                            at: time(number),
                            events: vec![event(&id)],
                            cursor: None,
                            again: None,
                        };
                        match store.accept(&site("main"), accept).await {
                            Ok(_) => say(&format!("A {id}")),
                            Err(StoreError::Fatal { .. }) => return,
                            Err(other) => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        prepare(&store).await;
        for writer in writers {
            writer.await.unwrap();
        }
        // Reads go on after the disk has refused, but for those that meet a leaf which was to be divided
        // when the disk was full: the engine divides it when it is read, and says that it cannot.
        match store.inbox(&site("main"), 0, 10).await {
            Ok(_) => {}
            Err(StoreError::Value { detail, .. }) if detail.contains("FileTooLarge") => {}
            Err(other) => panic!("{other}"),
        }
        println!("fatal");
    });
}

/// One line in one write, so that a kill leaves no half of one that is then believed.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Turns accepted events into records, a few at a time.
async fn prepare(store: &Arc<dyn Store>) {
    let main = site("main");
    let Ok(epoch) = store.own(&main).await else {
        return;
    };
    let mut next = store.last_seq(&main).await.unwrap() + 1;
    loop {
        let entries = store.inbox(&main, 0, 16).await.unwrap();
        if entries.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let mut unit = UnitOfWork::new(Arc::clone(store), main.clone(), next);
        for entry in entries {
            let mut message = message(entry.number, entry.number % 50, entry.number % 50);
            message.platform_ids = vec![entry.event.id];
            unit.record(time(entry.number), vec![Event::MessageReceived(message)])
                .await
                .unwrap();
            unit.inbox_done(entry.number);
        }
        next = unit.next_seq();
        match store.append(&main, epoch, unit.finish()).await {
            Ok(()) => say(&format!("R {}", next - 1)),
            Err(StoreError::Fatal { .. }) => return,
            Err(other) => panic!("{other}"),
        }
    }
}

/// What was acknowledged.
#[derive(Default)]
pub struct Said {
    pub accepted: Vec<String>,
    pub last_seq: u64,
}

impl Said {
    pub fn hear(&mut self, lines: &[String]) {
        for line in lines {
            match line.split_once(' ') {
                Some(("A", id)) => self.accepted.push(id.to_owned()),
                Some(("R", seq)) => self.last_seq = self.last_seq.max(seq.parse().unwrap()),
                _ => {}
            }
        }
    }

    pub fn check(&self, folder: &Path) {
        runtime().block_on(async {
            let main = site("main");
            let store = SledStore::open(folder).expect("it does not open again");
            let mut found: HashMap<String, u32> = HashMap::new();
            let mut next = 1;
            for record in store.journal(&main, 0, usize::MAX).await.unwrap() {
                let record = joined(&store, &main, record).await.unwrap();
                assert_eq!(record.first_seq, next, "the journal is not dense");
                next = record.last_seq() + 1;
                for event in record.events {
                    let Event::MessageReceived(message) = event else {
                        panic!("no such event was written");
                    };
                    let view = store.message(&main, message.contact, message.id).await;
                    assert_eq!(view.unwrap().as_ref(), Some(&message), "no view");
                    *found.entry(message.platform_ids[0].clone()).or_default() += 1;
                }
            }
            let last = store.last_seq(&main).await.unwrap();
            assert_eq!(last + 1, next);
            assert!(last >= self.last_seq, "an acknowledged record is missing");
            for entry in store.inbox(&main, 0, usize::MAX).await.unwrap() {
                *found.entry(entry.event.id).or_default() += 1;
            }
            for id in &self.accepted {
                assert!(
                    found.contains_key(id),
                    "{id} was acknowledged and is missing"
                );
            }
            for (id, count) in &found {
                assert_eq!(*count, 1, "{id} is there {count} times");
            }
            // Deliveries are repeated after a crash.
            let ids: Vec<_> = found.keys().take(50).collect();
            let again = Accept {
                channel: channel("pages"),
                at: time(0),
                events: ids.iter().map(|id| event(id)).collect(),
                cursor: None,
                again: None,
            };
            assert_eq!(store.accept(&main, again).await.unwrap().new, 0);
        });
    }
}
