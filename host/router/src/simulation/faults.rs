//! Each of these deliberate faults is noticed: what the simulation does not notice it does not check.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::simulate;
use crate::fault;

const FAULTS: [&str; 55] = [
    "absent-owners",
    "answers-stop-nothing",
    "anybody-accepts",
    "clocks-run-while-closed",
    "clocks-run-while-parked",
    "declined-loses-its-place",
    "empty-steps-wait",
    "ends-are-not-counted",
    "entitlement-ignored",
    "exclusions-ignored",
    "exclusions-outlive-acceptance",
    "giving-on-is-no-work",
    "hard-limit-for-all",
    "idle-time-ignored",
    "late-answers-count",
    "load-ignored",
    "lost-desktops-ignored",
    "newest-first",
    "nobody-is-absent",
    "nobody-is-excluded",
    "nothing-interrupts",
    "offers-stay-with-the-absent",
    "one-slot-more",
    "overflow-in-circles",
    "overflow-never-due",
    "owners-watch-themselves",
    "parked-comes-to-anybody",
    "parked-for-ever",
    "parts-outlive-the-owners",
    "pause-ignored",
    "percent-ignored",
    "pools-do-not-add-up",
    "priority-ignored",
    "proficiency-ignored",
    "queues-set-no-limits",
    "removed-agents-keep-work",
    "returned-loses-its-place",
    "room-for-who-helps-themself",
    "second-best",
    "skill-mode-ignored",
    "skills-of-steps-ignored",
    "steps-are-left-out",
    "steps-never-end",
    "strict-order-ignored",
    "transfers-keep-their-time",
    "warnings-are-late",
    "warnings-raise-nothing",
    "who-is-back-stays-excluded",
    "who-leaves-is-waited-for",
    "who-was-asked-need-not-accept",
    "who-was-written-to-waits",
    "work-elsewhere-for-ever",
    "work-elsewhere-ignored",
    "work-in-hand-ignored",
    "wrap-up-for-ever",
];
/// How many seeds are tried before a fault counts as unnoticed.
const SEEDS: u64 = 30;

#[test]
fn every_deliberate_fault_is_noticed() {
    let unnoticed: Vec<&str> = FAULTS
        .into_iter()
        .filter(|name| {
            fault::set(name);
            let seen = (200..200 + SEEDS)
                .any(|seed| catch_unwind(AssertUnwindSafe(|| simulate(seed, 2_000, 10))).is_err());
            fault::set("");
            !seen
        })
        .collect();
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
