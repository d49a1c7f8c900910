//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use watershed_model::Timestamp;

/// The time of day, which processing time goes by where no test tells it. It may go back; whoever needs
/// a time that does not keeps the greatest.
pub fn time_of_day() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
