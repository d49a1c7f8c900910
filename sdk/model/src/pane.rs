//! What a grouping says of each result it puts out.

use serde::{Deserialize, Serialize};

/// When a pane came, as seen from its window: before its end, at it, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PaneTiming {
    /// Before the watermark passed the window's end.
    Early,
    /// The one pane that the passing of the end put out.
    OnTime,
    /// After the on-time pane.
    Late,
    /// No grouping made this element.
    Unknown,
}

/// Which of a window's panes an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PaneInfo {
    /// Early, on time, late, or unknown.
    pub timing: PaneTiming,
    /// Counts the panes of a key and window from 0.
    pub index: u64,
    /// Counts those panes that are not early from 0; −1 while early.
    pub on_time_index: i64,
    /// Whether this is the first pane of its key and window.
    pub is_first: bool,
    /// Whether no other pane of its key and window can follow.
    pub is_last: bool,
    /// Whether a drain closed the window before its time.
    pub drained: bool,
}

impl PaneInfo {
    /// What elements carry that no grouping made: first, last, timing unknown, index 0.
    pub const UNGROUPED: PaneInfo = PaneInfo {
        timing: PaneTiming::Unknown,
        index: 0,
        on_time_index: 0,
        is_first: true,
        is_last: true,
        drained: false,
    };

    /// The one pane of a window that nothing fired before its end.
    pub const ONLY: PaneInfo = PaneInfo { timing: PaneTiming::OnTime, ..PaneInfo::UNGROUPED };
}
