//! What a runner calls for stateful work: keys × windows with cells and timers.
//!
//! The kernel is typed inside: it knows keys, windows' cells and the author's code. Its owner knows times:
//! which windows are open, which timers are set, what holds the watermark. They meet in the [`TimerBook`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AnyBundle, BoxError, KernelOutput, Timestamp, UserOptions, ViewContent, Window};

/// Makes a stateful kernel; a runner makes one a worker.
pub type StatefulFactory = Arc<dyn Fn() -> Box<dyn StatefulKernel> + Send + Sync>;

/// A key and window of a stateful step, as kernel and owner call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyWindow(pub u32);

/// The work of a stateful DoFn on whole bundles, and all that it keeps.
///
/// Called as a [`Kernel`](crate::Kernel) is: `setup` once, then any of the others, then `teardown` once,
/// which is the only call after an error.
pub trait StatefulKernel {
    /// Readies the author's instance.
    ///
    /// # Errors
    /// What the author's code returned.
    fn setup(&mut self) -> Result<(), BoxError>;

    /// Runs one bundle, of elements whose windows are open. It may end the bundle early, when
    /// [`KernelOutput::is_full`]; it then returns the rest of the input, which is the next bundle.
    ///
    /// # Errors
    /// What the author's code returned.
    fn process(
        &mut self,
        input: AnyBundle,
        cx: &StatefulKernelContext<'_>,
        book: &mut dyn TimerBook,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError>;

    /// Calls the author for what is [due](TimerBook::next), as one bundle. Whether that was all; otherwise
    /// it wants to be called again, once what it put out has left.
    ///
    /// # Errors
    /// What the author's code returned.
    fn fire(
        &mut self,
        cx: &StatefulKernelContext<'_>,
        book: &mut dyn TimerBook,
        out: &mut KernelOutput,
    ) -> Result<bool, BoxError>;

    /// All that is kept, timers too, in a form that any worker of any number of them can load.
    ///
    /// # Errors
    /// When a key or a cell cannot be encoded.
    fn save(&self, book: &dyn TimerBook) -> Result<Vec<SavedState>, BoxError>;

    /// Takes up what was saved.
    ///
    /// # Errors
    /// When something cannot be decoded, or is not of this step.
    fn load(&mut self, saved: Vec<SavedState>, book: &mut dyn TimerBook) -> Result<(), BoxError>;

    /// How many elements wait to be handled in the order of their times.
    fn waiting(&self) -> u64;

    /// Ends the author's instance.
    ///
    /// # Errors
    /// What the author's code returned.
    fn teardown(&mut self) -> Result<(), BoxError>;
}

/// What a stateful kernel is given beside its bundle.
#[derive(Clone, Copy)]
pub struct StatefulKernelContext<'a> {
    /// What the views that the step reads show.
    pub views: &'a dyn WindowViews,
    /// What the person who started the job gave to its steps.
    pub options: &'a UserOptions,
}

/// What views show to elements and timers, which may be of any open window.
pub trait WindowViews {
    /// What each view that the step reads shows to this window, in the order of its side inputs.
    ///
    /// # Errors
    /// When a view has nothing to show.
    fn shown_to(&self, window: &Window) -> Result<Vec<ViewContent>, BoxError>;
}

/// The times of a stateful step on one worker.
pub trait TimerBook {
    /// The processing time: never goes back, and a test can tell it.
    fn now(&self) -> Timestamp;

    /// A key and window begins.
    fn open(&mut self, at: KeyWindow, window: &Window);

    /// An element came to it.
    fn came(&mut self, at: KeyWindow, timestamp: Timestamp);

    /// Sets a timer, in the place of one that is set under the same name.
    fn set(&mut self, at: KeyWindow, timer: SetTimer);

    /// Clears a timer, if it is set.
    fn clear(&mut self, at: KeyWindow, name: &TimerName);

    /// The watermark at which the window is gone; nothing is due behind it.
    fn expiry(&self, at: KeyWindow) -> Timestamp;

    /// Whether the place of an element with this time has passed, among those that are handled in the order
    /// of their times.
    fn is_too_late(&self, at: KeyWindow, timestamp: Timestamp) -> bool;

    /// The earliest element that waits for its place in the order of times, if one does.
    fn wait_for(&mut self, at: KeyWindow, timestamp: Option<Timestamp>);

    /// The next thing that is due, in the order in which they are: what is due by the watermark in the order
    /// of times, then of setting; then what is due by the processing time.
    fn next(&mut self) -> Option<Due>;

    /// Whether nothing of it is due any more: no timer is set, and no element waits. Of a window that expires
    /// everything is.
    fn is_idle(&self, at: KeyWindow) -> bool;

    /// A key and window ends; its timers go.
    fn close(&mut self, at: KeyWindow);

    /// The latest element that came to it, and the timers that are set, in the order of setting.
    fn timers(&self, at: KeyWindow) -> (Timestamp, Vec<SetTimer>);
}

/// A timer's name: which of those that the DoFn declares, and a tag if that is a family.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimerName {
    /// Its place among those that were declared.
    pub id: u32,
    /// Which of its family.
    pub tag: Option<Box<str>>,
}

/// What a timer goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeDomain {
    /// The step's input watermark.
    EventTime,
    /// The clock.
    ProcessingTime,
}

/// A timer that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTimer {
    /// Its name.
    pub name: TimerName,
    /// What it goes by.
    pub domain: TimeDomain,
    /// When it is due.
    pub time: Timestamp,
    /// What is put out when it fires has this event time; until then it holds the watermark there.
    pub output: Timestamp,
    /// Whether a timer set it, and no element.
    pub by_timer: bool,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A timer fires.
    Timer {
        /// The key and window.
        at: KeyWindow,
        /// The timer.
        timer: SetTimer,
        /// Whether the input has ended, and the time that it waits for will not come.
        is_at_end: bool,
    },
    /// Elements that waited for their places in the order of times.
    Elements {
        /// The key and window.
        at: KeyWindow,
        /// Those up to this time have theirs.
        until: Timestamp,
    },
    /// A key and window expires: its window does, or its time to live has passed. Whoever takes this
    /// closes it.
    Expiration {
        /// The key and window.
        at: KeyWindow,
        /// What is put out has this event time.
        output: Timestamp,
    },
}

impl Due {
    /// The key and window.
    pub fn at(&self) -> KeyWindow {
        match self {
            Due::Timer { at, .. } | Due::Elements { at, .. } | Due::Expiration { at, .. } => *at,
        }
    }
}

/// What a step keeps for one key and window, as bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedState {
    /// The key's bytes, which say its key group.
    pub key: Vec<u8>,
    /// The window.
    pub window: Window,
    /// The latest element that came.
    pub latest: Timestamp,
    /// The cells that hold something, by their names.
    pub cells: Vec<(String, Vec<u8>)>,
    /// Elements that wait for their places in the order of times.
    pub waiting: Vec<u8>,
    /// The timers that are set, in the order of setting.
    pub timers: Vec<SetTimer>,
}
