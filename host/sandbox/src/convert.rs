//! Between the contract's generated types and the model's. What comes from a guest is checked on
//! the way: sizes, finite numbers, and what the contract says of each field.

mod action;
mod analysis;
mod event;
mod finding;
mod manifest;
mod template;

pub(crate) use action::action_request;
pub(crate) use analysis::{check_evidence, problems, subject};
pub(crate) use event::{to_attachment, to_identity, webhook_request};
pub(crate) use manifest::manifest;

use crate::error::Fault;
use crate::limits::Limits;

/// A guest's answer that has to be checked.
pub(crate) trait Checked<T> {
    /// The answer in the model's types, or what is wrong with it.
    fn checked(self, limits: &Limits) -> Result<T, Fault>;
}

fn bad<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Output(text.into()))
}

/// Converts every element, and stops at the first that cannot be.
fn each<W, T>(list: Vec<W>, convert: impl FnMut(W) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    list.into_iter().map(convert).collect()
}

fn all<W, T>(list: Vec<W>, convert: impl FnMut(W) -> T) -> Vec<T> {
    list.into_iter().map(convert).collect()
}
