//! Scripts of elements and times, for tests.

use std::fmt;

use watershed_model::{
    AnyBundle, Boundedness, Bundle, Column, Duration, Element, ElementType, Location, Metadata,
    Primitive, Subject, TestEvent, TestStream as Script, Timestamp, WindowingStrategy, fault,
};

use crate::{PCollection, PTransform, Pipeline};

/// A stream in which a test says what happens, in order: elements arrive, the watermark moves,
/// processing time passes. (Beam: `TestStream`.)
///
/// Every step handles an event wholly before the next, on every runner and with any number of workers,
/// so panes come out alike everywhere; elements of one event are one bundle to each key. Several
/// streams of a pipeline are played in turn, an event of each, in the order in which they were
/// declared; bounded sources beside them are read to their ends first. Both times begin at
/// [`Timestamp::MIN`].
///
/// ```
/// use watershed_core::{Pipeline, TestStream};
/// use watershed_model::Timestamp;
///
/// let at = Timestamp::from_seconds;
/// let stream = TestStream::new()
///     .elements([("a", at(1)), ("b", at(2))].map(|(word, at)| (word.to_string(), at)))
///     .advance_watermark_to(at(10))
///     .elements([("late".to_string(), at(3))])
///     .advance_watermark_to_infinity();
/// let words = Pipeline::new().apply(stream);
/// ```
#[derive(Clone)]
pub struct TestStream<T> {
    events: Vec<TestEvent>,
    watermark: Timestamp,
    processing_time: Timestamp,
    problem: Option<(String, String)>,
    element: std::marker::PhantomData<fn(T)>,
}

impl<T: Element> Default for TestStream<T> {
    fn default() -> Self {
        TestStream {
            events: Vec::new(),
            watermark: Timestamp::MIN,
            processing_time: Timestamp::MIN,
            problem: None,
            element: std::marker::PhantomData,
        }
    }
}

impl<T: Element> TestStream<T> {
    /// A stream in which nothing happens yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Elements arrive with their event times, in one bundle.
    #[must_use]
    pub fn elements(mut self, elements: impl IntoIterator<Item = (T, Timestamp)>) -> Self {
        let (values, timestamps): (Vec<T>, Vec<Timestamp>) = elements.into_iter().unzip();
        let latest = timestamps.iter().max().copied();
        if let Some(latest) = latest.filter(|time| *time > Timestamp::END_OF_GLOBAL_WINDOW) {
            self.reject(
                format!("an element lies at {latest}, behind the last legal time"),
                format!("give times up to {}", Timestamp::END_OF_GLOBAL_WINDOW),
            );
        }
        if self.watermark == Timestamp::MAX && !values.is_empty() {
            self.reject(
                "elements arrive after the watermark has gone to infinity",
                "put them before .advance_watermark_to_infinity()",
            );
        }
        let metadata =
            Metadata { timestamps: Column::Each(timestamps), ..Metadata::at(Timestamp::MIN) };
        self.events.push(TestEvent::Elements(AnyBundle::new(Bundle::new(values, metadata))));
        self
    }

    /// The watermark moves: what has a smaller event time is late from here on.
    #[must_use]
    pub fn advance_watermark_to(self, watermark: Timestamp) -> Self {
        self.advance(Some(watermark), None)
    }

    /// The stream has ended: nothing more comes. Every script ends so.
    #[must_use]
    pub fn advance_watermark_to_infinity(self) -> Self {
        self.advance_watermark_to(Timestamp::MAX)
    }

    /// Processing time moves.
    #[must_use]
    pub fn advance_processing_time_to(self, time: Timestamp) -> Self {
        self.advance(None, Some(time))
    }

    /// Processing time passes.
    #[must_use]
    pub fn advance_processing_time(self, span: impl Into<Duration>) -> Self {
        let time = self.processing_time + span.into();
        self.advance_processing_time_to(time)
    }

    /// Both times move at once.
    #[must_use]
    pub fn advance_both_to(self, watermark: Timestamp, processing_time: Timestamp) -> Self {
        self.advance(Some(watermark), Some(processing_time))
    }

    fn advance(mut self, watermark: Option<Timestamp>, time: Option<Timestamp>) -> Self {
        let (before, before_time) = (self.watermark, self.processing_time);
        self.watermark = watermark.unwrap_or(before);
        self.processing_time = time.unwrap_or(before_time);
        for (what, from, to) in [
            ("the watermark", before, self.watermark),
            ("processing time", before_time, self.processing_time),
        ] {
            if to < from && !fault!("times-go-back") {
                self.reject(
                    format!("{what} goes back from {from} to {to}"),
                    "times move forward only",
                );
            }
        }
        self.events.push(TestEvent::Advance { watermark, processing_time: time });
        self
    }

    fn reject(&mut self, problem: impl Into<String>, mend: impl Into<String>) {
        self.problem.get_or_insert_with(|| (problem.into(), mend.into()));
    }
}

impl<T: Element + fmt::Debug> fmt::Debug for TestStream<T> {
    /// The script as it would be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestStream::new()")?;
        for event in &*self.events {
            match event {
                TestEvent::Elements(bundle) => {
                    let Bundle { values, metadata } = bundle.as_typed::<T>();
                    let at = |place: usize| metadata.timestamps.get(place);
                    let timed = values.iter().enumerate().map(|(place, value)| (value, at(place)));
                    write!(f, "\n    .elements({:?})", timed.collect::<Vec<_>>())?;
                }
                TestEvent::Advance { watermark, processing_time } => {
                    match (watermark, processing_time) {
                        (Some(Timestamp::MAX), None) => {
                            f.write_str("\n    .advance_watermark_to_infinity()")?;
                        }
                        (Some(watermark), None) => {
                            write!(f, "\n    .advance_watermark_to({watermark})")?;
                        }
                        (Some(watermark), Some(time)) => {
                            write!(f, "\n    .advance_both_to({watermark}, {time})")?;
                        }
                        (None, Some(time)) => {
                            write!(f, "\n    .advance_processing_time_to({time})")?;
                        }
                        (None, None) => {}
                    }
                }
            }
        }
        Ok(())
    }
}

impl<T: Element> PTransform<Pipeline> for TestStream<T> {
    type Output = PCollection<T>;

    #[track_caller]
    fn expand(mut self, pipeline: &Pipeline) -> PCollection<T> {
        if self.watermark != Timestamp::MAX {
            self.reject(
                "the script does not end with the watermark at infinity",
                "end it with .advance_watermark_to_infinity()",
            );
        }
        let primitive = Primitive::TestStream(Script { events: self.events.into() });
        let mut graph = pipeline.graph();
        let node = graph.add_node("TestStream", Location::caller(), primitive, Vec::new());
        if let Some((problem, mend)) = self.problem {
            graph.problem(Subject::Node(node), problem, mend);
        }
        let (element, windowing) = (ElementType::of::<T>(), WindowingStrategy::global());
        let output = graph.add_output(node, element, windowing, Boundedness::Unbounded);
        drop(graph);
        PCollection::new(pipeline.clone(), output)
    }
}
