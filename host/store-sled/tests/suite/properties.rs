//! Whatever is done to a store in whatever order, it holds what a plain model holds, fits together,
//! survives an export and an import, and its views follow from its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use linecard_model::ContactId;
use linecard_model::contact::{Contact, ContactThread};
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::{MessageReaction, MessageState};
use linecard_model::routing::{EndReason, RoutingEvent};
use linecard_store::conformance::samples::{
    agent, answer, channel, contact, contact_id, event, interaction, interaction_id, message,
    message_id, queue, site, time,
};
use linecard_store::{
    Accept, Append, Change, Page, Store, StoreError, UnitOfWork, thread_identity,
};
use linecard_store_sled::SledStore;
use proptest::prelude::*;

const CUSTOMERS: u64 = 4;

#[derive(Debug, Clone)]
enum Op {
    Accept(Vec<u8>),
    /// Turns so many accepted events into messages in one unit.
    Prepare(usize),
    /// An agent answers a customer, and the network says what became of it.
    Answer(u64, usize, Vec<u8>),
    Edit(u64, usize),
    React(u64),
    /// Another customer, or the thread's contact, takes part in a customer's interaction.
    Join(u64, Option<u64>),
    /// A stale owner, or a wrong number: refused.
    Refused(bool),
    Route(u64, u8),
    Vault(u8, usize),
    Unvault(u8),
    Reopen,
    TakeOver,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => prop::collection::vec(0_u8..60, 1..6).prop_map(Op::Accept),
        4 => (1_usize..5).prop_map(Op::Prepare),
        3 => (0..CUSTOMERS, 0_usize..20_000, prop::collection::vec(0_u8..6, 0..4))
            .prop_map(|(who, size, states)| Op::Answer(who, size, states)),
        2 => (0..CUSTOMERS, 0_usize..20_000).prop_map(|(who, size)| Op::Edit(who, size)),
        1 => (0..CUSTOMERS).prop_map(Op::React),
        2 => (0..CUSTOMERS, prop::option::of(0..CUSTOMERS)).prop_map(|(who, other)| Op::Join(who, other)),
        1 => any::<bool>().prop_map(Op::Refused),
        3 => (0..CUSTOMERS, 0_u8..4).prop_map(|(who, what)| Op::Route(who, what)),
        2 => (0_u8..5, 0_usize..30_000).prop_map(|(key, size)| Op::Vault(key, size)),
        1 => (0_u8..5).prop_map(Op::Unvault),
        1 => Just(Op::Reopen),
        1 => Just(Op::TakeOver),
    ]
}

/// What the store must hold.
#[derive(Default)]
struct Model {
    accepted: BTreeSet<String>,
    inbox: Vec<String>,
    /// The text of each message of each customer.
    messages: BTreeMap<(u64, u64), String>,
    inbound: BTreeMap<u64, u32>,
    outbound: BTreeMap<u64, u32>,
    /// Who takes part in each customer's interaction.
    participants: BTreeMap<u64, Vec<ContactId>>,
    /// The contacts that stand for a customer's thread.
    of_threads: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    vault: BTreeMap<String, Vec<u8>>,
    events: u64,
    last_message: u64,
}

struct World {
    store: Arc<SledStore>,
    epoch: u64,
    model: Model,
}

impl World {
    async fn unit(&self) -> UnitOfWork {
        let main = site("main");
        let next = self.store.last_seq(&main).await.unwrap() + 1;
        UnitOfWork::new(Arc::clone(&self.store) as Arc<dyn Store>, main, next)
    }

    async fn write(&mut self, mut unit: UnitOfWork, events: Vec<Event>) {
        self.model.events += events.len() as u64;
        unit.record(time(1), events).await.unwrap();
        let append = unit.finish();
        let main = site("main");
        self.store.append(&main, self.epoch, append).await.unwrap();
    }

    /// The customer and what belongs to them, the first time.
    async fn customer(&self, unit: &mut UnitOfWork, who: u64) -> Vec<Event> {
        if unit.contact(contact_id(who)).await.unwrap().is_some() {
            return Vec::new();
        }
        vec![
            Event::ContactSaved(contact(who)),
            Event::InteractionStarted(interaction(who, who)),
        ]
    }

    async fn apply(&mut self, op: Op, folder: &Path) {
        let main = site("main");
        match op {
            Op::Accept(numbers) => {
                let ids: Vec<String> = numbers.iter().map(|n| format!("event-{n}")).collect();
                let accept = Accept {
                    channel: channel("pages"),
                    at: time(0),
                    events: ids.iter().map(|id| event(id)).collect(),
                    cursor: Some(numbers),
                    again: None,
                };
                let accepted = self.store.accept(&main, accept).await.unwrap();
                let mut new = 0;
                for id in ids {
                    if self.model.accepted.insert(id.clone()) {
                        self.model.inbox.push(id);
                        new += 1;
                    }
                }
                assert_eq!(accepted.new, new);
            }
            Op::Prepare(count) => {
                let entries = self.store.inbox(&main, 0, count).await.unwrap();
                let mut unit = self.unit().await;
                for entry in entries {
                    let id = self.model.inbox.remove(0);
                    assert_eq!(entry.event.id, id);
                    self.model.last_message += 1;
                    let number = self.model.last_message;
                    let who = number % CUSTOMERS;
                    let mut events = self.customer(&mut unit, who).await;
                    let mut message = message(number, who, who);
                    message.content.text = Some(id.clone());
                    events.push(Event::MessageReceived(message));
                    self.model.events += events.len() as u64;
                    unit.record(time(number), events).await.unwrap();
                    unit.inbox_done(entry.number);
                    self.model.messages.insert((who, number), id);
                    *self.model.inbound.entry(who).or_default() += 1;
                }
                self.write(unit, Vec::new()).await;
            }
            Op::Answer(who, size, states) => {
                let mut unit = self.unit().await;
                let mut events = self.customer(&mut unit, who).await;
                self.model.last_message += 1;
                let number = self.model.last_message;
                let text = "x".repeat(size);
                let mut said = answer(number, who, who);
                said.content.text = Some(text.clone());
                events.push(Event::MessageAccepted(said));
                for (at, state) in (0..).zip(states) {
                    events.push(Event::MessageStateChanged {
                        message: message_id(number),
                        contact: contact_id(who),
                        interaction: interaction_id(who),
                        state: state_of(state, at),
                        platform_ids: vec![format!("sent-{number}-{state}")],
                        note: None,
                    });
                }
                self.write(unit, events).await;
                self.model.messages.insert((who, number), text);
                *self.model.outbound.entry(who).or_default() += 1;
            }
            Op::Edit(who, size) => {
                let Some((&(_, number), _)) =
                    self.model.messages.range((who, 0)..=(who, u64::MAX)).next()
                else {
                    return;
                };
                let text = "y".repeat(size);
                let edited = Event::MessageEdited {
                    message: message_id(number),
                    contact: contact_id(who),
                    interaction: interaction_id(who),
                    text: Some(text.clone()),
                    attachments: None,
                    files: Vec::new(),
                    edited_at: time(number),
                };
                let unit = self.unit().await;
                self.write(unit, vec![edited]).await;
                self.model.messages.insert((who, number), text);
            }
            Op::React(who) => {
                // The message may not exist: then nothing changes.
                let added = Event::ReactionAdded {
                    message: message_id(who),
                    contact: contact_id(who),
                    interaction: interaction_id(who),
                    reaction: MessageReaction {
                        author: "user-1".to_owned(),
                        name: "like".to_owned(),
                        emoji: None,
                        at: time(5),
                    },
                };
                let unit = self.unit().await;
                self.write(unit, vec![added]).await;
            }
            Op::Join(who, other) => {
                let mut unit = self.unit().await;
                let mut events = self.customer(&mut unit, who).await;
                let joins = if let Some(other) = other {
                    if other != who {
                        events.extend(self.customer(&mut unit, other).await);
                    }
                    contact_id(other)
                } else {
                    let unnamed = of_thread(who);
                    let id = unnamed.id;
                    events.push(Event::ContactSaved(unnamed));
                    self.model.of_threads.insert(who);
                    id
                };
                events.push(Event::ParticipantJoined {
                    interaction: interaction_id(who),
                    contact: joins,
                    author: None,
                    own_contact: true,
                });
                self.write(unit, events).await;
                self.model.participants.entry(who).or_default().push(joins);
            }
            Op::Refused(stale) => {
                let mut unit = self.unit().await;
                let right = unit.next_seq();
                if !stale {
                    unit = UnitOfWork::new(
                        Arc::clone(&self.store) as Arc<dyn Store>,
                        main.clone(),
                        right + 1,
                    );
                }
                unit.record(time(0), vec![Event::ContactSaved(contact(99))])
                    .await
                    .unwrap();
                let epoch = if stale { self.epoch - 1 } else { self.epoch };
                let refused = self.store.append(&main, epoch, unit.finish()).await;
                assert!(matches!(
                    refused,
                    Err(StoreError::StaleEpoch { .. } | StoreError::SeqGap { .. })
                ));
            }
            Op::Route(who, what) => {
                let mut unit = self.unit().await;
                let mut events = self.customer(&mut unit, who).await;
                events.push(Event::Routing(route(who, what)));
                self.write(unit, events).await;
                if what == 3 {
                    self.model.ended.insert(who);
                } else {
                    self.model.ended.remove(&who);
                }
            }
            Op::Vault(key, size) => {
                let (key, value) = (format!("key-{key}"), vec![key; size]);
                self.model.vault.insert(key.clone(), value.clone());
                self.change(Change::PutVault { key, value }).await;
            }
            Op::Unvault(key) => {
                let key = format!("key-{key}");
                self.model.vault.remove(&key);
                self.change(Change::RemoveVault { key }).await;
            }
            Op::Reopen => self.reopen(folder),
            Op::TakeOver => self.epoch = self.store.own(&main).await.unwrap(),
        }
    }

    async fn change(&self, change: Change) {
        let append = Append {
            records: Vec::new(),
            changes: vec![change],
        };
        let main = site("main");
        self.store.append(&main, self.epoch, append).await.unwrap();
    }

    fn reopen(&mut self, folder: &Path) {
        // The folder is in use until the old one is gone.
        let aside = tempfile::tempdir().unwrap();
        self.store = Arc::new(SledStore::open(aside.path()).unwrap());
        self.store = Arc::new(SledStore::open(folder).unwrap());
    }

    async fn compare(&self) {
        let main = site("main");
        let (store, model) = (&self.store, &self.model);
        assert_eq!(store.last_seq(&main).await.unwrap(), model.events);
        let inbox = store.inbox(&main, 0, usize::MAX).await.unwrap();
        let inbox: Vec<_> = inbox.into_iter().map(|entry| entry.event.id).collect();
        assert_eq!(inbox, model.inbox);
        let vault = store.vault_scan(&main, "key-").await.unwrap();
        assert_eq!(vault, Vec::from_iter(model.vault.clone()));
        let open = store.open_interactions(&main).await.unwrap();
        assert!(open.iter().all(Interaction::is_open));
        for who in 0..CUSTOMERS {
            let all = Page {
                before: None,
                limit: usize::MAX,
            };
            let history = store.history(&main, contact_id(who), all).await.unwrap();
            let texts: Vec<_> = history
                .iter()
                .rev()
                .map(|message| message.content.text.clone().unwrap_or_default())
                .collect();
            let expected = model.messages.range((who, 0)..=(who, u64::MAX));
            let expected: Vec<_> = expected.map(|(_, text)| text.clone()).collect();
            assert_eq!(texts, expected);
            for message in history {
                for id in &message.platform_ids {
                    let pages = channel("pages");
                    let place = store.message_by_platform_id(&main, &pages, id).await;
                    assert_eq!(place.unwrap().map(|place| place.message), Some(message.id));
                }
            }
            let Some(view) = store.interaction(&main, interaction_id(who)).await.unwrap() else {
                assert!(!model.inbound.contains_key(&who) && !model.outbound.contains_key(&who));
                continue;
            };
            let joined: Vec<_> = view.participants.iter().map(|p| p.contact).collect();
            assert_eq!(
                joined,
                model.participants.get(&who).cloned().unwrap_or_default()
            );
            let pages = channel("pages");
            let thread = thread_identity(&format!("thread-{who}"));
            let unnamed = store.contact_by_identity(&main, &pages, &thread).await;
            let expected = model.of_threads.contains(&who).then(|| of_thread(who).id);
            assert_eq!(unnamed.unwrap(), expected);
            let count = |of: &BTreeMap<u64, u32>| of.get(&who).copied().unwrap_or(0);
            assert_eq!(view.inbound_count, count(&model.inbound));
            assert_eq!(view.outbound_count, count(&model.outbound));
            assert_eq!(view.is_open(), !model.ended.contains(&who));
        }
        assert_eq!(
            store.contact(&main, contact_id(99)).await.unwrap(),
            None,
            "a refused batch left something"
        );
    }
}

/// The contact that stands for a customer's thread.
fn of_thread(who: u64) -> Contact {
    Contact {
        identities: Vec::new(),
        of_thread: Some(ContactThread {
            channel: channel("pages"),
            thread: format!("thread-{who}"),
        }),
        ..contact(1_000 + who)
    }
}

fn state_of(state: u8, at: u64) -> MessageState {
    let at = time(at);
    match state {
        0 => MessageState::Accepted,
        1 => MessageState::Sent { at },
        2 => MessageState::Delivered { at },
        3 => MessageState::Read { at },
        4 => MessageState::Failed {
            at,
            reason: linecard_model::platform::Refusal {
                code: "131026".to_owned(),
                text: "undeliverable".to_owned(),
            },
            retryable: false,
        },
        _ => MessageState::Uncertain {
            at,
            text: "the connection broke".to_owned(),
        },
    }
}

fn route(who: u64, what: u8) -> RoutingEvent {
    let (interaction, queue, agent) = (interaction_id(who), queue("support"), agent("ann"));
    let offer = linecard_model::OfferId::derived(1, who);
    match what {
        0 => RoutingEvent::Offered {
            interaction,
            queue,
            agent,
            offer,
            deadline: time(30_000),
            auto_answer: false,
            role: linecard_model::routing::LegRole::Owner,
            choice: None,
        },
        1 => RoutingEvent::Connected {
            interaction,
            queue,
            agent,
            offer,
            role: linecard_model::routing::LegRole::Owner,
        },
        2 => RoutingEvent::WrapUpStarted {
            interaction,
            queue,
            agent,
            reason: EndReason::Completed,
            deadline: None,
        },
        _ => RoutingEvent::Ended {
            interaction,
            queue,
            agent: Some(agent),
            reason: EndReason::Completed,
            disposition: Some("resolved".to_owned()),
            defaulted: false,
        },
    }
}

async fn whole_life(ops: Vec<Op>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(folder.path()).unwrap());
    let epoch = store.own(&site("main")).await.unwrap();
    let mut world = World {
        store,
        epoch,
        model: Model::default(),
    };
    for op in ops {
        world.apply(op, folder.path()).await;
    }
    world.compare().await;
    world.reopen(folder.path());
    world.compare().await;

    let checked = world.store.check().unwrap();
    assert_eq!(checked.problems, []);
    assert_eq!(checked.events, world.model.events);

    let mut exported = Vec::new();
    let report = world.store.export(&mut exported).unwrap();
    assert!(report.unreadable.is_empty());
    let other = tempfile::tempdir().unwrap();
    let imported = SledStore::open(other.path()).unwrap();
    let count = imported.import(&exported[..]).await.unwrap();
    assert_eq!(count, report.values);
    let mut again = Vec::new();
    imported.export(&mut again).unwrap();
    assert!(exported == again, "an imported export is another one");
    drop(imported);

    let rebuilt = tempfile::tempdir().unwrap();
    let report = world.store.rebuild(rebuilt.path()).await.unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    world.store = Arc::new(SledStore::open(rebuilt.path()).unwrap());
    world.compare().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_store_holds_what_it_was_given(ops in prop::collection::vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(whole_life(ops));
    }
}
