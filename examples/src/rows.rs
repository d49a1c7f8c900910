//! The rows of a CSV file with event times, as a batch or as a stream.

use clap::Args;
use serde::de::DeserializeOwned;
use watershed::{Element, prelude::*};

use crate::replay::{Record, Records, Replay, ReplayArguments};

/// What every program takes that reads such a file.
#[derive(Args)]
pub(crate) struct Files {
    /// The CSV file; its first row names the columns.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    pub(crate) output: String,

    #[command(flatten)]
    replay: ReplayArguments,

    #[command(flatten)]
    pub(crate) pipeline: PipelineOptions,
}

impl Files {
    /// The rows of the file, of which `timed` makes elements with their times.
    pub(crate) fn read<R: DeserializeOwned + Send + 'static, T: Element>(
        &self,
        pipeline: &Pipeline,
        timed: fn(R) -> Record<T>,
    ) -> PCollection<T> {
        let path = self.input.clone();
        pipeline.read(Replay::new(&self.input, &self.replay, move || rows(&path, timed)))
    }
}

fn rows<R: DeserializeOwned + Send + 'static, T: Element>(
    path: &str,
    timed: fn(R) -> Record<T>,
) -> Result<Records<T>, BoxError> {
    let rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)?.into_deserialize();
    Ok(Box::new(rows.enumerate().map(move |(place, row)| {
        timed(row?).map_err(|error| format!("row {}: {error}", place + 1).into())
    })))
}
