//! A line becomes an element: its text, and its time.

use watershed_model::{DropReason, SourceOutput, Timestamp, TimestampPolicy};

use crate::{InvalidUtf8, TextError};

/// What becomes of lines.
#[derive(Clone, Debug)]
pub(crate) struct LineRules {
    pub(crate) invalid_utf8: InvalidUtf8,
    pub(crate) max_line_bytes: usize,
    pub(crate) times: TimestampPolicy<str>,
}

impl LineRules {
    /// Puts out a line of `from` that was taken in at `ingested`, and raises `newest` to its time.
    pub(super) fn put_out(
        &self,
        line: &[u8],
        ingested: Timestamp,
        newest: &mut Timestamp,
        from: &impl Fn() -> String,
        out: &mut SourceOutput<String>,
    ) -> Result<(), TextError> {
        self.check_length(line.len(), from)?;
        let line = match (str::from_utf8(line), self.invalid_utf8) {
            (Ok(line), _) => line.to_owned(),
            (Err(_), InvalidUtf8::Replace) => String::from_utf8_lossy(line).into_owned(),
            (Err(_), InvalidUtf8::Skip) => {
                out.dropped(DropReason::Undecodable, 1);
                return Ok(());
            }
            (Err(_), InvalidUtf8::Error) => {
                let line = String::from_utf8_lossy(line).chars().take(60).collect();
                return Err(TextError::LineNotUtf8 { path: from(), line });
            }
        };
        match self.times.timestamp(&line, ingested, out.now()) {
            Some(at) => {
                *newest = at.max(*newest);
                out.emit_at(line, at);
            }
            None => out.dropped(DropReason::Undecodable, 1),
        }
        Ok(())
    }

    /// Sees that a line is not too long, be it only half there.
    pub(super) fn check_length(
        &self,
        bytes: usize,
        from: &impl Fn() -> String,
    ) -> Result<(), TextError> {
        let limit = self.max_line_bytes;
        // A return may still turn out to be part of the line's end.
        if bytes <= limit.saturating_add(1) {
            return Ok(());
        }
        Err(TextError::StreamLineTooLong { path: from(), limit })
    }
}
