//! Time limits and keepalive of sockets.

use std::{
    io,
    net::{TcpListener, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use socket2::{SockRef, TcpKeepalive};

/// How long processes try to find each other.
pub(super) const JOIN_LIMIT: Duration = Duration::from_secs(20);

/// How long one side of a new link waits for the next word of the other.
pub(super) const WORD_LIMIT: Duration = Duration::from_secs(5);

/// A peer that has not been heard for so long is lost.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait before a refused connection is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// Readies a new socket: no delay, keepalive, a limit on each read.
pub(super) fn prepare(socket: &TcpStream, limit: Option<Duration>) -> io::Result<()> {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(5)).with_interval(Duration::from_secs(1));
    SockRef::from(socket).set_tcp_keepalive(&keepalive)?;
    socket.set_nonblocking(false)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(limit)?;
    socket.set_write_timeout(limit)
}

/// Connects, trying again while nobody listens there, until the deadline.
pub(super) fn connect(address: &str, deadline: Instant) -> io::Result<TcpStream> {
    loop {
        let outcome = address.to_socket_addrs().and_then(|mut found| {
            let address = found.next().ok_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, "the name has no address")
            })?;
            TcpStream::connect_timeout(&address, WORD_LIMIT)
        });
        match outcome {
            Ok(socket) => return Ok(socket),
            Err(error) if Instant::now() + RETRY > deadline => return Err(error),
            Err(_) => std::thread::park_timeout(RETRY),
        }
    }
}

/// Accepts the next connection, until the deadline; `give_up` is asked now and then.
pub(super) fn accept(
    listener: &TcpListener,
    deadline: Instant,
    give_up: &mut dyn FnMut() -> Option<String>,
) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((socket, _)) => return Ok(socket),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if let Some(why) = give_up() {
                    return Err(io::Error::other(why));
                }
                if Instant::now() > deadline {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody came in time"));
                }
                std::thread::park_timeout(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    }
}
