//! Sinks: what elements are written to, in two phases, so that a failed run leaves nothing behind.
//!
//! ```text
//!   worker 0:  write … write → prepare(epoch) ─┐
//!   worker 1:  write … write → prepare(epoch) ─┼→ committables → commit(epoch)   once, idempotent
//!   worker 2:  write … write → prepare(epoch) ─┘
//! ```
//! The commit happens only after every worker has prepared the epoch and none has failed. A batch is
//! one epoch.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AnyBundle, BoxError, Bundle, Coder, Element, coder::BinaryCoder};

/// A stretch of a job between two commits, counted from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch(pub u64);

/// Which of a job's workers, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerIndex {
    /// This worker, from 0.
    pub index: usize,
    /// All workers of the job, in all its processes: at least one.
    pub count: usize,
}

/// Something that elements can be written to.
pub trait Sink: Send + Sync + 'static {
    /// What is written.
    type Element: Element;
    /// What a writer hands to the commit: a file's temporary name, a transaction's id.
    type Committable: Element;
    /// What a worker writes with.
    type Writer: SinkWriter<Self::Element, Self::Committable>;

    /// What the sink is, for names and messages: `text::write("counts.txt")`.
    fn describe(&self) -> String;

    /// Makes a worker's writer.
    ///
    /// # Errors
    /// When the place to write to cannot be opened.
    fn writer(&self, worker: WorkerIndex) -> Result<Self::Writer, BoxError>;

    /// Makes an epoch's output visible, all of it. Called once an epoch with what all writers
    /// prepared, and once more with the same if the first call's success could not be recorded.
    ///
    /// # Errors
    /// When the output cannot be made visible; the run fails.
    fn commit(&self, epoch: Epoch, prepared: Vec<Self::Committable>) -> Result<(), BoxError>;

    /// Whether the commit shows only in the memory of a process, so that every process of a job must
    /// carry it out.
    fn commits_everywhere(&self) -> bool {
        false
    }

    /// Removes what was prepared and will not be committed. Best effort.
    fn discard(&self, prepared: Vec<Self::Committable>) {
        let _ = prepared;
    }
}

/// Writes one worker's share. Dropping it without [`prepare`](SinkWriter::prepare) must leave
/// nothing behind.
pub trait SinkWriter<T, C>: Send {
    /// Writes a bundle.
    ///
    /// # Errors
    /// When it cannot be written; the run fails.
    fn write(&mut self, bundle: Bundle<T>) -> Result<(), BoxError>;

    /// Ends an epoch: everything written so far is durable and awaits the commit.
    ///
    /// # Errors
    /// When it cannot be made durable; the run fails.
    fn prepare(&mut self, epoch: Epoch) -> Result<Vec<C>, BoxError>;
}

/// The erased face of a sink. Committables are bytes, so that they cross processes.
pub trait AnySink: Send + Sync {
    /// As [`Sink::describe`].
    fn describe(&self) -> String;
    /// As [`Sink::writer`].
    ///
    /// # Errors
    /// When the place to write to cannot be opened.
    fn writer(&self, worker: WorkerIndex) -> Result<Box<dyn AnySinkWriter>, BoxError>;
    /// As [`Sink::commit`].
    ///
    /// # Errors
    /// When a committable is not this sink's, or the output cannot be made visible.
    fn commit(&self, epoch: Epoch, prepared: &[Vec<u8>]) -> Result<(), BoxError>;
    /// As [`Sink::commits_everywhere`].
    fn commits_everywhere(&self) -> bool;
    /// As [`Sink::discard`].
    fn discard(&self, prepared: &[Vec<u8>]);
}

/// The erased face of a sink's writer.
pub trait AnySinkWriter: Send {
    /// As [`SinkWriter::write`].
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, bundle: AnyBundle) -> Result<(), BoxError>;
    /// As [`SinkWriter::prepare`].
    ///
    /// # Errors
    /// When it cannot be made durable, or a committable cannot be encoded.
    fn prepare(&mut self, epoch: Epoch) -> Result<Vec<Vec<u8>>, BoxError>;
}

/// Hides the types of a sink.
pub fn erase_sink<S: Sink>(sink: S) -> Arc<dyn AnySink> {
    Arc::new(ErasedSink(sink))
}

struct ErasedSink<S>(S);

impl<S: Sink> AnySink for ErasedSink<S> {
    fn describe(&self) -> String {
        self.0.describe()
    }
    fn writer(&self, worker: WorkerIndex) -> Result<Box<dyn AnySinkWriter>, BoxError> {
        let writer = self.0.writer(worker)?;
        Ok(Box::new(ErasedWriter::<S> { writer }))
    }
    fn commit(&self, epoch: Epoch, prepared: &[Vec<u8>]) -> Result<(), BoxError> {
        let prepared: Result<_, _> =
            prepared.iter().map(|bytes| BinaryCoder.decode_value(bytes)).collect();
        self.0.commit(epoch, prepared?)
    }
    fn commits_everywhere(&self) -> bool {
        self.0.commits_everywhere()
    }
    fn discard(&self, prepared: &[Vec<u8>]) {
        // What cannot be decoded cannot be discarded either; the others still are.
        self.0.discard(
            prepared.iter().filter_map(|bytes| BinaryCoder.decode_value(bytes).ok()).collect(),
        );
    }
}

struct ErasedWriter<S: Sink> {
    writer: S::Writer,
}

impl<S: Sink> AnySinkWriter for ErasedWriter<S> {
    fn write(&mut self, bundle: AnyBundle) -> Result<(), BoxError> {
        self.writer.write(bundle.downcast())
    }
    fn prepare(&mut self, epoch: Epoch) -> Result<Vec<Vec<u8>>, BoxError> {
        let prepared = self.writer.prepare(epoch)?;
        let encode = |committable: &S::Committable| {
            let mut bytes = Vec::new();
            BinaryCoder.encode_value(committable, &mut bytes)?;
            Ok(bytes)
        };
        prepared.iter().map(encode).collect()
    }
}
