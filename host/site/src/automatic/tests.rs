//! What becomes of messages by rules and hours, as the journal and the views have it.

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::platform::EventKind;
use linecard_model::rights::Rights;
use linecard_model::routing::InteractionState;
use linecard_model::rule::RuleOccasion;
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

/// Waits until a question about somebody's newest interaction has the answer yes.
async fn until(world: &World, who: &str, is_so: impl Fn(&Interaction) -> bool) -> Interaction {
    for _ in 0..200 {
        let (_, interaction) = newest_of(world, who).await;
        let interaction = interaction.unwrap();
        if is_so(&interaction) {
            return interaction;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never came about");
}

/// How often rules were gone through on an occasion, as the journal has it.
async fn followed(world: &World, wanted: RuleOccasion) -> usize {
    let main = world.handle().id();
    let records = world.store.journal(main, 0, usize::MAX).await.unwrap();
    let events = records.iter().flat_map(|record| &record.events);
    events
        .filter(|event| matches!(event, Event::RulesFollowed { on, .. } if *on == wanted))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_once_and_outlives_a_restart() {
    let mut world = World::new().await;
    let rules = json!({ "rules": [
        { "name": "late", "on": "waited", "after_seconds": 2,
          "then": { "queue": "refunds", "priority": 7, "add_labels": ["late"] } },
        { "name": "much later", "on": "waited", "after_seconds": 3600, "then": { "priority": 9 } },
        { "name": "moved", "on": "enqueued", "when": "interaction.queue == 'refunds'",
          "then": { "add_labels": ["moved"] } },
    ] });
    configure(&world, rules).await;
    world
        .deliver(vec![said("hello", minute(1), &ids(None, Some("1")))])
        .await;
    let (_, interaction) = newest_of(&world, "1").await;
    let timers = interaction.unwrap().timers;
    let after: Vec<u32> = timers.iter().map(|timer| timer.after_seconds).collect();
    assert_eq!(after, [2, 3600]);
    // It is down when the time comes.
    let world = world.restart().await;
    let moved = until(&world, "1", |i| i.priority == 7).await;
    assert_eq!(moved.queue.as_str(), "refunds");
    assert!(moved.marks.labels.contains("late"));
    // Another queue's time begins anew, and what a rule did is no occasion.
    let after: Vec<u32> = moved
        .timers
        .iter()
        .map(|timer| timer.after_seconds)
        .collect();
    assert_eq!(after, [2, 3600]);
    assert!(!moved.marks.labels.contains("moved"));
    until(&world, "1", |i| i.timers.len() == 1).await;
    let world = world.restart().await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(followed(&world, RuleOccasion::Waited).await, 2);
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
async fn what_lies_idle_ends_and_its_end_is_an_occasion() {
    let mut world = World::new().await;
    let rules = json!({ "rules": [
        { "name": "idle", "on": "idle", "after_seconds": 5,
          "then": { "end": { "disposition": "Processed" } } },
        { "name": "over", "on": "ended", "then": { "add_labels": ["over"] } },
        { "name": "told", "on": "edited", "when": "message.text.mentions('refund')",
          "then": { "priority": 3 } },
    ] });
    configure(&world, rules).await;
    let who = ids(None, Some("1"));
    world.deliver(vec![said("hello", minute(1), &who)]).await;
    let (_, interaction) = newest_of(&world, "1").await;
    let first = interaction.unwrap().timers[0].due;
    // What is written moves the time.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    world.deliver(vec![said("anybody", minute(2), &who)]).await;
    let (_, interaction) = newest_of(&world, "1").await;
    assert!(interaction.unwrap().timers[0].due > first);
    let edit = serde_json::from_value(json!({ "message_id": "hello", "text": "a refund" }));
    let edit = EventKind::MessageEdited(edit.unwrap());
    world
        .deliver(vec![crate::who::event("e", minute(3), &who, edit)])
        .await;
    assert_eq!(
        until(&world, "1", |i| i.priority == 3).await.timers.len(),
        1
    );
    let ended = until(&world, "1", |i| !i.is_open()).await;
    let InteractionState::Ended { disposition, .. } = &ended.state else {
        panic!("{ended:?}");
    };
    assert_eq!(disposition.as_deref(), Some("Processed"));
    assert!(ended.marks.labels.contains("over"));
    assert!(ended.timers.is_empty());
    assert_eq!(followed(&world, RuleOccasion::Idle).await, 1);
}

/// What is found in the journal: what is seen of an interaction may be a moment ahead of it.
async fn recorded<T>(world: &World, wanted: impl Fn(&Event) -> Option<T>) -> Vec<T> {
    let main = world.handle().id();
    for _ in 0..200 {
        let records = world.store.journal(main, 0, usize::MAX).await.unwrap();
        let events = records.iter().flat_map(|record| &record.events);
        let found: Vec<T> = events.filter_map(&wanted).collect();
        if !found.is_empty() {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Vec::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rules_forget_times_that_nobody_asks_for_and_begin_new_ones() {
    let mut world = World::new().await;
    configure(&world, json!({})).await;
    world
        .deliver(vec![said("hello", minute(1), &ids(None, Some("1")))])
        .await;
    let rule = |after: u32| {
        json!({ "rules": [{ "name": "r", "on": "waited", "after_seconds": after,
            "then": { "priority": 1, "notify": { "agents": ["anna"], "text": "Late" } } }],
            "agents": { "anna": {} } })
    };
    configure(&world, rule(600)).await;
    let of = |interaction: Option<Interaction>| {
        let timers = interaction.unwrap().timers.into_iter();
        timers.map(|timer| timer.after_seconds).collect::<Vec<_>>()
    };
    assert_eq!(of(newest_of(&world, "1").await.1), [600]);
    configure(&world, rule(1)).await;
    assert_eq!(of(newest_of(&world, "1").await.1), [1]);
    until(&world, "1", |i| i.priority == 1).await;
    let told = recorded(&world, |event| match event {
        Event::RuleNotified { agents, text, .. } => Some((agents.len(), text.clone())),
        _ => None,
    });
    assert_eq!(told.await, [(1, "Late".to_owned())]);
    // Applying the same again begins nothing anew.
    configure(&world, rule(1)).await;
    assert_eq!(of(newest_of(&world, "1").await.1), Vec::<u32>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_lead_to_each_others_queues_stop_and_say_so() {
    const MOST: u32 = 10;
    let mut world = World::new().await;
    let rules = json!({ "rules": [
        { "name": "there", "on": "waited", "after_seconds": 1, "when": "interaction.queue == 'support'",
          "then": { "queue": "refunds" } },
        { "name": "back", "on": "waited", "after_seconds": 1, "when": "interaction.queue == 'refunds'",
          "then": { "queue": "support" } },
    ] });
    configure(&world, rules).await;
    world
        .deliver(vec![said("hello", minute(1), &ids(None, Some("1")))])
        .await;
    let mut last = None;
    for _ in 0..2_400 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let interaction = newest_of(&world, "1").await.1.unwrap();
        let is_over = interaction.timers.is_empty() && interaction.moved_by_rules == MOST;
        last = Some(interaction);
        if is_over {
            break;
        }
    }
    let stays = last.unwrap();
    assert_eq!(stays.moved_by_rules, MOST);
    assert!(stays.timers.is_empty(), "{:?}", stays.timers);
    let not_done: Vec<String> = recorded(&world, |event| match event {
        Event::RulesFollowed { trace, .. } => trace.steps[0].did[0].not_done.clone(),
        _ => None,
    })
    .await;
    let [why] = not_done.as_slice() else {
        panic!("{not_done:?}");
    };
    assert!(why.contains("10 times and no agent has had it"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_waits_for_nobody_and_the_hold_outlives_a_restart() {
    let mut world = World::new().await;
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2);
    let later = later
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%H:%M")
        .to_string();
    let automatic = json!({
        "rules": [
            { "name": "later", "when": "message.text == 'later'", "then": { "hold": later } },
            { "name": "open", "when": "message.text == 'open'", "then": { "hold": "opening" } },
        ],
        "hours": { "weekdays": { "zone": "UTC", "queues": ["refunds"] } },
    });
    configure(&world, automatic).await;
    world
        .deliver(vec![said("later", minute(1), &ids(None, Some("1")))])
        .await;
    world
        .deliver(vec![said("open", minute(1), &ids(None, Some("2")))])
        .await;
    let (message, interaction) = newest_of(&world, "1").await;
    assert_eq!(interaction.unwrap().state, InteractionState::Queued);
    let did = &message.rules.as_ref().unwrap().steps[0].did[0];
    assert_eq!((did.what.as_str(), &did.not_done), ("hold", &None));
    let (message, _) = newest_of(&world, "2").await;
    let did = &message.rules.as_ref().unwrap().steps[0].did[0];
    let why = did.not_done.as_deref();
    assert_eq!(why, Some("there are no opening hours here"));
    let steps = async |world: &World| {
        let main = world.handle().id();
        let records = world.store.journal(main, 0, usize::MAX).await.unwrap();
        let events = records.iter().flat_map(|record| &record.events);
        let plans = events.filter_map(|event| match event {
            Event::Routing(linecard_model::routing::RoutingEvent::Enqueued { plan, .. }) => {
                Some(plan.clone())
            }
            _ => None,
        });
        plans.collect::<Vec<_>>()
    };
    let plans = steps(&world).await;
    assert!(
        plans[0].steps[0].nobody && plans[1].steps.is_empty(),
        "{plans:?}"
    );
    let seconds = plans[0].steps[0].seconds.unwrap();
    assert!((7_000..=7_200).contains(&seconds), "{seconds}");
    let lived = world
        .handle()
        .query(|state| state.router().snapshot())
        .await
        .unwrap();
    let world = world.restart().await;
    let again = world
        .handle()
        .query(|state| state.router().snapshot())
        .await
        .unwrap();
    assert_eq!(again, lived);
}
