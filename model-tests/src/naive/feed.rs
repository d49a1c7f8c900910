//! How a program's sources give their elements: at once from memory, or as a stream, in some order, with
//! a watermark that moves between them.

use std::fmt;

use fastrand::Rng;
use watershed::{Create, Element, PCollection, Pipeline, TestStream, Timestamp, WindowSettings};

use super::windows::SECOND;
use crate::{
    oracle::Rules,
    played::settings,
    stepped::{Step, Stepped},
};

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

/// An event of a test stream.
#[derive(Clone, Debug)]
pub(super) enum Happening<T> {
    /// These arrive, or none.
    Elements(Vec<(T, Timestamp)>),
    /// The watermark moves, and perhaps the clock.
    Times { watermark: Timestamp, clock: Option<Timestamp> },
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
    pub(crate) rules: Option<Rules>,
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Feed { from, seed, late, rules } = self;
        writeln!(f, "    from {from:?}, seed {seed}{}", if *late { ", late" } else { "" })?;
        let rules = rules.as_ref().map(ToString::to_string).unwrap_or_default();
        // The program says in which windows.
        rules.lines().skip(1).try_for_each(|line| writeln!(f, "    {line}"))
    }
}

impl Feed {
    /// A source of these elements, the one that stands at `place`.
    pub(super) fn source<T: Element>(
        &self,
        pipeline: &Pipeline,
        elements: Vec<(T, Timestamp)>,
        place: usize,
    ) -> PCollection<T> {
        let elements = match self.from {
            From::Memory => pipeline.apply(Create::timestamped(elements)),
            From::Script => pipeline.apply(script(self.events(elements, place))),
            From::Source => {
                let parts = self.parts(elements, &mut self.random(place));
                pipeline.read(Stepped::of(parts))
            }
        };
        self.ruled(&elements)
    }

    fn random(&self, place: usize) -> Rng {
        Rng::with_seed(self.seed.wrapping_mul(64) + place as u64)
    }

    /// What happens in the test stream of the source that stands at `place`.
    pub(super) fn events<T: Clone>(
        &self,
        elements: Vec<(T, Timestamp)>,
        place: usize,
    ) -> Vec<Happening<T>> {
        let mut random = self.random(place);
        let mut now = Timestamp::from_seconds(0);
        let mut events = Vec::new();
        for Step { elements, watermark } in self.steps(elements, &mut random) {
            let moves = random.u32(0..3) == 0;
            let clock = moves.then(|| {
                now = now + watershed::seconds(random.i64(0..5));
                now
            });
            events.push(Happening::Elements(elements));
            events.push(Happening::Times { watermark, clock });
        }
        events.push(Happening::Times { watermark: Timestamp::MAX, clock: None });
        events
    }

    /// The collection under the rules. (A stream does not end of itself, so that grouping it in the
    /// global window has to be allowed.)
    pub(super) fn ruled<T: Element>(&self, collection: &PCollection<T>) -> PCollection<T> {
        match (&self.rules, self.from) {
            (None, From::Memory) => collection.clone(),
            (rules, _) => {
                let settings = rules.as_ref().map_or_else(WindowSettings::new, settings);
                collection.with_window_settings(settings.allow_closed_window_drops())
            }
        }
    }

    fn parts<T: Clone>(
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
    fn steps<T: Clone>(&self, mut elements: Vec<(T, Timestamp)>, random: &mut Rng) -> Vec<Step<T>> {
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

fn script<T: Element>(events: Vec<Happening<T>>) -> TestStream<T> {
    events.into_iter().fold(TestStream::new(), |stream, event| match event {
        Happening::Elements(elements) => stream.elements(elements),
        Happening::Times { watermark, clock: Some(clock) } => {
            stream.advance_both_to(watermark, clock)
        }
        Happening::Times { watermark, clock: None } => stream.advance_watermark_to(watermark),
    })
}
