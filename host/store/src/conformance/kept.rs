//! What is kept apart, remembered, or forgotten after a time.

use std::sync::Arc;

use linecard_model::DeadLetterId;
use linecard_model::dead_letter::{DeadLetter, Undone};
use linecard_model::event::Event;
use linecard_model::outbox::{OutboxEntry, OutboxState};
use linecard_model::platform::{Action, ActionRequest, Refusal};

use super::append_events;
use super::samples::{channel, contact_id, event, message, message_id, site, time};
use crate::content::joined;
use crate::{Accept, Append, Change, Early, IdempotentResult, Kept, RawOf, Store, UnitOfWork};

fn platform_event(raw: &str) -> Event {
    Event::PlatformEvent {
        channel: channel("pages"),
        thread: None,
        contact: None,
        author: None,
        name: "follow".to_owned(),
        occurred_at: time(0),
        details: serde_json::Value::Null,
        raw: raw.to_owned(),
    }
}

/// A payload is found by what it belongs to, and neither the record nor the message repeats it.
pub(super) async fn payloads_are_kept_once_and_apart(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut with_payload = message(1, 1, 1);
    with_payload.raw.push_str("the message's");
    let large = "x".repeat(300_000);
    let events = vec![
        Event::MessageReceived(with_payload),
        platform_event(&large),
        Event::MessageReceived(message(2, 1, 1)),
    ];
    append_events(&store, epoch, events).await;
    let of = RawOf::Message(message_id(1));
    assert_eq!(
        store.raw(&main, of).await.unwrap().as_deref(),
        Some("the message's")
    );
    let of = RawOf::Event(2);
    assert_eq!(store.raw(&main, of).await.unwrap(), Some(large));
    let of = RawOf::Message(message_id(2));
    assert_eq!(store.raw(&main, of).await.unwrap(), None);
    let elsewhere = site("other");
    let of = RawOf::Message(message_id(1));
    assert_eq!(store.raw(&elsewhere, of).await.unwrap(), None);

    let found = store.message(&main, contact_id(1), message_id(1)).await;
    assert_eq!(found.unwrap(), Some(message(1, 1, 1)));
    let record = store.journal(&main, 0, 10).await.unwrap().remove(0);
    let record = joined(store.as_ref(), &main, record).await.unwrap();
    let without = vec![
        Event::MessageReceived(message(1, 1, 1)),
        platform_event(""),
        Event::MessageReceived(message(2, 1, 1)),
    ];
    assert_eq!(record.events, without);
}

/// The payload of an accepted event is written once, and found by what became of the event; if nothing
/// did, it goes with the event.
pub(super) async fn a_payload_stays_where_it_was_accepted(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let accept = Accept {
        channel: channel("pages"),
        at: time(0),
        events: vec![event("a"), event("b"), event("c")],
        cursor: None,
        again: None,
    };
    store.accept(&main, accept).await.unwrap();
    let entries = store.inbox(&main, 0, 10).await.unwrap();
    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 1);
    for entry in &entries {
        assert_eq!(entry.event, event(&entry.event.id));
        let of = RawOf::Accepted(entry.number);
        let raw = store.raw(&main, of).await.unwrap();
        assert_eq!(raw.as_ref(), Some(&entry.event.raw));
        unit.arrives(entry.number, &entry.event.raw);
        let event = match entry.event.id.as_str() {
            "a" => {
                let mut message = message(1, 1, 1);
                message.raw.clone_from(&entry.event.raw);
                Event::MessageReceived(message)
            }
            "b" => platform_event(&entry.event.raw),
            // Of something else: the payload is not the event's.
            _ => platform_event("another"),
        };
        unit.record(time(1), vec![event]).await.unwrap();
        unit.inbox_done(entry.number);
    }
    store.append(&main, epoch, unit.finish()).await.unwrap();
    assert!(store.inbox(&main, 0, 10).await.unwrap().is_empty());
    let [a, b, c] = &entries[..] else {
        panic!("{entries:?}")
    };
    let raw = async |of| store.raw(&main, of).await.unwrap();
    let expected = Some(a.event.raw.clone());
    assert_eq!(raw(RawOf::Message(message_id(1))).await, expected);
    assert_eq!(raw(RawOf::Event(2)).await, Some(b.event.raw.clone()));
    assert_eq!(raw(RawOf::Event(3)).await.as_deref(), Some("another"));
    assert_eq!(raw(RawOf::Accepted(c.number)).await, None);
    // Both go in their time.
    let purged = store.purge(&main, Kept::Raw, time(2), None, 100).await;
    assert_eq!(purged.unwrap().removed, 5);
    assert_eq!(raw(RawOf::Message(message_id(1))).await, None);
}

/// The store knows a number above all outbox entries that ever were, also those that are done.
pub(super) async fn outbox_numbers_are_remembered(store: Arc<dyn Store>) {
    let main = site("main");
    let pages = channel("pages");
    let epoch = store.own(&main).await.unwrap();
    assert_eq!(store.last_outbox(&main).await.unwrap(), 0);
    let mut former = 0;
    for number in [5, 6, 5_000, 70] {
        let entry = OutboxEntry {
            channel: pages.clone(),
            shown: false,
            retry_for_seconds: None,
            number,
            message: None,
            contact: None,
            interaction: None,
            request: ActionRequest {
                id: format!("action-{number}"),
                attempt: 1,
                uncertain_before: false,
                thread: "thread-1".to_owned(),
                recipient: None,
                last_inbound: None,
                by_human: true,
                progress: Vec::new(),
                action: Action::Follow,
            },
            created_at: time(0),
            made: Vec::new(),
            state: OutboxState::Waiting,
        };
        let put = Append {
            records: Vec::new(),
            changes: vec![Change::PutOutbox(entry)],
        };
        store.append(&main, epoch, put).await.unwrap();
        let done = Append {
            records: Vec::new(),
            changes: vec![Change::RemoveOutbox {
                channel: pages.clone(),
                number,
            }],
        };
        store.append(&main, epoch, done).await.unwrap();
        let last = store.last_outbox(&main).await.unwrap();
        assert!(last >= number && last >= former, "{last} after {number}");
        former = last;
    }
    assert_eq!(store.last_outbox(&site("other")).await.unwrap(), 0);
}

/// A purge forgets what is older than its time and nothing else, in steps of bounded size.
pub(super) async fn a_purge_forgets_the_old(store: Arc<dyn Store>) {
    let main = site("main");
    let pages = channel("pages");
    let epoch = store.own(&main).await.unwrap();
    // Seven of each kind: four old ones, and three that are not.
    for number in 1..=7_u64 {
        let at = time(if number <= 4 { number } else { 1_000 + number });
        let accept = Accept {
            channel: pages.clone(),
            at,
            events: vec![event(&format!("event-{number}"))],
            cursor: None,
            again: None,
        };
        store.accept(&main, accept).await.unwrap();
        let changes = vec![
            Change::PutIdempotent {
                principal: "ann".to_owned(),
                key: format!("key-{number}"),
                result: IdempotentResult {
                    request_hash: [0; 32],
                    at,
                    status: 200,
                    body: Vec::new(),
                },
            },
            Change::PutEarly {
                channel: pages.clone(),
                platform_id: format!("mid-{number}"),
                events: [time(1), at]
                    .map(|accepted_at| Early {
                        accepted_at,
                        event: event("early"),
                    })
                    .to_vec(),
            },
            Change::PutRaw {
                of: RawOf::Message(message_id(number)),
                at,
                raw: "{}".repeat(if number == 1 { 10_000 } else { 1 }),
            },
            Change::PutDeadLetter(DeadLetter {
                id: DeadLetterId::derived(number, number),
                channel: pages.clone(),
                at,
                reason: Refusal {
                    code: "x".to_owned(),
                    text: "it failed".to_owned(),
                },
                what: Undone::Event {
                    accepted_at: at,
                    event: Box::new(event("a")),
                },
            }),
        ];
        let records = Vec::new();
        store
            .append(&main, epoch, Append { records, changes })
            .await
            .unwrap();
    }
    // The journal has a test of its own, and so have drafts, whose time begins with something else's end.
    let others = [Kept::Journal, Kept::Drafts];
    for kept in Kept::ALL.into_iter().filter(|k| !others.contains(k)) {
        for expected in [4, 0] {
            let (mut removed, mut steps, mut after) = (0, 0, None);
            loop {
                let done = store
                    .purge(&main, kept, time(1_000), after, 2)
                    .await
                    .unwrap();
                assert!(done.removed <= 2, "{kept:?}: a step looks at two");
                removed += done.removed;
                steps += 1;
                after = done.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(removed, expected, "{kept:?}");
            // Seven values, and of the payloads those of the events that wait as well.
            assert!(steps <= 8, "{kept:?}: {steps} steps");
        }
    }
    for number in 1..=7_u64 {
        let is_kept = number > 4;
        let key = format!("key-{number}");
        let found = store.idempotent(&main, "ann", &key).await.unwrap();
        assert_eq!(found.is_some(), is_kept);
        let found = store
            .early(&main, &pages, &format!("mid-{number}"))
            .await
            .unwrap();
        assert_eq!(found.len(), if is_kept { 2 } else { 0 });
        let found = store
            .raw(&main, RawOf::Message(message_id(number)))
            .await
            .unwrap();
        assert_eq!(found.is_some(), is_kept);
        let id = DeadLetterId::derived(number, number);
        let found = store.dead_letter(&main, &pages, id).await.unwrap();
        assert_eq!(found.is_some(), is_kept);
        let accept = Accept {
            channel: pages.clone(),
            at: time(2_000),
            events: vec![event(&format!("event-{number}"))],
            cursor: None,
            again: None,
        };
        assert_eq!(store.accept(&main, accept).await.unwrap().new == 0, is_kept);
    }
    // What waits is not kept for a time: it is work.
    assert_eq!(store.inbox(&main, 0, 100).await.unwrap().len(), 11);
}

/// The journal loses its beginning, never what the router's snapshot does not have nor its last record;
/// what is left is found as before, and the numbers go on.
pub(super) async fn a_journal_forgets_its_beginning(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    // Records of two events, at 1, 3, 5, ...
    for _ in 0..10 {
        append_events(&store, epoch, vec![platform_event(""), platform_event("")]).await;
    }
    let purge = async |before: u64, limit: usize| {
        let done = store.purge(&main, Kept::Journal, time(before), None, limit);
        done.await.unwrap()
    };
    assert_eq!(purge(1_000, 100).await.removed, 0, "there is no snapshot");
    let snapshot = |seq| Append {
        records: Vec::new(),
        changes: vec![Change::PutSnapshot {
            seq,
            state: b"{}".to_vec(),
        }],
    };
    store.append(&main, epoch, snapshot(11)).await.unwrap();
    assert_eq!(store.first_seq(&main).await.unwrap(), 1);
    // Those at 1 and 3 are old.
    let step = purge(5, 1).await;
    assert_eq!((step.removed, step.next.is_some()), (1, true));
    assert_eq!(purge(5, 100).await.removed, 1);
    assert_eq!(store.first_seq(&main).await.unwrap(), 5);
    // The one that holds event 11 goes on beyond the snapshot.
    assert_eq!(purge(1_000, 100).await.removed, 3);
    assert_eq!(store.first_seq(&main).await.unwrap(), 11);
    store.append(&main, epoch, snapshot(20)).await.unwrap();
    assert_eq!(purge(1_000, 100).await.removed, 4, "the last record stays");
    assert_eq!(store.first_seq(&main).await.unwrap(), 19);
    assert_eq!(store.last_seq(&main).await.unwrap(), 20);
    append_events(&store, epoch, vec![platform_event("")]).await;
    let left = store.journal(&main, 0, 100).await.unwrap();
    let first_seqs: Vec<u64> = left.iter().map(|record| record.first_seq).collect();
    assert_eq!(first_seqs, [19, 21]);
    assert_eq!(store.first_seq(&site("other")).await.unwrap(), 1);
}
