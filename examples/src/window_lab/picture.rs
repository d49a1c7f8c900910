//! Draws a play.
//!
//! A pane does not say when it left. So the play is played once more, on the direct runner, beside a
//! second test stream of marks, one after each row; test streams are played in turn, and each event is
//! handled wholly before the next. What is seen between two marks came of the row between them.

use std::sync::{Arc, Mutex, PoisonError};

use watershed::{Checks, RunnerKind, TestStream, prelude::*};

use crate::{
    Stopped,
    arguments::Arguments,
    output::Pane,
    pipeline::{self, EVENTS},
    play::{Row, clocks},
    plot::{self, Left, Plot},
    report::is_in_no_window,
    run_to_its_end,
};

/// Draws the play whose panes are these, into an SVG file.
pub(crate) fn draw(
    path: &str,
    rows: &[Row],
    arguments: &Arguments,
    panes: &[Pane],
) -> Result<(), Stopped> {
    let seen = watch(rows, arguments)?;
    let (panes_seen, dropped) = in_time(&seen);
    if sorted(panes) != sorted(panes_seen.iter().map(|left| &left.pane)) {
        return Err(Stopped::Because(
            "the play led to other panes when it was played once more for the picture: please \
             report this"
                .to_owned(),
        ));
    }
    let in_no_window =
        (0..rows.len()).filter(|place| is_in_no_window(&rows[*place], arguments.window.windows));
    let dropped: Vec<usize> = dropped.into_iter().chain(in_no_window).collect();
    let svg = plot::draw(&Plot {
        title: &arguments.summary(),
        rows,
        clocks: &clocks(rows, arguments.watermark_lag),
        dropped: &dropped,
        panes: &panes_seen,
    });
    let pipeline = Pipeline::new();
    let picture = pipeline.create([svg.trim_end().to_owned()]);
    picture.apply(text::write(path).shards(1));
    run_to_its_end(&pipeline, &PipelineOptions::default()).map(drop)
}

fn sorted<'a>(panes: impl IntoIterator<Item = &'a Pane>) -> Vec<String> {
    let mut panes: Vec<String> = panes.into_iter().map(|pane| format!("{pane:?}")).collect();
    panes.sort_unstable();
    panes
}

/// What is seen of a play.
#[derive(Clone)]
enum Seen {
    Pane(Pane),
    Dropped,
    /// What was seen since the last mark came of the row with this place.
    Mark(usize),
}

/// Plays the play once more, and writes down what is seen in the order in which it is.
fn watch(rows: &[Row], arguments: &Arguments) -> Result<Vec<Seen>, Stopped> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = || {
        let seen = seen.clone();
        move |what| seen.lock().unwrap_or_else(PoisonError::into_inner).push(what)
    };
    let pipeline = Pipeline::new();
    let played = pipeline::play(&pipeline, rows, arguments);
    let (panes, drops, marks) = (see(), see(), see());
    played.panes.for_each(move |pane| panes(Seen::Pane(pane)));
    played.dropped.for_each(move |_| drops(Seen::Dropped));
    pipeline.apply(script(rows.len())).for_each(move |row| marks(Seen::Mark(row)));
    let mut options = arguments.pipeline.clone();
    (options.runner, options.quiet) = (RunnerKind::Direct, true);
    (options.workers, options.processes) = (1, 1);
    (options.hosts, options.process_index) = (Vec::new(), None);
    options.checks = Checks::Off;
    run_to_its_end(&pipeline, &options)?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(seen.clone())
}

/// A mark after each event of the play: the play's stream is older, and so comes first in each turn.
fn script(rows: usize) -> TestStream<usize> {
    let events = (0..rows).flat_map(|row| [row; EVENTS]);
    let marks =
        events.fold(TestStream::new(), |script, row| script.elements([(row, Timestamp::MIN)]));
    marks.advance_watermark_to_infinity()
}

/// The panes with the rows they came of, and the rows that were dropped.
fn in_time(seen: &[Seen]) -> (Vec<Left>, Vec<usize>) {
    let (mut panes, mut dropped) = (Vec::new(), Vec::new());
    let mut since = 0;
    for (place, what) in seen.iter().enumerate() {
        let row = match what {
            Seen::Mark(row) => Some(*row),
            _ if place + 1 == seen.len() => None,
            _ => continue,
        };
        for what in &seen[since..=place] {
            match what {
                Seen::Pane(pane) => panes.push(Left { pane: pane.clone(), after: row }),
                Seen::Dropped => dropped.extend(row),
                Seen::Mark(_) => {}
            }
        }
        since = place + 1;
    }
    (panes, dropped)
}

#[cfg(test)]
mod tests {
    use watershed::model::{PaneInfo, Window};

    use super::*;
    use crate::output::Value;

    #[test]
    fn what_is_seen_between_two_marks_came_of_the_row_of_the_second() {
        let pane = |value| Pane {
            key: "a".into(),
            window: Window::Global,
            timestamp: Timestamp::MIN,
            info: PaneInfo::ONLY,
            retraction: false,
            value: Value::Integer(value),
        };
        let seen = [
            Seen::Mark(0),
            Seen::Pane(pane(1)),
            Seen::Dropped,
            Seen::Mark(0),
            Seen::Pane(pane(2)),
            Seen::Mark(1),
            Seen::Dropped,
            Seen::Mark(2),
            Seen::Pane(pane(3)),
            Seen::Pane(pane(4)),
        ];
        let (panes, dropped) = in_time(&seen);
        let panes: Vec<_> = panes.into_iter().map(|left| (left.pane.value, left.after)).collect();
        let left = |value, after| (Value::Integer(value), after);
        assert_eq!(panes, [left(1, Some(0)), left(2, Some(1)), left(3, None), left(4, None)]);
        assert_eq!(dropped, [0, 2]);
        assert!(in_time(&[]).0.is_empty());
    }
}
