//! What is kept for one key and window.

use watershed_model::{Cell, PaneInfo, PaneTiming, Slot, Timestamp, TimestampCombiner, fault};

use super::windows::{OpenWindow, WindowId};
use crate::trigger::TriggerState;

/// Where the state of a key and window is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StateId(pub(super) u32);

/// A window that a key has: what stands beside the key, so that most elements need no look at the state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Had {
    pub(super) window: WindowId,
    pub(super) state: StateId,
    /// How many more elements may come that change nothing but the contents of `cell` and the trigger's
    /// counts; the trigger is shown them before it is next asked.
    pub(super) left: u32,
    pub(super) cell: Cell,
}

/// One key and window.
#[derive(Clone, Debug)]
pub(super) struct WindowState {
    pub(super) slot: Slot,
    pub(super) window: WindowId,
    /// What came; none if nothing did since it was last put out.
    pub(super) cell: Option<Cell>,
    /// How many elements of the bundle at hand came here.
    pub(super) came: u32,
    /// How many elements were let come without a look here; some may be [left](Had::left).
    pub(super) lent: u32,
    /// How many elements came that are in no pane yet.
    pub(super) pending: u64,
    /// Whether something came since the last firing.
    pub(super) is_fresh: bool,
    /// Whether late elements hold the watermark, at the end of the window's lateness.
    pub(super) holds_late: bool,
    /// Whether the trigger has finished: what is left is a tombstone.
    pub(super) is_closed: bool,
    pub(super) trigger: TriggerState,
    pub(super) panes: PaneCounters,
    /// Where the output watermark is held, and the pane's time, because of what came in time.
    pub(super) hold: Option<Timestamp>,
    /// The processing time at which the trigger is asked next.
    pub(super) deadline: Option<Timestamp>,
}

/// Counts the panes of a key and window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PaneCounters {
    all: u64,
    not_early: i64,
}

impl PaneCounters {
    /// Whether a pane was put out that was not early.
    pub(super) fn has_non_early(self) -> bool {
        self.not_early > 0
    }

    /// What the next pane carries.
    pub(super) fn next(&mut self, timing: PaneTiming, is_last: bool) -> PaneInfo {
        let index = self.all;
        self.all += 1;
        let on_time_index = match timing {
            PaneTiming::Early if !fault!("early-panes-count-as-on-time") => -1,
            _ => {
                self.not_early += 1;
                self.not_early - 1
            }
        };
        PaneInfo { timing, index, on_time_index, is_first: index == 0, is_last, drained: false }
    }
}

impl WindowState {
    pub(super) fn new(slot: Slot, window: WindowId, trigger: TriggerState) -> Self {
        WindowState {
            slot,
            window,
            cell: None,
            came: 0,
            lent: 0,
            pending: 0,
            is_fresh: false,
            holds_late: false,
            is_closed: false,
            trigger,
            panes: PaneCounters::default(),
            hold: None,
            deadline: None,
        }
    }

    /// Where this holds the output watermark.
    pub(super) fn held(&self, window: &OpenWindow) -> Option<Timestamp> {
        let late = self.holds_late.then_some(window.late_hold);
        match (self.hold, late) {
            (Some(hold), Some(late)) => Some(hold.min(late)),
            (hold, late) => hold.or(late),
        }
    }

    /// An element came in time: holds the watermark, if the combiner lets it.
    pub(super) fn hold_for(
        &mut self,
        timestamp: Timestamp,
        watermark: Timestamp,
        max: Timestamp,
        combiner: TimestampCombiner,
    ) {
        if combiner == TimestampCombiner::EndOfWindow {
            self.hold = Some(max);
            return;
        }
        // What lies behind the window's own output watermark must not drag it back.
        let bound = self.hold.map_or(watermark, |hold| hold.min(watermark));
        if timestamp >= bound || fault!("what-is-behind-counts-for-the-time") {
            self.hold = combine(combiner, self.hold, Some(timestamp.min(max)));
        }
    }
}

/// The combined time of two parts of a pane.
pub(super) fn combine(
    combiner: TimestampCombiner,
    one: Option<Timestamp>,
    other: Option<Timestamp>,
) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(match combiner {
            TimestampCombiner::Earliest => one.min(other),
            TimestampCombiner::Latest | TimestampCombiner::EndOfWindow => one.max(other),
        }),
        (one, other) => one.or(other),
    }
}
