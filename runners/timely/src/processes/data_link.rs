//! A data link as timely's stream.
//!
//! Timely's own loops panic when a socket ends early, and believe any length that a frame claims.
//! This reads the frames' headers along the way, and when something is wrong it ends the run and lets
//! timely's thread wait for ever, since it must not go on and must not panic either.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
};

use timely::communication::allocator::zero_copy::stream::Stream;
use watershed_runner_core::RunError;

use crate::shared::Shared;

/// No frame is larger; bundles are cut long before.
const MOST_FRAME: u64 = 1 << 30;

/// Timely's header: six numbers, of which the fifth is the length of what follows.
const HEADER: usize = 48;

/// One end of a data link.
pub(crate) struct DataLink {
    socket: TcpStream,
    peer: usize,
    shared: Arc<Shared>,
    /// The header being read, and how many of its bytes are there.
    header: [u8; HEADER],
    have: usize,
    /// How many bytes of the frame's body are still to come.
    body: u64,
    /// Whether the frame that says goodbye has been read.
    ended: bool,
}

impl DataLink {
    pub(super) fn new(socket: TcpStream, peer: usize, shared: Arc<Shared>) -> Self {
        DataLink { socket, peer, shared, header: [0; HEADER], have: 0, body: 0, ended: false }
    }

    /// Follows the frames in what was read.
    fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.body > 0 {
                let skip = self.body.min(bytes.len() as u64);
                self.body -= skip;
                bytes = &bytes[skip as usize..];
                continue;
            }
            let take = (HEADER - self.have).min(bytes.len());
            self.header[self.have..self.have + take].copy_from_slice(&bytes[..take]);
            self.have += take;
            bytes = &bytes[take..];
            if self.have == HEADER {
                self.have = 0;
                let mut length = [0; 8];
                length.copy_from_slice(&self.header[32..40]);
                self.body = u64::from_be_bytes(length);
                self.ended = self.body == 0;
                if self.body > MOST_FRAME {
                    return Err(io::Error::other(format!("a frame claims {} bytes", self.body)));
                }
            }
        }
        Ok(())
    }

    /// The link cannot be used any more: ends the run, and never returns to timely's loop.
    fn give_up(&self, error: &io::Error) -> ! {
        let problem = format!(
            "lost the data link to process {} ({error}); nothing was written, so the job can be run \
             again",
            self.peer
        );
        self.shared.fail(RunError::Runner { runner: "timely".into(), problem });
        loop {
            std::thread::park();
        }
    }
}

impl Read for DataLink {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) if self.ended => return Ok(0),
                Ok(0) => {
                    self.give_up(&io::Error::new(io::ErrorKind::UnexpectedEof, "it was closed"))
                }
                Ok(read) => match self.follow(&buffer[..read]) {
                    Ok(()) => return Ok(read),
                    Err(error) => self.give_up(&error),
                },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.give_up(&error),
            }
        }
    }
}

impl Write for DataLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket.write(bytes) {
            Ok(written) => Ok(written),
            Err(error) => self.give_up(&error),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Stream for DataLink {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(DataLink::new(self.socket.try_clone()?, self.peer, self.shared.clone()))
    }
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)
    }
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        // The peer may have gone first.
        let _ = self.socket.shutdown(how);
        Ok(())
    }
}
