//! The control links of a process.

use std::{
    io,
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::Thread,
    time::{Duration, Instant},
};

use watershed_runner_core::RunError;

use super::{
    agreement::Agreement,
    inquiry::Inquiry,
    message::{self, Counts, Message},
    socket::{Patient, prepare},
};
use crate::{crew::Queues, runner::problem, shared::Shared};

/// How often each side says that it is alive.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a process that has ended waits for those at the other ends to have ended too.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often something that may change by itself is looked at.
const TICK: Duration = Duration::from_millis(20);

/// The control links of a process: the coordinator's to all others, another's to the coordinator. It
/// listens on each from the moment that it is there, so a process that dies or fails is known at once,
/// whatever this one is doing.
pub(crate) struct Control {
    /// This process.
    pub(crate) index: usize,
    /// How many processes the job has.
    pub(crate) count: usize,
    shared: Arc<Shared>,
    /// The link to each process, where there is one.
    links: Vec<OnceLock<Mutex<TcpStream>>>,
    sender: Mutex<Sender<(usize, Message)>>,
    inbox: Mutex<Receiver<(usize, Message)>>,
    /// Links on which somebody listens.
    listening: AtomicUsize,
    /// Whether the end of the run is known, from the other side or here: links may go away now.
    over: AtomicBool,
    /// Whether this process has said how the run failed, or that it was cancelled.
    end_told: AtomicBool,
    /// Whether all work with this is done.
    closed: AtomicBool,
    /// The thread that says that this process is alive.
    heart: OnceLock<Thread>,
    /// Whether a process was lost by its silence: it may still be there.
    silent: AtomicBool,
    /// What processes agree on while their workers run.
    agreement: Mutex<Agreement>,
    /// What somebody asks of all workers.
    inquiry: Mutex<Inquiry>,
}

impl Control {
    /// Control of process `index` of `count`, without links yet.
    pub(crate) fn start(
        index: usize,
        count: usize,
        shared: &Arc<Shared>,
    ) -> Result<Arc<Self>, RunError> {
        let (sender, inbox) = channel();
        let control = Arc::new(Control {
            index,
            count,
            shared: shared.clone(),
            links: (0..count).map(|_| OnceLock::new()).collect(),
            sender: Mutex::new(sender),
            inbox: Mutex::new(inbox),
            listening: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            end_told: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            heart: OnceLock::new(),
            silent: AtomicBool::new(false),
            agreement: Mutex::default(),
            inquiry: Mutex::default(),
        });
        let alive = control.clone();
        let beat = move || {
            while !alive.closed.load(SeqCst) {
                alive.tell_all(&Message::Alive(Counts::of(&alive.shared.job)));
                std::thread::park_timeout(PERIOD);
            }
        };
        let heart = std::thread::Builder::new()
            .name("watershed-alive".into())
            .spawn(beat)
            .map_err(|error| problem(format!("could not start a thread: {error}")))?;
        let _ = control.heart.set(heart.thread().clone());
        Ok(control)
    }

    /// Takes up the link to a process.
    pub(super) fn link(self: &Arc<Self>, peer: usize, socket: TcpStream) -> Result<(), RunError> {
        let cannot = |error| problem(format!("cannot use its link to process {peer}: {error}"));
        prepare(&socket, Some(Patient::LIMIT)).map_err(cannot)?;
        socket.set_write_timeout(Some(FAREWELL)).map_err(cannot)?;
        let reader = Patient(socket.try_clone().map_err(cannot)?);
        let control = self.clone();
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let _ = self.links[peer].set(Mutex::new(socket));
        self.listening.fetch_add(1, SeqCst);
        let listen = move || {
            control.listen(peer, reader, &sender);
            control.listening.fetch_sub(1, SeqCst);
        };
        let started =
            std::thread::Builder::new().name(format!("watershed-control-{peer}")).spawn(listen);
        started.map(drop).map_err(|error| {
            self.listening.fetch_sub(1, SeqCst);
            cannot(error)
        })
    }

    pub(crate) fn is_coordinator(&self) -> bool {
        self.index == 0
    }

    /// Whether there is a link to that process.
    pub(super) fn is_linked(&self, peer: usize) -> bool {
        self.links[peer].get().is_some()
    }

    /// Says something on every link. A link that cannot be written to is lost.
    pub(crate) fn tell_all(&self, message: &Message) {
        (0..self.count).for_each(|peer| self.tell(peer, message));
    }

    /// Says something to one process, if there is a link to it.
    pub(crate) fn tell(&self, peer: usize, message: &Message) {
        let Some(socket) = self.links.get(peer).and_then(OnceLock::get) else { return };
        let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = message::write(&mut *socket, message) {
            self.lost(peer, &error);
        }
    }

    /// Says once how the run has failed here, or that it was cancelled here, if that is so.
    pub(crate) fn tell_end(&self) {
        let end = match self.shared.see_failure(Message::failed) {
            Some(failed) => failed,
            None if self.shared.job.is_cancelled() => Message::Cancelled,
            None => return,
        };
        if !self.end_told.swap(true, SeqCst) {
            self.tell_all(&end);
        }
    }

    /// The next thing that somebody said, or `None` when `stop` says that it is not worth waiting.
    pub(crate) fn next(&self, stop: impl Fn() -> bool) -> Option<(usize, Message)> {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match inbox.recv_timeout(TICK) {
                Ok(said) => return Some(said),
                Err(RecvTimeoutError::Timeout) if !stop() => {}
                Err(_) => return None,
            }
        }
    }

    /// Called again and again while workers run: says what others should know.
    pub(crate) fn tend(&self, queues: &Queues) {
        if self.shared.is_over() {
            return self.tell_end();
        }
        let told = self.agreement().tend(&self.shared, self.index, self.count, queues);
        told.iter().for_each(|(peer, message)| self.tell(*peer, message));
        self.tell_inquiry();
    }

    /// As [`tend`](Self::tend), when the workers of this process have ended and those of others may not have:
    /// these have to agree on a drain all the same.
    pub(crate) fn tend_without_workers(&self) {
        self.tend(&Queues::new());
    }

    /// Passes on what was asked of all workers, or what those of this process have answered.
    pub(crate) fn tell_inquiry(&self) {
        let told = self.inquiry().tend(&self.shared, self.is_coordinator());
        told.iter().for_each(|message| self.tell_all(message));
    }

    /// Takes in what processes agree on; whether this was of that kind.
    fn agree(&self, peer: usize, message: &Message) -> bool {
        match message {
            Message::Drain => {
                self.shared.job.drain();
                if !self.is_coordinator() {
                    self.tell(peer, &Message::Draining);
                }
            }
            Message::Draining => self.agreement().knows_of_drain(peer),
            Message::StopReading => self.shared.stop_reading(),
            Message::Look(question, most_windows) => {
                self.shared.job.board().ask_as(*question, *most_windows);
                self.shared.job.ring();
            }
            Message::Status(worker, question, status)
                if *worker < self.shared.options.all_workers() =>
            {
                self.shared.job.board().answer(*worker, *question, status.clone());
            }
            Message::Standing(node, standing) => self.agreement().stands(peer, *node, *standing),
            _ => return false,
        }
        true
    }

    fn inquiry(&self) -> MutexGuard<'_, Inquiry> {
        self.inquiry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn agreement(&self) -> MutexGuard<'_, Agreement> {
        self.agreement.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another process has said how the run ends.
    pub(crate) fn has_heard_the_end(&self) -> bool {
        self.over.load(SeqCst)
    }

    /// Whether all processes that were lost have really gone, as their systems said.
    pub(crate) fn knows_its_dead(&self) -> bool {
        !self.silent.load(SeqCst)
    }

    /// The run has ended. Waits a little until it has at the other ends too: what this process said
    /// last must be read before the links go, and nobody's temporary files should be found after it.
    pub(crate) fn close(&self) {
        self.over.store(true, SeqCst);
        self.closed.store(true, SeqCst);
        // It holds the graph, and with it what the author's closures hold.
        if let Some(heart) = self.heart.get() {
            heart.unpark();
        }
        for socket in self.links.iter().filter_map(OnceLock::get) {
            let socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
            // It may be gone already.
            let _ = socket.shutdown(Shutdown::Write);
        }
        let until = Instant::now() + FAREWELL;
        while self.listening.load(SeqCst) > 0 && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    fn lost(&self, peer: usize, error: &io::Error) {
        if self.over.load(SeqCst) {
            return;
        }
        let is_silent = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        self.silent.fetch_or(is_silent, Relaxed);
        let how = match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => "its link was closed".to_owned(),
            _ => error.to_string(),
        };
        self.shared.fail(problem(format!(
            "lost process {peer} ({how}): it died, or its machine or the network did; the job can be run \
             again"
        )));
    }

    /// Hands on what one process says, until it says no more.
    fn listen(&self, peer: usize, mut link: Patient, inbox: &Sender<(usize, Message)>) {
        let mut before = Counts::default();
        loop {
            let message = match message::read(&mut link) {
                Ok(message) => message,
                Err(error) => return self.lost(peer, &error),
            };
            // First of all, since what follows wakes those who ask how it ended.
            if matches!(message, Message::Failed(_) | Message::Cancelled | Message::Committed(_)) {
                self.over.store(true, SeqCst);
            }
            match &message {
                Message::Alive(counts) | Message::Ended(message::Ballot { counts, .. })
                    if self.is_coordinator() =>
                {
                    counts.add_read_since(&before, &self.shared.job);
                    before = *counts;
                }
                Message::Failed(told) => self.shared.fail(told.clone().into_error()),
                Message::Cancelled => self.shared.job.cancel(),
                _ => {}
            }
            if self.agree(peer, &message) {
                continue;
            }
            if !matches!(message, Message::Alive(_)) {
                // Nobody asks any more once the run has ended.
                let _ = inbox.send((peer, message));
            }
        }
    }
}
