//! Times as the contract counts them, in milliseconds since the Unix epoch, and as networks write them.

use crate::events::Timestamp;
use jiff::fmt::{rfc2822, strtime, temporal};

/// Now, by the host's clock.
pub fn now() -> Timestamp {
    crate::host::with(|host| host.now())
}

/// Reads an RFC 3339 or ISO 8601 time with an offset, such as `2026-02-03T04:05:06.789Z` or Meta's
/// `2026-02-03T04:05:06+0000`. `None` if it is none, or before 1970.
///
/// ```
/// use linecard_sdk::time;
/// assert_eq!(time::from_rfc3339("1970-01-01T00:00:01.5Z"), Some(1_500));
/// assert_eq!(time::from_rfc3339("1970-01-01T01:00:01+0100"), Some(1_000));
/// assert_eq!(time::from_rfc3339("yesterday"), None);
/// ```
pub fn from_rfc3339(text: &str) -> Option<Timestamp> {
    static PARSER: temporal::DateTimeParser = temporal::DateTimeParser::new();
    milliseconds(PARSER.parse_timestamp(text).ok()?)
}

/// Writes RFC 3339 in UTC, with milliseconds if there are any; a time past the year 9999 becomes its
/// last second.
///
/// ```
/// assert_eq!(linecard_sdk::time::rfc3339(1_500), "1970-01-01T00:00:01.5Z");
/// ```
pub fn rfc3339(time: Timestamp) -> String {
    let milliseconds = i64::try_from(time).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(milliseconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

/// Reads a time as HTTP headers write it (RFC 9110, section 5.6.7), such as
/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn from_http_date(text: &str) -> Option<Timestamp> {
    milliseconds(rfc2822::parse(text).ok()?.timestamp())
}

/// Reads a time by a `strptime` format, which must name an offset.
///
/// ```
/// let time = linecard_sdk::time::parse("%a %b %d %H:%M:%S %z %Y", "Wed Oct 10 20:19:24 +0000 2018");
/// assert_eq!(time, Some(1_539_202_764_000));
/// ```
pub fn parse(format: &str, text: &str) -> Option<Timestamp> {
    milliseconds(strtime::parse(format, text).ok()?.to_timestamp().ok()?)
}

/// Whole seconds since the Unix epoch as a time; `None` if negative or out of range.
pub fn from_seconds(seconds: i64) -> Option<Timestamp> {
    u64::try_from(seconds).ok()?.checked_mul(1_000)
}

fn milliseconds(time: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(time.as_millisecond()).ok()
}

/// A time in JSON, as RFC 3339.
pub(crate) mod text {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // As the host writes times: with three decimals, always.
        let milliseconds = i64::try_from(*time).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX);
        serializer.collect_str(&format_args!("{time:.3}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::from_rfc3339(&text)
            .ok_or_else(|| D::Error::custom(format!("not an RFC 3339 time since 1970: {text}")))
    }
}

/// A time in JSON that may be absent.
pub(crate) mod optional_text {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Text(#[serde(with = "super::text")] Timestamp);

    #[allow(clippy::ref_option, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(time)| time))
    }
}
