//! A data link as timely's stream.
//!
//! Timely's own loops panic when a socket ends early, and believe whatever a frame's header claims. This
//! reads the headers along the way, and when something is wrong it ends the run. Timely's thread must
//! not go on then, and must not end before the workers either, since they would panic: it waits until
//! they have gone, and then unwinds without a word.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    ops::Range,
    panic,
    sync::Arc,
    time::{Duration, Instant},
};

use timely::communication::allocator::zero_copy::stream::Stream;

use crate::{runner::problem, shared::Shared};

/// No frame is larger; bundles are cut long before.
const MOST_FRAME: u64 = 1 << 30;

/// Timely's header: six numbers. The third and fourth are the first worker that the frame is for and
/// the one behind the last, the fifth is the length of what follows.
const HEADER: usize = 48;

/// A process that fails closes its data links, and what it says on its control link may be heard later
/// than that; so a lost data link is the failure only if nothing else is known after this time.
const GRACE: Duration = match cfg!(test) {
    true => Duration::from_millis(20),
    false => Duration::from_secs(2),
};

/// One end of a data link.
pub(crate) struct DataLink {
    socket: TcpStream,
    peer: usize,
    /// The workers of this process.
    here: Range<usize>,
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
    pub(super) fn new(
        socket: TcpStream,
        peer: usize,
        here: Range<usize>,
        shared: Arc<Shared>,
    ) -> Self {
        let header = [0; HEADER];
        DataLink { socket, peer, here, shared, header, have: 0, body: 0, ended: false }
    }

    /// Follows the frames in what was read.
    fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.ended {
                return Err(io::Error::other("there is more after its end"));
            }
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
                self.begin_frame()?;
            }
        }
        Ok(())
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        let number = |place: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&self.header[place * 8..(place + 1) * 8]);
            u64::from_be_bytes(bytes)
        };
        let (first, behind, body) = (number(2), number(3), number(4));
        if body > MOST_FRAME {
            return Err(io::Error::other(format!("a frame claims {body} bytes")));
        }
        let here = self.here.start as u64..self.here.end as u64;
        if body > 0 && !(here.contains(&first) && first < behind && behind <= here.end) {
            return Err(io::Error::other("a frame is for workers that are not here"));
        }
        self.body = body;
        self.ended = body == 0;
        Ok(())
    }

    /// The link cannot be used any more: ends the run, and never returns to timely's loop.
    fn give_up(&self, error: &io::Error) -> ! {
        let lost_at = Instant::now();
        let is_known = || self.shared.is_over() || self.shared.are_workers_gone();
        while !is_known() && lost_at.elapsed() < GRACE {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        if !is_known() {
            self.shared.fail(problem(format!(
                "lost the data link to process {} ({error}); the job can be run again",
                self.peer
            )));
        }
        while !self.shared.are_workers_gone() {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        panic::resume_unwind(Box::new("a data link was lost"))
    }
}

impl Read for DataLink {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.socket.read(buffer) {
                // All that was to come has come.
                Ok(0) | Err(_) if self.ended => return Ok(0),
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
        Ok(DataLink::new(
            self.socket.try_clone()?,
            self.peer,
            self.here.clone(),
            self.shared.clone(),
        ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    use watershed_core::Pipeline;
    use watershed_runner_core::{JobState, Plan, PlanOptions, RunOptions};

    fn shared() -> Arc<Shared> {
        let graph = Arc::new(Pipeline::new().build().unwrap());
        let plan = Plan::of(&graph, PlanOptions::for_workers(4));
        Arc::new(Shared::new(graph, plan, RunOptions::default(), Arc::new(JobState::default())))
    }

    fn header(first: u64, behind: u64, length: u64) -> Vec<u8> {
        [0, 0, first, behind, length, 0].iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    /// A link of a process with the workers 2 and 3, and its other end.
    fn link(shared: &Arc<Shared>) -> (DataLink, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = listener.accept().unwrap().0;
        (DataLink::new(socket, 0, 2..4, shared.clone()), other)
    }

    /// How the run fails when these bytes come, and then no more. The thread that reads must neither
    /// return nor end before the workers have gone.
    fn fails(bytes: &[u8]) -> String {
        let shared = shared();
        let (mut link, mut other) = link(&shared);
        let reading = std::thread::spawn(move || {
            let mut read = vec![0; 1000];
            while link.read(&mut read).unwrap() > 0 {}
        });
        other.write_all(bytes).unwrap();
        other.shutdown(Shutdown::Write).unwrap();
        let until = Instant::now() + 10 * GRACE;
        while !shared.is_over() {
            assert!(Instant::now() < until, "the run does not fail");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        assert!(!reading.is_finished());
        shared.workers_are_gone();
        reading.join().unwrap_err();
        shared.take_failure().unwrap().to_string()
    }

    #[test]
    fn what_is_no_frame_for_this_process_fails_the_run() {
        let told = fails(&header(2, 3, 1 << 40));
        assert!(told.contains("process 0") && told.contains("1099511627776 bytes"), "{told}");
        for (first, behind) in [(0, 1), (2, 5), (3, 3), (3, 2), (u64::MAX, 0), (2, u64::MAX)] {
            let told = fails(&header(first, behind, 8));
            assert!(told.contains("workers that are not here"), "{told}");
        }
    }

    #[test]
    fn a_link_that_ends_before_its_goodbye_fails_the_run() {
        let whole = [header(2, 4, 8), vec![7; 8]].concat();
        for bytes in [&[][..], &whole[..20], &whole[..50], &whole] {
            let told = fails(bytes);
            assert!(told.contains("lost the data link to process 0 (it was closed)"), "{told}");
        }
        let told = fails(&[header(0, 0, 0), vec![1]].concat());
        assert!(told.contains("more after its end"), "{told}");
    }

    #[test]
    fn a_link_that_says_goodbye_is_read_to_its_end() {
        let shared = shared();
        let (mut link, mut other) = link(&shared);
        let frames = [header(2, 3, 8), vec![7; 8], header(3, 4, 3), vec![8; 3], header(0, 0, 0)];
        other.write_all(&frames.concat()).unwrap();
        drop(other);
        let mut read = Vec::new();
        link.read_to_end(&mut read).unwrap();
        assert_eq!(read, frames.concat());
        assert!(!shared.is_over());
    }
}
