//! Lines that come on a thread of their own: from a connection, or from standard input.

use std::{
    io::{self, Read},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, OnceLock,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    task::Waker,
};

use serde::{Deserialize, Serialize};
use watershed_model::{
    Advance, Boundedness, BoxError, Budget, Duration, Progress, Reader, Source, SourceOutput,
    Timestamp,
};

use super::{
    line_buffer::LineBuffer,
    options::{Origin, TextStream},
};
use crate::TextError;

/// How much is read at a time.
const PIECE_BYTES: usize = 64 << 10;
/// How many pieces wait at most; then the other end has to.
const PIECES: usize = 16;

/// A connection or standard input.
pub(super) struct FeedSource(pub(super) Arc<TextStream>);

/// All that comes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FeedSplit {
    was_read: bool,
}

impl FeedSource {
    fn name(&self) -> String {
        name(&self.0.origin)
    }

    /// Opens what is read. A connection can be shut from this side, so that its thread ends.
    fn connect(&self) -> Result<(Box<dyn Read + Send>, Option<TcpStream>), TextError> {
        let Origin::Socket(address) = &self.0.origin else {
            return Ok((Box::new(io::stdin()), None));
        };
        let connect = || {
            let stream = TcpStream::connect(address)?;
            Ok((stream.try_clone()?, stream))
        };
        match connect() {
            Ok((read, stream)) => Ok((Box::new(read), Some(stream))),
            Err(source) => Err(TextError::CannotConnect { address: address.clone(), source }),
        }
    }
}

fn name(origin: &Origin) -> String {
    match origin {
        Origin::Socket(address) => format!("the connection to {address}"),
        _ => "standard input".into(),
    }
}

impl Source for FeedSource {
    type Element = String;
    type Split = FeedSplit;
    type Reader = FeedReader;

    fn describe(&self) -> String {
        match &self.0.origin {
            Origin::Socket(address) => format!("text::read_socket({address:?})"),
            _ => "text::read_stdin()".into(),
        }
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    fn is_resumable(&self) -> bool {
        false
    }

    fn idle_after(&self) -> Option<Duration> {
        self.0.idle_after
    }

    fn poll_interval(&self) -> Duration {
        self.0.poll_interval
    }

    fn splits(&self, _: usize) -> Result<Vec<FeedSplit>, BoxError> {
        Ok(vec![FeedSplit { was_read: false }])
    }

    fn open(&self, split: FeedSplit) -> Result<FeedReader, BoxError> {
        if split.was_read {
            return Err(TextError::NotResumable { path: self.name() }.into());
        }
        let (read, connection) = self.connect()?;
        let (sender, pieces) = sync_channel(PIECES);
        let waker = Arc::new(OnceLock::new());
        let wakes = waker.clone();
        std::thread::Builder::new()
            .name("watershed-text-stream".into())
            .spawn(move || feed(read, &sender, &wakes))
            .map_err(|error| format!("could not start a thread: {error}"))?;
        Ok(FeedReader {
            stream: self.0.clone(),
            pieces,
            connection,
            waker,
            buffer: LineBuffer::default(),
            newest: Timestamp::MIN,
            waiting: None,
            now: Timestamp::MIN,
            has_ended: false,
            bytes: 0,
        })
    }
}

/// Sends on what comes, until its end or until nobody takes it any more.
fn feed(mut read: impl Read, pieces: &SyncSender<io::Result<Vec<u8>>>, waker: &OnceLock<Waker>) {
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let piece = match read.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map(|length| buffer[..length].to_vec()),
        };
        let is_last = piece.as_ref().map_or(true, Vec::is_empty);
        let is_taken = pieces.send(piece).is_ok();
        if let Some(waker) = waker.get() {
            waker.wake_by_ref();
        }
        if is_last || !is_taken {
            return;
        }
    }
}

/// Reads the lines that its thread was sent.
pub(super) struct FeedReader {
    stream: Arc<TextStream>,
    pieces: Receiver<io::Result<Vec<u8>>>,
    connection: Option<TcpStream>,
    waker: Arc<OnceLock<Waker>>,
    buffer: LineBuffer,
    newest: Timestamp,
    /// When the oldest line that waits here was taken in.
    waiting: Option<Timestamp>,
    now: Timestamp,
    has_ended: bool,
    bytes: u64,
}

impl FeedReader {
    fn read(
        &mut self,
        out: &mut SourceOutput<String>,
        budget: Budget,
    ) -> Result<Advance, TextError> {
        let FeedReader { stream, buffer, newest, .. } = self;
        let from = || name(&stream.origin);
        let mut elements = budget.elements.max(1);
        loop {
            while let Some((line, ingested)) = buffer.next_line() {
                stream.rules.put_out(line, ingested, newest, &from, out)?;
                elements -= 1;
                if elements == 0 {
                    return Ok(Advance::More);
                }
            }
            stream.rules.check_length(buffer.unread().len(), &from)?;
            if self.has_ended {
                if let Some(half) = buffer.take_half() {
                    stream.rules.put_out(&half, self.now, newest, &from, out)?;
                }
                return Ok(Advance::End);
            }
            match self.pieces.try_recv() {
                Ok(Ok(piece)) => {
                    self.bytes += piece.len() as u64;
                    self.has_ended = piece.is_empty();
                    buffer.take_in(&piece, self.now);
                }
                Ok(Err(source)) => {
                    return Err(TextError::Broken { path: from(), bytes: self.bytes, source });
                }
                Err(TryRecvError::Empty) => return Ok(Advance::Idle),
                // It says first how it ends.
                Err(TryRecvError::Disconnected) => return Ok(Advance::End),
            }
        }
    }
}

impl Reader<String, FeedSplit> for FeedReader {
    fn wake_by(&mut self, waker: &Waker) {
        // There is one, and it is given once.
        let _ = self.waker.set(waker.clone());
    }

    fn advance(
        &mut self,
        out: &mut SourceOutput<String>,
        budget: Budget,
    ) -> Result<Advance, BoxError> {
        self.now = out.now();
        let advance = self.read(out, budget)?;
        self.waiting = self.buffer.waiting();
        Ok(advance)
    }

    fn position(&self) -> FeedSplit {
        FeedSplit { was_read: true }
    }

    fn watermark(&self) -> Timestamp {
        self.stream.rules.times.watermark(self.newest, self.waiting, self.now)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.bytes }
    }
}

impl Drop for FeedReader {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            // It may be gone already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}
