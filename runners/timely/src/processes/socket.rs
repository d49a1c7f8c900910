//! Time limits and keepalive of sockets.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use socket2::{SockRef, TcpKeepalive};

/// How long one side of a new link waits for the words of the other.
pub(super) const WORD_LIMIT: Duration = Duration::from_secs(5);

/// How long to wait before a refused connection is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// Readies a new socket: no delay, keepalive, a limit on each read and write.
pub(super) fn prepare(socket: &TcpStream, limit: Option<Duration>) -> io::Result<()> {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(5)).with_interval(Duration::from_secs(1));
    SockRef::from(socket).set_tcp_keepalive(&keepalive)?;
    socket.set_nonblocking(false)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(limit)?;
    socket.set_write_timeout(limit)
}

/// Connects; while nobody listens there, tries again until the deadline, or until `stop` says so. Where
/// the other side is known to listen already, a refusal is final.
pub(super) fn connect(
    address: &str,
    deadline: Instant,
    is_listening: bool,
    stop: &dyn Fn() -> bool,
) -> io::Result<TcpStream> {
    loop {
        let error = match try_connect(address, deadline) {
            Ok(socket) => return Ok(socket),
            Err(error) => error,
        };
        let is_final = is_listening && error.kind() == io::ErrorKind::ConnectionRefused;
        if is_final || stop() || Instant::now() + RETRY > deadline {
            return Err(error);
        }
        std::thread::park_timeout(RETRY);
    }
}

/// Tries each address that the name has.
fn try_connect(address: &str, deadline: Instant) -> io::Result<TcpStream> {
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in address.to_socket_addrs()? {
        outcome = connect_to(&address, deadline);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn connect_to(address: &SocketAddr, deadline: Instant) -> io::Result<TcpStream> {
    let left = deadline.saturating_duration_since(Instant::now());
    let socket = TcpStream::connect_timeout(address, left.clamp(RETRY, WORD_LIMIT))?;
    // Where nobody listens on a port of this machine, the system may connect a socket with itself.
    if socket.local_addr()? == socket.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(socket)
}

/// A socket on which all that is read and written must be done by a deadline, however slowly the other
/// side drips.
pub(super) struct Timed<'a> {
    pub(super) socket: &'a TcpStream,
    pub(super) until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long")),
            false => Ok(Some(left)),
        }
    }
}

/// The system says that it would block where a limit has passed.
fn too_long(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::new(io::ErrorKind::TimedOut, "it took too long"),
        _ => error,
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(buffer).map_err(too_long)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes).map_err(too_long)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A socket whose other side says something every second, if it lives. Time is measured in short
/// limits, so that a process that was stopped for a while does not take its own absence for the other's.
pub(super) struct Patient(pub(super) TcpStream);

impl Patient {
    /// The limit to be set on the socket.
    pub(super) const LIMIT: Duration = Duration::from_secs(1);
    /// So many limits in silence, and the other side is lost.
    const SILENT: u32 = 10;
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..Self::SILENT {
            match self.0.read(buffer) {
                Err(error) if is_timeout(&error) => {}
                outcome => return outcome,
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "it has been silent for ten seconds"))
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_refusal_is_final_where_somebody_should_be_listening() {
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let (started, limit) = (Instant::now(), Duration::from_secs(60));
        connect(&address, started + limit, true, &|| false).unwrap_err();
        connect(&address, started + limit, false, &|| true).unwrap_err();
        connect(&address, started + Duration::from_millis(50), false, &|| false).unwrap_err();
        assert!(started.elapsed() < limit / 2);
    }

    #[test]
    fn one_that_drips_does_not_gain_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut dripping = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = listener.accept().unwrap().0;
        let drips = std::thread::spawn(move || {
            while dripping.write_all(b"x").is_ok() {
                std::thread::park_timeout(Duration::from_millis(10));
            }
        });
        let until = Instant::now() + Duration::from_millis(100);
        let mut timed = Timed { socket: &socket, until };
        let error = timed.read_exact(&mut [0; 10_000]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(socket);
        drips.join().unwrap();
    }
}
