//! How a program's sources give their elements: at once from memory, or as a stream, in some order, with
//! a watermark that moves between them.

use fastrand::Rng;
use watershed::{Create, Element, PCollection, Pipeline, TestStream, Timestamp, WindowSettings};

use super::windows::SECOND;
use crate::stepped::{Step, Stepped};

/// From where elements come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum From {
    /// From memory, all at once.
    #[default]
    Memory,
    /// From a test stream.
    Script,
    /// From a source whose watermark moves.
    Source,
}

/// How a program's sources give their elements.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    pub(crate) from: From,
    /// Fixes the order and the watermarks.
    pub(crate) seed: u64,
    /// Whether a watermark may pass elements that are still to come.
    pub(crate) late: bool,
    /// When and how all groups go out; as in a batch, if nothing is said.
    pub(crate) rules: Option<WindowSettings>,
}

impl Feed {
    /// A source of these elements, the one that stands at `place`.
    pub(super) fn source<T: Element>(
        &self,
        pipeline: &Pipeline,
        elements: Vec<(T, Timestamp)>,
        place: usize,
    ) -> PCollection<T> {
        let mut random = Rng::with_seed(self.seed.wrapping_mul(64) + place as u64);
        let elements = match self.from {
            From::Memory => pipeline.apply(Create::timestamped(elements)),
            From::Script => pipeline.apply(script(self.steps(elements, &mut random), &mut random)),
            From::Source => {
                let parts = self.parts(elements, &mut random);
                pipeline.read(Stepped::of(parts))
            }
        };
        self.ruled(&elements)
    }

    /// The collection under the rules. (A stream does not end of itself, so that grouping it in the
    /// global window has to be allowed.)
    pub(super) fn ruled<T: Element>(&self, collection: &PCollection<T>) -> PCollection<T> {
        match (&self.rules, self.from) {
            (None, From::Memory) => collection.clone(),
            (rules, _) => {
                let rules = rules.clone().unwrap_or_default().allow_closed_window_drops();
                collection.with_window_settings(rules)
            }
        }
    }

    fn parts<T: Element>(
        &self,
        elements: Vec<(T, Timestamp)>,
        random: &mut Rng,
    ) -> Vec<Vec<Step<T>>> {
        let mut parts: Vec<Vec<(T, Timestamp)>> = vec![Vec::new(); random.usize(1..=3)];
        for element in elements {
            let part = random.usize(0..parts.len());
            parts[part].push(element);
        }
        parts.into_iter().map(|part| self.steps(part, random)).collect()
    }

    /// The elements in some order; at each step a few, or none, and the watermark goes on as far as
    /// what is to come allows, mostly.
    fn steps<T: Element>(
        &self,
        mut elements: Vec<(T, Timestamp)>,
        random: &mut Rng,
    ) -> Vec<Step<T>> {
        random.shuffle(&mut elements);
        let mut watermark = Timestamp::MIN;
        let mut steps = Vec::new();
        while !elements.is_empty() {
            let now = elements.split_off(elements.len() - random.usize(0..=elements.len().min(3)));
            let least = elements.iter().map(|(_, at)| *at).min();
            // What has no time yet may get any.
            if let Some(least) = least.filter(|least| *least > Timestamp::MIN) {
                let lead = if self.late { random.i64(-4..24) } else { random.i64(-4..=0) };
                let to = Timestamp::from_micros(least.as_micros() + lead * SECOND);
                watermark = watermark.max(to);
            }
            steps.push(Step { elements: now, watermark });
        }
        steps
    }
}

fn script<T: Element>(steps: Vec<Step<T>>, random: &mut Rng) -> TestStream<T> {
    let mut clock = Timestamp::from_seconds(0);
    let stream = steps.into_iter().fold(TestStream::new(), |stream, step| {
        let stream = stream.elements(step.elements);
        match random.u32(0..3) {
            0 => {
                clock = clock + watershed::seconds(random.i64(0..5));
                stream.advance_both_to(step.watermark, clock)
            }
            _ => stream.advance_watermark_to(step.watermark),
        }
    });
    stream.advance_watermark_to_infinity()
}
