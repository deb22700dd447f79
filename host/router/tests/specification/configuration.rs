//! Settings change while work goes on.

use linecard_model::routing::{
    AgentSettings, MediaType, OfferOutcome, QueueSettings, ReturnCause, RoutingEvent,
    RoutingSettings, SettingsError, WrapUpPolicy,
};
use linecard_router::{Command, Refusal};

use crate::site::{Site, agent, has, needs, queue, settings, single};

#[test]
fn the_same_settings_change_nothing() {
    let mut site = Site::new(settings(&["anna"]));
    assert!(site.configure(settings(&["anna"])).is_empty());
}

#[test]
fn a_new_member_takes_what_waits() {
    let mut site = Site::new(settings(&["anna"]));
    let id = site.arrive();
    site.configure(settings(&["anna", "ben"]));
    site.ready("ben");
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn a_new_skill_and_more_slots_have_effect_at_once() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    let english = site.arrive_with(vec![needs("english", 50)], None);
    let mut skilled = single(&["anna"]);
    skilled.agents[0].skills = vec![has("english", 50)];
    let events = site.configure(skilled.clone());
    assert!(matches!(
        &events[..],
        [
            RoutingEvent::Configured { .. },
            RoutingEvent::Offered { .. }
        ]
    ));
    assert_eq!(site.alerting_at(english), Some(agent("anna")));
    let second = site.arrive();
    assert_eq!(site.state_name(second), "queued");
    skilled.slots.clear();
    site.configure(skilled);
    assert_eq!(site.alerting_at(second), Some(agent("anna")));
}

#[test]
fn fewer_slots_take_nothing_away() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let ids: Vec<_> = (0..3).map(|_| site.arrive()).collect();
    for id in &ids {
        site.accept(*id);
    }
    let next = site.arrive();
    site.configure(single(&["anna"]));
    for id in ids {
        assert_eq!(site.state_name(id), "connected");
        assert_eq!(site.state_name(next), "queued");
        site.try_end(id, "anna", None).unwrap();
    }
    assert_eq!(site.alerting_at(next), Some(agent("anna")));
}

#[test]
fn who_is_removed_loses_everything_in_hand() {
    let mut before = settings(&["anna", "ben"]);
    before.queues[0].wrap_up = WrapUpPolicy::Timed {
        seconds: 60,
        default_code: "Transferred".into(),
        early_exit: true,
    };
    let mut after = before.clone();
    after.agents.remove(0);
    after.queues[0].members.remove(&agent("anna"));
    let mut site = Site::new(before);
    site.ready("anna");
    let [wrapped, connected, alerting] = [site.arrive(), site.arrive(), site.arrive()];
    site.accept(wrapped);
    site.accept(connected);
    site.try_end(wrapped, "anna", None).unwrap();
    let events = site.configure(after);
    assert!(matches!(
        &events[..],
        [
            RoutingEvent::OfferEnded {
                outcome: OfferOutcome::AgentRemoved,
                ..
            },
            RoutingEvent::Returned {
                cause: ReturnCause::AgentRemoved,
                ..
            },
            RoutingEvent::Ended {
                defaulted: true,
                ..
            },
            RoutingEvent::Configured { .. }
        ]
    ));
    assert!(site.router.agent(&agent("anna")).is_none());
    assert_eq!(site.state_name(wrapped), "ended");
    site.ready("ben");
    assert_eq!(site.alerting_at(connected), Some(agent("ben")));
    assert_eq!(site.alerting_at(alerting), Some(agent("ben")));
    let refusal = site.try_apply(Command::DesktopLost {
        agent: agent("anna"),
    });
    assert_eq!(refusal, Err(Refusal::UnknownAgent(agent("anna"))));
}

#[test]
fn a_removed_queue_finishes_its_work_and_takes_no_more() {
    let mut before = single(&["anna"]);
    before.queues.push(QueueSettings::new(queue("sales")));
    let mut after = before.clone();
    after.queues.remove(0);
    let mut site = Site::new(before);
    let id = site.arrive();
    site.configure(after);
    assert_eq!(
        site.enqueue("care", MediaType::Chat, vec![], None),
        Err(Refusal::UnknownQueue(queue("care")))
    );
    site.ready("anna");
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    site.accept(id);
    site.try_end(id, "anna", Some("Processed")).unwrap();
    assert!(site.router.queue_stats(site.now, &queue("care")).is_empty());
}

#[test]
fn a_queue_that_is_set_up_again_goes_on() {
    let mut site = Site::new(single(&["anna"]));
    let id = site.arrive();
    site.configure(RoutingSettings::default());
    assert_eq!(site.state_name(id), "queued");
    site.configure(single(&["anna"]));
    site.ready("anna");
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    site.enqueue("care", MediaType::Chat, vec![], None).unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused_whole() {
    let good = settings(&["anna"]);
    let mut wrong: Vec<(RoutingSettings, SettingsError)> = Vec::new();
    let mut case = |change: &dyn Fn(&mut RoutingSettings), error| {
        let mut settings = good.clone();
        change(&mut settings);
        wrong.push((settings, error));
    };
    let (care, anna) = (queue("care"), agent("anna"));
    case(
        &|s| s.queues.push(QueueSettings::new(queue("care"))),
        SettingsError::DuplicateQueue(care.clone()),
    );
    case(
        &|s| s.agents.push(AgentSettings::new(agent("anna"))),
        SettingsError::DuplicateAgent(anna.clone()),
    );
    case(
        &|s| s.agents.clear(),
        SettingsError::UnknownMember {
            queue: care.clone(),
            agent: anna.clone(),
        },
    );
    case(
        &|s| s.queues[0].offer_timeout_seconds = 0,
        SettingsError::OfferTimeout(care.clone()),
    );
    case(
        &|s| {
            s.queues[0].wrap_up = WrapUpPolicy::Timed {
                seconds: 1,
                default_code: "Nope".into(),
                early_exit: true,
            };
        },
        SettingsError::DefaultCode {
            queue: care.clone(),
            code: "Nope".into(),
        },
    );
    case(
        &|s| {
            s.queues[0].wrap_up = WrapUpPolicy::Mandatory;
            s.queues[0].disposition_codes.clear();
        },
        SettingsError::NoCodes(care),
    );
    case(
        &|s| s.agents[0].skills = vec![has("english", 101)],
        SettingsError::Proficiency {
            agent: anna.clone(),
            skill: needs("english", None).skill,
            value: 101,
        },
    );
    case(
        &|s| s.agents[0].skills = vec![has("english", 1), has("english", 2)],
        SettingsError::DuplicateSkill {
            agent: anna,
            skill: needs("english", None).skill,
        },
    );
    let mut site = Site::new(good.clone());
    for (settings, error) in wrong {
        let refused = site.try_apply(Command::Configure {
            settings: settings.into(),
        });
        assert_eq!(refused, Err(Refusal::Settings(error)));
        assert_eq!(**site.router.settings(), good);
    }
}
