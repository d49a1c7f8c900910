//! Elements that say the same thing again, left out.

use watershed_model::{BoxError, Duration, Element, Key, fault, micros, minutes};

use crate::{
    Func, One, PCollection, PTransform, StateContext, StateSpec, StatefulDoFn, StatefulEmitters,
    ValueState,
};

/// Leaves out elements whose id was there before, within a span of time: of those with one id the first goes
/// on, and what comes less than the span after it does not; then the next is a first one again. By window.
/// (Beam: `Deduplicate`.)
///
/// Unless told otherwise it is ten minutes of processing time, as elements arrive. By event time the answer
/// does not depend on when elements arrive: each waits until the watermark has passed its time and the
/// allowed lateness, and the first is the earliest; of several of one time, the one with the least bytes.
///
/// What is known of an id is forgotten, by event time, when it was quiet for the span; by processing time,
/// with its window: so put endless collections into windows first.
///
/// ```
/// use watershed_core::{Deduplicate, Pipeline};
/// use watershed_model::hours;
///
/// let pipeline = Pipeline::new();
/// let orders = pipeline.create([(7_u32, "tea"), (8, "milk"), (7, "tea")].map(|(id, what)| (id, what.to_string())));
/// let once = orders.apply(Deduplicate::by(|order: &(u32, String)| order.0).within_event_time(hours(1)));
/// once.for_each(|(id, what)| println!("{id}: {what}"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Deduplicate<F> {
    id: F,
    span: Duration,
    by: Time,
}

/// By which time elements are one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Event,
    Processing,
}

impl<F> Deduplicate<F> {
    /// By this id of each element.
    pub fn by<T, K: Key>(id: F) -> Self
    where
        F: Fn(&T) -> K + Func,
    {
        Deduplicate { id, span: minutes(10), by: Time::Processing }
    }

    /// Within so much event time.
    #[must_use]
    pub fn within_event_time(self, span: Duration) -> Self {
        Deduplicate { span, by: Time::Event, ..self }
    }

    /// Within so much processing time.
    #[must_use]
    pub fn within_processing_time(self, span: Duration) -> Self {
        Deduplicate { span, by: Time::Processing, ..self }
    }
}

impl<T: Element, K: Key, F: Fn(&T) -> K + Func> PTransform<PCollection<T>> for Deduplicate<F> {
    type Output = PCollection<T>;

    #[track_caller]
    fn expand(self, elements: &PCollection<T>) -> PCollection<T> {
        let Deduplicate { id, span, by } = self;
        if !span.is_positive() {
            let problem = format!("looks for the same id within {span}");
            elements.pipeline().reject(problem, "give it a span above zero");
        }
        let lateness = {
            let graph = elements.pipeline().graph();
            graph.collection(elements.id()).windowing.allowed_lateness
        };
        // An element comes to its turn when the lateness is over, and until then its id must be known.
        let quiet = span + lateness + micros(1);
        elements.key_by(id).stateful("Firsts", Firsts { span, by, quiet })
    }
}

/// Puts out the first of an id, and those that come so much later.
#[derive(Clone, Copy)]
struct Firsts {
    span: Duration,
    by: Time,
    quiet: Duration,
}

impl<K: Key, V: Element> StatefulDoFn<K, V> for Firsts {
    type Outputs = One<V>;
    type Cells = ValueState<watershed_model::Timestamp>;

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        if self.by == Time::Event {
            spec.time_sorted_input();
            if self.quiet.is_positive() {
                spec.time_to_live(self.quiet);
            }
        }
        spec.value("first")
    }

    fn process(
        &mut self,
        value: V,
        first: &Self::Cells,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        let now = match self.by {
            Time::Event => cx.timestamp(),
            Time::Processing => cx.now(),
        };
        let is_known = first.get(cx).is_some_and(|first| now < *first + self.span);
        if !is_known || fault!("duplicates-pass") {
            first.set(cx, now);
            out.emit(value);
        }
        Ok(())
    }
}
