//! A split being read: when its reader is asked, how far its watermark has come, whether it is idle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use watershed_model::{
    Advance, AnyBundle, AnyReader, AnySource, AnySplit, BoxError, Budget, Drops, Timestamp, fault,
};

use crate::Standing;

/// An opened split.
///
/// It is *idle* when it was asked again and again for as long as the source says, by processing time,
/// and had nothing. Only being asked makes it so: whoever stops asking says [`rests`](Self::rests).
pub struct OpenReader {
    source: Arc<dyn AnySource>,
    reader: Box<dyn AnyReader>,
    /// What the split was when it was opened.
    description: String,
    waker: Arc<ReaderWaker>,
    /// When it is asked again if it does not wake by itself; at once if there is no such time.
    due: Option<Instant>,
    /// The greatest watermark that the split has come to; it is held there.
    watermark: Timestamp,
    /// Since when it was asked in vain.
    quiet_since: Option<Timestamp>,
    is_idle: bool,
    /// How much of the split was told to those who watch.
    told: u64,
}

/// What a reader gave.
pub struct Given {
    /// The elements.
    pub bundle: AnyBundle,
    /// What it left out.
    pub drops: Drops,
    /// What it said of what is to come.
    pub advance: Advance,
    /// How much more of the split has been read.
    pub done: u64,
    /// Whether its watermark went back, and was held.
    pub is_setback: bool,
}

impl OpenReader {
    /// Opens a split in which nothing on time is older than `watermark`. The reader may call `wake` when
    /// it has more.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(
        source: Arc<dyn AnySource>,
        split: &AnySplit,
        watermark: Timestamp,
        wake: Waker,
    ) -> Result<Self, BoxError> {
        let mut reader = source.open(split)?;
        tracing::debug!(split = split.description, "a split is opened");
        let waker = Arc::new(ReaderWaker { is_woken: AtomicBool::new(false), runner: wake });
        reader.wake_by(&waker.clone().into());
        let (due, quiet_since) = (None, None);
        let is_idle = source.idle_after().is_some() && fault!("splits-are-idle-unasked");
        let description = split.description.clone();
        Ok(OpenReader {
            source,
            reader,
            description,
            waker,
            due,
            watermark,
            quiet_since,
            is_idle,
            told: 0,
        })
    }

    /// Closes the reader and opens its position, as any runner may.
    ///
    /// # Errors
    /// When the position cannot be told or opened.
    pub fn reopen(&mut self) -> Result<(), BoxError> {
        let mut reader = self.source.open(&self.reader.position()?)?;
        reader.wake_by(&self.waker.clone().into());
        (self.reader, self.told) = (reader, 0);
        Ok(())
    }

    /// How long the reader should be left alone from `at` on; `None` if it can be asked at once.
    pub fn rest(&self, at: Instant) -> Option<Duration> {
        let due = self.due.filter(|_| !self.waker.is_woken.load(SeqCst))?;
        due.checked_duration_since(at).filter(|rest| !rest.is_zero())
    }

    /// Asks for more, at this processing time.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn advance(&mut self, budget: Budget, now: Timestamp) -> Result<Given, BoxError> {
        // Before the reader looks: what comes while it does wakes it once more.
        self.waker.is_woken.store(false, SeqCst);
        let (bundle, drops, advance) = self.reader.advance(budget, now)?;
        let done = self.reader.progress().done;
        let more = done.saturating_sub(self.told);
        self.told = self.told.max(done);
        let mut is_setback = false;
        if advance != Advance::End {
            let watermark = self.reader.watermark();
            is_setback = watermark < self.watermark;
            if is_setback {
                tracing::warn!(
                    split = self.description,
                    "a watermark went back from {} to {watermark}, and is held",
                    self.watermark
                );
            }
            self.watermark = self.watermark.max(watermark);
        }
        self.look_whether_idle(advance == Advance::Idle && bundle.is_empty(), now);
        self.due = match advance {
            Advance::Idle => Some(Instant::now() + std_duration(self.source.poll_interval())),
            _ => None,
        };
        Ok(Given { bundle, drops, advance, done: more, is_setback })
    }

    fn look_whether_idle(&mut self, had_nothing: bool, now: Timestamp) {
        self.is_idle = false;
        if !had_nothing {
            self.quiet_since = None;
            return;
        }
        let since = *self.quiet_since.get_or_insert(now);
        let limit = self.source.idle_after().filter(|_| !fault!("quiet-splits-are-never-idle"));
        self.is_idle = limit.is_some_and(|limit| now.since(since) >= limit);
    }

    /// The reader is not asked for a while, because those behind it are busy; so nobody can say that it
    /// has nothing.
    pub fn rests(&mut self) {
        (self.is_idle, self.quiet_since) = (false, None);
    }

    /// Nothing on time with a smaller event time will come from here.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// The split, as its source described it when it was opened.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// How far the split has come, and whether it holds its source's watermark there.
    pub fn standing(&self) -> Standing {
        if self.is_idle { Standing::Idle(self.watermark) } else { Standing::At(self.watermark) }
    }

    /// As [`Reader::try_split`](watershed_model::Reader::try_split).
    ///
    /// # Errors
    /// When the source cannot be asked.
    pub fn try_split(&mut self, fraction: f64) -> Result<Option<AnySplit>, BoxError> {
        self.reader.try_split(fraction)
    }
}

/// A span as the standard library has it; a negative one is none.
pub fn std_duration(span: watershed_model::Duration) -> Duration {
    Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(0))
}

/// Wakes one reader of many.
struct ReaderWaker {
    is_woken: AtomicBool,
    runner: Waker,
}

impl Wake for ReaderWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, SeqCst);
        self.runner.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use watershed_model::{
        Boundedness, Progress, Reader, Source, SourceOutput, erase_source, millis, seconds,
    };

    use super::*;

    /// Gives an element when one lies there, and is idle after ten seconds.
    #[derive(Clone, Default)]
    struct Letterbox(Arc<Mutex<Vec<u32>>>, Arc<Mutex<Option<Waker>>>);

    impl Source for Letterbox {
        type Element = u32;
        type Split = ();
        type Reader = Self;
        fn describe(&self) -> String {
            "a letterbox".to_owned()
        }
        fn boundedness(&self) -> Boundedness {
            Boundedness::Unbounded
        }
        fn idle_after(&self) -> Option<watershed_model::Duration> {
            Some(seconds(10))
        }
        fn poll_interval(&self) -> watershed_model::Duration {
            millis(3_600_000)
        }
        fn splits(&self, _: usize) -> Result<Vec<()>, BoxError> {
            Ok(vec![()])
        }
        fn open(&self, (): ()) -> Result<Self, BoxError> {
            Ok(self.clone())
        }
    }

    impl Reader<u32, ()> for Letterbox {
        fn wake_by(&mut self, waker: &Waker) {
            *self.1.lock().unwrap() = Some(waker.clone());
        }
        fn advance(&mut self, out: &mut SourceOutput<u32>, _: Budget) -> Result<Advance, BoxError> {
            out.emit_all(self.0.lock().unwrap().drain(..));
            Ok(Advance::Idle)
        }
        fn position(&self) {}
        fn progress(&self) -> Progress {
            Progress::default()
        }
    }

    fn open(letterbox: &Letterbox) -> OpenReader {
        let source = erase_source(letterbox.clone());
        let split = source.splits(1).unwrap().remove(0);
        OpenReader::open(source, &split, Timestamp::MIN, Waker::noop().clone()).unwrap()
    }

    fn is_idle_at(reader: &mut OpenReader, seconds: i64) -> bool {
        reader.advance(Budget::default(), Timestamp::from_seconds(seconds)).unwrap();
        matches!(reader.standing(), Standing::Idle(_))
    }

    #[test]
    fn a_split_is_idle_only_when_it_was_asked_all_the_time_and_had_nothing() {
        let letterbox = Letterbox::default();
        let mut reader = open(&letterbox);
        assert_eq!(reader.standing(), Standing::At(Timestamp::MIN));
        // Nobody asked before.
        assert!(!is_idle_at(&mut reader, 100));
        assert!(!is_idle_at(&mut reader, 109));
        assert!(is_idle_at(&mut reader, 110));
        letterbox.0.lock().unwrap().push(1);
        assert!(!is_idle_at(&mut reader, 111));
        assert!(!is_idle_at(&mut reader, 112));
        assert!(is_idle_at(&mut reader, 122));
        // Nobody asks for a while.
        reader.rests();
        assert_eq!(reader.standing(), Standing::At(Timestamp::MIN));
        assert!(!is_idle_at(&mut reader, 500));
        assert!(is_idle_at(&mut reader, 510));
    }

    #[test]
    fn a_reader_that_has_nothing_is_left_alone_until_it_wakes() {
        let letterbox = Letterbox::default();
        let mut reader = open(&letterbox);
        assert_eq!(reader.rest(Instant::now()), None);
        reader.advance(Budget::default(), Timestamp::MIN).unwrap();
        assert!(reader.rest(Instant::now()).unwrap() > Duration::from_secs(3_000));
        letterbox.1.lock().unwrap().as_ref().unwrap().wake_by_ref();
        assert_eq!(reader.rest(Instant::now()), None);
        reader.advance(Budget::default(), Timestamp::MIN).unwrap();
        assert!(reader.rest(Instant::now()).is_some());
        reader.reopen().unwrap();
        letterbox.1.lock().unwrap().as_ref().unwrap().wake_by_ref();
        assert_eq!(reader.rest(Instant::now()), None);
    }
}
