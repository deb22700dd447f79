//! How many messages may be sent: in a second, and to one person.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::errors;
use super::options::WhatsAppRules;
use crate::graph::{GraphError, lock};

/// How many messages to one person go out at once.
const BURST: i64 = 45;
/// After how long there may be one more.
const REFILL_MS: i64 = 6_000;

#[derive(Debug, Default)]
struct Inner {
    second: i64,
    in_second: u32,
    /// When the last message to a person would have gone out at the slow pace.
    paced: BTreeMap<String, i64>,
}

/// What was sent of late.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    inner: Mutex<Inner>,
}

impl Limits {
    /// Counts a message, unless it is too much.
    pub(crate) fn count(
        &self,
        rules: WhatsAppRules,
        recipient: &str,
        now_ms: i64,
    ) -> Result<(), GraphError> {
        let mut inner = lock(&self.inner);
        let second = now_ms.div_euclid(1000);
        if inner.second != second {
            inner.second = second;
            inner.in_second = 0;
        }
        if inner.in_second >= rules.messages_per_second {
            return Err(errors::by_code(130_429));
        }
        if rules.pair_limit {
            // Each message moves the mark by one step; it may be ahead of the clock by a burst.
            let mark = inner.paced.get(recipient).copied().unwrap_or(i64::MIN);
            let next = mark.max(now_ms) + REFILL_MS;
            if next - now_ms > BURST * REFILL_MS {
                return Err(errors::by_code(131_056));
            }
            inner.paced.insert(recipient.to_owned(), next);
        }
        inner.in_second += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use crate::whatsapp::WhatsAppRules;

    #[test]
    fn a_burst_then_one_in_six_seconds() {
        let limits = Limits::default();
        let rules = WhatsAppRules::default();
        let code = |to: &str, at: i64| limits.count(rules, to, at).map_err(|error| error.code);
        for _ in 0..45 {
            assert_eq!(code("a", 1_000), Ok(()));
        }
        assert_eq!(code("a", 1_000), Err(131_056));
        assert_eq!(code("b", 1_000), Ok(()));
        assert_eq!(code("a", 6_999), Err(131_056));
        assert_eq!(code("a", 7_000), Ok(()));
        assert_eq!(code("a", 7_000), Err(131_056));
    }

    #[test]
    fn a_second_has_room_for_so_many() {
        let limits = Limits::default();
        let rules = WhatsAppRules {
            messages_per_second: 2,
            ..WhatsAppRules::default()
        };
        let code = |to: &str, at: i64| limits.count(rules, to, at).map_err(|error| error.code);
        assert_eq!(code("a", 0), Ok(()));
        assert_eq!(code("b", 999), Ok(()));
        assert_eq!(code("c", 999), Err(130_429));
        assert_eq!(code("c", 1000), Ok(()));
    }
}
