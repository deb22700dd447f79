//! Which interaction goes to which agent.

use linecard_model::routing::{MediaType, QueueOrder, QueueSettings, SelectionMethod};

use crate::site::{Site, agent, has, needs, queue, settings, single};

#[test]
fn work_is_offered_to_a_ready_member_at_once() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let first = site.arrive();
    assert_eq!(site.alerting_at(first), Some(agent("anna")));
}

#[test]
fn work_waits_for_somebody_to_become_ready() {
    let mut site = Site::new(settings(&["anna"]));
    let first = site.arrive();
    assert_eq!(site.state_name(first), "queued");
    site.pass(100);
    site.ready("anna");
    assert_eq!(site.alerting_at(first), Some(agent("anna")));
}

#[test]
fn only_members_are_asked() {
    let mut settings = settings(&["anna", "ben"]);
    settings.queues[0].members.remove(&agent("anna"));
    let mut site = Site::new(settings);
    site.ready("anna");
    let first = site.arrive();
    assert_eq!(site.state_name(first), "queued");
    site.ready("ben");
    assert_eq!(site.alerting_at(first), Some(agent("ben")));
}

#[test]
fn every_required_skill_counts_with_its_minimum() {
    let mut settings = settings(&["anna", "ben", "cara"]);
    settings.agents[0].skills = vec![has("english", 90)];
    settings.agents[1].skills = vec![has("english", 49), has("billing", 100)];
    settings.agents[2].skills = vec![has("english", 50), has("billing", 1)];
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben", "cara"]);
    let both = site.arrive_with(vec![needs("english", 50), needs("billing", None)], None);
    assert_eq!(site.alerting_at(both), Some(agent("cara")));
    let nobody = site.arrive_with(vec![needs("french", None)], None);
    assert_eq!(site.state_name(nobody), "queued");
}

#[test]
fn a_skill_named_twice_counts_with_the_higher_minimum() {
    let mut settings = settings(&["anna"]);
    settings.agents[0].skills = vec![has("english", 60)];
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.arrive_with(
        vec![
            needs("english", 50),
            needs("english", 70),
            needs("english", None),
        ],
        None,
    );
    assert_eq!(site.state_name(id), "queued");
    let kept = &site.router.interaction(&id).unwrap().skills;
    assert_eq!(kept[..], [needs("english", 70)]);
}

#[test]
fn a_minimum_that_nobody_can_have_is_refused() {
    let mut site = Site::new(settings(&["anna"]));
    for value in [0, 101] {
        let refusal = site
            .enqueue("care", MediaType::Chat, vec![needs("english", value)], None)
            .unwrap_err();
        assert_eq!(refusal.name(), "invalid-proficiency");
    }
}

#[test]
fn the_longest_idle_gets_it() {
    let mut site = Site::new(single(&["anna", "ben", "cara"]));
    site.all_ready(&["cara", "anna", "ben"]);
    let first = site.arrive();
    assert_eq!(site.alerting_at(first), Some(agent("cara")));
    site.accept(first);
    let second = site.arrive();
    assert_eq!(site.alerting_at(second), Some(agent("anna")));
    site.accept(second);
    // Cara is done last, so her clock has run the shortest.
    site.pass(10);
    site.try_end(second, "anna", None).unwrap();
    site.pass(10);
    site.try_end(first, "cara", None).unwrap();
    for expected in ["ben", "anna", "cara"] {
        let next = site.arrive();
        assert_eq!(site.alerting_at(next), Some(agent(expected)));
    }
}

#[test]
fn a_burst_is_spread_before_anybody_gets_a_second() {
    let mut site = Site::new(settings(&["anna", "ben", "cara"]));
    site.all_ready(&["anna", "ben", "cara"]);
    let takers: Vec<_> = (0..6)
        .map(|_| {
            let id = site.arrive();
            site.alerting_at(id).unwrap().to_string()
        })
        .collect();
    assert_eq!(takers, ["anna", "ben", "cara", "anna", "ben", "cara"]);
}

#[test]
fn the_most_proficient_gets_it_and_idle_time_breaks_ties() {
    let mut settings = single(&["anna", "ben", "cara", "dora"]);
    settings.queues[0].selection = SelectionMethod::BestProficiency;
    settings.agents[0].skills = vec![has("english", 100), has("billing", 40)];
    settings.agents[1].skills = vec![has("english", 75), has("billing", 75)];
    settings.agents[2].skills = vec![has("english", 50), has("billing", 100)];
    settings.agents[3].skills = vec![has("english", 100)];
    let mut site = Site::new(settings);
    site.all_ready(&["dora", "anna", "cara", "ben"]);
    let both = || vec![needs("english", None), needs("billing", None)];
    // Ben and Cara have the mean 75, Cara has been idle longer; Anna has 70, Dora not both.
    for expected in ["cara", "ben", "anna"] {
        let id = site.arrive_with(both(), None);
        assert_eq!(site.alerting_at(id), Some(agent(expected)));
    }
}

#[test]
fn the_least_loaded_by_share_of_capacity_gets_it() {
    let mut settings = settings(&["anna", "ben"]);
    settings.queues[0].selection = SelectionMethod::LeastLoaded;
    settings.agents[0].slots = [(MediaType::SocialDirectMessage, 8)].into();
    settings.agents[1].slots = [(MediaType::SocialDirectMessage, 2)].into();
    let mut site = Site::new(settings);
    site.all_ready(&["ben", "anna"]);
    let takers: Vec<_> = (0..6)
        .map(|_| {
            let id = site.arrive();
            site.alerting_at(id).unwrap().to_string()
        })
        .collect();
    // Ben idle longest; then Anna until she too is at half (4 of 8); then Ben again by idle time.
    assert_eq!(takers, ["ben", "anna", "anna", "anna", "anna", "ben"]);
}

#[test]
fn first_in_is_first_out() {
    let mut site = Site::new(settings(&["anna"]));
    let ids: Vec<_> = (0..5).map(|_| site.arrive()).collect();
    assert_eq!(site.router.waiting(&queue("care")), ids);
    site.ready("anna");
    for id in ids {
        assert_eq!(site.alerting_at(id), Some(agent("anna")));
        site.accept(id);
        site.try_end(id, "anna", None).unwrap();
    }
}

#[test]
fn a_point_of_priority_is_worth_a_minute_of_waiting() {
    let mut site = Site::new(single(&["anna"]));
    let old = site.arrive();
    site.pass(119);
    let urgent = site.arrive_with(vec![], Some(2));
    site.pass(2);
    let late = site.arrive_with(vec![], Some(2));
    let waiting = site.router.waiting(&queue("care"));
    assert_eq!(waiting, [urgent, old, late]);
}

#[test]
fn a_strict_queue_looks_at_priority_first() {
    let mut settings = single(&["anna"]);
    settings.queues[0].order = QueueOrder::StrictPriority;
    settings.queues[0].priority = 5;
    let mut site = Site::new(settings);
    let old = site.arrive();
    site.pass(100_000);
    let low = site.arrive_with(vec![], Some(4));
    let high = site.arrive_with(vec![], Some(6));
    let usual = site.arrive();
    site.ready("anna");
    assert_eq!(site.alerting_at(high), Some(agent("anna")));
    assert_eq!(site.router.waiting(&queue("care")), [old, usual, low]);
}

#[test]
fn an_agent_of_several_queues_gets_what_scores_highest_in_all_of_them() {
    let mut settings = single(&["anna"]);
    let mut sales = QueueSettings::new(queue("sales"));
    sales.members.insert(agent("anna"));
    sales.priority = 1;
    settings.queues.push(sales);
    let mut site = Site::new(settings);
    let sale = |site: &mut Site| {
        site.enqueue("sales", MediaType::SocialDirectMessage, vec![], None)
            .unwrap()
    };
    let first = site.arrive();
    site.pass(61);
    let second = sale(&mut site);
    site.pass(1);
    let third = site.arrive();
    let fourth = sale(&mut site);
    site.ready("anna");
    for id in [first, second, fourth, third] {
        assert_eq!(site.alerting_at(id), Some(agent("anna")), "{id}");
        site.accept(id);
        site.try_end(id, "anna", None).unwrap();
    }
}

#[test]
fn work_that_nobody_can_take_does_not_hold_up_the_rest() {
    let mut site = Site::new(settings(&["anna"]));
    let stuck = site.arrive_with(vec![needs("klingon", None)], Some(1000));
    let free = site.arrive();
    site.ready("anna");
    assert_eq!(site.alerting_at(free), Some(agent("anna")));
    assert_eq!(site.state_name(stuck), "queued");
}

#[test]
fn capacity_is_counted_by_media_type() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let calls: Vec<_> = (0..2)
        .map(|_| site.enqueue("care", MediaType::Call, vec![], None).unwrap())
        .collect();
    let messages: Vec<_> = (0..4).map(|_| site.arrive()).collect();
    let names = |ids: &[_]| {
        ids.iter()
            .map(|id| site.state_name(*id))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&calls), ["offered", "queued"]);
    assert_eq!(
        names(&messages),
        ["offered", "offered", "offered", "queued"]
    );
}

#[test]
fn slots_are_the_agents_or_the_queues_or_the_sites() {
    let mut settings = settings(&["anna", "ben"]);
    settings.slots = [(MediaType::Email, 1), (MediaType::Chat, 0)].into();
    settings.queues[0].slots = [(MediaType::Email, 4)].into();
    settings.agents[0].slots = [(MediaType::Email, 2)].into();
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben"]);
    let mut taken = std::collections::BTreeMap::new();
    for _ in 0..10 {
        let id = site
            .enqueue("care", MediaType::Email, vec![], None)
            .unwrap();
        if let Some(agent) = site.alerting_at(id) {
            *taken.entry(agent.to_string()).or_insert(0) += 1;
        }
    }
    assert_eq!(taken, [("anna".into(), 2), ("ben".into(), 4)].into());
    let chat = site.enqueue("care", MediaType::Chat, vec![], None).unwrap();
    assert_eq!(site.state_name(chat), "queued");
}

#[test]
fn an_interaction_enters_once_and_only_a_queue_that_exists() {
    let mut site = Site::new(settings(&["anna"]));
    let id = site.arrive();
    let again = linecard_router::Command::Enqueue {
        interaction: id,
        queue: queue("care"),
        media_type: MediaType::Chat,
        skills: vec![],
        priority: None,
        first: None,
    };
    assert_eq!(
        site.try_apply(again).unwrap_err().name(),
        "duplicate-interaction"
    );
    let refusal = site.enqueue("carr", MediaType::Chat, vec![], None);
    assert_eq!(refusal.unwrap_err().name(), "unknown-queue");
}
