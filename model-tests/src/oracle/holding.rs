//! One key and window: the elements that came, the panes that went out, and what follows from them.

use watershed::model::{
    FiringBehavior, PaneInfo, PaneTiming, Timestamp, TimestampCombiner, Window,
};

use super::{
    Element, Rules, Value, end,
    trigger::{self, Now, State},
};

/// Both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) watermark: Timestamp,
    pub(super) processing: Timestamp,
}

/// An element in a window.
#[derive(Clone, Debug)]
struct Arrived {
    value: i64,
    at: Timestamp,
    /// Whether it was in a pane, or would have been had the pane gone out.
    fired: bool,
    /// Whether it holds the watermark from before the window's end.
    holds: bool,
    /// Whether it came after the end, and holds the watermark only so that its pane comes in time to be
    /// taken in further on.
    late: bool,
}

/// What a pane is asked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// A bundle, or a deadline.
    Asked,
    /// The watermark passes the end.
    End,
    /// The watermark passes the expiry.
    Expiry,
    /// The watermark passes both at once.
    EndAndExpiry,
}

/// What is known of a key and window that is not finished.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    pub(super) window: Window,
    elements: Vec<Arrived>,
    /// Those that went out, as long as the window has had these bounds.
    panes: Vec<PaneInfo>,
    trigger: State,
}

impl Holding {
    pub(super) fn new(rules: &Rules, window: Window) -> Holding {
        let trigger = trigger::fresh(&rules.trigger);
        Holding { window, elements: Vec::new(), panes: Vec::new(), trigger }
    }

    /// What these become in a window that is none of theirs: its panes are counted anew.
    pub(super) fn merge(rules: &Rules, into: Window, parts: &[Holding], clocks: Clocks) -> Holding {
        let states: Vec<&State> = parts.iter().map(|part| &part.trigger).collect();
        let now = now(rules, &into, clocks);
        let mut elements: Vec<Arrived> =
            parts.iter().flat_map(|part| part.elements.clone()).collect();
        if rules.timestamp_combiner == TimestampCombiner::EndOfWindow {
            elements.iter_mut().for_each(|element| element.holds = !now.complete);
        }
        let trigger = trigger::merge(&rules.trigger, &states, now);
        assert!(
            !trigger.finished,
            "none of the parts has finished, and no merge finishes a trigger"
        );
        Holding { window: into, elements, panes: Vec::new(), trigger }
    }

    /// An element arrives.
    pub(super) fn add(&mut self, rules: &Rules, element: &Element, clocks: Clocks) {
        let now = now(rules, &self.window, clocks);
        let output_watermark =
            self.hold(rules).map_or(clocks.watermark, |hold| hold.min(clocks.watermark));
        let is_behind = rules.timestamp_combiner != TimestampCombiner::EndOfWindow
            && element.at < output_watermark;
        self.elements.push(Arrived {
            value: element.value,
            // A pane lies in its window.
            at: element.at.min(self.window.max_timestamp()),
            fired: false,
            holds: !now.complete && !is_behind,
            late: now.complete,
        });
        trigger::see(&rules.trigger, &mut self.trigger, now);
    }

    /// Whether its trigger would fire.
    pub(super) fn is_ready(&self, rules: &Rules, clocks: Clocks) -> bool {
        trigger::ready(&rules.trigger, &self.trigger, now(rules, &self.window, clocks))
    }

    /// Its trigger fires.
    pub(super) fn fire(&mut self, rules: &Rules, clocks: Clocks) {
        let now = now(rules, &self.window, clocks);
        trigger::fire(&rules.trigger, &mut self.trigger, now);
    }

    /// Whether its trigger has finished.
    pub(super) fn is_finished(&self) -> bool {
        self.trigger.finished
    }

    /// The deadlines that its trigger waits for.
    pub(super) fn deadlines(&self) -> Vec<Timestamp> {
        trigger::deadlines(&self.trigger)
    }

    /// The elements that no pane has had yet.
    fn unfired(&self) -> impl Iterator<Item = &Arrived> {
        self.elements.iter().filter(|element| !element.fired)
    }

    /// The hold from before the window's end: the combined time of what is unfired and holds.
    fn hold(&self, rules: &Rules) -> Option<Timestamp> {
        let mut times = self.unfired().filter(|element| element.holds).map(|element| element.at);
        match rules.timestamp_combiner {
            TimestampCombiner::EndOfWindow => times.next().map(|_| self.window.max_timestamp()),
            TimestampCombiner::Earliest => times.min(),
            TimestampCombiner::Latest => times.max(),
        }
    }

    /// Where it holds the output watermark.
    pub(super) fn held(&self, rules: &Rules) -> Option<Timestamp> {
        let is_late = self.unfired().any(|element| element.late);
        let late = is_late.then(|| self.window.max_timestamp() + rules.lateness);
        self.hold(rules).into_iter().chain(late).min()
    }

    fn timing(&self, rules: &Rules, cause: Cause, clocks: Clocks) -> PaneTiming {
        let only_early = self.panes.iter().all(|pane| pane.timing == PaneTiming::Early);
        let by_the_end = matches!(cause, Cause::End | Cause::EndAndExpiry);
        if clocks.watermark < end(&self.window) {
            PaneTiming::Early
        } else if only_early && (by_the_end || self.hold(rules).is_some()) {
            PaneTiming::OnTime
        } else {
            PaneTiming::Late
        }
    }

    /// Whether a pane without a new element goes out.
    fn goes_out_empty(&self, rules: &Rules, cause: Cause, fires: bool, is_last: bool) -> bool {
        let on_time = match cause {
            Cause::End => fires,
            Cause::EndAndExpiry => fires || trigger::watches_the_watermark(&rules.trigger),
            Cause::Asked | Cause::Expiry => false,
        };
        on_time && rules.on_time == FiringBehavior::FireAlways
            || is_last && rules.closing == FiringBehavior::FireAlways
    }

    /// Takes out what a firing or the expiry puts out: the pane's time, what it says of itself, and
    /// its content; none if it is empty and need not be shown. `fires` says that the trigger does.
    pub(super) fn take_pane(
        &mut self,
        rules: &Rules,
        cause: Cause,
        fires: bool,
        clocks: Clocks,
    ) -> Option<(Timestamp, PaneInfo, Value)> {
        let expires = matches!(cause, Cause::Expiry | Cause::EndAndExpiry);
        let timing = self.timing(rules, cause, clocks);
        let is_late = |pane: &&PaneInfo| pane.timing != PaneTiming::Early;
        let pane = PaneInfo {
            timing,
            index: self.panes.len() as u64,
            on_time_index: match timing {
                PaneTiming::Early => -1,
                _ => self.panes.iter().filter(is_late).count() as i64,
            },
            is_first: self.panes.is_empty(),
            is_last: expires || self.is_finished(),
            drained: false,
        };
        let goes_out = self.unfired().next().is_some()
            || self.goes_out_empty(rules, cause, fires, pane.is_last);
        let timestamp = self.hold(rules).unwrap_or_else(|| self.window.max_timestamp());
        let contents = self
            .elements
            .iter()
            .filter(|element| rules.is_accumulating() || !element.fired)
            .map(|element| element.value)
            .collect();
        self.elements.iter_mut().for_each(|element| element.fired = true);
        if !goes_out {
            return None;
        }
        self.panes.push(pane);
        Some((timestamp, pane, rules.combine.of(contents)))
    }
}

/// What this window's trigger looks at.
fn now(rules: &Rules, window: &Window, clocks: Clocks) -> Now {
    Now {
        complete: clocks.watermark >= end(window),
        clock: clocks.processing,
        merging: rules.windowing.is_merging(),
    }
}
