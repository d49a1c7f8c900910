//! Sources: what elements are read from, in splits that can be shared, remembered and cut again.

use std::{fmt::Debug, sync::Arc, task::Waker};

use serde::{Deserialize, Serialize};

use crate::{
    AnyBundle, BoxError, Bundle, Coder, Column, DropReason, Drops, Duration, Element, Metadata,
    Timestamp, coder::BinaryCoder, fault, graph::Boundedness, spare_vec,
};

/// Something that elements can be read from.
///
/// A *split* is a serialisable description of what is still to be read: a file's byte range, a
/// partition and an offset. A reader's [`position`](Reader::position) is a split again, so that
/// opening it later goes on exactly where the reader stood; a checkpoint keeps nothing else.
pub trait Source: Send + Sync + 'static {
    /// What is read.
    type Element: Element;
    /// A part of the source that is still to be read.
    type Split: Element + Debug;
    /// What reads a split.
    type Reader: Reader<Self::Element, Self::Split>;

    /// What the source is, for names and messages: `text::read("plays/*.txt")`.
    fn describe(&self) -> String;

    /// Whether the source ends.
    fn boundedness(&self) -> Boundedness {
        Boundedness::Bounded
    }

    /// Whether a reader's position can be opened again. Standard input cannot.
    fn is_resumable(&self) -> bool {
        true
    }

    /// Whether elements come with event times. A printed graph warns where windows are given to such
    /// that have none.
    fn has_event_times(&self) -> bool {
        true
    }

    /// After how much processing time a split that was asked, and had nothing, no longer holds the
    /// source's watermark: it is *idle*. What it gives later may be late. By default a split holds the
    /// watermark for ever. A split that is not asked, as while steps behind are busy, is never idle.
    fn idle_after(&self) -> Option<Duration> {
        None
    }

    /// How long a reader that said [`Advance::Idle`] is left alone, on the system's clock, if it does not
    /// call its [waker](Reader::wake_by). By default 10 ms, which costs next to nothing.
    fn poll_interval(&self) -> Duration {
        crate::millis(10)
    }

    /// Cuts the source into about `desired` splits that together cover each element exactly once. All
    /// splits of an unbounded source are read at once, in turn.
    ///
    /// # Errors
    /// When the source cannot be found or listed.
    fn splits(&self, desired: usize) -> Result<Vec<Self::Split>, BoxError>;

    /// How much a split holds, in bytes (or another unit that progress is told in), if known.
    fn size(&self, split: &Self::Split) -> Option<u64> {
        let _ = split;
        None
    }

    /// Opens a split for reading.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self, split: Self::Split) -> Result<Self::Reader, BoxError>;
}

/// Reads one split. Synchronous: a call does a bounded amount of work and returns. The reader of an
/// unbounded source does not wait for what has not come yet: it says [`Advance::Idle`].
pub trait Reader<T, S>: Send {
    /// Gives the reader a waker, before it is first asked. One that learns by itself that there is more,
    /// on a thread of its own perhaps, calls it, and is asked again at once.
    fn wake_by(&mut self, waker: &Waker) {
        let _ = waker;
    }

    /// Reads on, at most as much as the budget allows, and puts what it read into `out`.
    ///
    /// # Errors
    /// When the source cannot be read; the run fails.
    fn advance(&mut self, out: &mut SourceOutput<T>, budget: Budget) -> Result<Advance, BoxError>;

    /// What is still to be read.
    fn position(&self) -> S;

    /// No element that is still to come from this split is on time with a smaller event time.
    fn watermark(&self) -> Timestamp {
        Timestamp::MIN
    }

    /// Gives away the part of the split behind `fraction` (0 to 1) of what is still to be read, and
    /// stops before it. `None` if it cannot be cut there.
    ///
    /// # Errors
    /// When the source cannot be asked.
    fn try_split(&mut self, fraction: f64) -> Result<Option<S>, BoxError> {
        let _ = fraction;
        Ok(None)
    }

    /// How far the reader has come.
    fn progress(&self) -> Progress;
}

/// What a reader may do in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// About how many elements.
    pub elements: usize,
    /// About how many bytes of input.
    pub bytes: usize,
}

impl Default for Budget {
    /// A bundle of 4096 elements: large enough that costs per bundle vanish, small enough for caches.
    fn default() -> Self {
        Budget { elements: 4096, bytes: 1 << 20 }
    }
}

/// What a reader says after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// There is more at once.
    More,
    /// There is nothing more at present; there may be later. The reader is asked again when it calls its
    /// waker, or after [`Source::poll_interval`].
    Idle,
    /// The split has ended.
    End,
}

/// How far a reader has come, in the unit of [`Source::size`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How much of the split has been read.
    pub done: u64,
}

/// Where a reader puts what it reads.
pub struct SourceOutput<T> {
    values: Vec<T>,
    timestamps: Column<Timestamp>,
    drops: Drops,
    now: Timestamp,
}

impl<T: 'static> SourceOutput<T> {
    fn with_capacity(elements: usize, now: Timestamp) -> Self {
        SourceOutput {
            values: spare_vec(elements),
            timestamps: Column::Uniform(Timestamp::MIN),
            drops: Drops::default(),
            now,
        }
    }

    /// The processing time of this call. It never goes back for a reader, and a test can tell it: a
    /// source that goes by the clock goes by this one.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Has something called when all that comes of what this call reads is durable: tells a queue that its
    /// messages need not be kept, say. See [`after_commit`](crate::after_commit).
    pub fn after_commit(&self, call: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        crate::after_commit(call);
    }

    /// Puts out an element without an event time.
    #[inline]
    pub fn emit(&mut self, value: T) {
        match self.timestamps {
            Column::Uniform(Timestamp::MIN) => self.values.push(value),
            _ => self.emit_at(value, Timestamp::MIN),
        }
    }

    /// Puts out an element with its event time.
    pub fn emit_at(&mut self, value: T, timestamp: Timestamp) {
        match &mut self.timestamps {
            Column::Uniform(all) if *all == timestamp => {}
            Column::Uniform(all) if self.values.is_empty() => *all = timestamp,
            column => column.make_each(self.values.len()).push(timestamp),
        }
        self.values.push(value);
    }

    /// Puts out elements without event times. Of many this is several times as fast as one by one.
    #[inline]
    pub fn emit_all(&mut self, values: impl IntoIterator<Item = T>) {
        match self.timestamps {
            Column::Uniform(Timestamp::MIN) => self.values.extend(values),
            _ => values.into_iter().for_each(|value| self.emit_at(value, Timestamp::MIN)),
        }
    }

    /// Puts out elements with their event times. Of many this is several times as fast as one by one.
    #[inline]
    pub fn emit_all_at(&mut self, elements: impl IntoIterator<Item = (T, Timestamp)>) {
        if self.values.is_empty() {
            self.timestamps = Column::Each(spare_vec(self.values.capacity()));
        }
        let timestamps = self.timestamps.make_each(self.values.len());
        // Taken out, so that both vectors grow together.
        let mut both = (std::mem::take(&mut self.values), std::mem::take(timestamps));
        both.extend(elements);
        (self.values, *timestamps) = both;
    }

    /// How many elements were put out in this call.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Counts elements that the reader was told to skip.
    pub fn dropped(&mut self, reason: DropReason, n: u64) {
        self.drops.add(reason, n);
    }
}

/// A split whose type only its source knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnySplit {
    /// The split by the binary coder; it can be kept or sent.
    pub bytes: Vec<u8>,
    /// What the split is, for messages.
    pub description: String,
    /// How much it holds, if known, in the unit of [`Source::size`].
    pub size: Option<u64>,
}

/// The erased face of a source.
pub trait AnySource: Send + Sync {
    /// As [`Source::describe`].
    fn describe(&self) -> String;
    /// As [`Source::boundedness`].
    fn boundedness(&self) -> Boundedness;
    /// As [`Source::is_resumable`].
    fn is_resumable(&self) -> bool;
    /// As [`Source::has_event_times`].
    fn has_event_times(&self) -> bool;
    /// As [`Source::idle_after`].
    fn idle_after(&self) -> Option<Duration>;
    /// As [`Source::poll_interval`].
    fn poll_interval(&self) -> Duration;
    /// As [`Source::splits`].
    ///
    /// # Errors
    /// When the source cannot be found or listed.
    fn splits(&self, desired: usize) -> Result<Vec<AnySplit>, BoxError>;
    /// As [`Source::open`].
    ///
    /// # Errors
    /// When the split is not this source's, or cannot be opened.
    fn open(&self, split: &AnySplit) -> Result<Box<dyn AnyReader>, BoxError>;
}

/// The erased face of a reader.
pub trait AnyReader: Send {
    /// As [`Reader::wake_by`].
    fn wake_by(&mut self, waker: &Waker);
    /// As [`Reader::advance`], at this processing time, which must not go back.
    ///
    /// # Errors
    /// When the source cannot be read.
    fn advance(
        &mut self,
        budget: Budget,
        now: Timestamp,
    ) -> Result<(AnyBundle, Drops, Advance), BoxError>;
    /// As [`Reader::position`].
    ///
    /// # Errors
    /// When the position cannot be encoded.
    fn position(&self) -> Result<AnySplit, BoxError>;
    /// As [`Reader::watermark`].
    fn watermark(&self) -> Timestamp;
    /// As [`Reader::try_split`].
    ///
    /// # Errors
    /// When the source cannot be asked, or the split cannot be encoded.
    fn try_split(&mut self, fraction: f64) -> Result<Option<AnySplit>, BoxError>;
    /// As [`Reader::progress`].
    fn progress(&self) -> Progress;
}

/// Hides the types of a source.
pub fn erase_source<S: Source>(source: S) -> Arc<dyn AnySource> {
    Arc::new(ErasedSource(Arc::new(source)))
}

struct ErasedSource<S>(Arc<S>);

fn erase_split<S: Source>(source: &S, split: &S::Split) -> Result<AnySplit, BoxError> {
    let mut bytes = Vec::new();
    BinaryCoder.encode_value(split, &mut bytes)?;
    Ok(AnySplit { bytes, description: format!("{split:?}"), size: source.size(split) })
}

impl<S: Source> AnySource for ErasedSource<S> {
    fn describe(&self) -> String {
        self.0.describe()
    }
    fn boundedness(&self) -> Boundedness {
        self.0.boundedness()
    }
    fn is_resumable(&self) -> bool {
        self.0.is_resumable()
    }
    fn has_event_times(&self) -> bool {
        self.0.has_event_times()
    }
    fn idle_after(&self) -> Option<Duration> {
        self.0.idle_after()
    }
    fn poll_interval(&self) -> Duration {
        self.0.poll_interval()
    }
    fn splits(&self, desired: usize) -> Result<Vec<AnySplit>, BoxError> {
        self.0.splits(desired)?.iter().map(|split| erase_split(&*self.0, split)).collect()
    }
    fn open(&self, split: &AnySplit) -> Result<Box<dyn AnyReader>, BoxError> {
        let reader = self.0.open(BinaryCoder.decode_value(&split.bytes)?)?;
        Ok(Box::new(ErasedReader { source: self.0.clone(), reader }))
    }
}

struct ErasedReader<S: Source> {
    source: Arc<S>,
    reader: S::Reader,
}

impl<S: Source> AnyReader for ErasedReader<S> {
    fn wake_by(&mut self, waker: &Waker) {
        self.reader.wake_by(waker);
    }
    fn advance(
        &mut self,
        budget: Budget,
        now: Timestamp,
    ) -> Result<(AnyBundle, Drops, Advance), BoxError> {
        // An idle reader is asked often and has nothing mostly.
        let most = match self.source.boundedness() {
            Boundedness::Bounded => budget.elements.min(4096),
            Boundedness::Unbounded => 0,
        };
        let mut out = SourceOutput::with_capacity(most, now);
        let advance = self.reader.advance(&mut out, budget)?;
        if let Some(latest) = illegal_time(&out.timestamps)
            && !fault!("illegal-times-are-read")
        {
            return Err(format!(
                "{} gave an element at {latest}, which lies behind the last legal time {}",
                self.source.describe(),
                Timestamp::END_OF_GLOBAL_WINDOW
            )
            .into());
        }
        let metadata = Metadata { timestamps: out.timestamps, ..Metadata::at(Timestamp::MIN) };
        Ok((AnyBundle::new(Bundle::new(out.values, metadata)), out.drops, advance))
    }
    fn position(&self) -> Result<AnySplit, BoxError> {
        erase_split(&*self.source, &self.reader.position())
    }
    fn watermark(&self) -> Timestamp {
        self.reader.watermark()
    }
    fn try_split(&mut self, fraction: f64) -> Result<Option<AnySplit>, BoxError> {
        let rest = self.reader.try_split(fraction)?;
        rest.map(|split| erase_split(&*self.source, &split)).transpose()
    }
    fn progress(&self) -> Progress {
        self.reader.progress()
    }
}

/// The latest of these times, if it lies behind the last legal one.
fn illegal_time(timestamps: &Column<Timestamp>) -> Option<Timestamp> {
    const END: Timestamp = Timestamp::END_OF_GLOBAL_WINDOW;
    let latest = match timestamps {
        Column::Uniform(all) => Some(*all),
        // All differences at once: one that is negative shows in the sign. It does so, too, where the
        // difference is too large for its type, far before the epoch.
        Column::Each(all) => {
            let left = |time: &Timestamp| END.as_micros().wrapping_sub(time.as_micros());
            match all.iter().fold(0, |signs, time| signs | left(time)) < 0 {
                true => all.iter().max().copied(),
                false => None,
            }
        }
    };
    latest.filter(|latest| *latest > END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_a_column_only_when_they_differ() {
        let mut out = SourceOutput::with_capacity(4, Timestamp::MIN);
        out.emit_at(1, Timestamp::from_seconds(1));
        out.emit_at(2, Timestamp::from_seconds(1));
        assert_eq!(out.timestamps, Column::Uniform(Timestamp::from_seconds(1)));
        out.emit(3);
        out.emit_all([4, 5]);
        let (one, none) = (Timestamp::from_seconds(1), Timestamp::MIN);
        assert_eq!(out.timestamps, Column::Each(vec![one, one, none, none, none]));
        out.emit_all_at([(6, one)]);
        assert_eq!(out.timestamps, Column::Each(vec![one, one, none, none, none, one]));
        assert_eq!(out.values, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn only_times_behind_the_last_legal_one_are_illegal() {
        let end = Timestamp::END_OF_GLOBAL_WINDOW;
        let behind = Timestamp::from_micros(end.as_micros() + 1);
        let of = |times: &[Timestamp]| illegal_time(&Column::Each(times.to_vec()));
        let legal = [Timestamp::MIN, Timestamp::from_micros(-1), Timestamp::from_micros(0), end];
        assert_eq!(of(&legal), None);
        assert_eq!(of(&[]), None);
        for illegal in [behind, Timestamp::MAX] {
            assert_eq!(of(&[illegal, end, Timestamp::MIN]), Some(illegal));
            assert_eq!(of(&[end, illegal]), Some(illegal));
            assert_eq!(illegal_time(&Column::Uniform(illegal)), Some(illegal));
        }
        assert_eq!(illegal_time(&Column::Uniform(end)), None);
    }
}
