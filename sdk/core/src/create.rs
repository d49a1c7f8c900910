//! Elements from memory.

use std::{ops::Range, sync::Arc};

use watershed_model::{
    Advance, BoxError, Budget, Element, Progress, Reader, Source, SourceOutput, Timestamp, fault,
};

use crate::{PCollection, PTransform, Pipeline};

/// A collection of given values. (Beam: `Create`.)
pub struct Create<T> {
    elements: Arc<[(T, Timestamp)]>,
}

impl<T: Element> Create<T> {
    /// Values without event times.
    pub fn of(values: impl IntoIterator<Item = T>) -> Self {
        Create::timestamped(values.into_iter().map(|value| (value, Timestamp::MIN)))
    }

    /// Values with their event times.
    pub fn timestamped(elements: impl IntoIterator<Item = (T, Timestamp)>) -> Self {
        Create { elements: elements.into_iter().collect() }
    }
}

impl<T: Element> PTransform<Pipeline> for Create<T> {
    type Output = PCollection<T>;
    #[track_caller]
    fn expand(self, pipeline: &Pipeline) -> PCollection<T> {
        pipeline.read(CreateSource { elements: self.elements })
    }
}

/// The source behind [`Create`].
pub struct CreateSource<T> {
    elements: Arc<[(T, Timestamp)]>,
}

/// Reads a range of a [`CreateSource`].
pub struct CreateReader<T> {
    elements: Arc<[(T, Timestamp)]>,
    rest: Range<u64>,
    start: u64,
}

impl<T: Element> Source for CreateSource<T> {
    type Element = T;
    type Split = Range<u64>;
    type Reader = CreateReader<T>;

    fn describe(&self) -> String {
        format!("{} elements from memory", self.elements.len())
    }

    fn has_event_times(&self) -> bool {
        self.elements.iter().any(|(_, timestamp)| *timestamp != Timestamp::MIN)
    }

    fn splits(&self, desired: usize) -> Result<Vec<Range<u64>>, BoxError> {
        let (all, parts) = (self.elements.len() as u64, desired.max(1) as u64);
        let cut = |part: u64| (u128::from(all) * u128::from(part) / u128::from(parts)) as u64;
        Ok((0..parts)
            .map(|part| {
                cut(part - u64::from(part > 0 && fault!("create-splits-overlap")))..cut(part + 1)
            })
            .filter(|range| !range.is_empty())
            .collect())
    }

    fn open(&self, split: Range<u64>) -> Result<CreateReader<T>, BoxError> {
        if split.end > self.elements.len() as u64 || split.start > split.end {
            return Err(format!("{split:?} is no range of {} elements", self.elements.len()).into());
        }
        let start = split.start;
        Ok(CreateReader { elements: self.elements.clone(), rest: split, start })
    }
}

impl<T: Element> Reader<T, Range<u64>> for CreateReader<T> {
    fn advance(&mut self, out: &mut SourceOutput<T>, budget: Budget) -> Result<Advance, BoxError> {
        let rest = self.rest.clone();
        let to = rest.end.min(rest.start + budget.elements.max(1) as u64);
        for (value, timestamp) in &self.elements[rest.start as usize..to as usize] {
            out.emit_at(value.clone(), *timestamp);
        }
        self.rest.start = to;
        Ok(if to == rest.end { Advance::End } else { Advance::More })
    }

    fn position(&self) -> Range<u64> {
        self.rest.clone()
    }

    fn try_split(&mut self, fraction: f64) -> Result<Option<Range<u64>>, BoxError> {
        let rest = self.rest.clone();
        let kept = ((rest.end - rest.start) as f64 * fraction.clamp(0.0, 1.0)).ceil() as u64;
        let at = (rest.start + kept).min(rest.end);
        self.rest.end = at;
        let at = at + u64::from(fault!("create-loses-an-element-when-cut"));
        Ok((at < rest.end).then_some(at..rest.end))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.rest.start - self.start }
    }
}
