//! Why an interaction is waiting.

use linecard_model::routing::{MediaType, Presence};
use linecard_router::{Command, ExclusionCause, Explanation, Obstacle};

use crate::site::{Site, agent, has, needs, settings, single};

fn explain(site: &Site, id: linecard_model::InteractionId) -> Explanation {
    site.router.explain(site.now, &id).unwrap()
}

fn obstacles<'a>(explanation: &'a Explanation, who: &str) -> &'a [Obstacle] {
    &explanation
        .members
        .iter()
        .find(|member| member.agent == agent(who))
        .unwrap()
        .obstacles
}

#[test]
fn every_member_is_accounted_for() {
    let mut settings = single(&["anna", "ben", "cara", "dora", "emil"]);
    for (member, level) in settings.agents.iter_mut().zip([90, 40, 90, 90, 90]) {
        member.skills = vec![has("english", level)];
    }
    let mut site = Site::new(settings);
    site.ready("dora");
    let english = || vec![needs("english", 50)];
    let blocker = site.arrive_with(english(), None);
    site.accept(blocker);
    site.ready("anna");
    let id = site.arrive_with(english(), Some(3));
    site.pass(5);
    site.decline(id);
    site.ready("ben");
    site.not_ready("cara", "Lunch");
    site.ready("emil");
    site.apply(Command::Decline {
        offer: site.offer(id),
        agent: agent("emil"),
    });
    site.apply(Command::DesktopLost {
        agent: agent("emil"),
    });
    site.pass(20);

    let why = explain(&site, id);
    assert_eq!(why.position, Some(1));
    assert_eq!(why.waiting, 1);
    assert_eq!(why.waited_seconds, 25);
    assert_eq!(why.priority, 3);
    assert_eq!(why.required_skills, english());
    assert_eq!(why.members_ready, 4);
    assert_eq!(
        obstacles(&why, "anna"),
        [Obstacle::Excluded {
            cause: ExclusionCause::Declined,
            since: site.second(5),
            until: site.second(65),
        }]
    );
    assert_eq!(
        obstacles(&why, "ben"),
        [Obstacle::LacksSkill {
            skill: needs("english", None).skill,
            required: Some(50),
            actual: Some(40),
        }]
    );
    assert_eq!(
        obstacles(&why, "cara"),
        [Obstacle::NotReady {
            presence: Presence::NotReady {
                reason: "Lunch".into()
            },
            since: Some(site.second(5)),
        }]
    );
    assert_eq!(
        obstacles(&why, "dora"),
        [Obstacle::AtCapacity {
            media_type: MediaType::SocialDirectMessage,
            used: 1,
            limit: 1,
        }]
    );
    assert!(matches!(
        obstacles(&why, "emil"),
        [Obstacle::DesktopLost { .. }, Obstacle::Excluded { .. }]
    ));
}

#[test]
fn the_position_counts_all_that_is_ahead_in_the_queue() {
    let mut site = Site::new(settings(&["anna"]));
    let first = site.arrive();
    let second = site.arrive_with(vec![needs("english", None)], None);
    let third = site.arrive();
    let urgent = site.arrive_with(vec![], Some(10));
    for (id, position) in [(urgent, 1), (first, 2), (second, 3), (third, 4)] {
        let why = explain(&site, id);
        assert_eq!(why.position, Some(position));
        assert_eq!(why.waiting, 4);
    }
}

#[test]
fn what_does_not_wait_has_no_position() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let id = site.arrive();
    let why = explain(&site, id);
    assert_eq!(why.position, None);
    assert_eq!(why.estimated_wait_seconds, None);
    site.accept(id);
    site.try_end(id, "anna", None).unwrap();
    assert!(site.router.explain(site.now, &id).is_none());
}

#[test]
fn the_estimated_wait_is_unknown_rather_than_made_up() {
    let mut site = Site::new(single(&["anna", "ben"]));
    site.ready("anna");
    let first = site.arrive();
    site.accept(first);
    let second = site.arrive();
    let third = site.arrive();
    // Nothing has been handled yet.
    assert_eq!(explain(&site, second).estimated_wait_seconds, None);
    site.pass(120);
    site.try_end(first, "anna", None).unwrap();
    site.accept(second);
    // One agent, two minutes for each.
    let fourth = site.arrive();
    assert_eq!(explain(&site, third).estimated_wait_seconds, Some(120));
    assert_eq!(explain(&site, fourth).estimated_wait_seconds, Some(240));
    // Nobody is staffed.
    site.not_ready("anna", "Lunch");
    assert_eq!(explain(&site, third).estimated_wait_seconds, None);
    // Somebody is, without the skill.
    site.ready("anna");
    let skilled = site.arrive_with(vec![needs("klingon", None)], None);
    assert_eq!(explain(&site, skilled).estimated_wait_seconds, None);
}
