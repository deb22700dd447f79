//! Whoever writes stays one person, in whatever order the network tells of their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity};
use linecard_model::event::Event as Recorded;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::Message as StoredMessage;
use linecard_model::platform::{
    Alias, Author, CONSENT, CONSENT_GIVEN, CONSENT_WITHDRAWN, Event, EventKind, Fact, Identity,
    Message, Postback, PostbackSource, Profile, ProfileChange, Thread,
};
use linecard_model::rights::Rights;
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId, SiteId, Timestamp};
use linecard_store::{Accept, Page, Store, UnitOfWork};
use linecard_store_sled::SledStore;
use serde_json::json;

use super::sending::forwarded;
use super::{Actor, Prepared, Rendered, Request, Site, SiteHandle, SiteOptions};
use crate::channels::Channels;

pub(super) fn wa() -> ChannelId {
    ChannelId::new("wa").unwrap()
}

/// A time in minutes, all of them before the hub heard of anything.
pub(super) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

/// Somebody by a user id, a number, or both.
pub(super) fn ids(user: Option<&str>, phone: Option<&str>) -> Identity {
    let alias = phone.filter(|_| user.is_some()).map(|value| Alias {
        kind: "phone".to_owned(),
        value: value.to_owned(),
    });
    Identity {
        id: user.or(phone).unwrap().to_owned(),
        aliases: alias.into_iter().collect(),
    }
}

pub(super) fn event(id: &str, at: Timestamp, who: &Identity, kind: EventKind) -> Event {
    Event {
        id: id.to_owned(),
        time: at,
        thread: Some(Thread {
            key: format!("1:{}", who.id),
            visibility: Visibility::Private,
            permalink: None,
            customer: Some(who.clone()),
        }),
        author: Some(Author {
            identity: who.clone(),
            profile: None,
        }),
        kind,
        raw: String::new(),
    }
}

pub(super) fn said(id: &str, at: Timestamp, who: &Identity) -> Event {
    let message = serde_json::from_value(json!({ "id": id, "text": id }));
    let message: Message = message.unwrap();
    event(id, at, who, EventKind::MessageCreated(message))
}

fn changed(id: &str, at: Timestamp, previous: &str, who: &Identity) -> Event {
    let change = ProfileChange {
        previous_id: Some(previous.to_owned()),
    };
    event(id, at, who, EventKind::ProfileChanged(change))
}

pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    site: Site,
    deliveries: u64,
    folder: tempfile::TempDir,
}

fn boss() -> Actor {
    Actor {
        name: "boss".to_owned(),
        rights: Rights::all(),
        agent: None,
    }
}

async fn started(store: &Arc<dyn Store>) -> Site {
    let options = SiteOptions {
        id: SiteId::new("main").unwrap(),
        store: Arc::clone(store),
        channels: Channels::default(),
        render: |_, _| Rendered {
            status: 204,
            body: Vec::new(),
            replayed: false,
        },
    };
    Site::start(options).await.unwrap()
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
        let site = started(&store).await;
        let config = json!({
            "queues": { "support": { "members": [] } },
            "channels": {
                "wa": { "plugin": "whatsapp", "queue": "support" },
                "wall": { "plugin": "facebook", "queue": "support" },
            },
        });
        let configure = Request::Configure {
            config: Box::new(serde_json::from_value(config).unwrap()),
            vault: Vec::new(),
        };
        site.handle.request(boss(), configure, None).await.unwrap();
        Self {
            store,
            site,
            deliveries: 0,
            folder,
        }
    }

    pub(super) fn handle(&self) -> &SiteHandle {
        &self.site.handle
    }

    /// Delivers events one after the other; the site may take them in one batch.
    pub(super) async fn deliver(&mut self, events: Vec<Event>) {
        for mut event in events {
            // The same news under another id, as a second webhook field tells it.
            self.deliveries += 1;
            event.id = format!("{}/{}", event.id, self.deliveries);
            let accept = Accept {
                channel: wa(),
                at: Timestamp::now(),
                events: vec![event],
                cursor: None,
                again: None,
            };
            self.store.accept(self.handle().id(), accept).await.unwrap();
        }
        let entries = self.store.inbox(self.handle().id(), 0, usize::MAX).await;
        for entry in entries.unwrap() {
            let findings = Vec::new();
            let prepared = Prepared { entry, findings };
            self.handle().inbound(prepared).await.unwrap();
        }
        // Answered after all that was put before it.
        self.handle().query(|_| ()).await.unwrap();
    }

    pub(super) async fn person(&self, id: &str) -> Option<Contact> {
        let main = self.handle().id();
        let found = self.store.contact_by_identity(main, &wa(), id).await;
        let mut contact = self.store.contact(main, found.unwrap()?).await.unwrap()?;
        while let Some(into) = contact.merged_into {
            contact = self.store.contact(main, into).await.unwrap().unwrap();
        }
        Some(contact)
    }

    async fn messages(&self, contact: &Contact) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for id in contact.ids() {
            let page = Page {
                before: None,
                limit: 1_000,
            };
            let main = self.handle().id();
            for message in self.store.history(main, id, page).await.unwrap() {
                let id = message.platform_ids[0].clone();
                found.insert(id, message.interaction.to_string());
            }
        }
        found
    }

    async fn open(&self, contact: &Contact) -> Vec<Interaction> {
        let ids = contact.ids();
        let open = move |state: &super::SiteState| {
            let all = state.open();
            all.filter(|i| ids.iter().any(|id| i.involves(*id)))
                .cloned()
                .collect()
        };
        self.handle().query(open).await.unwrap()
    }

    async fn everybody(&self) -> Vec<Contact> {
        let page = Page {
            before: None,
            limit: 1_000,
        };
        let all = self.store.contacts(self.handle().id(), page).await.unwrap();
        all.into_iter()
            .filter(|c| c.merged_into.is_none())
            .collect()
    }

    /// To whom something goes now that waited for somebody.
    async fn recipient(&self, contact: ContactId, waited_for: &Identity) -> Identity {
        let contact = self.store.contact(self.handle().id(), contact).await;
        let contact = contact.unwrap().unwrap();
        forwarded(&contact, &wa(), waited_for).unwrap_or_else(|| waited_for.clone())
    }

    pub(super) async fn restart(self) -> Self {
        self.site.handle.stop().await;
        let site = started(&self.store).await;
        Self { site, ..self }
    }
}

/// How the network names a person over time: what is told, and all ids with the newest last.
struct Life {
    events: Vec<Event>,
    ids: Vec<Identity>,
    former: Vec<&'static str>,
}

/// Three kinds of people: known by number alone; by user id and number; by number first, then by both.
fn life(person: usize, kind: u8) -> Life {
    const NUMBERS: [[&str; 3]; 3] = [
        ["16505550101", "16505550102", "16505550103"],
        ["4915700000021", "4915700000022", "4915700000023"],
        ["331701", "331702", "331703"],
    ];
    const USERS: [&str; 3] = ["US.1", "DE.2", "FR.3"];
    let [first, second, third] = NUMBERS[person];
    let user = match kind {
        0 => None,
        _ => Some(USERS[person]),
    };
    let at = |step: i64| minute(step * 10 + i64::try_from(person).unwrap());
    let name = |what: &str| format!("{what}-{person}");
    let begins = if kind == 2 { None } else { user };
    let by = [
        ids(begins, Some(first)),
        ids(user, Some(first)),
        ids(user, Some(second)),
        ids(user, Some(third)),
    ];
    Life {
        events: vec![
            said(&name("a"), at(1), &by[0]),
            said(&name("b"), at(2), &by[1]),
            changed(&name("first"), at(3), first, &by[2]),
            said(&name("c"), at(4), &by[2]),
            changed(&name("second"), at(5), second, &by[3]),
            said(&name("d"), at(6), &by[3]),
        ],
        ids: by.to_vec(),
        former: vec![first, second],
    }
}

async fn check(world: &World, lives: &[Life]) {
    let everybody = world.everybody().await;
    assert_eq!(everybody.len(), lives.len(), "{everybody:#?}");
    for life in lives {
        let newest = life.ids.last().unwrap();
        let person = world.person(&newest.id).await.unwrap();
        for identity in &life.ids {
            let aliases = identity.aliases.iter().map(|alias| &alias.value);
            for id in std::iter::once(&identity.id).chain(aliases) {
                let found = world.person(id).await.unwrap();
                assert_eq!(found.id, person.id, "{id}: {person:#?}");
            }
        }
        let open = world.open(&person).await;
        assert_eq!(open.len(), 1, "{open:#?}");
        let messages = world.messages(&person).await;
        assert_eq!(messages.len(), 4, "{messages:?}");
        let places: BTreeSet<_> = messages.values().cloned().collect();
        assert_eq!(places, BTreeSet::from([open[0].id.to_string()]));
        for waited_for in &life.ids {
            let sent_to = world.recipient(person.id, waited_for).await;
            for former in &life.former {
                assert!(!sent_to.names(former), "{sent_to:?}: {person:#?}");
            }
            assert_eq!(&sent_to, newest, "{person:#?}");
        }
    }
}

/// Numbers that are the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(end).unwrap()).unwrap()
    }
}

/// Everything is told twice, in any order, of two or three people of any kind.
#[tokio::test(flavor = "multi_thread")]
async fn people_stay_one_in_any_order() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let kinds: Vec<u8> = (0..2 + dice.below(2))
            .map(|_| u8::try_from(dice.below(3)).unwrap())
            .collect();
        let lives = kinds.iter().enumerate();
        let lives: Vec<Life> = lives.map(|(person, kind)| life(person, *kind)).collect();
        let mut told: Vec<Event> = lives.iter().flat_map(|life| life.events.clone()).collect();
        told.extend(told.clone());
        for last in (1..told.len()).rev() {
            told.swap(last, dice.below(last + 1));
        }
        let order: Vec<&str> = told.iter().map(|event| event.id.as_str()).collect();
        println!("seed {seed}, kinds {kinds:?}: {order:?}");
        let mut world = World::new().await;
        world.deliver(told).await;
        check(&world, &lives).await;
        let world = world.restart().await;
        check(&world, &lives).await;
        world.site.handle.stop().await;
        drop(world.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_somebody_new_has_is_not_the_former_owners() {
    let mut world = World::new().await;
    let (old, new) = (ids(None, Some("1")), ids(None, Some("2")));
    world.deliver(vec![said("a", minute(1), &old)]).await;
    world
        .deliver(vec![changed("b", minute(2), "1", &new)])
        .await;
    let late = said("c", minute(3), &old);
    let later = Timestamp::now()
        .checked_add(jiff::SignedDuration::from_secs(60))
        .unwrap();
    world.deliver(vec![late, said("d", later, &old)]).await;
    let (one, other) = (
        world.person("2").await.unwrap(),
        world.person("1").await.unwrap(),
    );
    assert_ne!(one.id, other.id);
    assert_eq!(
        world.messages(&one).await.len(),
        2,
        "the late one is theirs"
    );
    assert_eq!(world.messages(&other).await.len(), 1);
    // What is still to be sent to the former owner does not go to the new one.
    assert_eq!(world.recipient(one.id, &old).await.id, "2");
    assert_eq!(world.recipient(other.id, &old).await.id, "1");
    // And a message of before, which comes later still, is the former owner's.
    world.deliver(vec![said("e", minute(1), &old)]).await;
    assert_eq!(world.messages(&one).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_recorded_and_can_be_undone() {
    let mut world = World::new().await;
    let (old, new) = (ids(None, Some("1")), ids(None, Some("2")));
    world.deliver(vec![said("a", minute(1), &old)]).await;
    world.deliver(vec![said("b", minute(3), &new)]).await;
    let before = world.person("2").await.unwrap();
    world
        .deliver(vec![changed("c", minute(2), "1", &new)])
        .await;
    let person = world.person("2").await.unwrap();
    assert_eq!(person.ids().len(), 2);
    assert_eq!(person.merged[0].contact, before.id);
    assert_eq!(person.merged[0].by, "channel:wa");
    let main = world.handle().id().clone();
    let records = world.store.journal(&main, 0, 1_000).await.unwrap();
    let events: Vec<_> = records
        .into_iter()
        .flat_map(|record| record.events)
        .collect();
    assert!(events.iter().any(
        |event| matches!(event, Recorded::ContactsMerged { contact, merged, .. }
        if *contact == person.id && *merged == before.id)
    ));
    assert!(events.iter().any(
        |event| matches!(event, Recorded::Audited { action, .. } if action == "contact.merge")
    ));

    let part = Request::Part {
        contact: person.id,
        merged: before.id,
    };
    world.handle().request(boss(), part, None).await.unwrap();
    assert_eq!(world.person("2").await.unwrap().id, before.id);
    assert_eq!(world.person("1").await.unwrap().id, person.id);
    // The network's word does not make them one again.
    world
        .deliver(vec![changed("d", minute(2), "1", &new)])
        .await;
    assert_eq!(world.everybody().await.len(), 2);
    // A person's does.
    let merge = Request::Merge {
        contact: person.id,
        other: before.id,
    };
    world.handle().request(boss(), merge, None).await.unwrap();
    assert_eq!(world.person("2").await.unwrap().id, person.id);
    // Nothing is left of either after an erasure.
    for interaction in world.open(&person).await {
        assert!(interaction.is_open());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_opens_a_conversation_is_no_work() {
    let mut world = World::new().await;
    let who = ids(None, Some("1"));
    let press = |source| {
        EventKind::Postback(Postback {
            message_id: None,
            source,
            title: "Get started".to_owned(),
            payload: "GO".to_owned(),
            in_reply_to: None,
            referral: None,
        })
    };
    let kinds = [
        EventKind::Other("request-welcome".to_owned()),
        EventKind::Follow,
        press(PostbackSource::GetStarted),
        press(PostbackSource::Button),
        EventKind::Unfollow,
    ];
    let opened = kinds
        .into_iter()
        .map(|kind| event("x", minute(1), &who, kind));
    world.deliver(opened.collect()).await;
    let person = world.person("1").await.unwrap();
    assert!(world.open(&person).await.is_empty());
    let main = world.handle().id().clone();
    let numbers = world
        .store
        .details_of(&main, person.id, 0, 100)
        .await
        .unwrap();
    assert_eq!(numbers.len(), 5, "all of it is kept under the contact");
    let first = world.store.details(&main, person.id, numbers[1]).await;
    let Some(Recorded::PlatformEvent { author, name, .. }) = first.unwrap() else {
        panic!("not what was told");
    };
    assert_eq!(
        (name.as_str(), author.unwrap().identity),
        ("follow", who.clone())
    );
    // Until something is written; then a press is said to whoever is to have it.
    world.deliver(vec![said("a", minute(2), &who)]).await;
    let button = event("y", minute(3), &who, press(PostbackSource::Button));
    world.deliver(vec![button]).await;
    assert_eq!(world.open(&person).await.len(), 1);
    assert_eq!(world.messages(&person).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_tells_of_consent() {
    let mut world = World::new().await;
    let who = ids(None, Some("1"));
    world.deliver(vec![said("a", minute(1), &who)]).await;
    let person = world.person("1").await.unwrap();
    let agreed = Request::OptIn {
        contact: person.id,
        channel: wa(),
        source: Some("form".to_owned()),
    };
    world.handle().request(boss(), agreed, None).await.unwrap();
    let tell = |at, value: &str| {
        let kind = EventKind::ProfileChanged(ProfileChange { previous_id: None });
        let mut event = event("consent", at, &who, kind);
        let profile = Profile {
            extra: vec![Fact {
                name: CONSENT.to_owned(),
                value: value.to_owned(),
            }],
            ..Profile::default()
        };
        event.author.as_mut().unwrap().profile = Some(profile);
        event
    };
    world
        .deliver(vec![tell(minute(5), CONSENT_WITHDRAWN)])
        .await;
    let person = world.person("1").await.unwrap();
    assert!(person.opt_ins.is_empty());
    let refusal = person.opt_out(&wa()).unwrap();
    assert_eq!((refusal.at, refusal.by.as_str()), (minute(5), "channel:wa"));
    // What is older than what the network told last changes nothing.
    world.deliver(vec![tell(minute(4), CONSENT_GIVEN)]).await;
    assert!(world.person("1").await.unwrap().opt_out(&wa()).is_some());
    world.deliver(vec![tell(minute(6), CONSENT_GIVEN)]).await;
    let person = world.person("1").await.unwrap();
    assert!(person.opt_outs.is_empty());
    assert_eq!(person.opt_in(&wa()).unwrap().at, minute(6));
    assert!(
        person.identities[0]
            .profile
            .as_ref()
            .is_none_or(|p| p.extra.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_answer_that_comes_back_on_the_neighbours_channel_is_joined_to_what_was_sent() {
    let mut world = World::new().await;
    // It was sent on the channel of the comments, and the network has taken it.
    world.site.handle.stop().await;
    let main = world.handle().id().clone();
    let wall = ChannelId::new("wall").unwrap();
    let who = Contact {
        identities: vec![ContactIdentity::new(wall.clone(), &ids(None, Some("7")))],
        ..Contact::new(ContactId::generate(), Timestamp::now())
    };
    let mut next = world.store.last_seq(&main).await.unwrap() + 1;
    let interaction = InteractionId::generate();
    let sent: Vec<StoredMessage> = ["m_1", "m_2"]
        .into_iter()
        .map(|platform_id| {
            let message = json!({
                "id": MessageId::generate(), "contact": who.id, "interaction": interaction,
                "channel": "wall", "thread": "post", "visibility": "private",
                "author": { "kind": "agent", "agent": "ann" }, "at": Timestamp::now(),
                "content": { "text": "Hello" }, "state": { "state": "sent", "at": Timestamp::now() },
                "platform_ids": [platform_id], "parent": "comment", "raw": "",
            });
            serde_json::from_value(message).unwrap()
        })
        .collect();
    let mut events = vec![Recorded::ContactSaved(who.clone())];
    events.extend(sent.into_iter().map(Recorded::MessageAccepted));
    let epoch = world.store.own(&main).await.unwrap();
    let mut unit = UnitOfWork::new(Arc::clone(&world.store), main.clone(), next);
    next = unit.record(Timestamp::now(), events).await.unwrap();
    assert!(next > 0);
    world
        .store
        .append(&main, epoch, unit.finish())
        .await
        .unwrap();
    world.site = started(&world.store).await;

    let customer = ids(None, Some("psid"));
    let shown = |id: &str, text: &str| {
        let message = json!({ "id": id, "text": text });
        let message: Message = serde_json::from_value(message).unwrap();
        event(id, minute(1), &customer, EventKind::NativeReply(message))
    };
    world.deliver(vec![shown("m_1", "Hello")]).await;
    let person = world.person("psid").await.unwrap();
    assert_eq!(person.id, who.id, "the customer has another id there");
    assert_eq!(world.everybody().await.len(), 1);
    assert_eq!(world.messages(&person).await.len(), 2);
    // What the customer answers there is theirs.
    world
        .deliver(vec![said("answer", minute(2), &customer)])
        .await;
    assert_eq!(world.everybody().await.len(), 1);
    assert_eq!(world.messages(&person).await.len(), 3);
}
