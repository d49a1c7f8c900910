//! Random orders in which elements may arrive.

use std::fmt::Debug;

use proptest::{collection::vec, prelude::*};
use watershed_core::TestStream;
use watershed_model::{Duration, Element, Timestamp, seconds};

/// The ways in which elements may arrive, to be drawn by [proptest](https://docs.rs/proptest): in any order,
/// in bundles cut anywhere, with a watermark that moves between them. So a test can say that a result does
/// not depend on any of that. (The feature `proptest`.)
///
/// The watermark never passes an element that is still to come, unless that is [allowed](Self::late_by).
/// What fails is shrunk towards the given order, few bundles and a watermark that stands still.
///
/// ```
/// use proptest::{prelude::*, test_runner::TestRunner};
/// use watershed::{prelude::*, testing::{Arrivals, TestPipeline, last_panes}};
///
/// let at = Timestamp::from_seconds;
/// let scores = [("ann", 1, 5), ("bob", 2, 50), ("ann", 4, 61)];
/// let scores = scores.map(|(name, points, second)| ((name.to_string(), points), at(second)));
/// let mut runner = TestRunner::new(ProptestConfig::with_cases(8));
/// runner
///     .run(&Arrivals::of(scores).late_by(minutes(5)).streams(), |stream| {
///         let pipeline = TestPipeline::new();
///         let windows = FixedWindows::of(minutes(1)).triggering(Repeatedly::of(AfterCount::of(1)));
///         let windows = windows.allowed_lateness(minutes(5)).accumulating();
///         let sums = pipeline.apply(stream).window(windows).combine_per_key(Sum).collect();
///         pipeline.run();
///         let sums: Vec<i32> = last_panes(sums.observed()).into_values().collect();
///         prop_assert_eq!(sums, [1, 4, 2]);
///         Ok(())
///     })
///     .unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Arrivals<T> {
    elements: Vec<(T, Timestamp)>,
    late_by: Duration,
    pause: Duration,
}

/// What may happen behind an element.
#[derive(Clone, Copy, Debug)]
struct Behind {
    /// Whether the bundle ends.
    cut: bool,
    /// How far the watermark goes, in thousandths of the way to where it may.
    watermark: Option<i64>,
    /// How long until the next bundle, in microseconds of processing time.
    pause: i64,
}

const WHOLE_WAY: i64 = 1_000;

impl<T: Element + Debug> Arrivals<T> {
    /// Of these elements, with their event times.
    pub fn of(elements: impl IntoIterator<Item = (T, Timestamp)>) -> Self {
        let elements = elements.into_iter().collect();
        Arrivals { elements, late_by: Duration::ZERO, pause: Duration::ZERO }
    }

    /// The watermark may be ahead of an element that comes by up to this span. With windows that allow so
    /// much lateness, nothing is dropped.
    #[must_use]
    pub fn late_by(self, span: Duration) -> Self {
        Arrivals { late_by: span, ..self }
    }

    /// Between bundles up to so much processing time passes, so that what goes by the clock fires here and
    /// there.
    #[must_use]
    pub fn with_pauses(self, up_to: Duration) -> Self {
        Arrivals { pause: up_to, ..self }
    }

    /// The streams. Each ends with the watermark at infinity.
    pub fn streams(self) -> impl Strategy<Value = TestStream<T>> + use<T> {
        let Arrivals { elements, late_by, pause } = self;
        let watermark = prop_oneof![
            2 => Just(None),
            2 => (0..WHOLE_WAY).prop_map(Some),
            1 => Just(Some(WHOLE_WAY)),
        ];
        let behind = (any::<bool>(), watermark, 0..=pause.as_micros().max(0))
            .prop_map(|(cut, watermark, pause)| Behind { cut, watermark, pause });
        let behind = vec(behind, elements.len());
        (Just(elements).prop_shuffle(), behind)
            .prop_map(move |(elements, behind)| stream(&elements, &behind, late_by))
    }
}

fn stream<T: Element>(
    elements: &[(T, Timestamp)],
    behind: &[Behind],
    late_by: Duration,
) -> TestStream<T> {
    let mut stream = TestStream::new();
    let (mut bundle, mut watermark) = (Vec::new(), Timestamp::MIN);
    let earliest = |rest: &[(T, Timestamp)]| rest.iter().map(|(_, at)| *at).min();
    let begins = earliest(elements).unwrap_or(Timestamp::MIN) - seconds(1);
    let mut far = begins;
    for (place, (element, behind)) in std::iter::zip(elements, behind).enumerate() {
        bundle.push(element.clone());
        far = far.max(element.1);
        if !behind.cut {
            continue;
        }
        stream = stream.elements(bundle.drain(..));
        if behind.pause > 0 {
            stream = stream.advance_processing_time(Duration::from_micros(behind.pause));
        }
        let bound = earliest(&elements[place + 1..]).map_or(far, |next| next + late_by);
        let bound = bound.min(Timestamp::END_OF_GLOBAL_WINDOW);
        let from = watermark.max(begins);
        if let Some(thousandths) = behind.watermark.filter(|_| bound > from) {
            // In wide numbers: the times may lie as far apart as there are.
            let way = i128::from(bound.as_micros()) - i128::from(from.as_micros());
            let part = way * i128::from(thousandths) / i128::from(WHOLE_WAY);
            let to = i128::from(from.as_micros()) + part;
            watermark = i64::try_from(to).map_or(bound, Timestamp::from_micros);
            stream = stream.advance_watermark_to(watermark);
        }
    }
    if !bundle.is_empty() {
        stream = stream.elements(bundle);
    }
    stream.advance_watermark_to_infinity()
}

#[cfg(test)]
#[path = "tests/arrivals.rs"]
mod tests;
