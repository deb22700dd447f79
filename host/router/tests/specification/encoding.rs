//! The routing types in files and on the wire.

use linecard_model::routing::{
    InteractionState, MediaType, Presence, RoutingEvent, RoutingSettings, SelectionMethod,
    WrapUpPolicy,
};
use linecard_router::Command;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::site::{Site, agent, has, needs, queue, settings};

fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value, "{json}");
    let packed = rmp_serde::to_vec_named(value).unwrap();
    assert_eq!(rmp_serde::from_slice::<T>(&packed).unwrap(), *value);
}

#[test]
fn every_kind_of_event_survives_both_encodings() {
    let mut settings = settings(&["anna", "ben"]);
    settings.queues[0].wrap_up = WrapUpPolicy::Timed {
        seconds: 10,
        default_code: "Processed".into(),
        early_exit: true,
    };
    settings.agents[0].skills = vec![has("english", 70)];
    settings.agents[0].slots = [(MediaType::Call, 2)].into();
    let mut site = Site::new(settings);
    site.ready("anna");
    let first = site.arrive_with(vec![needs("english", 50)], Some(-3));
    site.accept(first);
    site.apply(Command::DesktopLost {
        agent: agent("anna"),
    });
    site.apply(Command::DesktopBack {
        agent: agent("anna"),
    });
    let second = site.arrive();
    site.decline(second);
    site.run(60);
    site.run(30);
    site.try_end(first, "anna", None).unwrap();
    site.run(10);
    site.ready("anna");
    site.accept(second);
    site.apply(Command::DesktopLost {
        agent: agent("anna"),
    });
    site.run(60);
    site.apply(Command::ResetStats);

    let mut kinds = std::collections::BTreeSet::new();
    for (_, event) in &site.journal {
        both_ways(event);
        let value = serde_json::to_value(event).unwrap();
        kinds.insert(value["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        [
            "configured",
            "connected",
            "desktop-back",
            "desktop-lost",
            "ended",
            "enqueued",
            "exclusion-ended",
            "offer-ended",
            "offered",
            "presence-changed",
            "returned",
            "stats-reset",
            "wrap-up-started"
        ]
    );
}

#[test]
fn events_and_states_read_as_documented() {
    let ended: RoutingEvent = serde_json::from_value(json!({
        "type": "ended",
        "interaction": "00000000-0000-7000-8000-000000000001",
        "queue": "care",
        "reason": "message-deleted",
        "a_field_of_a_later_version": true,
    }))
    .unwrap();
    assert!(matches!(
        ended,
        RoutingEvent::Ended {
            agent: None,
            disposition: None,
            defaulted: false,
            ..
        }
    ));
    assert_eq!(
        serde_json::to_value(Presence::NotReady {
            reason: "Lunch".into()
        })
        .unwrap(),
        json!({ "state": "not-ready", "reason": "Lunch" })
    );
    let connected = InteractionState::Connected {
        agent: agent("anna"),
    };
    assert_eq!(
        serde_json::to_value(&connected).unwrap(),
        json!({ "state": "connected", "agent": "anna" })
    );
    both_ways(&connected);
    for media_type in MediaType::ALL {
        assert_eq!(
            serde_json::to_value(media_type).unwrap(),
            json!(media_type.as_str())
        );
    }
}

#[test]
fn a_site_file_needs_only_what_differs() {
    let settings: RoutingSettings = toml::from_str(
        r#"
        desktop_grace_seconds = 90
        slots = { chat = 5 }

        [[queues]]
        id = "care"
        members = ["anna"]
        selection = "best-proficiency"
        wrap_up = { mode = "timed", seconds = 30, default_code = "Processed" }
        slots = { social-direct-message = 4 }

        [[agents]]
        id = "anna"
        display_name = "Anna"
        skills = [{ skill = "english", proficiency = 80 }, { skill = "billing" }]
        "#,
    )
    .unwrap();
    settings.check().unwrap();
    both_ways(&settings);
    let care = &settings.queues[0];
    assert_eq!(care.id, queue("care"));
    assert_eq!(care.selection, SelectionMethod::BestProficiency);
    assert_eq!(care.offer_timeout_seconds, 30);
    assert_eq!(care.disposition_codes.len(), 7);
    assert_eq!(care.slots[&MediaType::SocialDirectMessage], 4);
    assert_eq!(settings.agents[0].skills[1], has("billing", 100));
    assert_eq!(settings.not_ready_reasons.len(), 6);
    assert_eq!(
        toml::from_str::<RoutingSettings>("").unwrap(),
        RoutingSettings::default()
    );
}
