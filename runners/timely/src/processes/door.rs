//! Where links come in.
//!
//! Anything can knock on an open port. Each that does is heard on a thread of its own, so that one that
//! says nothing, or says it slowly, keeps nobody else waiting; and only so many are heard at a time.

use std::{
    io,
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    handshake::{self, Identity, LinkKind, Refused},
    message::{self, Message},
    socket::{Timed, WORD_LIMIT},
};

/// How often the door is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// How many are heard at the same time.
const MOST_HEARD: usize = 256;

/// One that has proven itself.
pub(super) struct Guest {
    pub(super) kind: LinkKind,
    pub(super) index: usize,
    pub(super) socket: TcpStream,
    /// Where it takes data links itself, told with its control link.
    pub(super) address: String,
}

/// A listener that takes links in until it is dropped.
pub(super) struct Door {
    guests: Receiver<Result<Guest, Refused>>,
    shut: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Door {
    pub(super) fn open(listener: TcpListener, identity: &Identity) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let shut = Arc::new(AtomicBool::new(false));
        let (sender, guests) = channel();
        let (seen, identity) = (shut.clone(), identity.clone());
        let keeper = std::thread::Builder::new()
            .name("watershed-door".into())
            .spawn(move || keep(&listener, &identity, &seen, &sender))?;
        Ok(Door { guests, shut, keeper: Some(keeper) })
    }

    /// The next that came, proven or refused, if there is one within that time.
    pub(super) fn next(&self, wait: Duration) -> Option<Result<Guest, Refused>> {
        self.guests.recv_timeout(wait).ok()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut.store(true, SeqCst);
        if let Some(keeper) = self.keeper.take() {
            // What knocks from now on is not for this door: its keeper must be gone first.
            let _ = keeper.join();
        }
    }
}

fn keep(
    listener: &TcpListener,
    identity: &Identity,
    shut: &AtomicBool,
    guests: &Sender<Result<Guest, Refused>>,
) {
    let heard = Arc::new(AtomicUsize::new(0));
    while !shut.load(SeqCst) {
        if heard.load(SeqCst) >= MOST_HEARD {
            std::thread::park_timeout(LOOK);
            continue;
        }
        // Nobody is there; or this one has gone already, or the system is short of something just now.
        let Ok((socket, _)) = listener.accept() else {
            std::thread::park_timeout(LOOK);
            continue;
        };
        heard.fetch_add(1, SeqCst);
        let (identity, guests, hearing) = (identity.clone(), guests.clone(), heard.clone());
        let hear = move || {
            // If the door has been shut meanwhile, nobody wants to know.
            let _ = guests.send(hear(socket, &identity));
            hearing.fetch_sub(1, SeqCst);
        };
        if std::thread::Builder::new().name("watershed-hear".into()).spawn(hear).is_err() {
            heard.fetch_sub(1, SeqCst);
        }
    }
}

fn hear(socket: TcpStream, identity: &Identity) -> Result<Guest, Refused> {
    let until = Instant::now() + WORD_LIMIT;
    let (kind, index) = handshake::answer(&socket, identity, until)?;
    let mut address = String::new();
    if kind == LinkKind::Control {
        match message::read(&mut Timed { socket: &socket, until })? {
            Message::Here(here) => address = here,
            _ => return Err(Refused::Stranger),
        }
    }
    Ok(Guest { kind, index, socket, address })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn strangers_keep_nobody_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let identity = Identity::new("s", [0; 32]);
        let door = Door::open(listener, &identity).unwrap();
        let silent: Vec<_> = (0..9).map(|_| TcpStream::connect(address).unwrap()).collect();
        let mut loud = TcpStream::connect(address).unwrap();
        loud.write_all(&[7; 10_000]).unwrap();

        let socket = TcpStream::connect(address).unwrap();
        let until = Instant::now() + WORD_LIMIT / 2;
        handshake::call(&socket, &identity, LinkKind::Data, 1, until).unwrap();
        let guest = std::iter::from_fn(|| door.next(WORD_LIMIT / 2)).find_map(Result::ok).unwrap();
        assert_eq!((guest.kind, guest.index), (LinkKind::Data, 1));
        drop(silent);
    }
}
