//! Agents come and go.

use linecard_model::routing::{
    IdleClock, LostDesktopRule, OfferOutcome, Presence, PresenceCause, ReturnCause, RoutingEvent,
    WrapUpPolicy,
};
use linecard_router::{Command, Refusal};

use crate::site::{Site, agent, settings, single};

fn lose_desktop(site: &mut Site) -> Vec<RoutingEvent> {
    site.apply(Command::DesktopLost {
        agent: agent("anna"),
    })
}

fn find_desktop(site: &mut Site) -> Vec<RoutingEvent> {
    site.apply(Command::DesktopBack {
        agent: agent("anna"),
    })
}

#[test]
fn everybody_starts_offline() {
    let mut site = Site::new(settings(&["anna"]));
    assert_eq!(site.presence("anna"), Presence::Offline);
    let id = site.arrive();
    assert_eq!(site.state_name(id), "queued");
}

#[test]
fn reasons_are_the_sites() {
    let mut site = Site::new(settings(&["anna"]));
    let lounging = Command::SetPresence {
        agent: agent("anna"),
        presence: Presence::NotReady {
            reason: "Lounging".into(),
        },
        forced: false,
    };
    let Err(Refusal::UnknownReason { reason, allowed }) = site.try_apply(lounging) else {
        panic!("an unknown reason was accepted");
    };
    assert_eq!(reason, "Lounging");
    assert_eq!(
        allowed,
        [
            "Admin Work",
            "Lunch",
            "Meeting",
            "Pause",
            "RONA",
            "Training"
        ]
    );
    site.not_ready("anna", "Lunch");
}

#[test]
fn nothing_happens_when_nothing_changes() {
    let mut site = Site::new(settings(&["anna"]));
    assert_eq!(site.ready("anna").len(), 1);
    assert!(site.ready("anna").is_empty());
    assert_eq!(site.not_ready("anna", "Lunch").len(), 1);
    assert!(site.not_ready("anna", "Lunch").is_empty());
    assert_eq!(site.not_ready("anna", "Pause").len(), 1);
}

#[test]
fn who_is_not_ready_loses_offers_and_keeps_accepted_work() {
    let mut site = Site::new(settings(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    let accepted = site.arrive();
    site.accept(accepted);
    site.not_ready("ben", "Pause");
    let alerting = site.arrive();
    assert_eq!(site.alerting_at(alerting), Some(agent("anna")));
    let events = site.not_ready("anna", "Meeting");
    assert!(matches!(
        &events[..],
        [
            RoutingEvent::OfferEnded {
                outcome: OfferOutcome::AgentNotReady,
                excluded_until: None,
                ..
            },
            RoutingEvent::PresenceChanged { .. }
        ]
    ));
    assert_eq!(site.state_name(alerting), "queued");
    assert_eq!(site.state_name(accepted), "connected");
    site.try_end(accepted, "anna", None).unwrap();
}

#[test]
fn the_idle_clock_restarts_with_presence_only_by_setting() {
    for (idle_clock, expected) in [
        (IdleClock::HandledWork, "anna"),
        (IdleClock::Presence, "ben"),
    ] {
        let mut settings = settings(&["anna", "ben"]);
        settings.idle_clock = idle_clock;
        let mut site = Site::new(settings);
        site.all_ready(&["anna", "ben"]);
        site.not_ready("anna", "Pause");
        site.pass(10);
        site.ready("anna");
        let id = site.arrive();
        assert_eq!(site.alerting_at(id), Some(agent(expected)));
    }
}

#[test]
fn signing_in_starts_the_idle_clock() {
    let mut site = Site::new(single(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    site.set("anna", Presence::Offline);
    site.pass(1);
    site.ready("anna");
    let id = site.arrive();
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn without_a_desktop_there_is_no_new_work() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    lose_desktop(&mut site);
    assert!(lose_desktop(&mut site).is_empty());
    let id = site.arrive();
    assert_eq!(site.state_name(id), "queued");
    site.pass(59);
    find_desktop(&mut site);
    assert!(find_desktop(&mut site).is_empty());
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    site.accept(id);
    assert_eq!(site.router.next_deadline(), None);
}

#[test]
fn a_desktop_that_stays_away_takes_its_agent_offline() {
    let mut site = Site::new(settings(&["anna", "ben"]));
    site.ready("anna");
    let entered = site.now;
    let accepted = site.arrive();
    site.accept(accepted);
    site.pass(50);
    let alerting = site.arrive();
    lose_desktop(&mut site);
    site.pass(20);
    // Nobody is there to accept it, and the offer ends by its own deadline.
    let events = site.run(40);
    assert!(events.iter().any(|event| matches!(
        event,
        RoutingEvent::Returned {
            cause: ReturnCause::DesktopLost,
            ..
        }
    )));
    assert!(events.iter().any(|event| matches!(
        event,
        RoutingEvent::PresenceChanged {
            presence: Presence::Offline,
            cause: PresenceCause::DesktopLost,
            ..
        }
    )));
    assert_eq!(site.state_name(accepted), "queued");
    assert_eq!(site.state_name(alerting), "queued");
    assert_eq!(site.router.interaction(&accepted).unwrap().entered, entered);
    site.ready("ben");
    assert_eq!(site.alerting_at(accepted), Some(agent("ben")));
}

#[test]
fn a_site_may_leave_accepted_work_with_who_lost_the_desktop() {
    let mut settings = settings(&["anna"]);
    settings.lost_desktop_work = LostDesktopRule::Keep;
    settings.desktop_grace_seconds = 5;
    let mut site = Site::new(settings);
    site.ready("anna");
    let accepted = site.arrive();
    site.accept(accepted);
    let alerting = site.arrive();
    lose_desktop(&mut site);
    site.run(5);
    assert_eq!(site.presence("anna"), Presence::Offline);
    assert_eq!(site.state_name(accepted), "connected");
    assert_eq!(site.state_name(alerting), "queued");
}

#[test]
fn work_in_wrap_up_stays_when_the_desktop_is_lost() {
    let mut settings = settings(&["anna"]);
    settings.queues[0].wrap_up = WrapUpPolicy::Mandatory;
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.arrive();
    site.accept(id);
    site.try_end(id, "anna", None).unwrap();
    lose_desktop(&mut site);
    site.run(60);
    assert_eq!(site.state_name(id), "wrap-up");
}

#[test]
fn an_offline_agent_has_no_desktop_to_lose() {
    let mut site = Site::new(settings(&["anna"]));
    assert!(lose_desktop(&mut site).is_empty());
    site.ready("anna");
    lose_desktop(&mut site);
    site.set("anna", Presence::Offline);
    assert_eq!(site.router.next_deadline(), None);
}
