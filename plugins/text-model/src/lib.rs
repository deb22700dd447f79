//! A model that labels short texts and can be trained: a linear one over hashed words and pieces of words.
//!
//! It does no I/O: the plug-in `classifier` reads messages with it, and `linecard train` makes models by it,
//! so that both mean the same by a word.

pub mod calibration;
pub mod compare;
pub mod features;
mod file;
pub mod fit;
pub mod measure;
pub mod model;
pub mod train;

pub use file::FileError;
pub use model::{Model, Provenance, Verdict};
