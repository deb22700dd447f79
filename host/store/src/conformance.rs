//! What every implementation of [`Store`] must do, as tests that an implementation runs against
//! itself.
//!
//! A failed check panics, as tests do. Nothing but tests uses this module.

mod content;
mod desk;
mod kept;
mod letters;
mod people;
pub mod samples;

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::message::MessageState;
use linecard_model::outbox::{ChannelHealth, HealthState, OutboxEntry, OutboxState};
use linecard_model::platform::Alias;
use linecard_model::platform::{Action, ActionRequest};
use linecard_model::routing::{EndReason, RoutingEvent};
use linecard_model::site::SiteConfig;

use crate::{Accept, Append, Change, Early, IdempotentResult, Page, Store, StoreError, UnitOfWork};
use samples::{
    answer, channel, contact, contact_id, event, interaction, interaction_id, message, message_id,
    site, time,
};

/// Runs every check, each on an empty store that `open` gives.
pub async fn all(open: impl AsyncFn() -> Arc<dyn Store>) {
    accepts_once(open().await).await;
    accepts_once_under_contention(open().await).await;
    inbox_is_in_order(open().await).await;
    only_the_newest_owner_writes(open().await).await;
    journal_is_dense(open().await).await;
    journal_is_found_from_any_number(open().await).await;
    refused_batch_leaves_nothing(open().await).await;
    contacts_are_found_by_what_they_are_called(open().await).await;
    sites_are_apart(open().await).await;
    pages_run_from_the_newest(open().await).await;
    interactions_end(open().await).await;
    large_values_come_back(open().await).await;
    small_views_come_back(open().await).await;
    long_network_ids_are_told_apart(open().await).await;
    letters::come_back_and_are_told_apart(open().await).await;
    letters::an_event_comes_again_once_for_each_letter(open().await).await;
    content::records_repeat_no_content(open().await).await;
    content::corrections_are_bounded(open().await).await;
    content::reactions_are_rows(open().await).await;
    kept::payloads_are_kept_once_and_apart(open().await).await;
    kept::a_payload_stays_where_it_was_accepted(open().await).await;
    kept::outbox_numbers_are_remembered(open().await).await;
    kept::a_purge_forgets_the_old(open().await).await;
    kept::a_journal_forgets_its_beginning(open().await).await;
    people::contacts_are_found_by_what_is_theirs_now(open().await).await;
    people::interactions_are_joined(open().await).await;
    desk::interactions_show_their_conversation(open().await).await;
    desk::what_agents_put_comes_back(open().await).await;
    close_takes_no_more(open().await).await;
}

fn accept(ids: &[&str]) -> Accept {
    Accept {
        channel: channel("pages"),
        at: time(0),
        events: ids.iter().map(|id| event(id)).collect(),
        cursor: None,
        again: None,
    }
}

async fn append_events(store: &Arc<dyn Store>, epoch: u64, events: Vec<Event>) {
    let main = site("main");
    let next = store.last_seq(&main).await.unwrap() + 1;
    let mut unit = UnitOfWork::new(Arc::clone(store), main.clone(), next);
    unit.record(time(next), events).await.unwrap();
    store.append(&main, epoch, unit.finish()).await.unwrap();
}

/// An event is accepted once for each channel and id, within one call and over several.
pub async fn accepts_once(store: Arc<dyn Store>) {
    let main = site("main");
    let first = store.accept(&main, accept(&["a", "b", "a"])).await.unwrap();
    assert_eq!((first.new, first.duplicates), (2, 1));
    let again = store.accept(&main, accept(&["b", "c"])).await.unwrap();
    assert_eq!((again.new, again.duplicates), (1, 1));
    let elsewhere = Accept {
        channel: channel("other"),
        ..accept(&["a"])
    };
    assert_eq!(store.accept(&main, elsewhere).await.unwrap().new, 1);
    let none = store.accept(&main, accept(&["a", "b", "c"])).await.unwrap();
    assert_eq!((none.new, none.duplicates, none.last), (0, 3, None));

    let epoch = store.own(&main).await.unwrap();
    for entry in store.inbox(&main, 0, 10).await.unwrap() {
        let done = Append {
            records: Vec::new(),
            changes: vec![Change::InboxDone(entry.number)],
        };
        store.append(&main, epoch, done).await.unwrap();
    }
    assert!(store.inbox(&main, 0, 10).await.unwrap().is_empty());
    // What is done stays known.
    assert_eq!(store.accept(&main, accept(&["a"])).await.unwrap().new, 0);
}

/// Of many concurrent deliveries of one event, one is new.
pub async fn accepts_once_under_contention(store: Arc<dyn Store>) {
    let deliveries: Vec<_> = (0..64)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let id = format!("event-{}", number % 8);
                store.accept(&site("main"), accept(&[&id])).await
            })
        })
        .collect();
    let mut new = 0;
    for delivery in deliveries {
        new += delivery.await.unwrap().unwrap().new;
    }
    assert_eq!(new, 8);
    assert_eq!(store.inbox(&site("main"), 0, 100).await.unwrap().len(), 8);
}

/// The inbox gives what is waiting, in the order of acceptance, after a number and up to a limit.
pub async fn inbox_is_in_order(store: Arc<dyn Store>) {
    let main = site("main");
    let ids: Vec<String> = (0..20).map(|n| format!("event-{n}")).collect();
    for ids in ids.chunks(3) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let polled = Accept {
            cursor: Some(ids.join(",").into_bytes()),
            ..accept(&ids)
        };
        store.accept(&main, polled).await.unwrap();
    }
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = store.inbox(&main, after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 7);
        after = last.number;
        found.extend(page.into_iter().map(|entry| entry.event.id));
    }
    assert_eq!(found, ids);
    let cursor = store.cursor(&main, &channel("pages")).await.unwrap();
    assert_eq!(cursor.as_deref(), Some(&b"event-18,event-19"[..]));
    assert_eq!(store.cursor(&main, &channel("other")).await.unwrap(), None);
}

/// A writer whose epoch is not the newest is refused.
pub async fn only_the_newest_owner_writes(store: Arc<dyn Store>) {
    let main = site("main");
    let first = store.own(&main).await.unwrap();
    append_events(&store, first, vec![Event::ContactSaved(contact(1))]).await;
    let second = store.own(&main).await.unwrap();
    assert!(second > first);
    let refused = store.append(&main, first, Append::default()).await;
    assert!(
        matches!(refused, Err(StoreError::StaleEpoch { given, newest, .. }) if given == first && newest == second)
    );
    append_events(&store, second, vec![Event::ContactSaved(contact(2))]).await;
    assert_eq!(store.last_seq(&main).await.unwrap(), 2);
    // Never owned: no epoch is right.
    let other = store.append(&site("other"), 7, Append::default()).await;
    assert!(matches!(other, Err(StoreError::StaleEpoch { .. })));
}

/// A record that does not follow the last one is refused, and so is one without events.
pub async fn journal_is_dense(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let record = |first_seq, events: u64| linecard_model::event::Record {
        first_seq,
        at: time(first_seq),
        events: (0..events)
            .map(|n| Event::ContactSaved(contact(n)))
            .collect(),
    };
    let batch = |records| Append {
        records,
        changes: Vec::new(),
    };
    let gap = store.append(&main, epoch, batch(vec![record(2, 1)])).await;
    assert!(matches!(
        gap,
        Err(StoreError::SeqGap {
            expected: 1,
            given: 2,
            ..
        })
    ));
    store
        .append(&main, epoch, batch(vec![record(1, 3), record(4, 2)]))
        .await
        .unwrap();
    for wrong in [1, 5, 7] {
        let refused = store
            .append(&main, epoch, batch(vec![record(wrong, 1)]))
            .await;
        assert!(matches!(
            refused,
            Err(StoreError::SeqGap { expected: 6, .. })
        ));
    }
    let inner_gap = batch(vec![record(6, 1), record(8, 1)]);
    assert!(store.append(&main, epoch, inner_gap).await.is_err());
    let empty = store.append(&main, epoch, batch(vec![record(6, 0)])).await;
    assert!(matches!(empty, Err(StoreError::EmptyRecord { seq: 6, .. })));
    assert_eq!(store.last_seq(&main).await.unwrap(), 5);
    assert_eq!(store.journal(&main, 0, 10).await.unwrap().len(), 2);
}

/// The journal is read from the record that holds the next event, wherever that begins.
pub async fn journal_is_found_from_any_number(store: Arc<dyn Store>) {
    let main = site("main");
    assert_eq!(store.last_seq(&main).await.unwrap(), 0);
    assert!(store.journal(&main, 0, 10).await.unwrap().is_empty());
    let epoch = store.own(&main).await.unwrap();
    for size in [3, 1, 4, 1, 5] {
        let events = (0..size).map(|n| Event::ContactSaved(contact(n))).collect();
        append_events(&store, epoch, events).await;
    }
    let first_seqs = async |after, limit| -> Vec<u64> {
        let records = store.journal(&main, after, limit).await.unwrap();
        records.iter().map(|record| record.first_seq).collect()
    };
    assert_eq!(first_seqs(0, 10).await, [1, 4, 5, 9, 10]);
    assert_eq!(first_seqs(2, 10).await, [1, 4, 5, 9, 10]);
    assert_eq!(first_seqs(3, 2).await, [4, 5]);
    assert_eq!(first_seqs(6, 10).await, [5, 9, 10]);
    assert_eq!(first_seqs(13, 10).await, [10]);
    assert!(first_seqs(14, 10).await.is_empty());
    assert!(first_seqs(u64::MAX, 10).await.is_empty());
}

/// A batch that is refused changes no view.
pub async fn refused_batch_leaves_nothing(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 9);
    unit.record(time(0), vec![Event::ContactSaved(contact(1))])
        .await
        .unwrap();
    assert!(store.append(&main, epoch, unit.finish()).await.is_err());
    assert_eq!(store.contact(&main, contact_id(1)).await.unwrap(), None);
    let identity = store
        .contact_by_identity(&main, &channel("pages"), "user-1")
        .await;
    assert_eq!(identity.unwrap(), None);
}

/// A contact is found by its ids and aliases; an id counts before another's alias, and an alias is
/// whose it was last.
pub async fn contacts_are_found_by_what_they_are_called(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let called = |number: u64, alias: &str| {
        let mut contact = contact(number);
        contact.identities[0].aliases = vec![
            Alias {
                kind: "phone".to_owned(),
                value: alias.to_owned(),
            }
            .into(),
        ];
        Event::ContactSaved(contact)
    };
    let found = async |name: &str| {
        let pages = channel("pages");
        store
            .contact_by_identity(&main, &pages, name)
            .await
            .unwrap()
    };
    append_events(&store, epoch, vec![called(1, "555")]).await;
    for name in ["user-1", "555"] {
        assert_eq!(found(name).await, Some(contact_id(1)), "{name}");
    }
    // A number that somebody else has now, and an alias that is somebody's own id.
    append_events(&store, epoch, vec![called(2, "555"), called(3, "user-1")]).await;
    assert_eq!(found("555").await, Some(contact_id(2)));
    assert_eq!(found("user-1").await, Some(contact_id(1)));
    assert_eq!(found("user-3").await, Some(contact_id(3)));
}

/// Sites see nothing of one another, even when one's name begins with the other's.
pub async fn sites_are_apart(store: Arc<dyn Store>) {
    let epoch = store.own(&site("main")).await.unwrap();
    append_events(&store, epoch, vec![Event::ContactSaved(contact(1))]).await;
    store.accept(&site("main"), accept(&["a"])).await.unwrap();
    for other in ["mai", "main2", "a"] {
        let other = site(other);
        assert_eq!(store.last_seq(&other).await.unwrap(), 0);
        assert_eq!(store.contact(&other, contact_id(1)).await.unwrap(), None);
        assert!(store.inbox(&other, 0, 10).await.unwrap().is_empty());
        let all = Page {
            before: None,
            limit: 10,
        };
        assert!(store.contacts(&other, all).await.unwrap().is_empty());
        assert_eq!(store.accept(&other, accept(&["a"])).await.unwrap().new, 1);
    }
}

/// Contacts and messages are given from the newest to the oldest, page by page.
pub async fn pages_run_from_the_newest(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    for number in 1..=9 {
        let events = vec![
            Event::ContactSaved(contact(number)),
            Event::MessageReceived(message(number, 1, 1)),
            Event::MessageReceived(message(100 + number, 2, 2)),
        ];
        append_events(&store, epoch, events).await;
    }
    let mut contacts = Vec::new();
    let mut before = None;
    loop {
        let page = store
            .contacts(&main, Page { before, limit: 4 })
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        contacts.extend(page.into_iter().map(|contact| contact.id));
    }
    let expected: Vec<_> = (1..=9).rev().map(contact_id).collect();
    assert_eq!(contacts, expected);

    let newest = Page {
        before: None,
        limit: 3,
    };
    let history = store.history(&main, contact_id(1), newest).await.unwrap();
    let ids: Vec<_> = history.iter().map(|message| message.id).collect();
    assert_eq!(ids, [message_id(9), message_id(8), message_id(7)]);
    let rest = Page {
        before: Some(message_id(3)),
        limit: 10,
    };
    let history = store.history(&main, contact_id(1), rest).await.unwrap();
    assert_eq!(history, [message(2, 1, 1), message(1, 1, 1)]);
    let nobody = Page {
        before: None,
        limit: 10,
    };
    let history = store.history(&main, contact_id(3), nobody).await.unwrap();
    assert!(history.is_empty());
}

/// An interaction is among the open ones until it ends, and among the ended ones from then on.
pub async fn interactions_end(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let started = (1..=5).map(|n| Event::InteractionStarted(interaction(n, 1)));
    append_events(&store, epoch, started.collect()).await;
    for number in [4, 2] {
        let ended = Event::Routing(RoutingEvent::Ended {
            interaction: interaction_id(number),
            queue: samples::queue("support"),
            agent: None,
            reason: EndReason::Cancelled,
            disposition: Some("spam".to_owned()),
            defaulted: false,
        });
        append_events(&store, epoch, vec![ended]).await;
    }
    let open = store.open_interactions(&main).await.unwrap();
    let open: Vec<_> = open.iter().map(|i| i.id).collect();
    assert_eq!(open, [1, 3, 5].map(interaction_id));
    let all = Page {
        before: None,
        limit: 10,
    };
    let ended = store.ended_interactions(&main, all).await.unwrap();
    let ended: Vec<_> = ended.iter().map(|i| i.id).collect();
    assert_eq!(ended, [4, 2].map(interaction_id));
    let one = store.interaction(&main, interaction_id(4)).await.unwrap();
    assert!(one.is_some_and(|one| !one.is_open() && one.ended_at.is_some()));
    let older = Page {
        before: Some(interaction_id(4)),
        limit: 10,
    };
    let older = store.ended_interactions(&main, older).await.unwrap();
    assert_eq!(older.len(), 1);
}

/// Values of any size come back as they were, and shrink again.
pub async fn large_values_come_back(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    for size in [0, 1, 4_095, 4_096, 70_000, 1_000_000, 9_000, 3] {
        let state: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
        let batch = Append {
            records: Vec::new(),
            changes: vec![
                Change::PutSnapshot {
                    seq: u64::from(size),
                    state: state.clone(),
                },
                Change::PutVault {
                    key: "large".to_owned(),
                    value: state.clone(),
                },
            ],
        };
        store.append(&main, epoch, batch).await.unwrap();
        let found = store.snapshot(&main).await.unwrap();
        assert_eq!(found, Some((u64::from(size), state.clone())));
        let found = store.vault(&main, "large").await.unwrap();
        assert_eq!(found, Some(state));
    }
    let mut long = message(1, 1, 1);
    long.content.text = Some("x".repeat(300_000));
    append_events(&store, epoch, vec![Event::MessageReceived(long.clone())]).await;
    let found = store.message(&main, contact_id(1), message_id(1)).await;
    assert_eq!(found.unwrap(), Some(long));
}

/// Each of the small views gives back what was put, and forgets what was removed.
pub async fn small_views_come_back(store: Arc<dyn Store>) {
    let main = site("main");
    let pages = channel("pages");
    let epoch = store.own(&main).await.unwrap();
    let health = ChannelHealth {
        state: HealthState::Throttled,
        since: Some(time(1)),
        ..ChannelHealth::default()
    };
    let config = SiteConfig {
        name: "Example".to_owned(),
        ..SiteConfig::default()
    };
    let answered = IdempotentResult {
        request_hash: [7; 32],
        at: time(2),
        status: 201,
        body: b"{}".to_vec(),
    };
    let entry = |number| OutboxEntry {
        made: Vec::new(),
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
        created_at: time(number),
        state: OutboxState::Waiting,
    };
    let early = Early {
        accepted_at: time(3),
        event: event("early"),
    };

    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 1);
    let events = vec![
        Event::ChannelHealthChanged {
            channel: pages.clone(),
            health: health.clone(),
        },
        Event::SiteConfigured {
            config: Box::new(config.clone()),
        },
        Event::MessageAccepted(answer(1, 1, 1)),
        Event::MessageStateChanged {
            message: message_id(1),
            contact: contact_id(1),
            interaction: interaction_id(1),
            state: MessageState::Sent { at: time(9) },
            platform_ids: vec!["sent-1".to_owned()],
            note: None,
        },
    ];
    unit.record(time(1), events).await.unwrap();
    unit.put_idempotent("key:crm", "request-1", answered.clone());
    for number in [3, 1, 2] {
        unit.put_outbox(entry(number));
    }
    unit.put_early(&pages, "mid-9", early.clone())
        .await
        .unwrap();
    for key in ["token/a", "token/b", "token", "other"] {
        unit.put_vault(key, key.as_bytes().to_vec());
    }
    store.append(&main, epoch, unit.finish()).await.unwrap();

    assert_eq!(store.health(&main, &pages).await.unwrap(), Some(health));
    assert_eq!(store.config(&main).await.unwrap(), Some(config));
    let found = store.idempotent(&main, "key:crm", "request-1").await;
    assert_eq!(found.unwrap(), Some(answered));
    let found = store.idempotent(&main, "key:cr", "mrequest-1").await;
    assert_eq!(found.unwrap(), None);
    let outbox = store.outbox(&main, &pages, 1, 10).await.unwrap();
    assert_eq!(outbox, [entry(2), entry(3)]);
    let all = store.early_of(&main, &pages, 10).await.unwrap();
    assert_eq!(all, [vec![early.clone()]]);
    assert!(store.early_of(&main, &pages, 0).await.unwrap().is_empty());
    let found = store.early(&main, &pages, "mid-9").await.unwrap();
    assert_eq!(found, [early]);
    let found = store.vault_scan(&main, "token/").await.unwrap();
    let keys: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["token/a", "token/b"]);
    let found = store.message_by_platform_id(&main, &pages, "sent-1").await;
    assert!(
        found
            .unwrap()
            .is_some_and(|place| place.message == message_id(1))
    );

    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 5);
    unit.remove_outbox(&pages, 2);
    unit.remove_early(&pages, "mid-9");
    unit.remove_vault("token/a");
    store.append(&main, epoch, unit.finish()).await.unwrap();
    let outbox = store.outbox(&main, &pages, 0, 10).await.unwrap();
    assert_eq!(outbox, [entry(1), entry(3)]);
    assert!(
        store
            .early(&main, &pages, "mid-9")
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.vault(&main, "token/a").await.unwrap(), None);
    assert_eq!(store.vault_scan(&main, "").await.unwrap().len(), 3);
}

/// Ids as long as a network may give them are kept apart, even if they differ at the end only.
pub async fn long_network_ids_are_told_apart(store: Arc<dyn Store>) {
    let main = site("main");
    let id = |end: &str| format!("{}{end}", "é".repeat(255));
    let accepted = store
        .accept(&main, accept(&[&id("1"), &id("2"), &id("1")]))
        .await
        .unwrap();
    assert_eq!((accepted.new, accepted.duplicates), (2, 1));
    let epoch = store.own(&main).await.unwrap();
    let mut long = message(1, 1, 1);
    long.platform_ids = vec![id("1")];
    append_events(&store, epoch, vec![Event::MessageReceived(long)]).await;
    let pages = channel("pages");
    let found = store.message_by_platform_id(&main, &pages, &id("1")).await;
    assert!(found.unwrap().is_some());
    let found = store.message_by_platform_id(&main, &pages, &id("2")).await;
    assert!(found.unwrap().is_none());
}

/// After a close nothing is taken.
pub async fn close_takes_no_more(store: Arc<dyn Store>) {
    let main = site("main");
    store.accept(&main, accept(&["a"])).await.unwrap();
    store.close().await.unwrap();
    let refused = store.accept(&main, accept(&["b"])).await;
    assert!(matches!(refused, Err(StoreError::Closed)));
    assert_eq!(store.inbox(&main, 0, 10).await.unwrap().len(), 1);
}
