//! Full text: which messages, notes and contacts hold certain words, and who may know.
//!
//! # Use this when
//! something is to be found by what it says. What it says is read from the store: here it lies only as words
//! and where they stand.
//!
//! # Invariants
//! - The index is a view in a folder of its own: it can be thrown away and is built anew from the store.
//! - How far it has come ([`Position`]) is written with each change, in one step: after a kill it goes on
//!   exactly there, and what it is told again has no further effect.
//! - What somebody may not see is left out while it is looked for, not afterwards.
//! - What was erased is gone from the files when [`Writer::write`] has ended, with its words.
//!
//! It knows no store and no task: whoever has both tells it what there is.

mod document;
mod find;
mod index;
mod question;
mod schema;
mod text;

pub use document::{Change, Conversation, Document, Key, Kind};
pub use find::{Asked, Cursor, Filter, Found, Order, ScoreRange, Sight};
pub use index::{Index, Position, SearchError, Size, Writer};
pub use question::{
    FEWEST_BEFORE_STAR, LONGEST_QUESTION, MOST_WORDS, Question, QuestionError, Range,
};
