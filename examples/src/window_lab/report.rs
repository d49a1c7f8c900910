//! What is said of a play once it has been played.

use std::io::{self, ErrorKind, Write};

use watershed::{
    Dropped, Observed, WindowFn,
    model::{DropReason, Drops},
};

use crate::{
    arguments::Windows,
    output::{self, Pane},
    pipeline::Pair,
    play::Row,
};

/// A line for each pane, on standard output. If its reader goes away (`| head`), it had enough.
pub(crate) fn print(panes: &[Pane]) -> io::Result<()> {
    let lines = panes.iter().map(|pane| Ok(pane.to_line()? + "\n"));
    let lines = lines.collect::<io::Result<String>>()?;
    let mut out = io::stdout().lock();
    match out.write_all(lines.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// A line for each element that one of its windows lost, or that is in none, on standard error.
pub(crate) fn tell_dropped(
    dropped: &[Observed<Dropped<Pair>>],
    rows: &[Row],
    windows: Windows,
) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for Observed { value, timestamp, .. } in dropped {
        let Dropped { element: (key, value), window, reason, .. } = value;
        writeln!(err, "{}", output::dropped(*reason, key, *value, *timestamp, Some(window))?)?;
    }
    // No grouping has seen these: they were in no window to begin with.
    for row in rows.iter().filter(|row| is_in_no_window(row, windows)) {
        let (key, time) = (&row.key, row.event_time);
        writeln!(err, "{}", output::dropped(DropReason::NoWindow, key, row.value, time, None)?)?;
    }
    Ok(())
}

/// The line that ends a play.
pub(crate) fn tell_totals(drops: &Drops) -> io::Result<()> {
    writeln!(io::stderr(), "{}", output::totals(drops)?)
}

/// Whether a row is in a gap; only sliding windows leave some.
pub(crate) fn is_in_no_window(row: &Row, windows: Windows) -> bool {
    let Windows::Sliding(sliding) = windows else { return false };
    let mut assigned = Vec::new();
    sliding.assign(&(), row.event_time, &mut assigned);
    assigned.is_empty()
}
