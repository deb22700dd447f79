//! Both models of capacity, what is inherited from where, and what work elsewhere does to them. Each
//! example is a table: what is set, what comes, what is offered.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::routing::{
    LegRole, MediaType, RoutingSettings, RoutingStep, StationSettings, TransferTarget,
};
use linecard_model::{InteractionId, StationId};
use linecard_router::{Command, Obstacle, Refusal, SetBy};

use crate::site::{Site, agent, queue, settings};

const CHAT: MediaType = MediaType::Chat;
const CALL: MediaType = MediaType::Call;
const EMAIL: MediaType = MediaType::Email;

fn site(change: impl FnOnce(&mut RoutingSettings)) -> Site {
    let mut settings = settings(&["anna"]);
    change(&mut settings);
    let mut site = Site::new(settings);
    site.ready("anna");
    site
}

/// How many of these get to Anna, when they come in this order.
fn offered(site: &mut Site, media_types: &[MediaType]) -> Vec<&'static str> {
    media_types
        .iter()
        .map(|media_type| {
            let id = site.enqueue("care", *media_type, vec![], None).unwrap();
            if site.state_name(id) == "offered" {
                site.accept(id);
            }
            site.state_name(id)
        })
        .collect()
}

#[test]
fn percent_and_slots_must_both_allow_it() {
    // percent of a chat, slots of chats, how many of five chats are taken
    let table = [
        (Some(25), None, 4),
        (Some(25), Some(2), 2),
        (Some(50), Some(5), 2),
        (Some(100), None, 1),
        (Some(34), None, 2),
        (None, Some(4), 4),
        (None, None, 3),
        (Some(0), None, 5),
    ];
    for (percent, slots, taken) in table {
        let mut site = site(|settings| {
            settings.percent = percent.map(|percent| (CHAT, percent)).into_iter().collect();
            settings.slots = slots.map(|slots| (CHAT, slots)).into_iter().collect();
        });
        let states = offered(&mut site, &[CHAT; 5]);
        let connected = states.iter().filter(|state| **state == "connected").count();
        assert_eq!(
            connected, taken,
            "percent {percent:?}, slots {slots:?}: {states:?}"
        );
    }
}

#[test]
fn the_agents_limit_goes_before_the_queues_and_that_before_the_sites() {
    // slots of the site, the queue and the agent; what counts, and who said so
    let table = [
        (None, None, None, Some(3), SetBy::Default),
        (Some(4), None, None, Some(4), SetBy::Site),
        (Some(4), Some(2), None, Some(2), SetBy::Queue),
        (Some(4), Some(2), Some(7), Some(7), SetBy::Agent),
        (None, Some(2), None, Some(2), SetBy::Queue),
    ];
    for (of_site, of_queue, of_agent, limit, by) in table {
        let site = site(|settings| {
            let slots = |slots: Option<u16>| slots.map(|slots| (CHAT, slots)).into_iter().collect();
            settings.slots = slots(of_site);
            settings.queues[0].slots = slots(of_queue);
            settings.agents[0].slots = slots(of_agent);
        });
        let stats = site.router.agent_stats(site.now, &agent("anna")).unwrap();
        let chat = &stats.slots[&CHAT];
        assert_eq!((chat.limit, chat.limit_by), (limit, by));
    }
}

#[test]
fn one_type_takes_from_what_is_left_for_the_others() {
    let mut site = site(|settings| {
        settings.percent = BTreeMap::from([(CHAT, 25), (CALL, 100), (EMAIL, 50)]);
    });
    let states = offered(&mut site, &[CHAT, EMAIL, CALL, CHAT, CHAT]);
    assert_eq!(
        states,
        ["connected", "connected", "queued", "connected", "queued"]
    );
    // Why the call waits: half a chat's worth too much.
    let call = InteractionId::derived(0, 3);
    let why = site.router.explain(site.now, &call).unwrap();
    let expected = Obstacle::NoPercentLeft {
        used: 100,
        needed: 100,
    };
    assert_eq!(why.members[0].obstacles, [expected]);
}

#[test]
fn work_that_may_be_interrupted_does_not_count_against_what_interrupts_it() {
    // what an e-mail may be interrupted by, then whether a call is offered beside it
    let table = [
        (vec![], "queued"),
        (vec![CHAT], "queued"),
        (vec![CALL], "connected"),
        (vec![CALL, CHAT], "connected"),
    ];
    for (by, call) in table {
        let mut site = site(|settings| {
            settings.percent = BTreeMap::from([(CALL, 100), (EMAIL, 100)]);
            settings.interruptible_by = BTreeMap::from([(EMAIL, BTreeSet::from_iter(by))]);
        });
        let states = offered(&mut site, &[EMAIL, CALL, EMAIL, CALL]);
        assert_eq!(states, ["connected", call, "queued", "queued"]);
    }
}

#[test]
fn work_elsewhere_counts_until_it_is_over_or_its_time_has_passed() {
    let mut site = site(|settings| {
        settings.percent = BTreeMap::from([(CALL, 100), (CHAT, 50)]);
        settings.external_seconds = 600;
    });
    let begin = |reference: &str| Command::BeginExternal {
        agent: agent("anna"),
        reference: reference.to_owned(),
        media_type: CALL,
        until: None,
    };
    site.apply(begin("call-17"));
    let chat = site.enqueue("care", CHAT, vec![], None).unwrap();
    assert_eq!(site.state_name(chat), "queued", "she is on the telephone");
    // It is told again while it lasts.
    site.run(500);
    site.apply(begin("call-17"));
    site.run(500);
    assert_eq!(site.state_name(chat), "queued");
    site.apply(Command::EndExternal {
        agent: agent("anna"),
        reference: "call-17".to_owned(),
    });
    assert_eq!(site.state_name(chat), "offered");
    site.accept(chat);
    site.try_end(chat, "anna", None).unwrap();

    // One whose end nobody tells counts no longer when its time has passed.
    site.apply(begin("call-18"));
    let chat = site.enqueue("care", CHAT, vec![], None).unwrap();
    site.run(599);
    assert_eq!(site.state_name(chat), "queued");
    site.run(1);
    assert_eq!(site.state_name(chat), "offered");
}

#[test]
fn work_elsewhere_is_named_and_bounded() {
    let mut site = site(|_| {});
    let begin = |reference: String, until| Command::BeginExternal {
        agent: agent("anna"),
        reference,
        media_type: CALL,
        until,
    };
    for reference in [String::new(), "x".repeat(201)] {
        let refused = site.try_apply(begin(reference, None)).unwrap_err();
        assert_eq!(refused, Refusal::Reference { most: 200 });
    }
    for until in [site.now, site.second(86_401)] {
        let refused = site.try_apply(begin("c".into(), Some(until))).unwrap_err();
        assert_eq!(refused.name(), "invalid-until");
    }
    for number in 0..50 {
        site.apply(begin(format!("call-{number}"), None));
    }
    let refused = site.try_apply(begin("one more".into(), None)).unwrap_err();
    assert_eq!(refused.name(), "too-much-external");
    // What is there already can still be told again.
    site.apply(begin("call-7".into(), Some(site.second(60))));
    assert_eq!(
        site.router.agent(&agent("anna")).unwrap().external.len(),
        50
    );
}

#[test]
fn what_comes_back_to_an_agent_may_exceed_the_limit_but_not_the_hard_one() {
    for (over_limit, expected) in [(0, "queued"), (1, "offered"), (2, "offered")] {
        let mut site = site(|settings| {
            settings.slots = BTreeMap::from([(CHAT, 1)]);
            settings.over_limit = over_limit;
        });
        let first = site.enqueue("care", CHAT, vec![], None).unwrap();
        site.accept(first);
        let comes_back = site.now;
        site.apply(Command::Enqueue {
            interaction: InteractionId::derived(9, 9),
            queue: queue("care"),
            media_type: CHAT,
            skills: vec![],
            priority: None,
            first: Some(RoutingStep::agent(agent("anna"), 60, true)),
        });
        let id = InteractionId::derived(9, 9);
        assert_eq!(
            site.state_name(id),
            expected,
            "{over_limit} at {comes_back}"
        );
        // Any other chat waits in each case.
        let other = site.enqueue("care", CHAT, vec![], None).unwrap();
        assert_eq!(site.state_name(other), "queued");
    }
}

#[test]
fn social_work_goes_to_whom_the_agent_or_the_station_entitles() {
    let dm = MediaType::SocialDirectMessage;
    let mut site = site(|settings| {
        settings.agents[0].media_types = Some(BTreeSet::from([CHAT]));
        settings.stations = vec![StationSettings {
            id: StationId::new("social-desk").unwrap(),
            name: String::new(),
            media_types: BTreeSet::from([dm]),
        }];
    });
    let id = site.arrive();
    assert_eq!(site.state_name(id), "queued");
    let why = site.router.explain(site.now, &id).unwrap();
    assert_eq!(
        why.members[0].obstacles,
        [Obstacle::NotEntitled { media_type: dm }]
    );
    let sit = |station: Option<&str>| Command::SetStation {
        agent: agent("anna"),
        station: station.map(|id| StationId::new(id).unwrap()),
    };
    let nowhere = site.try_apply(sit(Some("attic"))).unwrap_err();
    assert_eq!(nowhere.name(), "unknown-station");
    site.apply(sit(Some("social-desk")));
    assert_eq!(site.state_name(id), "offered");
    site.accept(id);
    // What she has she keeps when she leaves; what comes then waits.
    site.apply(sit(None));
    assert_eq!(site.state_name(id), "connected");
    let next = site.arrive();
    assert_eq!(site.state_name(next), "queued");
}

#[test]
fn a_consultation_holds_capacity_and_watching_does_not() {
    let mut settings = settings(&["anna", "ben", "cara"]);
    settings.slots = BTreeMap::from([(CHAT, 1)]);
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.enqueue("care", CHAT, vec![], None).unwrap();
    site.accept(id);
    site.all_ready(&["ben", "cara"]);
    site.apply(Command::Consult {
        interaction: id,
        agent: agent("anna"),
        to: TransferTarget::Agent {
            agent: agent("ben"),
        },
    });
    site.apply(Command::Monitor {
        interaction: id,
        agent: agent("cara"),
    });
    let roles: Vec<LegRole> = site
        .router
        .interaction(&id)
        .unwrap()
        .legs
        .values()
        .map(|leg| leg.role)
        .collect();
    assert_eq!(roles, [LegRole::Consultant, LegRole::Observer]);
    let (one, other) = (
        site.enqueue("care", CHAT, vec![], None).unwrap(),
        site.enqueue("care", CHAT, vec![], None).unwrap(),
    );
    assert_eq!(site.alerting_at(one), Some(agent("cara")));
    assert_eq!(site.state_name(other), "queued");
}
