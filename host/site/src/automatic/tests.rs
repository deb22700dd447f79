//! What becomes of messages by rules and hours, as the journal and the views have it.

use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::rights::Rights;
use linecard_model::routing::InteractionState;
use serde_json::{Value, json};

use crate::state::newest;
use crate::who::{World, ids, minute, said};
use crate::{Actor, Request};

async fn configure(world: &World, automatic: Value) {
    let mut config = json!({
        "queues": { "support": {}, "refunds": {} },
        "channels": { "wa": { "plugin": "whatsapp", "queue": "support" } },
    });
    for (key, value) in automatic.as_object().unwrap() {
        config[key] = value.clone();
    }
    let boss = Actor {
        name: "boss".to_owned(),
        rights: Rights::all(),
        agent: None,
    };
    let configure = Request::Configure {
        config: Box::new(serde_json::from_value(config).unwrap()),
        vault: Vec::new(),
    };
    world.handle().request(boss, configure, None).await.unwrap();
}

/// The newest message of somebody, with its interaction.
async fn newest_of(world: &World, who: &str) -> (Message, Option<Interaction>) {
    let contact = world.person(who).await.unwrap();
    let main = world.handle().id();
    let said = world
        .store
        .history(main, contact.id, newest(10))
        .await
        .unwrap();
    let said = said[0].clone();
    let interaction = world
        .store
        .interaction(main, said.interaction)
        .await
        .unwrap();
    (said, interaction)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_leads_to_a_queue_and_leaves_its_trace() {
    let mut world = World::new().await;
    let rules = json!({ "rules": [
        { "name": "refunds", "when": "message.text.mentions('refund') && interaction.new",
          "then": { "queue": "refunds", "priority": 20, "skills": [{ "skill": "billing" }],
                    "add_labels": ["refund"], "attributes": { "by": "rule" } } },
        { "name": "later", "when": "!interaction.new && 'refund' in interaction.labels", "then": { "priority": 50 } },
        { "name": "absent", "when": "scores.anger > 0.5", "then": { "queue": "support" } },
    ] });
    configure(&world, rules).await;
    let who = ids(None, Some("1"));
    world.deliver(vec![said("a refund", minute(1), &who)]).await;
    let (first, interaction) = newest_of(&world, "1").await;
    let interaction = interaction.unwrap();
    assert_eq!(interaction.queue.as_str(), "refunds");
    assert_eq!(interaction.priority, 20);
    assert_eq!(interaction.skills[0].skill.as_str(), "billing");
    assert!(interaction.marks.labels.contains("refund"));
    assert!(interaction.marks.attributes.contains_key("by"));
    let trace = first.rules.as_ref().unwrap();
    assert_eq!(trace.looked_at, 3);
    assert_eq!(trace.steps[0].rule, "refunds");
    assert_eq!(trace.steps[0].did[0].what, "queue refunds");
    let undecided = trace.steps[1].undecided.as_deref();
    assert_eq!(undecided, Some("`anger` is absent"));

    // What belongs to the interaction's beginning is not done again; the rest is.
    world
        .deliver(vec![said("my refund", minute(2), &who)])
        .await;
    let (second, interaction) = newest_of(&world, "1").await;
    assert_eq!(second.interaction, first.interaction);
    assert_eq!(interaction.unwrap().priority, 50);
    let steps = &second.rules.as_ref().unwrap().steps;
    assert_eq!(steps[0].rule, "later");

    // After a restart the same rules are in force, without anybody applying them.
    let mut world = world.restart().await;
    let other = ids(None, Some("2"));
    world
        .deliver(vec![said("refund!", minute(3), &other)])
        .await;
    let (_, interaction) = newest_of(&world, "2").await;
    assert_eq!(interaction.unwrap().queue.as_str(), "refunds");
    // And the store's journal gives the router that lived.
    let lived = world
        .handle()
        .query(|state| state.router().snapshot())
        .await
        .unwrap();
    let main = world.handle().id();
    let (replayed, _) = crate::restore::restore(main, world.store.as_ref())
        .await
        .unwrap();
    assert_eq!(replayed.snapshot(), lived);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_or_ended_is_nobodys_work_and_stays_in_the_history() {
    let mut world = World::new().await;
    let rules = json!({ "rules": [
        { "name": "noise", "when": "message.text == 'win'", "then": { "drop": true } },
        { "name": "thanks", "when": "message.text == 'thanks'",
          "then": { "end": { "disposition": "Processed" }, "add_labels": ["praise"] } },
    ] });
    configure(&world, rules).await;
    world
        .deliver(vec![said("win", minute(1), &ids(None, Some("1")))])
        .await;
    let (dropped, interaction) = newest_of(&world, "1").await;
    assert!(dropped.interaction.is_none() && interaction.is_none());
    assert_eq!(dropped.rules.as_ref().unwrap().steps[0].did[0].what, "drop");

    world
        .deliver(vec![said("thanks", minute(1), &ids(None, Some("2")))])
        .await;
    let (_, interaction) = newest_of(&world, "2").await;
    let interaction = interaction.unwrap();
    let InteractionState::Ended { disposition, .. } = &interaction.state else {
        panic!("{interaction:?}");
    };
    assert_eq!(disposition.as_deref(), Some("Processed"));
    assert!(interaction.marks.labels.contains("praise"));
    let open = world
        .handle()
        .query(|state| state.open().count())
        .await
        .unwrap();
    assert_eq!(open, 0);

    // Who writes more to what was ended begins anew, and what was dropped holds nobody up.
    world
        .deliver(vec![said("help", minute(2), &ids(None, Some("1")))])
        .await;
    world
        .deliver(vec![said("more", minute(2), &ids(None, Some("2")))])
        .await;
    let world = world.restart().await;
    let open = world
        .handle()
        .query(|state| state.open().count())
        .await
        .unwrap();
    assert_eq!(open, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_count_for_the_channel_or_the_queue_to_which_a_rule_leads() {
    let mut world = World::new().await;
    let closed = json!({ "messages": [{ "text": "Closed" }], "work": "end" });
    let automatic = json!({
        "rules": [
            { "name": "night", "when": "!hours.open", "then": { "add_labels": ["night"] } },
            { "name": "refunds", "when": "message.text == 'refund'", "then": { "queue": "refunds" } },
        ],
        "hours": {
            "never": { "zone": "Europe/Berlin", "queues": ["refunds"], "closed": closed },
            "always": { "zone": "UTC", "everywhere": true, "weekly": [{
                "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
                "from": "00:00", "to": "24:00",
            }] },
        },
    });
    configure(&world, automatic).await;
    world
        .deliver(vec![said("hello", minute(1), &ids(None, Some("1")))])
        .await;
    let (message, interaction) = newest_of(&world, "1").await;
    assert!(interaction.unwrap().is_open());
    let hours = message.rules.as_ref().unwrap().hours.as_ref().unwrap();
    assert_eq!(
        (hours.hours.as_str(), hours.open, hours.did.len()),
        ("always", true, 0)
    );

    world
        .deliver(vec![said("refund", minute(1), &ids(None, Some("2")))])
        .await;
    let (message, interaction) = newest_of(&world, "2").await;
    let interaction = interaction.unwrap();
    assert!(!interaction.is_open(), "{interaction:?}");
    let hours = message.rules.as_ref().unwrap().hours.as_ref().unwrap();
    assert_eq!((hours.hours.as_str(), hours.open), ("never", false));
    assert_eq!(hours.did[0].what, "end");
    // There is no connector here, and that is what the trace says of the answer.
    assert_eq!(hours.did[1].what, "reply");
    assert!(
        hours.did[1]
            .not_done
            .as_ref()
            .unwrap()
            .contains("is not at work")
    );
}
