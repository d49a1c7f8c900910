//! How far the output of splittable work has come.

use watershed_model::Timestamp;

/// Says of the work on one restriction that no output that is still to come is on time with a smaller event
/// time. What it says never goes back: where it would, the greatest that it has said counts. (Beam:
/// `WatermarkEstimator`.)
pub trait WatermarkEstimator: Clone + Send + 'static {
    /// How far the output has come, at this processing time.
    fn watermark(&self, now: Timestamp) -> Timestamp;

    /// Something was put out with this event time.
    fn has_put_out(&mut self, timestamp: Timestamp) {
        let _ = timestamp;
    }
}

/// The author's code says how far its output has come, with [`set`](Self::set). (Beam:
/// `WatermarkEstimators.Manual`.)
#[derive(Clone, Copy, Debug)]
pub struct ManualEstimator(Timestamp);

impl ManualEstimator {
    /// Nothing earlier than `at` will come.
    pub fn at(at: Timestamp) -> Self {
        ManualEstimator(at)
    }

    /// Nothing earlier than `at` will come any more.
    pub fn set(&mut self, at: Timestamp) {
        self.0 = at;
    }
}

impl WatermarkEstimator for ManualEstimator {
    fn watermark(&self, _: Timestamp) -> Timestamp {
        self.0
    }
}

/// For output whose event time is the processing time. (Beam: `WatermarkEstimators.WallTime`.)
#[derive(Clone, Copy, Debug)]
pub struct WallClockEstimator;

impl WatermarkEstimator for WallClockEstimator {
    fn watermark(&self, now: Timestamp) -> Timestamp {
        now
    }
}

/// For output in the order of its event times: it has come as far as what was put out last. (Beam:
/// `WatermarkEstimators.MonotonicallyIncreasing`.)
#[derive(Clone, Copy, Debug)]
pub struct MonotonicEstimator(Timestamp);

impl MonotonicEstimator {
    /// Nothing earlier than `at` will come.
    pub fn at(at: Timestamp) -> Self {
        MonotonicEstimator(at)
    }
}

impl WatermarkEstimator for MonotonicEstimator {
    fn watermark(&self, _: Timestamp) -> Timestamp {
        self.0
    }
    fn has_put_out(&mut self, timestamp: Timestamp) {
        self.0 = self.0.max(timestamp);
    }
}
