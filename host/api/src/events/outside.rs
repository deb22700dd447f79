//! What systems outside are told: the form of the event streams, without what is for one person or for
//! administrators alone.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use linecard_model::event::Event;
use linecard_webhooks::Shape;

use super::audience::{is_for_administrators, is_of_one};
use super::data::Envelope;
use super::schema::schema;

/// The kinds of events that nobody outside is told. A test holds them to [`is_told`].
const KEPT: [&str; 8] = [
    "audited",
    "draft-removed",
    "draft-saved",
    "interaction-read",
    "plugin-changed",
    "site-configured",
    "training-message-removed",
    "training-message-saved",
];

static KINDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let schema = schema();
    let all = schema["$defs"]["Happened"]["oneOf"].as_array();
    let names = all.into_iter().flatten();
    let names = names.filter_map(|kind| kind["properties"]["kind"]["enum"][0].as_str());
    let told = names.filter(|name| !KEPT.contains(name));
    told.map(str::to_owned).collect()
});

/// The kinds of events that systems outside can be told.
pub(crate) fn kinds() -> &'static BTreeSet<String> {
    &KINDS
}

/// How an event is told outside.
pub(crate) fn told_outside() -> Shape {
    Shape {
        is_shown: is_told,
        payload: |seq, at, event| Envelope::new(seq, at, event, false).json(),
    }
}

pub(super) fn is_told(event: &Event) -> bool {
    !is_for_administrators(event) && is_of_one(event).is_none()
}
