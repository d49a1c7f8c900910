//! What the processes of a job say to each other, and how it is framed.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use watershed_model::{AnySplit, BinaryCoder, BoxError, Coder, NodeId};
use watershed_runner_core::{Failure, JobState, RunError, Standing, StepReport, WorkerStatus};

use crate::stage::Prepared;

/// No message is larger: what is above it is an attack or a fault.
const MOST_BYTES: u32 = 1 << 30;

/// What processes say to each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// From another process: where its data links are taken.
    Here(String),
    /// From the coordinator: where all processes take data links.
    Peers(Vec<String>),
    /// From the coordinator: the splits of each node that this process is to read.
    Splits(Vec<Vec<AnySplit>>),
    /// From another process: its workers have ended well.
    Ended(Ballot),
    /// From the coordinator: all is committed; what was prepared for sinks that commit everywhere, and
    /// the counts of the whole job.
    Committed(Ballot),
    /// From anyone: the run has failed.
    Failed(Told),
    /// From anyone: the run was cancelled.
    Cancelled,
    /// From another process: it was asked to drain. From the coordinator: all are.
    Drain,
    /// From another process: it knows that the job drains.
    Draining,
    /// From the coordinator: all know that the job drains, so sources may stop.
    StopReading,
    /// How far the splits of a source have come, by node: from another process its own, from the
    /// coordinator those of all others together.
    Standing(NodeId, Standing),
    /// From the coordinator: where do your workers stand? A question, and how many windows to list.
    Look(u64, usize),
    /// From another process: where one of its workers stands, and to which question this is an answer.
    Status(usize, u64, WorkerStatus),
    /// I am alive, and have come so far.
    Alive(Counts),
}

impl Message {
    /// Says how the run has failed.
    pub(crate) fn failed(error: &RunError) -> Self {
        Message::Failed(Told::of(error))
    }
}

/// What a process has to show when its workers have ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ballot {
    pub(crate) prepared: Prepared,
    pub(crate) reports: Vec<StepReport>,
    pub(crate) counts: Counts,
    /// Whether a source was stopped there before its end.
    pub(crate) drained: bool,
}

/// How far a process has come with its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    elements: u64,
    done: u64,
    total: u64,
}

impl Counts {
    pub(crate) fn of(job: &JobState) -> Self {
        let progress = job.progress();
        Counts { elements: progress.elements_read, done: progress.done, total: progress.total }
    }

    /// Adds to a job what has been read here since `before`.
    pub(crate) fn add_read_since(&self, before: &Counts, job: &JobState) {
        let elements = self.elements.saturating_sub(before.elements);
        job.read(elements, self.done.saturating_sub(before.done));
    }

    /// Makes a job's counts at least these.
    pub(crate) fn raise(&self, job: &JobState) {
        let before = Counts::of(job);
        self.add_read_since(&before, job);
        job.found(self.total.saturating_sub(before.total));
    }
}

/// A failure in words, as it crosses processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    step: Option<String>,
    panicked: bool,
    message: String,
    location: Option<String>,
}

impl Told {
    pub(crate) fn of(error: &RunError) -> Self {
        match error {
            RunError::Step { step, failure: Failure::Panic { message, location } } => Told {
                step: Some(step.clone()),
                panicked: true,
                message: message.clone(),
                location: location.clone(),
            },
            RunError::Step { step, failure: Failure::Error(error) } => Told {
                step: Some(step.clone()),
                panicked: false,
                message: with_causes(&**error),
                location: None,
            },
            RunError::Runner { problem, .. } => {
                Told { step: None, panicked: false, message: problem.clone(), location: None }
            }
            other => {
                Told { step: None, panicked: false, message: other.to_string(), location: None }
            }
        }
    }

    pub(crate) fn into_error(self) -> RunError {
        let Told { step, panicked, message, location } = self;
        match step {
            Some(step) if panicked => RunError::step(&step, Failure::Panic { message, location }),
            Some(step) => RunError::step(&step, BoxError::from(message)),
            None => RunError::Runner { runner: "timely".into(), problem: message },
        }
    }
}

/// An error in words, with those of its causes that it does not tell itself.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let why = next.to_string();
        if !told.contains(&why) {
            told = format!("{told}: {why}");
        }
        cause = next.source();
    }
    told
}

/// Writes a message with its length in front.
pub(super) fn write(socket: &mut impl Write, message: &Message) -> io::Result<()> {
    let mut frame = vec![0; 4];
    BinaryCoder.encode_value(message, &mut frame).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).ok().filter(|length| *length <= MOST_BYTES);
    let Some(length) = length else {
        let problem = format!("a message of {} bytes is too large for a control link", frame.len());
        return Err(io::Error::other(problem));
    };
    frame[..4].copy_from_slice(&length.to_le_bytes());
    socket.write_all(&frame)
}

/// Reads a message, and never more than there is of it.
pub(super) fn read(socket: &mut impl Read) -> io::Result<Message> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MOST_BYTES {
        return Err(io::Error::other(format!("a message claims {length} bytes")));
    }
    // Grows with what arrives, not with what is claimed.
    let mut bytes = Vec::new();
    socket.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    BinaryCoder.decode_value(&bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_the_same_on_the_other_side() {
        let panic = Failure::Panic { message: "boom".into(), location: Some("a.rs:1:2".into()) };
        for error in [
            RunError::step("count", panic),
            RunError::step("read", BoxError::from("no such file")),
            RunError::Runner { runner: "timely".into(), problem: "lost process 3".into() },
        ] {
            let mut bytes = Vec::new();
            write(&mut bytes, &Message::Failed(Told::of(&error))).unwrap();
            let Message::Failed(told) = read(&mut bytes.as_slice()).unwrap() else {
                panic!("it has become another message")
            };
            assert_eq!(told.into_error().to_string(), error.to_string());
        }
    }

    #[test]
    fn a_message_is_refused_that_claims_too_much_or_is_cut_or_is_none() {
        let mut claims = (MOST_BYTES + 1).to_le_bytes().to_vec();
        claims.extend([0; 100]);
        let error = read(&mut claims.as_slice()).unwrap_err();
        assert!(error.to_string().contains("claims 1073741825 bytes"), "{error}");

        let mut bytes = Vec::new();
        write(&mut bytes, &Message::Peers(vec!["a:1".into(), "b:2".into()])).unwrap();
        for cut in 0..bytes.len() {
            read(&mut &bytes[..cut]).unwrap_err();
        }
        // Claims all that is allowed, and then ends: nothing is reserved for it.
        let claims = MOST_BYTES.to_le_bytes();
        assert_eq!(read(&mut &claims[..]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);

        let mut nonsense = 9u32.to_le_bytes().to_vec();
        nonsense.extend([0xff; 9]);
        read(&mut nonsense.as_slice()).unwrap_err();
    }

    #[test]
    fn counts_are_added_once() {
        let (here, job) = (JobState::default(), JobState::default());
        job.read(5, 50);
        here.read(3, 30);
        let first = Counts::of(&here);
        first.add_read_since(&Counts::default(), &job);
        here.read(1, 10);
        Counts::of(&here).add_read_since(&first, &job);
        assert_eq!(Counts::of(&job), Counts { elements: 9, done: 90, total: 0 });
        job.found(100);
        Counts::of(&job).raise(&here);
        assert_eq!(Counts::of(&here), Counts::of(&job));
    }
}
