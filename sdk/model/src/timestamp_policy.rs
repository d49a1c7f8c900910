//! The time that the elements of a source go by.

use std::{fmt, sync::Arc};

use crate::{Duration, Timestamp, fault};

/// The time that the elements of a source go by, and with them windows and watermark: a choice of whoever
/// reads. (Beam: `TimestampPolicy` of its connectors.)
///
/// ```text
///   event time        what the element itself says
///   ingestion time    the clock when the reader took the element in from outside
///   processing time   the clock when the element was read into the pipeline
/// ```
/// The last two differ where elements wait in the reader. Both go by the job's
/// [clock](crate::SourceOutput::now), which a test can tell.
pub struct TimestampPolicy<T: ?Sized>(Policy<T>);

/// Finds the time of an element, if it has one.
type TimeOf<T> = dyn Fn(&T) -> Option<Timestamp> + Send + Sync;

enum Policy<T: ?Sized> {
    Event { time_of: Arc<TimeOf<T>>, max_delay: Duration },
    Ingestion,
    Processing,
}

impl<T: ?Sized> TimestampPolicy<T> {
    /// Event time: what `time_of` finds in an element. An element for which it finds none is dropped and
    /// counted (undecodable). The watermark stays `max_delay` behind the newest time so far; an element
    /// that is further behind may be late.
    pub fn event_time(
        time_of: impl Fn(&T) -> Option<Timestamp> + Send + Sync + 'static,
        max_delay: Duration,
    ) -> Self {
        TimestampPolicy(Policy::Event { time_of: Arc::new(time_of), max_delay })
    }

    /// Ingestion time: the clock when the reader took the element in, however long it waits there.
    pub fn ingestion_time() -> Self {
        TimestampPolicy(Policy::Ingestion)
    }

    /// Processing time: the clock when the element was read into the pipeline. The watermark follows the
    /// clock.
    pub fn processing_time() -> Self {
        TimestampPolicy(Policy::Processing)
    }

    /// The time of an element that was taken in at `ingested` and is read at `now`.
    pub fn timestamp(&self, element: &T, ingested: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Policy::Event { time_of, .. } => time_of(element),
            Policy::Ingestion if fault!("ingestion-goes-by-the-reading") => Some(now),
            Policy::Ingestion => Some(ingested),
            Policy::Processing if fault!("processing-goes-by-the-arrival") => Some(ingested),
            Policy::Processing => Some(now),
        }
    }

    /// The watermark of a split, of which the newest element so far is at `newest`, and the oldest that
    /// waits in the reader was taken in at `waiting`, if one does.
    pub fn watermark(
        &self,
        newest: Timestamp,
        waiting: Option<Timestamp>,
        now: Timestamp,
    ) -> Timestamp {
        match &self.0 {
            Policy::Event { max_delay, .. } => newest - *max_delay,
            Policy::Ingestion => waiting.unwrap_or(now),
            Policy::Processing => now,
        }
    }

    /// Whether elements tell their times by themselves.
    pub fn is_event_time(&self) -> bool {
        matches!(self.0, Policy::Event { .. })
    }
}

impl<T: ?Sized> Clone for TimestampPolicy<T> {
    fn clone(&self) -> Self {
        TimestampPolicy(match &self.0 {
            Policy::Event { time_of, max_delay } => {
                Policy::Event { time_of: time_of.clone(), max_delay: *max_delay }
            }
            Policy::Ingestion => Policy::Ingestion,
            Policy::Processing => Policy::Processing,
        })
    }
}

impl<T: ?Sized> fmt::Debug for TimestampPolicy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Policy::Event { max_delay, .. } => write!(f, "event time, up to {max_delay} behind"),
            Policy::Ingestion => f.write_str("ingestion time"),
            Policy::Processing => f.write_str("processing time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn each_policy_has_a_time_and_a_watermark_of_its_own() {
        let of = |policy: &TimestampPolicy<str>| {
            let time = policy.timestamp("7", at(10), at(20));
            let watermarks = [None, Some(at(10))].map(|w| policy.watermark(at(7), w, at(20)));
            (time, watermarks)
        };
        let parse = |text: &str| text.parse().ok().map(at);
        let event = TimestampPolicy::event_time(parse, crate::seconds(2));
        assert_eq!(of(&event), (Some(at(7)), [at(5), at(5)]));
        assert_eq!(event.timestamp("seven", at(10), at(20)), None);
        let ingestion = TimestampPolicy::ingestion_time();
        assert_eq!(of(&ingestion), (Some(at(10)), [at(20), at(10)]));
        let processing = TimestampPolicy::processing_time();
        assert_eq!(of(&processing), (Some(at(20)), [at(20), at(20)]));
        // Nothing was read yet.
        assert_eq!(event.watermark(Timestamp::MIN, None, at(20)), Timestamp::MIN);
    }
}
