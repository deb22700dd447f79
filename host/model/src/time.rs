//! Moments.

use std::fmt;
use std::ops::{Add, AddAssign, Deref, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, to the millisecond: as precise as any network tells, and what every file, answer and event
/// shows alike, as RFC 3339 in UTC with three decimals (`2026-11-28T09:30:00.000Z`).
///
/// Finer times are cut, also where they are read. What can be asked of it is what can be asked of
/// [`jiff::Timestamp`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The latest that there is, in the year 9999.
    pub const MAX: Self = Self(jiff::Timestamp::constant(253_402_207_200, 999_000_000));
    /// The earliest that there is.
    pub const MIN: Self = Self(jiff::Timestamp::MIN);
    /// The beginning of 1970.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// This moment, by the machine's clock.
    pub fn now() -> Self {
        jiff::Timestamp::now().into()
    }

    /// So many milliseconds after the beginning of 1970, or before it.
    ///
    /// # Errors
    ///
    /// It lies beyond [`MIN`](Self::MIN) or [`MAX`](Self::MAX).
    pub fn from_millisecond(milliseconds: i64) -> Result<Self, jiff::Error> {
        jiff::Timestamp::from_millisecond(milliseconds).map(Self)
    }

    /// So many seconds after the beginning of 1970, or before it.
    ///
    /// # Errors
    ///
    /// It lies beyond [`MIN`](Self::MIN) or [`MAX`](Self::MAX).
    pub fn from_second(seconds: i64) -> Result<Self, jiff::Error> {
        jiff::Timestamp::from_second(seconds).map(Self)
    }

    /// So much later.
    ///
    /// # Errors
    ///
    /// It lies beyond [`MAX`](Self::MAX).
    pub fn checked_add(
        self,
        time: impl Into<jiff::TimestampArithmetic>,
    ) -> Result<Self, jiff::Error> {
        self.0.checked_add(time).map(Self::from)
    }

    /// So much earlier.
    ///
    /// # Errors
    ///
    /// It lies beyond [`MIN`](Self::MIN).
    pub fn checked_sub(
        self,
        time: impl Into<jiff::TimestampArithmetic>,
    ) -> Result<Self, jiff::Error> {
        self.0.checked_sub(time).map(Self::from)
    }

    /// So much later, or the latest that there is.
    ///
    /// # Errors
    ///
    /// `time` counts in units of the calendar, which have no one length.
    pub fn saturating_add(
        self,
        time: impl Into<jiff::TimestampArithmetic>,
    ) -> Result<Self, jiff::Error> {
        self.0.saturating_add(time).map(Self::from)
    }

    /// So much earlier, or the earliest that there is.
    ///
    /// # Errors
    ///
    /// `time` counts in units of the calendar, which have no one length.
    pub fn saturating_sub(
        self,
        time: impl Into<jiff::TimestampArithmetic>,
    ) -> Result<Self, jiff::Error> {
        self.0.saturating_sub(time).map(Self::from)
    }

    /// What lies between it and an earlier moment.
    pub fn duration_since(self, earlier: Self) -> jiff::SignedDuration {
        self.0.duration_since(earlier.0)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        let finer = time.subsec_nanosecond() % 1_000_000;
        // Before 1970 as after it, what is finer than a millisecond goes. The rest is nearer to 1970, and so
        // still a moment that there is.
        jiff::Timestamp::new(time.as_second(), time.subsec_nanosecond() - finer)
            .map_or(Self(time), Self)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl Deref for Timestamp {
    type Target = jiff::Timestamp;

    fn deref(&self) -> &jiff::Timestamp {
        &self.0
    }
}

impl<T> Add<T> for Timestamp
where
    jiff::Timestamp: Add<T, Output = jiff::Timestamp>,
{
    type Output = Self;

    fn add(self, time: T) -> Self {
        (self.0 + time).into()
    }
}

impl<T> Sub<T> for Timestamp
where
    jiff::Timestamp: Sub<T, Output = jiff::Timestamp>,
{
    type Output = Self;

    fn sub(self, time: T) -> Self {
        (self.0 - time).into()
    }
}

impl<T> AddAssign<T> for Timestamp
where
    Self: Add<T, Output = Self>,
{
    fn add_assign(&mut self, time: T) {
        *self = *self + time;
    }
}

impl<T> SubAssign<T> for Timestamp
where
    Self: Sub<T, Output = Self>,
{
    fn sub_assign(&mut self, time: T) {
        *self = *self - time;
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(|time: jiff::Timestamp| time.into())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        jiff::Timestamp::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_written_with_three_decimals_and_finer_times_are_cut() {
        for (given, shown) in [
            ("2026-11-28T09:30:00Z", "2026-11-28T09:30:00.000Z"),
            ("2026-11-28T09:30:00.5+01:00", "2026-11-28T08:30:00.500Z"),
            ("2026-11-28T09:30:00.123999999Z", "2026-11-28T09:30:00.123Z"),
            ("1969-12-31T23:59:59.9995Z", "1970-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:58.7654321Z", "1969-12-31T23:59:58.766Z"),
        ] {
            let time: Timestamp = given.parse().unwrap();
            assert_eq!(time.to_string(), shown);
            assert_eq!(
                serde_json::to_string(&time).unwrap(),
                format!("\"{shown}\"")
            );
            let read: Timestamp = serde_json::from_str(&format!("\"{given}\"")).unwrap();
            assert_eq!(read, time);
        }
        assert_eq!(Timestamp::MAX, jiff::Timestamp::MAX.into());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(milliseconds in -1_000_000_000_000_i64..=253_402_207_200_999) {
            let time = Timestamp::from_millisecond(milliseconds).unwrap();
            let text = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), time);
            prop_assert_eq!(time.as_millisecond(), milliseconds);
        }
    }
}
