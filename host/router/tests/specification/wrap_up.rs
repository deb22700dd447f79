//! How interactions end.

use linecard_model::routing::{
    DEFAULT_DISPOSITION_CODES, EndReason, InteractionState, RoutingEvent, WrapUpPolicy,
};
use linecard_router::Refusal;

use crate::site::{Site, agent, queue, single};

fn site(policy: WrapUpPolicy) -> (Site, linecard_model::InteractionId) {
    let mut settings = single(&["anna", "ben"]);
    settings.queues[0].wrap_up = policy;
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.arrive();
    site.accept(id);
    (site, id)
}

fn timed() -> WrapUpPolicy {
    WrapUpPolicy::Timed {
        seconds: 45,
        default_code: "Processed".into(),
        early_exit: true,
    }
}

fn allowed() -> Vec<String> {
    DEFAULT_DISPOSITION_CODES.map(str::to_owned).to_vec()
}

#[track_caller]
fn assert_ended(events: &[RoutingEvent], code: Option<&str>, by_default: bool) {
    let Some(RoutingEvent::Ended {
        disposition,
        defaulted,
        ..
    }) = events.first()
    else {
        panic!("{events:?}");
    };
    assert_eq!(disposition.as_deref(), code);
    assert_eq!(*defaulted, by_default);
}

#[test]
fn where_wrap_up_is_optional_the_end_is_the_end() {
    let (mut site, id) = site(WrapUpPolicy::Optional);
    let events = site.try_end(id, "anna", None).unwrap();
    assert_ended(&events, None, false);
    assert_eq!(site.state_name(id), "ended");
}

#[test]
fn a_code_given_at_the_end_is_enough_under_every_policy() {
    for policy in [WrapUpPolicy::Optional, WrapUpPolicy::Mandatory, timed()] {
        let (mut site, id) = site(policy);
        let events = site.try_end(id, "anna", Some("Up Sell")).unwrap();
        assert_ended(&events, Some("Up Sell"), false);
    }
}

#[test]
fn a_mandatory_code_holds_capacity_until_it_is_given() {
    let (mut site, id) = site(WrapUpPolicy::Mandatory);
    let next = site.arrive();
    site.try_end(id, "anna", None).unwrap();
    assert_eq!(
        site.state(id),
        Some(&InteractionState::WrapUp {
            agent: agent("anna"),
            deadline: None,
            reason: EndReason::Completed
        })
    );
    assert!(site.run(100_000).is_empty());
    assert_eq!(site.state_name(next), "queued");
    assert_eq!(
        site.try_wrap_up(id, "anna", None),
        Err(Refusal::DispositionRequired {
            queue: queue("care"),
            allowed: allowed()
        })
    );
    let events = site.try_wrap_up(id, "anna", Some("Processed")).unwrap();
    assert_ended(&events, Some("Processed"), false);
    assert_eq!(site.alerting_at(next), Some(agent("anna")));
}

#[test]
fn timed_wrap_up_ends_with_the_default_code() {
    let (mut site, id) = site(timed());
    site.try_end(id, "anna", None).unwrap();
    assert!(site.run(44).is_empty());
    let events = site.run(1);
    assert_ended(&events, Some("Processed"), true);
}

#[test]
fn timed_wrap_up_can_be_finished_early() {
    let (mut site, id) = site(timed());
    site.try_end(id, "anna", None).unwrap();
    site.pass(44);
    let events = site.try_wrap_up(id, "anna", Some("Terminated")).unwrap();
    assert_ended(&events, Some("Terminated"), false);
    assert_eq!(site.router.next_deadline(), None);
}

#[test]
fn only_the_queues_codes_are_accepted_and_named() {
    let (mut site, id) = site(WrapUpPolicy::Mandatory);
    let unknown = Err(Refusal::UnknownDisposition {
        queue: queue("care"),
        code: "processed".into(),
        allowed: allowed(),
    });
    assert_eq!(site.try_end(id, "anna", Some("processed")), unknown);
    assert_eq!(site.state_name(id), "connected");
    site.try_end(id, "anna", None).unwrap();
    assert_eq!(site.try_wrap_up(id, "anna", Some("processed")), unknown);
}

#[test]
fn only_the_agent_who_has_it_can_end_it() {
    let (mut site, id) = site(WrapUpPolicy::Mandatory);
    let foreign = Err(Refusal::NotYours {
        interaction: id,
        owner: agent("anna"),
    });
    assert_eq!(site.try_end(id, "ben", None), foreign);
    site.try_end(id, "anna", None).unwrap();
    assert_eq!(site.try_wrap_up(id, "ben", Some("Processed")), foreign);
}

#[test]
fn the_state_that_is_in_the_way_is_named() {
    let (mut site, id) = site(WrapUpPolicy::Mandatory);
    let wrong = |state, expected| {
        Err(Refusal::WrongState {
            interaction: id,
            state,
            expected,
        })
    };
    assert_eq!(
        site.try_wrap_up(id, "anna", Some("Processed")),
        wrong("connected", "wrap-up")
    );
    site.try_end(id, "anna", None).unwrap();
    assert_eq!(
        site.try_end(id, "anna", None),
        wrong("wrap-up", "connected or held")
    );
    site.try_wrap_up(id, "anna", Some("Processed")).unwrap();
    assert_eq!(
        site.try_end(id, "anna", None),
        Err(Refusal::UnknownInteraction(id))
    );
}

#[test]
fn accepted_work_that_the_customer_ends_is_wrapped_up() {
    let (mut site, id) = site(timed());
    site.rescind(id, EndReason::CustomerLeft);
    assert!(matches!(
        site.state(id),
        Some(InteractionState::WrapUp {
            reason: EndReason::CustomerLeft,
            deadline: Some(_),
            ..
        })
    ));
    // It is over already; there is nothing more to take away.
    assert!(site.rescind(id, EndReason::MessageDeleted).is_empty());
    let events = site.run(45);
    assert!(matches!(
        events[0],
        RoutingEvent::Ended {
            reason: EndReason::CustomerLeft,
            ..
        }
    ));
}

#[test]
fn a_wrap_up_without_early_exit_lasts_its_time_whatever_is_given() {
    let policy = WrapUpPolicy::Timed {
        seconds: 45,
        default_code: "Processed".into(),
        early_exit: false,
    };
    // A code at the end, one in the wrap-up, another one after it, none: which counts, and by default.
    let table = [
        (Some("Up Sell"), vec![], "Up Sell", false),
        (None, vec!["Up Sell"], "Up Sell", false),
        (Some("Up Sell"), vec!["Cross Sell"], "Cross Sell", false),
        (None, vec![], "Processed", true),
    ];
    for (at_end, later, counts, by_default) in table {
        let (mut site, id) = site(policy.clone());
        site.try_end(id, "anna", at_end).unwrap();
        for code in later {
            site.try_wrap_up(id, "anna", Some(code)).unwrap();
            assert_eq!(site.try_wrap_up(id, "anna", Some(code)), Ok(vec![]));
        }
        let without = site.try_wrap_up(id, "anna", None).unwrap_err();
        assert_eq!(without.name(), "disposition-required");
        site.run(44);
        assert_eq!(site.state_name(id), "wrap-up");
        let events = site.run(1);
        assert!(matches!(
            &events[0],
            RoutingEvent::Ended { disposition: Some(code), defaulted, .. }
                if code == counts && *defaulted == by_default
        ));
    }
}

#[test]
fn wrap_up_on_request_is_for_who_asks() {
    for asks in [false, true] {
        let (mut site, id) = site(WrapUpPolicy::OnRequest);
        site.apply(linecard_router::Command::End {
            interaction: id,
            agent: agent("anna"),
            disposition: None,
            wrap_up: asks,
        });
        assert_eq!(site.state_name(id), if asks { "wrap-up" } else { "ended" });
        if asks {
            // It has no end of its own and needs no code.
            site.run(100_000);
            site.try_wrap_up(id, "anna", None).unwrap();
            assert_eq!(site.state_name(id), "ended");
        }
    }
}
