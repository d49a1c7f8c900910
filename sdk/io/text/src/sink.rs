//! Writing: a worker's part files, and the hand-over for the commit.
//!
//! With at least as many shards as workers, each worker owns some of the shards and deals its bundles
//! out to them in turn. With fewer, several workers share a shard, each with a part of its own.

use std::sync::Arc;

use tempfile::NamedTempFile;
use watershed_model::{BoxError, Bundle, Epoch, Sink, SinkWriter, WorkerIndex};

use crate::{
    Compression, TextPart, commit,
    compression::Format,
    error::TextError,
    shard::PartWriter,
    target::{Place, Target},
};

/// Text files as a sink of lines; made by [`TextWrite::into_sink`](crate::TextWrite::into_sink).
///
/// It writes one epoch, the whole of a job that ends: text files cannot take up a second one.
#[derive(Clone, Debug)]
pub struct TextSink {
    pub(crate) path: String,
    pub(crate) shards: Option<usize>,
    pub(crate) compression: Compression,
}

impl TextSink {
    fn format(&self) -> Format {
        self.compression.of(self.path.as_ref())
    }
}

impl Sink for TextSink {
    type Element = String;
    type Committable = TextPart;
    type Writer = TextSinkWriter;

    fn describe(&self) -> String {
        format!("text::write({:?})", self.path)
    }

    fn writer(&self, worker: WorkerIndex) -> Result<TextSinkWriter, BoxError> {
        let target = Arc::new(Target::of(&self.path, self.shards)?);
        let of = match target.place {
            Place::Files(_) => self.shards.unwrap_or(worker.count),
            Place::Stdout | Place::Stream(_) => 1,
        };
        let owned: Vec<usize> = match of >= worker.count {
            true => (worker.index..of).step_by(worker.count.max(1)).collect(),
            false => vec![worker.index % of],
        };
        let mut writer = TextSinkWriter {
            target,
            format: self.format(),
            worker: worker.index,
            of,
            parts: owned.into_iter().map(|shard| (shard, None)).collect(),
            turn: 0,
            is_prepared: false,
        };
        // Now, rather than with the first line, shows whether there can be an output at all.
        writer.open(0)?;
        Ok(writer)
    }

    fn commit(&self, _: Epoch, prepared: Vec<TextPart>) -> Result<(), BoxError> {
        let target = Target::of(&self.path, self.shards)?;
        match &target.place {
            Place::Stdout => commit::to_stdout(&target, prepared)?,
            Place::Stream(path) => commit::to_stream(&target, path, prepared)?,
            Place::Files(files) => {
                commit::to_files(&target, files, self.shards, self.format(), prepared)?;
            }
        }
        Ok(())
    }

    fn discard(&self, prepared: Vec<TextPart>) {
        prepared.iter().for_each(TextPart::remove);
    }
}

/// Writes one worker's lines; made by [`TextSink`]. Its files vanish with it until they are prepared.
pub struct TextSinkWriter {
    target: Arc<Target>,
    format: Format,
    worker: usize,
    of: usize,
    /// The shards that this worker writes, each with its part once there is one.
    parts: Vec<(usize, Option<PartWriter<NamedTempFile>>)>,
    /// Whose turn it is to get a bundle.
    turn: usize,
    is_prepared: bool,
}

impl SinkWriter<String, TextPart> for TextSinkWriter {
    fn write(&mut self, bundle: Bundle<String>) -> Result<(), BoxError> {
        if self.is_prepared {
            return Err(self.target.several_epochs().into());
        }
        if !bundle.values.is_empty() {
            self.open(self.turn)?.write(&bundle.values)?;
            self.turn = (self.turn + 1) % self.parts.len();
        }
        Ok(())
    }

    fn prepare(&mut self, _: Epoch) -> Result<Vec<TextPart>, BoxError> {
        if std::mem::replace(&mut self.is_prepared, true) {
            return Err(self.target.several_epochs().into());
        }
        let mut ended = Vec::new();
        for (shard, part) in std::mem::take(&mut self.parts) {
            if let Some(part) = part {
                ended.push((shard, part.end()?));
            }
        }
        // All are well, so all are kept; until here an error took all of them away.
        let mut kept = Vec::with_capacity(ended.len());
        for (shard, (path, bytes)) in ended {
            match path.keep() {
                Ok(path) => {
                    let (of, worker) = (self.of, self.worker);
                    kept.push(TextPart { shard, of, worker, path, bytes });
                }
                Err(error) => {
                    kept.iter().for_each(TextPart::remove);
                    return Err(self.target.cannot_write_part(error.error).into());
                }
            }
        }
        Ok(kept)
    }
}

impl TextSinkWriter {
    /// The part of the worker's shard number `turn`, made if there is none yet.
    fn open(&mut self, turn: usize) -> Result<&mut PartWriter<NamedTempFile>, TextError> {
        let (shard, part) = &mut self.parts[turn];
        if part.is_none() {
            let file = self.target.create_part(*shard)?;
            *part = Some(PartWriter::new(self.target.clone(), self.format, file)?);
        }
        part.as_mut().ok_or_else(|| self.target.several_epochs())
    }
}
