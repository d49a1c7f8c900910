//! Event time: instants and spans in microseconds, saturating everywhere, so that nothing overflows.

use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// An instant, in microseconds since the Unix epoch. All arithmetic saturates at [`MIN`] and [`MAX`].
///
/// Beam's wire format counts milliseconds; [`to_millis`] floors, so that a time before the epoch
/// does not move forward.
///
/// [`MIN`]: Timestamp::MIN
/// [`MAX`]: Timestamp::MAX
/// [`to_millis`]: Timestamp::to_millis
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The least instant: what an element without an event time carries, and where watermarks start.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The greatest instant: a watermark here says that nothing more comes.
    pub const MAX: Timestamp = Timestamp(i64::MAX);
    /// The max timestamp of the global window: one day before [`Timestamp::MAX`].
    pub const END_OF_GLOBAL_WINDOW: Timestamp = Timestamp(i64::MAX - 86_400_000_000);

    /// The instant `micros` microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Timestamp(micros)
    }

    /// The instant `millis` milliseconds after the Unix epoch (saturating).
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis.saturating_mul(1_000))
    }

    /// The instant `seconds` seconds after the Unix epoch (saturating).
    pub const fn from_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch, rounded towards the past.
    #[inline]
    pub const fn to_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The span from `earlier` to `self` (saturating; negative if `earlier` is later).
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 where the calendar reaches, `MIN` and `MAX` at the ends, microseconds otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Timestamp::MIN => f.write_str("MIN"),
            Timestamp::MAX => f.write_str("MAX"),
            Timestamp::END_OF_GLOBAL_WINDOW => f.write_str("END_OF_GLOBAL_WINDOW"),
            Timestamp(micros) => match chrono::DateTime::from_timestamp_micros(micros) {
                Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.fZ")),
                None => write!(f, "{micros}us"),
            },
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no instant: write it as in RFC 3339, 2026-01-31T12:00:00Z")]
pub struct TimestampParseError(String);

impl FromStr for Timestamp {
    type Err = TimestampParseError;

    /// Reads an instant as it prints, of years with four digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ends = [Timestamp::MIN, Timestamp::MAX, Timestamp::END_OF_GLOBAL_WINDOW];
        if let Some(end) = ends.into_iter().find(|end| end.to_string() == text) {
            return Ok(end);
        }
        if let Some(micros) = text.strip_suffix("us").and_then(|micros| micros.parse().ok()) {
            return Ok(Timestamp(micros));
        }
        let time = chrono::DateTime::parse_from_rfc3339(text);
        time.map(Timestamp::from).map_err(|_| TimestampParseError(text.to_owned()))
    }
}

impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for Timestamp {
    fn from(time: chrono::DateTime<Z>) -> Self {
        Timestamp(time.timestamp_micros())
    }
}

/// A span of time, in microseconds; negative spans are legal values, though most places refuse them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(i64);

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// The longest span, used for "without a bound".
    pub const MAX: Duration = Duration(i64::MAX);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Duration(micros)
    }

    /// The span in microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whether the span is longer than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// The units of a span, with their microseconds.
const UNITS: [(i64, &str); 6] = [
    (86_400_000_000, "d"),
    (3_600_000_000, "h"),
    (60_000_000, "m"),
    (1_000_000, "s"),
    (1_000, "ms"),
    (1, "us"),
];

/// Stops at the longest span there is.
impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Duration {
    /// The largest unit that divides the span: `10s`, `250ms`, `2h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(unit, _)| self.0 != 0 && self.0 % unit == 0) {
            Some((unit, suffix)) => write!(f, "{}{suffix}", self.0 / unit),
            None if self.0 == 0 => f.write_str("0s"),
            None => write!(f, "{}us", self.0),
        }
    }
}

/// Text that is no span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationParseError {
    /// It is not a whole number and a unit.
    #[error("`{0}` is not a whole number and a unit (ms, s, m, h, d), such as 250ms, 5s or 2h")]
    Form(String),
    /// It is too long to be counted in microseconds.
    #[error("`{0}` is longer than 292 thousand years")]
    TooLong(String),
}

impl FromStr for Duration {
    type Err = DurationParseError;

    /// Reads a span as it prints: a whole number and one of `us`, `ms`, `s`, `m`, `h`, `d`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || DurationParseError::Form(text.into());
        let too_long = || DurationParseError::TooLong(text.into());
        let number_end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(form)?;
        let (number, unit) = text.split_at_checked(number_end).ok_or_else(form)?;
        let (micros, _) = UNITS.iter().find(|(_, name)| *name == unit).ok_or_else(form)?;
        let digits = number.strip_prefix('-').unwrap_or(number);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let count: i64 = number.parse().map_err(|_| too_long())?;
        count.checked_mul(*micros).map(Duration).ok_or_else(too_long)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<std::time::Duration> for Duration {
    fn from(span: std::time::Duration) -> Self {
        Duration(i64::try_from(span.as_micros()).unwrap_or(i64::MAX))
    }
}

impl From<chrono::TimeDelta> for Duration {
    fn from(span: chrono::TimeDelta) -> Self {
        let saturated = if span < chrono::TimeDelta::zero() { i64::MIN } else { i64::MAX };
        Duration(span.num_microseconds().unwrap_or(saturated))
    }
}

/// A span of `n` microseconds.
pub const fn micros(n: i64) -> Duration {
    Duration(n)
}

/// A span of `n` milliseconds (saturating, as all of these).
pub const fn millis(n: i64) -> Duration {
    Duration(n.saturating_mul(1_000))
}

/// A span of `n` seconds.
pub const fn seconds(n: i64) -> Duration {
    Duration(n.saturating_mul(1_000_000))
}

/// A span of `n` minutes.
pub const fn minutes(n: i64) -> Duration {
    Duration(n.saturating_mul(60_000_000))
}

/// A span of `n` hours.
pub const fn hours(n: i64) -> Duration {
    Duration(n.saturating_mul(3_600_000_000))
}

/// A span of `n` days of 24 hours (calendar days are a window function's business).
pub const fn days(n: i64) -> Duration {
    Duration(n.saturating_mul(86_400_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_time_are_those_of_the_model() {
        assert_eq!(Timestamp::END_OF_GLOBAL_WINDOW.to_millis(), 9_223_371_950_454_775);
        assert_eq!(Timestamp::MAX + seconds(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - days(i64::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.since(Timestamp::MIN), Duration::MAX);
    }

    #[test]
    fn milliseconds_floor_before_the_epoch() {
        assert_eq!(Timestamp::from_micros(-1).to_millis(), -1);
        assert_eq!(Timestamp::from_micros(1_999).to_millis(), 1);
    }

    #[test]
    fn spans_and_instants_print_as_people_write_them() {
        assert_eq!(seconds(90).to_string(), "90s");
        assert_eq!(minutes(120).to_string(), "2h");
        assert_eq!(micros(-5).to_string(), "-5us");
        assert_eq!(Duration::ZERO.to_string(), "0s");
        assert_eq!(Timestamp::from_seconds(1).to_string(), "1970-01-01T00:00:01Z");
        assert_eq!(Timestamp::from_millis(1_500).to_string(), "1970-01-01T00:00:01.500Z");
    }

    #[test]
    fn a_span_is_read_as_it_prints() {
        let read = |text: &str| text.parse::<Duration>();
        assert_eq!(read("250ms"), Ok(millis(250)));
        assert_eq!(read("0s"), Ok(Duration::ZERO));
        assert_eq!(read("30m"), Ok(minutes(30)));
        assert_eq!(read("1d"), Ok(hours(24)));
        for span in [Duration::MAX, Duration(i64::MIN), seconds(-7), micros(1), days(400)] {
            assert_eq!(read(&span.to_string()), Ok(span));
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "5", "s", "-s", "--5s", "+5s", "5 s", "5S", "5sec", "1.5s", "5m3s", "٣s"]
        {
            assert_eq!(text.parse::<Duration>(), Err(DurationParseError::Form(text.into())));
        }
        for text in ["106751992d", "-106751992d", "9223372036854775808us"] {
            assert_eq!(text.parse::<Duration>(), Err(DurationParseError::TooLong(text.into())));
        }
    }

    #[test]
    fn instants_are_read_as_they_print() {
        let far = Timestamp::from_micros(i64::MAX - 5);
        let some = Timestamp::from_micros(1_700_000_000_123_456);
        for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::END_OF_GLOBAL_WINDOW, far, some] {
            assert_eq!(at.to_string().parse(), Ok(at));
        }
        let error = "noon".parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.contains("`noon`"), "{error}");
    }
}
