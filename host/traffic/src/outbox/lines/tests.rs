//! Whatever networks say and however slow they allow it: every thread in its order, nothing lost,
//! nothing faster than allowed, and nobody held up by what does not concern them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use linecard_model::manifest::{RateLimit, ThrottleScope};
use linecard_model::platform::{Action, ActionRequest, Identity, Refusal};
use linecard_model::{ChannelId, Timestamp};
use proptest::prelude::*;

use super::*;

fn entry(number: u64, thread: u8) -> OutboxEntry {
    OutboxEntry {
        channel: ChannelId::new("page").unwrap(),
        shown: false,
        retry_for_seconds: None,
        number,
        message: None,
        contact: None,
        interaction: None,
        request: ActionRequest {
            id: number.to_string(),
            attempt: 1,
            uncertain_before: false,
            thread: format!("t{thread}"),
            // Two threads share each recipient.
            recipient: Some(Identity {
                id: format!("r{}", thread / 2),
                aliases: Vec::new(),
            }),
            last_inbound: None,
            by_human: true,
            progress: Vec::new(),
            action: Action::Typing(true),
        },
        created_at: Timestamp::UNIX_EPOCH,
        made: Vec::new(),
        state: OutboxState::Waiting,
    }
}

fn limit(scope: ThrottleScope, calls: u32, per_ms: u64) -> RateLimit {
    RateLimit {
        scope,
        actions: Vec::new(),
        calls,
        per_ms,
    }
}

fn throttled(mut entry: OutboxEntry, until: Timestamp) -> OutboxEntry {
    let reason = Refusal {
        code: "131056".to_owned(),
        text: "too many to this one".to_owned(),
    };
    entry.state = OutboxState::Retrying {
        not_before: until,
        reason,
    };
    entry
}

/// The lines, and the two clocks that go side by side.
struct World {
    lines: Lines<FakeRelativeClock>,
    clock: FakeRelativeClock,
    now: Timestamp,
}

impl World {
    fn new(limits: &[RateLimit]) -> Self {
        let clock = FakeRelativeClock::default();
        Self {
            lines: Lines::new(Pace::with(limits, clock.clone())),
            clock,
            now: Timestamp::from_second(1_000).unwrap(),
        }
    }

    fn pass(&mut self, millis: u64) {
        let time = Duration::from_millis(millis);
        self.clock.advance(time);
        self.now += time;
    }

    fn until(&self, millis: i64) -> Timestamp {
        self.now + SignedDuration::from_millis(millis)
    }

    fn next(&mut self) -> Option<u64> {
        self.lines.next(self.now).map(|e| e.number)
    }

    fn done(&mut self, thread: u8) {
        self.lines.finish(format!("t{thread}"), None, Hold::None);
    }
}

#[test]
fn a_throttled_recipient_holds_up_its_own_threads_alone() {
    let mut world = World::new(&[]);
    for (number, thread) in [(1, 0), (2, 0), (3, 1), (4, 2)] {
        world.lines.push(entry(number, thread));
    }
    let first = world.lines.next(world.now).unwrap();
    assert_eq!(first.number, 1);
    let until = world.until(6_000);
    let again = throttled(first, until);
    world.lines.finish(
        "t0".to_owned(),
        Some(again),
        Hold::Recipient("r0".to_owned(), until),
    );
    // Thread 1 goes to the same customer, thread 2 to another one.
    assert_eq!(world.next(), Some(4));
    assert_eq!(world.next(), None);
    assert_eq!(world.lines.wakes(), Some(until));
    world.pass(6_000);
    assert_eq!((world.next(), world.next()), (Some(1), Some(3)));
    world.done(0);
    assert_eq!(world.next(), Some(2));
}

#[test]
fn a_pace_for_each_recipient_takes_no_place_from_others() {
    let mut world = World::new(&[limit(ThrottleScope::Recipient, 1, 6_000)]);
    for number in 1..=100 {
        // Recipient 0 has a hundred threads' worth of work in two threads.
        world.lines.push(entry(number, u8::from(number > 50)));
    }
    world.lines.push(entry(101, 2));
    assert_eq!(world.next(), Some(1));
    assert_eq!(world.next(), Some(101));
    assert_eq!(world.next(), None);
    world.done(0);
    assert_eq!(world.next(), None);
    world.pass(6_001);
    assert!(world.next().is_some());
    assert_eq!(world.next(), None);
}

#[test]
fn what_waits_for_the_channels_pace_goes_in_order() {
    let mut world = World::new(&[limit(ThrottleScope::Channel, 1, 100)]);
    for thread in 0..20 {
        world.lines.push(entry(u64::from(thread) + 1, thread));
    }
    let mut order = Vec::new();
    for _ in 0..400 {
        order.extend(world.next());
        world.pass(10);
    }
    assert_eq!(order, (1..=20).collect::<Vec<_>>());
}

#[test]
fn a_person_frees_everything_at_once() {
    let mut world = World::new(&[]);
    world.lines.push(entry(1, 0));
    world.lines.push(entry(2, 2));
    let first = world.lines.next(world.now).unwrap();
    let until = world.until(86_400_000);
    let again = throttled(first, until);
    world
        .lines
        .finish("t0".to_owned(), Some(again), Hold::Channel(until));
    assert_eq!((world.next(), world.lines.wakes()), (None, Some(until)));
    world.lines.free();
    assert_eq!((world.next(), world.next()), (Some(1), Some(2)));
    world
        .lines
        .finish("t2".to_owned(), Some(entry(2, 2)), Hold::Person);
    assert_eq!((world.next(), world.lines.wakes()), (None, None));
    world
        .lines
        .reconfigure(Pace::with(&[], world.clock.clone()));
    assert_eq!(world.next(), Some(2));
}

/// What a network answers.
#[derive(Debug, Clone)]
enum Answer {
    Done,
    Later(u16),
    Recipient(u16),
    Channel(u16),
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => Just(Answer::Done),
        1 => (0_u16..3_000).prop_map(Answer::Later),
        1 => (0_u16..9_000).prop_map(Answer::Recipient),
        1 => (0_u16..2_000).prop_map(Answer::Channel),
    ]
}

proptest! {
    #[test]
    fn every_thread_keeps_its_order_and_nothing_is_lost_or_too_fast(
        threads in prop::collection::vec(0_u8..8, 1..80),
        answers in prop::collection::vec((answer(), 0_u64..400), 1..60),
        places in 1_usize..6,
        calls in 1_u32..5,
    ) {
        let per_ms = 1_000;
        let pair = limit(ThrottleScope::Recipient, 1, 300);
        let mut world = World::new(&[pair, limit(ThrottleScope::Channel, calls, per_ms)]);
        let mut queue: Vec<OutboxEntry> = threads
            .iter()
            .zip(1..)
            .map(|(thread, number)| entry(number, *thread))
            .collect();
        queue.reverse();
        let mut answers = answers.into_iter().cycle();
        let mut under_way: Vec<OutboxEntry> = Vec::new();
        let mut done: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut starts: Vec<Timestamp> = Vec::new();
        let mut held: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut channel_held = world.now;
        let mut refused = 0;
        for _ in 0..200_000 {
            if let Some(entry) = queue.pop() {
                world.lines.push(entry);
            }
            while under_way.len() < places {
                let Some(entry) = world.lines.next(world.now) else { break };
                let recipient = entry.request.recipient.clone().unwrap().id;
                prop_assert!(channel_held <= world.now, "the channel was to wait");
                prop_assert!(held.get(&recipient).is_none_or(|at| *at <= world.now));
                prop_assert!(
                    under_way.iter().all(|other| other.request.thread != entry.request.thread),
                    "two of one thread at a time"
                );
                starts.push(world.now);
                under_way.push(entry);
            }
            if under_way.is_empty() {
                if queue.is_empty() && world.lines.threads.is_empty() {
                    break;
                }
                // Nobody is under way, so somebody has a time at which to go on.
                let at = world.lines.wakes();
                prop_assert!(at.is_some() || !queue.is_empty());
                let left = at.map_or(0, |at| at.duration_since(world.now).as_millis());
                world.pass(u64::try_from(left).unwrap_or(0).max(1));
                continue;
            }
            let (answer, takes) = answers.next().unwrap();
            world.pass(takes);
            let entry = under_way.remove(0);
            let thread = entry.request.thread.clone();
            let recipient = entry.request.recipient.clone().unwrap().id;
            // A network that only ever refuses would keep us here for good.
            let answer = if refused > 400 { Answer::Done } else { answer };
            refused += u32::from(!matches!(answer, Answer::Done));
            let (again, hold) = match answer {
                Answer::Done => {
                    done.entry(thread.clone()).or_default().push(entry.number);
                    (None, Hold::None)
                }
                Answer::Later(ms) => {
                    let until = world.until(ms.into());
                    (Some(throttled(entry, until)), Hold::None)
                }
                Answer::Recipient(ms) => {
                    let until = world.until(ms.into());
                    let latest = held.entry(recipient.clone()).or_insert(until);
                    *latest = until.max(*latest);
                    (Some(throttled(entry, until)), Hold::Recipient(recipient, until))
                }
                Answer::Channel(ms) => {
                    let until = world.until(ms.into());
                    channel_held = channel_held.max(until);
                    (Some(throttled(entry, until)), Hold::Channel(until))
                }
            };
            world.lines.finish(thread, again, hold);
        }
        // In order, and all of them.
        let mut all: BTreeSet<u64> = BTreeSet::new();
        for (thread, numbers) in &done {
            prop_assert!(numbers.is_sorted(), "{thread}: {numbers:?}");
            all.extend(numbers);
        }
        prop_assert_eq!(all.len(), threads.len());
        // A burst, and then no more than allowed: in no second more than twice the calls.
        for (index, start) in starts.iter().enumerate() {
            let end = *start + SignedDuration::from_millis(i64::try_from(per_ms).unwrap());
            let within = starts[index..].iter().take_while(|at| **at < end).count();
            prop_assert!(within <= 2 * calls as usize, "{within} in a second, {calls} are allowed");
        }
    }
}
