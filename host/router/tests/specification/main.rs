//! What the router promises, one test for each promise, in the words of those who use it.

mod configuration;
mod encoding;
mod explanation;
mod figures;
mod matching;
mod offers;
mod presence;
mod recovery;
mod site;
mod wrap_up;
