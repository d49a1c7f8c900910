//! The clock of a job.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use watershed_model::Timestamp;

/// What processing time goes by: the time of day, or what a test tells.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>);

impl Clock {
    /// A clock that shows what `now` returns, which runners ask again and again, from any thread. For
    /// tests: a run that goes by it ends the same way however fast it is.
    pub fn told_by(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Clock(Some(Arc::new(now)))
    }

    /// Whether a test tells the time.
    pub fn is_told(&self) -> bool {
        self.0.is_some()
    }

    /// What the clock shows. It may go back; whoever needs a time that does not keeps the greatest.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(now) => now(),
            None => time_of_day(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_told() { "a test's clock" } else { "the time of day" })
    }
}

/// The time of day; it may go back.
pub fn time_of_day() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
