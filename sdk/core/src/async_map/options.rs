//! How calls to the outside are made.

use watershed_model::{Duration, millis, minutes, seconds};

/// No wait before a call is made again is longer.
const LONGEST_WAIT: Duration = minutes(1);

/// How [`async_map`](crate::PCollection::async_map) makes its calls. By default 64 at once, each for at most 30
/// seconds, and none again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsyncOptions {
    pub(super) concurrency: usize,
    pub(super) is_ordered: bool,
    pub(super) retries: u32,
    backoff: Duration,
    pub(super) timeout: Duration,
}

impl Default for AsyncOptions {
    fn default() -> Self {
        AsyncOptions {
            concurrency: 64,
            is_ordered: true,
            retries: 0,
            backoff: millis(100),
            timeout: seconds(30),
        }
    }
}

impl AsyncOptions {
    /// The default.
    pub fn new() -> Self {
        AsyncOptions::default()
    }

    /// At most so many calls at once on each worker: what is called sees the workers times this. (Flink: the
    /// capacity of its asynchronous operator.)
    #[must_use]
    pub fn concurrency(self, calls: usize) -> Self {
        AsyncOptions { concurrency: calls, ..self }
    }

    /// Within a bundle results stand as their elements do. This is the default. (Flink: `orderedWait`.)
    #[must_use]
    pub fn ordered(self) -> Self {
        AsyncOptions { is_ordered: true, ..self }
    }

    /// Within a bundle results stand as the calls ended. A bundle leaves when all its calls have ended, in this
    /// order or that, so little is won. (Flink: `unorderedWait`.)
    #[must_use]
    pub fn unordered(self) -> Self {
        AsyncOptions { is_ordered: false, ..self }
    }

    /// A call that fails is made again, so often at most. What is called must bear to be called twice.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        AsyncOptions { retries, ..self }
    }

    /// How long to wait before a call is made again: so long after its first failure, and after each further
    /// one twice as long, up to a minute. By default it begins with 100 ms.
    #[must_use]
    pub fn backoff(self, first: Duration) -> Self {
        AsyncOptions { backoff: first, ..self }
    }

    /// A call that takes longer has failed, and is made no more or made again; each has this limit anew.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        AsyncOptions { timeout: limit, ..self }
    }

    /// What is wrong with them, and how to mend it.
    pub(super) fn problem(&self) -> Option<(String, &'static str)> {
        if self.concurrency == 0 {
            return Some(("makes 0 calls at once".into(), "let it make at least one"));
        }
        if !self.timeout.is_positive() {
            let problem = format!("lets a call take {}", self.timeout);
            return Some((problem, "give it a time limit above zero"));
        }
        (self.backoff < Duration::ZERO).then(|| {
            let problem = format!("waits {} before a call is made again", self.backoff);
            (problem, "let it wait for zero or more")
        })
    }

    /// How long to wait after so many failures.
    pub(super) fn wait_after(&self, failures: u32) -> Duration {
        let times = 1i64.checked_shl(failures.saturating_sub(1)).filter(|times| *times > 0);
        let longer = self.backoff.as_micros().saturating_mul(times.unwrap_or(i64::MAX));
        Duration::from_micros(longer).min(LONGEST_WAIT)
    }
}

/// A span for tokio; what is negative, and was refused, is none.
pub(super) fn span(span: Duration) -> std::time::Duration {
    std::time::Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_as_long_up_to_a_minute() {
        let options = AsyncOptions::new().backoff(seconds(10));
        let waits = [1, 2, 3, 4, 63, 64, 65, u32::MAX].map(|failures| options.wait_after(failures));
        let minute = minutes(1);
        let expected =
            [seconds(10), seconds(20), seconds(40), minute, minute, minute, minute, minute];
        assert_eq!(waits, expected);
        assert_eq!(options.backoff(Duration::ZERO).wait_after(70), Duration::ZERO);
    }
}
