//! Looking at a collection from outside: a sink whose commit hands the elements to a function.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use watershed_model::{
    BoxError, Bundle, Element, Epoch, PaneInfo, Sign, Sink, SinkWriter, Timestamp, WindowSet,
    WorkerIndex,
};

use crate::{PCollection, Written};

/// An element with all that it carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Observed<T> {
    /// The element.
    pub value: T,
    /// Its event time.
    pub timestamp: Timestamp,
    /// The windows it is in.
    pub windows: WindowSet,
    /// The pane it came in.
    pub pane: PaneInfo,
    /// Whether it is added or taken back.
    pub sign: Sign,
}

/// The elements of a collection, to be read once the run has succeeded.
#[derive(Clone)]
pub struct Collected<T>(Arc<Mutex<Vec<Observed<T>>>>);

impl<T: Clone> Collected<T> {
    /// The elements with what they carry, in no promised order; none before the run has succeeded.
    pub fn observed(&self) -> Vec<Observed<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The elements alone.
    pub fn values(&self) -> Vec<T> {
        self.observed().into_iter().map(|observed| observed.value).collect()
    }
}

impl<T: Element> PCollection<T> {
    /// Collects all elements in memory, in every process of the job. For tests and small results.
    #[track_caller]
    pub fn collect(&self) -> Collected<T> {
        let collected = Collected(Arc::default());
        let into = collected.clone();
        self.observe("collect()", move |elements| {
            *into.0.lock().unwrap_or_else(PoisonError::into_inner) = elements;
            Ok(())
        });
        collected
    }

    /// Hands all elements, from all workers, to `commit` when the run is about to succeed.
    #[track_caller]
    pub(crate) fn observe(
        &self,
        description: &str,
        commit: impl Fn(Vec<Observed<T>>) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Written {
        self.write(Observer { description: description.to_owned(), commit: Box::new(commit) })
    }
}

/// The elements of a bundle, each with what it carries.
pub(crate) fn observed<T>(bundle: Bundle<T>) -> impl Iterator<Item = Observed<T>> {
    let Bundle { values, metadata } = bundle;
    values.into_iter().enumerate().map(move |(i, value)| Observed {
        value,
        timestamp: metadata.timestamps.get(i),
        windows: metadata.windows.get(i).clone(),
        pane: *metadata.panes.get(i),
        sign: metadata.signs.get(i),
    })
}

type Commit<T> = Box<dyn Fn(Vec<Observed<T>>) -> Result<(), BoxError> + Send + Sync>;

struct Observer<T> {
    description: String,
    commit: Commit<T>,
}

struct ObservingWriter<T>(Vec<Observed<T>>);

impl<T: Element> Sink for Observer<T> {
    type Element = T;
    type Committable = Vec<Observed<T>>;
    type Writer = ObservingWriter<T>;

    fn describe(&self) -> String {
        self.description.clone()
    }
    fn writer(&self, _: WorkerIndex) -> Result<ObservingWriter<T>, BoxError> {
        Ok(ObservingWriter(Vec::new()))
    }
    fn commits_everywhere(&self) -> bool {
        true
    }
    fn commit(&self, _: Epoch, prepared: Vec<Vec<Observed<T>>>) -> Result<(), BoxError> {
        (self.commit)(prepared.into_iter().flatten().collect())
    }
}

impl<T: Element> SinkWriter<T, Vec<Observed<T>>> for ObservingWriter<T> {
    fn write(&mut self, bundle: Bundle<T>) -> Result<(), BoxError> {
        self.0.extend(observed(bundle));
        Ok(())
    }
    fn prepare(&mut self, _: Epoch) -> Result<Vec<Vec<Observed<T>>>, BoxError> {
        Ok(vec![std::mem::take(&mut self.0)])
    }
}
