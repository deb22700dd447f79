//! The tests of this plug-in, in one program: each program of its own would be linked with the whole sandbox.

mod common;
mod golden;
mod lenient;
mod posting;
mod reading;
mod regressions;
mod samples;
mod x;
