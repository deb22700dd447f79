//! The tests of this plug-in, in one program: each program of its own would be linked with the whole sandbox.

mod actions;
mod common;
mod golden;
mod lenient;
mod polling;
mod properties;
mod samples;
