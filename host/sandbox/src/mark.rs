//! What tells one call from all others.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use crate::seen::Tape;

/// The id of one call: it stands in the log lines that the plug-in wrote in it, in the error that ended it,
/// and in what the API says of it. Ids of one run of the program follow one another, from a random one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

/// Ids have 12 hexadecimal digits.
const MASK: u64 = (1 << 48) - 1;

static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| {
    // Without random numbers ids begin with the smallest one: still unique in this run.
    AtomicU64::new(getrandom::u64().unwrap_or_default())
});

impl CallId {
    /// An id that no other call of this run has.
    #[must_use]
    pub fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed) & MASK)
    }
}

impl Default for CallId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

/// One call. It is outside the call's store, because a call that runs out of time is dropped together with
/// its store.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) id: CallId,
    may_have_acted: AtomicBool,
    /// What it does, if somebody wants to see it.
    pub(crate) tape: Option<Tape>,
}

impl Mark {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(None)
    }

    /// With a tape for what the call does.
    pub(crate) fn with(tape: Option<Tape>) -> Arc<Self> {
        Arc::new(Self {
            id: CallId::new(),
            may_have_acted: AtomicBool::new(false),
            tape,
        })
    }

    /// See [`crate::CallError::may_have_acted`].
    pub(crate) fn may_have_acted(&self) -> bool {
        self.may_have_acted.load(Ordering::SeqCst)
    }

    /// Notes whether it may have acted.
    pub(crate) fn set_acted(&self, may_have: bool) {
        self.may_have_acted.store(may_have, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_differ() {
        let (one, other) = (CallId::new(), CallId::new());
        assert_ne!(one, other);
        assert_eq!(one.to_string().len(), 12);
    }
}
