//! The tests of the SDK, in one program.

mod defaults;
mod failures;
mod signatures;
