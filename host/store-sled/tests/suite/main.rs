//! The store in a folder, from outside. One program, so that it is linked once and its parts run side by side.

mod backup;
mod conformance;
mod defects;
mod erasure;
mod maintenance;
mod migration;
mod properties;
mod salvage;
mod unit;
