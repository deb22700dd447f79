//! The router after a restart.

use linecard_model::routing::{RoutingSettings, WrapUpPolicy};
use linecard_router::{Command, Router, Snapshot};

use crate::site::{Site, agent, queue, single};

/// A site in which everything is under way.
fn busy_site() -> Site {
    let mut settings = single(&["anna", "ben", "cara"]);
    settings.queues[0].wrap_up = WrapUpPolicy::Timed {
        seconds: 120,
        default_code: "Processed".into(),
        early_exit: true,
    };
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben", "cara"]);
    let ids: Vec<_> = (0..6).map(|_| site.arrive()).collect();
    site.accept(ids[0]);
    site.accept(ids[1]);
    site.try_end(ids[1], "ben", None).unwrap();
    site.decline(ids[2]);
    site.apply(Command::DesktopLost {
        agent: agent("anna"),
    });
    site
}

#[test]
fn the_record_gives_the_same_router() {
    let mut site = busy_site();
    let mut replayed = Router::new(RoutingSettings::default());
    for (at, event) in &site.journal {
        replayed.evolve(*at, event);
    }
    assert_eq!(replayed.snapshot(), site.router.snapshot());
    assert_eq!(replayed.next_deadline(), site.router.next_deadline());
    // And it goes on in the same way.
    for _ in 0..20 {
        let Some(next) = site.router.next_deadline() else {
            break;
        };
        site.now = next;
        let expected = site.apply(Command::Tick);
        assert_eq!(replayed.apply(next, Command::Tick), Ok(expected));
    }
}

#[test]
fn a_snapshot_survives_both_encodings() {
    let snapshot = busy_site().router.snapshot();
    let json = serde_json::to_vec(&snapshot).unwrap();
    assert_eq!(serde_json::from_slice::<Snapshot>(&json).unwrap(), snapshot);
    let packed = rmp_serde::to_vec_named(&snapshot).unwrap();
    let unpacked: Snapshot = rmp_serde::from_slice(&packed).unwrap();
    assert_eq!(unpacked, snapshot);
    assert_eq!(Router::restore(unpacked).snapshot(), snapshot);
}

#[test]
fn a_snapshot_of_another_layout_is_not_misread() {
    let mut stored = serde_json::to_value(busy_site().router.snapshot()).unwrap();
    stored["version"] = 1.into();
    let error = serde_json::from_value::<Snapshot>(stored).unwrap_err();
    assert!(error.to_string().contains("layout 1"), "{error}");
}

#[test]
fn what_became_due_while_the_hub_was_down_is_done_at_once() {
    let site = busy_site();
    let mut restored = Router::restore(site.router.snapshot());
    let much_later = site.second(100_000);
    let events = restored.apply(much_later, Command::Tick).unwrap();
    assert!(!events.is_empty());
    assert!(
        restored
            .next_deadline()
            .is_none_or(|next| next > much_later)
    );
    // Everything is where it was in line.
    let first = restored.waiting(&queue("care"))[0];
    assert_eq!(
        restored.interaction(&first).unwrap().entered,
        site.second(3)
    );
}

#[test]
fn time_does_not_run_backwards() {
    let mut site = Site::new(single(&["anna"]));
    site.pass(100);
    let first = site.arrive();
    site.now = site.second(0);
    let second = site.arrive();
    assert_eq!(site.router.waiting(&queue("care")), [first, second]);
    assert_eq!(
        site.router.interaction(&second).unwrap().entered,
        site.second(100)
    );
}
