//! What the router promises, one test for each promise, in the words of those who use it.

mod beginning;
mod capacity;
mod configuration;
mod decisions;
mod encoding;
mod explanation;
mod figures;
mod legs;
mod matching;
mod moving;
mod offers;
mod presence;
mod recovery;
mod service;
mod site;
mod steps;
mod wrap_up;
