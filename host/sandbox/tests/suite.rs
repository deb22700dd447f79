//! The tests of the sandbox, in one program, which is linked once.

mod analyzer;
mod contract;
mod isolation;
mod lanes;
mod limits;
mod loading;
mod media;
mod network;
mod placed;
mod support;
mod told;
