//! A file's records, read as a batch or played as the stream that they once were.
//!
//! As a batch the records are there at once, and windows are complete at the end of the file. As a stream
//! they come in the order in which they came then, and the watermark follows the newest event time, so
//! that windows close on the way and some records are late.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use watershed::{
    Duration, Element, Timestamp,
    model::{Advance, Boundedness, BoxError, Budget, Progress, Reader, Source, SourceOutput},
};

/// How a file is read.
#[derive(Args, Clone)]
pub(crate) struct ReplayArguments {
    /// Whether the file is read as a batch or played as a stream.
    #[arg(long, value_enum, default_value = "batch")]
    pub(crate) read_as: ReadAs,

    /// As a stream: how far out of order records may be without being late.
    #[arg(long, value_name = "SPAN", default_value = "30m")]
    pub(crate) disorder: Duration,

    /// As a stream: how many records come at a time. The watermark moves between them.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) at_a_time: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadAs {
    Batch,
    Stream,
}

/// A record with its event time.
pub(crate) type Record<T> = Result<(T, Timestamp), BoxError>;

/// The records of a file in the order in which they came, from the beginning.
pub(crate) type Records<T> = Box<dyn Iterator<Item = Record<T>> + Send>;

/// The source.
pub(crate) struct Replay<T> {
    path: String,
    records: Arc<dyn Fn() -> Result<Records<T>, BoxError> + Send + Sync>,
    how: ReplayArguments,
}

impl<T: Element> Replay<T> {
    /// Records that `records` opens; `path` is what an error names.
    pub(crate) fn new(
        path: &str,
        how: &ReplayArguments,
        records: impl Fn() -> Result<Records<T>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Replay { path: path.to_owned(), records: Arc::new(records), how: how.clone() }
    }
}

/// All records from one on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Rest {
    from: u64,
    watermark: Timestamp,
}

pub(crate) struct ReplayReader<T> {
    path: String,
    records: Records<T>,
    rest: Rest,
    how: ReplayArguments,
}

impl<T: Element> Source for Replay<T> {
    type Element = T;
    type Split = Rest;
    type Reader = ReplayReader<T>;

    fn describe(&self) -> String {
        format!("the records of `{}`", self.path)
    }

    fn boundedness(&self) -> Boundedness {
        match self.how.read_as {
            ReadAs::Batch => Boundedness::Bounded,
            ReadAs::Stream => Boundedness::Unbounded,
        }
    }

    fn splits(&self, _desired: usize) -> Result<Vec<Rest>, BoxError> {
        Ok(vec![Rest { from: 0, watermark: Timestamp::MIN }])
    }

    fn open(&self, rest: Rest) -> Result<ReplayReader<T>, BoxError> {
        let mut records = (self.records)().map_err(|error| format!("`{}`: {error}", self.path))?;
        for _ in 0..rest.from {
            records.next();
        }
        Ok(ReplayReader { path: self.path.clone(), records, rest, how: self.how.clone() })
    }
}

impl<T: Element> Reader<T, Rest> for ReplayReader<T> {
    fn advance(&mut self, out: &mut SourceOutput<T>, budget: Budget) -> Result<Advance, BoxError> {
        let is_stream = self.how.read_as == ReadAs::Stream;
        let at_a_time = usize::try_from(self.how.at_a_time).unwrap_or(usize::MAX);
        let most = if is_stream { at_a_time.min(budget.elements) } else { budget.elements };
        while out.len() < most {
            let Some(record) = self.records.next() else { return Ok(Advance::End) };
            let (value, time) = record.map_err(|error| format!("`{}`: {error}", self.path))?;
            out.emit_at(value, time);
            self.rest.from += 1;
            if is_stream {
                self.rest.watermark = self.rest.watermark.max(time - self.how.disorder);
            }
        }
        Ok(Advance::More)
    }

    fn position(&self) -> Rest {
        self.rest.clone()
    }

    fn watermark(&self) -> Timestamp {
        self.rest.watermark
    }

    fn progress(&self) -> Progress {
        Progress { done: self.rest.from }
    }
}
