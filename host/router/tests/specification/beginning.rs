//! Interactions that the company begins: whose they are, what they hold, and how they are counted.

use std::sync::Arc;

use linecard_model::InteractionId;
use linecard_model::ServicePolicyId;
use linecard_model::routing::{
    MediaType, Presence, RoutingEvent, ServiceClock, ServicePromise, TransferTarget,
};
use linecard_router::{Command, Refusal};

use crate::site::{Site, agent, interaction, needs, queue, single};

const OUT: u64 = 1_000;

fn begin(site: &mut Site, number: u64, who: &str) -> Result<Vec<RoutingEvent>, Refusal> {
    site.try_apply(Command::Begin {
        interaction: interaction(number),
        queue: queue("care"),
        agent: agent(who),
        media_type: MediaType::SocialDirectMessage,
        skills: vec![needs("german", None)],
    })
}

fn begun(site: &mut Site, who: &str) -> InteractionId {
    begin(site, OUT, who).unwrap();
    interaction(OUT)
}

#[test]
fn what_an_agent_begins_is_theirs_without_an_offer() {
    let mut site = Site::new(single(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    // Ben is not asked, though he has been idle as long; and skills bind those who get it later.
    let events = begin(&mut site, OUT, "anna").unwrap();
    assert!(
        matches!(&events[..], [RoutingEvent::Begun { agent: who, .. }] if *who == agent("anna"))
    );
    assert_eq!(site.state_name(interaction(OUT)), "connected");
    let again = begin(&mut site, OUT, "ben");
    assert!(matches!(again, Err(Refusal::DuplicateInteraction { .. })));
}

#[test]
fn it_holds_capacity_and_may_go_up_to_the_hard_limit() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    begun(&mut site, "anna");
    let waiting = site.arrive();
    assert_eq!(site.state_name(waiting), "queued");
    let over: Vec<_> = (1..50)
        .map(|number| begin(&mut site, OUT + number, "anna"))
        .collect();
    let refused = over.iter().filter(|begun| begun.is_err()).count();
    assert!(refused > 0 && refused < over.len(), "{refused}");
    let full = over.into_iter().find_map(Result::err);
    assert!(matches!(full, Some(Refusal::Unavailable { .. })));
}

#[test]
fn who_is_away_from_work_may_begin_and_who_is_offline_may_not() {
    let mut site = Site::new(single(&["anna"]));
    let refused = begin(&mut site, OUT, "anna");
    assert!(matches!(refused, Err(Refusal::Unavailable { .. })));
    site.not_ready("anna", "Lunch");
    assert_ne!(site.presence("anna"), Presence::Ready);
    begun(&mut site, "anna");
}

#[test]
fn it_counts_as_begun_and_not_as_offered_or_answered() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    let id = begun(&mut site, "anna");
    site.pass(30);
    site.try_end(id, "anna", Some("Processed")).unwrap();
    let stats = site.router.queue_stats(site.now, &queue("care")).remove(0);
    let figures = stats.figures;
    assert_eq!((figures.begun, figures.offered), (1, 0));
    assert_eq!((figures.offers, figures.answered), (0, 0));
    assert_eq!((figures.handled, figures.abandoned), (1, 0));
    assert_eq!(figures.service_level, None);
    let anna = site.router.agent_stats(site.now, &agent("anna")).unwrap();
    assert_eq!((anna.begun, anna.answered, anna.handled), (1, 0, 1));
}

#[test]
fn given_on_it_waits_as_anything_else_does() {
    let mut settings = single(&["anna", "ben"]);
    settings.agents[1].skills = vec![crate::site::has("german", 50)];
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben"]);
    let id = begun(&mut site, "anna");
    site.apply(Command::Transfer {
        interaction: id,
        agent: Some(agent("anna")),
        to: TransferTarget::Queue {
            queue: queue("care"),
        },
    });
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
    site.accept(id);
    // It has been begun already: nobody answers it for the first time.
    let stats = site.router.queue_stats(site.now, &queue("care")).remove(0);
    assert_eq!(
        (stats.figures.answered, stats.figures.transferred_in),
        (0, 1)
    );
}

#[test]
fn no_first_answer_is_due_but_the_next_one_is() {
    let mut settings = single(&["anna"]);
    settings.service_clocks = true;
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = begun(&mut site, "anna");
    site.apply(Command::Promise {
        interaction: id,
        promise: Some(Arc::new(ServicePromise {
            policy: ServicePolicyId::new("gold").unwrap(),
            first_answer_seconds: Some(100),
            next_answer_seconds: Some(50),
            resolution_seconds: None,
            warn_percent: 80,
            raise_priority: 0,
        })),
    });
    assert_eq!(site.run(500), []);
    site.apply(Command::CustomerWrote { interaction: id });
    let told = site.run(60);
    let clocks: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            RoutingEvent::ServiceWarned { clock, .. }
            | RoutingEvent::ServiceBroken { clock, .. } => Some(*clock),
            _ => None,
        })
        .collect();
    assert_eq!(clocks, [ServiceClock::NextAnswer, ServiceClock::NextAnswer]);
}
