//! Drives a source and a sink through their erased faces, as a runner does.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should
#![allow(dead_code)] // each test file uses its share

use std::{fs, path::Path, sync::Arc};

use watershed_io_text::{TextRead, TextWrite};
use watershed_model::{
    Advance, AnyBundle, AnyReader, AnySink, AnySource, Budget, Bundle, DropReason, Epoch,
    Timestamp, WorkerIndex, erase_sink, erase_source,
};

/// What reading gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) lines: Vec<String>,
    pub(crate) undecodable: u64,
}

/// One call of `advance`.
pub(crate) fn advance(
    reader: &mut dyn AnyReader,
    budget: Budget,
    outcome: &mut Outcome,
) -> Result<Advance, String> {
    let (bundle, drops, advance) =
        reader.advance(budget, Timestamp::MIN).map_err(|error| error.to_string())?;
    outcome.lines.extend(bundle.downcast::<String>().values);
    outcome.undecodable += drops.count(DropReason::Undecodable);
    Ok(advance)
}

/// Reads a reader to its end.
pub(crate) fn drain(reader: &mut dyn AnyReader, outcome: &mut Outcome) -> Result<(), String> {
    while advance(reader, Budget::default(), outcome)? != Advance::End {}
    Ok(())
}

pub(crate) fn source(read: TextRead) -> Arc<dyn AnySource> {
    erase_source(read.into_source())
}

/// Reads all splits, one after the other.
pub(crate) fn read(read: TextRead, desired: usize) -> Result<Outcome, String> {
    let source = source(read);
    let mut outcome = Outcome::default();
    for split in source.splits(desired).map_err(|error| error.to_string())? {
        let mut reader = source.open(&split).map_err(|error| error.to_string())?;
        drain(&mut *reader, &mut outcome)?;
    }
    Ok(outcome)
}

/// Reads all, which must go well.
pub(crate) fn lines(pattern: impl AsRef<Path>) -> Vec<String> {
    read(watershed_io_text::read(text_of(pattern)), 1).unwrap().lines
}

pub(crate) fn sink(write: TextWrite) -> Arc<dyn AnySink> {
    erase_sink(write.into_sink())
}

/// Writes and prepares each worker's bundles; the committables of all.
pub(crate) fn prepare(
    sink: &dyn AnySink,
    workers: &[Vec<Vec<String>>],
) -> Result<Vec<Vec<u8>>, String> {
    let mut prepared = Vec::new();
    for (index, bundles) in workers.iter().enumerate() {
        let worker = WorkerIndex { index, count: workers.len() };
        let mut writer = sink.writer(worker).map_err(|error| error.to_string())?;
        for bundle in bundles {
            let bundle = AnyBundle::new(Bundle::of(bundle.clone()));
            writer.write(bundle).map_err(|error| error.to_string())?;
        }
        prepared.extend(writer.prepare(Epoch(0)).map_err(|error| error.to_string())?);
    }
    Ok(prepared)
}

pub(crate) fn commit(sink: &dyn AnySink, prepared: &[Vec<u8>]) -> Result<(), String> {
    sink.commit(Epoch(0), prepared).map_err(|error| error.to_string())
}

/// Writes lines with one worker, which must go well.
pub(crate) fn write(write: TextWrite, lines: &[&str]) {
    let sink = sink(write);
    let bundle = lines.iter().map(|line| line.to_string()).collect();
    let prepared = prepare(&*sink, &[vec![bundle]]).unwrap();
    commit(&*sink, &prepared).unwrap();
}

/// All names in a directory, hidden ones too, sorted.
pub(crate) fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub(crate) fn text_of(path: impl AsRef<Path>) -> String {
    path.as_ref().to_str().unwrap().to_owned()
}

#[track_caller]
pub(crate) fn assert_says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "`{error}` does not say `{part}`");
    }
}
