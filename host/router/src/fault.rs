//! Deliberate small faults, to show that the simulation notices each of them. They exist in this crate's own
//! tests only: elsewhere none is ever on, and nothing is left of the question.

#[cfg(test)]
thread_local! {
    static ON: std::cell::Cell<&'static str> = const { std::cell::Cell::new("") };
}

/// Whether a fault is on in this thread.
#[cfg(test)]
pub(crate) fn is_on(name: &'static str) -> bool {
    ON.get() == name
}

/// Whether a fault is on: never.
#[cfg(not(test))]
pub(crate) const fn is_on(_name: &'static str) -> bool {
    false
}

/// Puts a fault in place of the one that was on in this thread.
#[cfg(test)]
pub(crate) fn set(name: &'static str) {
    ON.set(name);
}
