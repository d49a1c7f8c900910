//! What an author says about text that goes on.

use watershed_model::{Duration, Timestamp, TimestampPolicy, millis, seconds};

use super::line_rules::LineRules;
use crate::InvalidUtf8;

/// Text that goes on, a `String` a line, without the line's end (`\n` or `\r\n`); made by [`follow`],
/// [`read_socket`] and [`read_stdin`].
#[derive(Clone, Debug)]
#[must_use = "reading is only described until it is applied to a pipeline"]
pub struct TextStream {
    pub(crate) origin: Origin,
    pub(crate) rules: LineRules,
    pub(crate) idle_after: Option<Duration>,
    pub(crate) poll_interval: Duration,
    pub(crate) linger: Duration,
}

/// Where the text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Files(String),
    Socket(String),
    Stdin,
}

/// Reads what files have and what is written to them from then on, as `tail -F` does.
///
/// The pattern is a file, which must be there; a directory, of which every file is read, at any depth; or
/// a glob. Files that come later are read too. Files with the names of compressed ones (`.gz`, `.zst`,
/// `.bz2`) are left out, since a rotation makes them of what was read.
///
/// All files of a pattern are read by one reader on one worker, in turn, however many workers there are: files
/// come and go, and one who knows them all notices when one is renamed. What is done with the lines is shared
/// out by the next grouping, or by `reshuffle`. If one reader is not enough, follow several patterns and
/// flatten them. A job that is started again reads what the files have from their beginning.
///
/// What happens to a file:
/// - Half a line waits for its end.
/// - *Rotated* (another file has its name, or it has another name): the old one is still read, until it
///   has not grown for [`linger`](TextStream::linger), and the new one from its beginning.
/// - *Vanished*: likewise; a new file of that name is read when it comes. So it is with a directory: its files
///   have vanished with it, and when one of that name comes its files are read.
/// - *Truncated* (shorter than what was read): it is read from its beginning. Lines that were written and
///   cut off between two looks cannot be seen by anybody, and a file that was cut and has grown beyond
///   the old place in that time looks like one that has grown.
/// - Half a line at the end of a file that is read no more, or was cut, is an element.
/// - A file that cannot be read any more fails the run.
///
/// ```
/// use watershed_io_text as text;
/// use watershed_model::{Timestamp, seconds};
///
/// // 1735689600 GET /index.html
/// let time_of = |line: &str| Some(Timestamp::from_seconds(line.split_once(' ')?.0.parse().ok()?));
/// let requests = text::follow("logs/*.log").event_time(time_of, seconds(5)).idle_after(seconds(30));
/// # let _ = requests;
/// ```
pub fn follow(pattern: impl Into<String>) -> TextStream {
    TextStream::of(Origin::Files(pattern.into()))
}

/// Reads lines from a TCP connection to `address`, a `host:port` where somebody listens.
///
/// The end of the connection ends it; half a line before that is an element. A connection that breaks
/// fails the run, since what was on its way is lost. Nothing is remembered: it cannot be read again.
pub fn read_socket(address: impl Into<String>) -> TextStream {
    TextStream::of(Origin::Socket(address.into()))
}

/// Reads lines from standard input as they come. Its end ends it; half a line before that is an element.
/// (`text::read("-")` reads it as something that ends, and waits for it.)
pub fn read_stdin() -> TextStream {
    TextStream::of(Origin::Stdin)
}

impl TextStream {
    fn of(origin: Origin) -> Self {
        let rules = LineRules {
            invalid_utf8: InvalidUtf8::Error,
            max_line_bytes: 16 << 20,
            times: TimestampPolicy::ingestion_time(),
        };
        let (poll_interval, linger) = (millis(50), seconds(10));
        TextStream { origin, rules, idle_after: None, poll_interval, linger }
    }

    /// Lines go by event time: what `time_of` finds in each. A line in which it finds none is dropped and
    /// counted (undecodable). The watermark stays `max_delay` behind the newest line; one that is further
    /// behind may be late.
    pub fn event_time(
        mut self,
        time_of: impl Fn(&str) -> Option<Timestamp> + Send + Sync + 'static,
        max_delay: Duration,
    ) -> Self {
        self.rules.times = TimestampPolicy::event_time(time_of, max_delay);
        self
    }

    /// Lines go by ingestion time: when their ends were taken in from outside. This is the default.
    pub fn ingestion_time(mut self) -> Self {
        self.rules.times = TimestampPolicy::ingestion_time();
        self
    }

    /// Lines go by processing time: when they were read into the pipeline.
    pub fn processing_time(mut self) -> Self {
        self.rules.times = TimestampPolicy::processing_time();
        self
    }

    /// After so long without a line, on the job's clock, the text no longer holds the watermark of its
    /// source. By default it does for ever. (It matters for event time, and where several processes read
    /// parts of one source.)
    pub fn idle_after(mut self, span: Duration) -> Self {
        self.idle_after = Some(span);
        self
    }

    /// How often files are looked at when nothing comes. By default every 50 ms; where looking takes
    /// long, as in a directory of very many files, less often, so that it takes no more than a hundredth
    /// of the time. Connections and standard input need no looking.
    pub fn poll_interval(mut self, span: Duration) -> Self {
        self.poll_interval = span;
        self
    }

    /// How long a file that was rotated away or removed is still read after it has last grown, on the
    /// job's clock: whoever writes it may take a while to notice. By default 10 seconds.
    pub fn linger(mut self, span: Duration) -> Self {
        self.linger = span;
        self
    }

    /// What becomes of a line that is not UTF-8. By default it is an error.
    pub fn invalid_utf8(mut self, what: InvalidUtf8) -> Self {
        self.rules.invalid_utf8 = what;
        self
    }

    /// How long a line may be, without its end; a longer one is an error. By default 16 MiB.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.rules.max_line_bytes = bytes;
        self
    }
}
