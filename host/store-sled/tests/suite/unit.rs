//! What events change in the views, and what a unit of work sees of its own changes.

use std::sync::Arc;

use linecard_model::contact::ContactIdentity;
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageReaction, MessageState};
use linecard_model::platform::Refusal;
use linecard_model::routing::{
    EndReason, InteractionState, MediaType, OfferOutcome, RequiredSkill, RoutingEvent,
};
use linecard_model::{OfferId, SkillId};
use linecard_store::conformance::samples::{
    agent, answer, channel, contact, contact_id, event, interaction, interaction_id, message,
    message_id, queue, site, time,
};
use linecard_store::{Append, Change, Early, MessageRef, Store, UnitOfWork};
use linecard_store_sled::SledStore;

struct World {
    store: Arc<dyn Store>,
    epoch: u64,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        let epoch = store.own(&site("main")).await.unwrap();
        Self {
            store: Arc::new(store),
            epoch,
            _folder: folder,
        }
    }

    async fn unit(&self) -> UnitOfWork {
        let next = self.store.last_seq(&site("main")).await.unwrap() + 1;
        UnitOfWork::new(Arc::clone(&self.store), site("main"), next)
    }

    async fn append(&self, append: Append) {
        let main = site("main");
        self.store.append(&main, self.epoch, append).await.unwrap();
    }

    async fn write(&self, at: u64, events: Vec<Event>) {
        let mut unit = self.unit().await;
        unit.record(time(at), events).await.unwrap();
        self.append(unit.finish()).await;
    }

    async fn message(&self, number: u64) -> Message {
        let main = site("main");
        let found = self.store.message(&main, contact_id(1), message_id(number));
        found.await.unwrap().unwrap()
    }

    async fn interaction(&self) -> Interaction {
        let main = site("main");
        let found = self.store.interaction(&main, interaction_id(1));
        found.await.unwrap().unwrap()
    }
}

fn state_changed(state: MessageState, ids: &[&str]) -> Event {
    Event::MessageStateChanged {
        message: message_id(1),
        contact: contact_id(1),
        interaction: interaction_id(1),
        state,
        platform_ids: ids.iter().map(ToString::to_string).collect(),
        note: None,
    }
}

fn sent(at: u64) -> MessageState {
    MessageState::Sent { at: time(at) }
}

fn delivered(at: u64) -> MessageState {
    MessageState::Delivered { at: time(at) }
}

fn read(at: u64) -> MessageState {
    MessageState::Read { at: time(at) }
}

fn failed(at: u64) -> MessageState {
    MessageState::Failed {
        at: time(at),
        reason: Refusal {
            code: "1".to_owned(),
            text: "no".to_owned(),
        },
        retryable: false,
    }
}

fn uncertain(at: u64) -> MessageState {
    MessageState::Uncertain {
        at: time(at),
        text: "the connection broke".to_owned(),
    }
}

#[tokio::test]
async fn a_message_goes_forward_only() {
    let accepted = || MessageState::Accepted;
    let cases: Vec<(&str, Vec<MessageState>, MessageState)> = vec![
        ("in order", vec![sent(1), delivered(2), read(3)], read(3)),
        ("overtaken", vec![read(3), delivered(2), sent(1)], read(3)),
        ("again", vec![delivered(1), delivered(2)], delivered(1)),
        ("failed later", vec![sent(1), failed(2)], failed(2)),
        ("failed, late sent", vec![failed(2), sent(1)], failed(2)),
        ("failed, sent after all", vec![failed(1), sent(2)], sent(2)),
        (
            "delivered, late failed",
            vec![delivered(1), failed(2)],
            delivered(1),
        ),
        ("read, late uncertain", vec![read(1), uncertain(2)], read(1)),
        (
            "uncertain, then known",
            vec![uncertain(1), sent(2)],
            sent(2),
        ),
        (
            "uncertain, refused",
            vec![uncertain(1), failed(2)],
            failed(2),
        ),
        (
            "failed, tried again",
            vec![failed(1), accepted()],
            accepted(),
        ),
        (
            "uncertain, tried again",
            vec![uncertain(1), accepted()],
            accepted(),
        ),
        (
            "sent is not tried again",
            vec![sent(1), accepted()],
            sent(1),
        ),
        (
            "the second attempt",
            vec![failed(5), accepted(), sent(2)],
            sent(2),
        ),
    ];
    for (name, states, expected) in cases {
        let world = World::new().await;
        world
            .write(0, vec![Event::MessageAccepted(answer(1, 1, 1))])
            .await;
        for state in states {
            world.write(0, vec![state_changed(state, &[])]).await;
        }
        assert_eq!(world.message(1).await.state, expected, "{name}");
    }
}

#[tokio::test]
async fn platform_ids_are_kept_even_if_the_state_stays() {
    let world = World::new().await;
    let events = vec![
        Event::MessageAccepted(answer(1, 1, 1)),
        state_changed(delivered(1), &["part-1"]),
        state_changed(sent(0), &["part-1", "part-2"]),
    ];
    world.write(0, events).await;
    let found = world.message(1).await;
    assert_eq!(found.state, delivered(1));
    assert_eq!(found.platform_ids, ["part-1", "part-2"]);
    let mut unit = world.unit().await;
    let pages = channel("pages");
    let found = unit.message_by_platform_id(&pages, "part-2");
    assert_eq!(found.await.unwrap().unwrap().id, message_id(1));
}

#[tokio::test]
async fn edits_deletions_and_reactions_keep_what_was() {
    let world = World::new().await;
    let about = (message_id(1), contact_id(1), interaction_id(1));
    let edited = |text: &str, at| Event::MessageEdited {
        message: about.0,
        contact: about.1,
        interaction: about.2,
        text: Some(text.to_owned()),
        attachments: None,
        files: Vec::new(),
        edited_at: time(at),
    };
    let reaction = |author: &str, name: &str| MessageReaction {
        author: author.to_owned(),
        name: name.to_owned(),
        emoji: None,
        at: time(5),
    };
    let added = |reaction| Event::ReactionAdded {
        message: about.0,
        contact: about.1,
        interaction: about.2,
        reaction,
    };
    let deleted = |at| Event::MessageDeleted {
        message: about.0,
        contact: about.1,
        interaction: about.2,
        deleted_at: time(at),
    };
    let events = vec![
        Event::MessageReceived(message(1, 1, 1)),
        edited("second", 2),
        edited("third", 3),
        added(reaction("a", "like")),
        added(reaction("a", "like")),
        added(reaction("b", "love")),
        Event::ReactionRemoved {
            message: about.0,
            contact: about.1,
            interaction: about.2,
            reaction: reaction("b", "love"),
        },
        deleted(7),
        deleted(8),
    ];
    world.write(0, events).await;
    let found = world.message(1).await;
    assert_eq!(found.content.text.as_deref(), Some("third"));
    let former: Vec<_> = found.revisions.iter().map(|r| r.text.as_deref()).collect();
    assert_eq!(former, [Some("This is message 1."), Some("second")]);
    let main = site("main");
    let place = MessageRef {
        contact: about.1,
        message: about.0,
    };
    let reactions = world.store.reactions(&main, place, None, 10).await.unwrap();
    assert_eq!(reactions.total, 1);
    assert_eq!(reactions.page, [reaction("a", "like")]);
    assert_eq!(found.deleted_at, Some(time(7)));
}

#[tokio::test]
async fn messages_count_in_their_interaction() {
    let world = World::new().await;
    let events = vec![
        Event::InteractionStarted(interaction(1, 1)),
        Event::MessageReceived(message(8, 1, 1)),
        Event::MessageAccepted(answer(9, 1, 1)),
        // Late: said before the other one.
        Event::MessageReceived(message(3, 1, 1)),
    ];
    world.write(0, events).await;
    let found = world.interaction().await;
    assert_eq!((found.inbound_count, found.outbound_count), (2, 1));
    assert_eq!(found.last_inbound_at, Some(time(8)));
    assert_eq!(found.last_outbound_at, Some(time(9)));
}

#[tokio::test]
async fn routing_events_move_an_interaction() {
    let world = World::new().await;
    let (id, support, ann) = (interaction_id(1), queue("support"), agent("ann"));
    let offer = OfferId::derived(1, 1);
    let skills = vec![RequiredSkill {
        skill: SkillId::new("french").unwrap(),
        min_proficiency: None,
    }];
    let steps: Vec<(RoutingEvent, &str)> = vec![
        (
            RoutingEvent::Enqueued {
                interaction: id,
                queue: queue("sales"),
                media_type: MediaType::Chat,
                skills: skills.clone(),
                priority: 0,
                plan: linecard_model::routing::Plan::default(),
            },
            "queued",
        ),
        (
            RoutingEvent::Offered {
                interaction: id,
                queue: support.clone(),
                agent: ann.clone(),
                offer,
                deadline: time(99),
                auto_answer: false,
                role: linecard_model::routing::LegRole::Owner,
                choice: None,
            },
            "offered",
        ),
        (
            RoutingEvent::OfferEnded {
                interaction: id,
                queue: support.clone(),
                agent: ann.clone(),
                offer,
                outcome: OfferOutcome::NoAnswer,
                excluded_until: None,
                role: linecard_model::routing::LegRole::Owner,
            },
            "queued",
        ),
        (
            RoutingEvent::Connected {
                interaction: id,
                queue: support.clone(),
                agent: ann.clone(),
                offer,
                role: linecard_model::routing::LegRole::Owner,
            },
            "connected",
        ),
        (
            RoutingEvent::ExclusionEnded {
                interaction: id,
                agent: ann.clone(),
            },
            "connected",
        ),
        (
            RoutingEvent::WrapUpStarted {
                interaction: id,
                queue: support.clone(),
                agent: ann.clone(),
                reason: EndReason::Completed,
                deadline: Some(time(200)),
            },
            "wrap-up",
        ),
        (
            RoutingEvent::Ended {
                interaction: id,
                queue: support,
                agent: Some(ann.clone()),
                reason: EndReason::Completed,
                disposition: Some("resolved".to_owned()),
                defaulted: false,
            },
            "ended",
        ),
    ];
    world
        .write(0, vec![Event::InteractionStarted(interaction(1, 1))])
        .await;
    for (at, (event, state)) in (1..).zip(steps) {
        world.write(at, vec![Event::Routing(event)]).await;
        assert_eq!(world.interaction().await.state.name(), state);
    }
    let found = world.interaction().await;
    assert_eq!(found.queue, queue("sales"));
    assert_eq!((found.media_type, found.skills), (MediaType::Chat, skills));
    assert_eq!(found.answered_at, Some(time(4)));
    assert_eq!(found.ended_at, Some(time(7)));
    assert_eq!(found.last_agent, Some(ann));
    assert!(
        matches!(found.state, InteractionState::Ended { disposition: Some(code), .. } if code == "resolved")
    );
}

#[tokio::test]
async fn a_unit_sees_its_own_changes_and_writes_each_key_once() {
    let world = World::new().await;
    let pages = channel("pages");
    let mut unit = world.unit().await;
    assert_eq!(unit.next_seq(), 1);
    assert_eq!(unit.record(time(0), Vec::new()).await.unwrap(), 1);
    let mut changed = contact(1);
    changed.identities.push(ContactIdentity {
        channel: channel("other"),
        id: "user-1-there".to_owned(),
        ..changed.identities[0].clone()
    });
    let first = vec![
        Event::ContactSaved(contact(1)),
        Event::MessageReceived(message(1, 1, 1)),
    ];
    let second = vec![Event::ContactSaved(changed.clone())];
    assert_eq!(unit.record(time(0), first).await.unwrap(), 1);
    assert_eq!(unit.record(time(1), second).await.unwrap(), 3);
    assert_eq!(unit.next_seq(), 4);
    let other = channel("other");
    let found = unit.contact_by_identity(&other, "user-1-there");
    assert_eq!(*found.await.unwrap().unwrap(), changed);
    let found = unit.message_by_platform_id(&pages, "mid-1").await.unwrap();
    assert_eq!(*found.unwrap(), message(1, 1, 1));

    let early = |id: &str| Early {
        accepted_at: time(0),
        event: event(id),
    };
    unit.put_early(&pages, "mid-7", early("a")).await.unwrap();
    unit.put_early(&pages, "mid-7", early("b")).await.unwrap();
    let found = unit.early(&pages, "mid-7").await.unwrap();
    assert_eq!(*found, [early("a"), early("b")]);
    unit.remove_early(&pages, "mid-7");
    assert!(unit.early(&pages, "mid-7").await.unwrap().is_empty());
    unit.put_early(&pages, "mid-7", early("c")).await.unwrap();

    let append = unit.finish();
    assert_eq!(append.records.len(), 2);
    let contacts = append.changes.iter();
    let contacts = contacts.filter(|change| matches!(change, Change::PutContact(_)));
    assert_eq!(contacts.count(), 1);
    // Contact, two identities, message, its id and the early event.
    assert_eq!(append.changes.len(), 6);
    world.append(append).await;
    let found = world.store.early(&site("main"), &pages, "mid-7").await;
    assert_eq!(found.unwrap(), [early("c")]);

    // What is known already is not written again.
    let mut unit = world.unit().await;
    unit.record(time(2), vec![Event::ContactSaved(changed)])
        .await
        .unwrap();
    assert_eq!(unit.finish().changes.len(), 1);
}

/// What many reactions to one message come to: each is written by itself, whatever was there before.
#[tokio::test]
async fn a_reaction_costs_the_same_however_many_there_are() {
    const REACTIONS: u64 = 10_000;
    const TOGETHER: u64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let sled = Arc::new(SledStore::open(folder.path()).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sled) as Arc<dyn Store>;
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 1);
    let received = vec![Event::MessageReceived(message(1, 1, 1))];
    unit.record(time(1), received).await.unwrap();
    store.append(&main, epoch, unit.finish()).await.unwrap();
    let mut bytes = Vec::new();
    for first in (0..REACTIONS).step_by(100) {
        let next = store.last_seq(&main).await.unwrap() + 1;
        let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), next);
        for number in first..first + TOGETHER {
            let added = Event::ReactionAdded {
                message: message_id(1),
                contact: contact_id(1),
                interaction: interaction_id(1),
                reaction: MessageReaction {
                    author: format!("user-{number:05}"),
                    name: "like".to_owned(),
                    emoji: None,
                    at: time(5),
                },
            };
            unit.record(time(5), vec![added]).await.unwrap();
        }
        let append = unit.finish();
        // The reaction and its details each, and how many there are.
        assert_eq!(append.changes.len() as u64, 2 * TOGETHER + 1);
        let is_message = |change: &Change| matches!(change, Change::PutMessage(_));
        assert!(!append.changes.iter().any(is_message));
        store.append(&main, epoch, append).await.unwrap();
        if (first + TOGETHER).is_multiple_of(REACTIONS / 2) {
            let sizes = sled.sizes().unwrap();
            bytes.push(
                sizes
                    .values()
                    .map(|s| s.key_bytes + s.value_bytes)
                    .sum::<u64>(),
            );
        }
    }
    let [half, all] = bytes[..] else {
        panic!("{bytes:?}")
    };
    assert!(
        all < half * 2 + half / 10,
        "{bytes:?}: more than twice as much"
    );
    let place = MessageRef {
        contact: contact_id(1),
        message: message_id(1),
    };
    let found = store.reactions(&main, place, None, 20).await.unwrap();
    assert_eq!((found.total, found.page.len()), (REACTIONS, 20));
    let message = store.message(&main, contact_id(1), message_id(1)).await;
    assert!(message.unwrap().unwrap().reactions.is_empty());
}
