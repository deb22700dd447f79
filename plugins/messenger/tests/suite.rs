//! The tests of this plug-in, in one program: each program of its own would be linked with the whole sandbox.

mod backfill;
mod common;
mod errors;
mod golden;
mod lenient;
mod properties;
mod samples;
mod sending;
mod webhook;
