//! Messages between the coordinator and the other processes.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use watershed_model::{AnySplit, BinaryCoder, BoxError, Coder};
use watershed_runner_core::{Failure, RunError, StepReport};

use super::socket::{SILENCE_LIMIT, prepare};
use crate::{shared::Shared, stage::Prepared};

/// No message is larger: what is above it is an attack or a fault.
const MOST_BYTES: u32 = 1 << 30;

/// How often each side says that it is alive.
const PERIOD: Duration = Duration::from_secs(1);

/// What processes say to each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// From another process: where its data links are taken.
    Here(String),
    /// From the coordinator: where all processes take data links.
    Peers(Vec<String>),
    /// From the coordinator: the splits of each node that this process is to read.
    Splits(Vec<Vec<AnySplit>>),
    /// From another process: its workers have ended; what its sinks prepared, and its counts.
    Ended(Prepared, Vec<StepReport>),
    /// From anyone: the run has failed.
    Failed(Told),
    /// From the coordinator: all is committed; what was prepared for sinks that commit everywhere,
    /// and the report.
    Committed(Prepared, Vec<StepReport>, u64),
    /// From anyone: the run was cancelled.
    Cancelled,
    /// I am alive.
    Alive,
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
                message: error.to_string(),
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
    BinaryCoder.decode_value(&bytes).map_err(io::Error::other)
}

/// The control links of a process: the coordinator's to all others, another's to the coordinator.
pub(crate) struct Control {
    /// This process.
    pub(crate) index: usize,
    links: Vec<(usize, Mutex<TcpStream>)>,
    inbox: Mutex<Receiver<(usize, Message)>>,
    over: Arc<AtomicBool>,
}

impl Control {
    /// Begins to listen on links to the given processes. A link that is lost, or a failure that is
    /// told, ends the run.
    pub(super) fn start(
        index: usize,
        sockets: Vec<(usize, TcpStream)>,
        shared: &Arc<Shared>,
    ) -> io::Result<Arc<Self>> {
        let over = Arc::new(AtomicBool::new(false));
        let (sender, inbox) = channel();
        let mut links = Vec::new();
        for (peer, socket) in sockets {
            prepare(&socket, Some(SILENCE_LIMIT))?;
            let reader = socket.try_clone()?;
            let (shared, over, sender) = (shared.clone(), over.clone(), sender.clone());
            std::thread::Builder::new()
                .name(format!("watershed-control-{peer}"))
                .spawn(move || listen(peer, reader, &shared, &over, &sender))?;
            links.push((peer, Mutex::new(socket)));
        }
        let control = Arc::new(Control { index, links, inbox: Mutex::new(inbox), over });
        let (alive, shared) = (control.clone(), shared.clone());
        std::thread::Builder::new().name("watershed-alive".into()).spawn(move || {
            while !alive.over.load(SeqCst) {
                alive.tell_all(&Message::Alive, &shared);
                std::thread::park_timeout(PERIOD);
            }
        })?;
        Ok(control)
    }

    pub(crate) fn is_coordinator(&self) -> bool {
        self.index == 0
    }

    /// Says something on every link. A link that cannot be written to is lost.
    pub(crate) fn tell_all(&self, message: &Message, shared: &Shared) {
        self.links.iter().for_each(|(peer, _)| self.tell(*peer, message, shared));
    }

    /// Says something to one process.
    pub(crate) fn tell(&self, peer: usize, message: &Message, shared: &Shared) {
        let Some((_, socket)) = self.links.iter().find(|(other, _)| *other == peer) else { return };
        let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = write(&mut *socket, message)
            && !self.over.load(SeqCst)
        {
            shared.fail(lost(peer, &error));
        }
    }

    /// The next thing that somebody said, or `None` when the run is over without it.
    pub(crate) fn next(&self, shared: &Shared) -> Option<(usize, Message)> {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match inbox.recv_timeout(Duration::from_millis(20)) {
                Ok(said) => return Some(said),
                Err(RecvTimeoutError::Timeout) if shared.is_over() => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// How many processes are at the other ends.
    pub(crate) fn peers(&self) -> usize {
        self.links.len()
    }

    /// The run has ended: links may go away now.
    pub(crate) fn close(&self) {
        self.over.store(true, SeqCst);
        for (_, socket) in &self.links {
            let socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
            // It may be gone already.
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
    }
}

fn lost(peer: usize, error: &io::Error) -> RunError {
    let problem = format!(
        "lost process {peer} ({error}): it died, or its machine or the network did; nothing was \
         written, so the job can be run again"
    );
    RunError::Runner { runner: "timely".into(), problem }
}

/// Hands on what one process says, until it says no more.
fn listen(
    peer: usize,
    mut socket: TcpStream,
    shared: &Shared,
    over: &AtomicBool,
    inbox: &Sender<(usize, Message)>,
) {
    loop {
        match read(&mut socket) {
            Ok(Message::Alive) => {}
            Ok(Message::Failed(told)) => {
                shared.fail(told.into_error());
                over.store(true, SeqCst);
            }
            Ok(message) => {
                if matches!(message, Message::Committed(..) | Message::Cancelled) {
                    over.store(true, SeqCst);
                }
                // Nobody listens any more once the run has ended.
                let _ = inbox.send((peer, message));
            }
            Err(error) => {
                if !over.load(SeqCst) {
                    shared.fail(lost(peer, &error));
                }
                return;
            }
        }
    }
}
