//! Rules and opening hours: facts in, decisions out. Nothing here waits, reads a clock or keeps anything.
//!
//! A rule's condition is an expression in CEL over one typed table of facts ([`TABLE`]). It is parsed and
//! checked when it is saved ([`Expression::parse`]), with everything that is wrong told at once; what was
//! accepted can then only hold, not hold, or be undecided because a fact is absent ([`Verdict`]).

mod actions;
mod calendar;
mod check;
mod expression;
mod facts;
mod hold;
mod hours;
mod rules;
mod scan;
mod special;
mod types;

pub use calendar::Happening;
pub use check::Fault;
pub use expression::{Expression, Verdict};
pub use facts::{Fact, Facts, MOST_ENTRIES, MOST_TEXT};
pub use hold::HeldUntil;
pub use hours::{Hours, HoursFault, Standing};
pub use rules::{Act, Decision, Held, Occasion, RuleFault, RuleSet, Wanted};
pub use scan::{DEEPEST, LONGEST};
pub use types::{FactRow, TABLE, Type, table};
