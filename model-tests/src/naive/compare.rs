//! The difference between what was expected and what came, for reading.

use std::{collections::BTreeMap, fmt::Write};

use super::{Program, Row, Span};

/// No more rows than this of each kind and leaf.
const SHOWN: usize = 8;

/// What differs between the expected and the found leaves of a program; `None` if nothing does.
pub fn difference(program: &Program, expected: &[Vec<Row>], found: &[Vec<Row>]) -> Option<String> {
    let mut text = String::new();
    for ((leaf, expected), found) in program.leaves().iter().zip(expected).zip(found) {
        let mut counts: BTreeMap<&Row, i64> = BTreeMap::new();
        expected.iter().for_each(|row| *counts.entry(row).or_default() += 1);
        found.iter().for_each(|row| *counts.entry(row).or_default() -= 1);
        counts.retain(|_, count| *count != 0);
        let wrong = counts.iter().take(SHOWN).map(|(row, count)| {
            let what = if *count > 0 { "missing" } else { "unexpected" };
            format!("        {what} {} times: {}", count.abs(), written(row))
        });
        let wrong: Vec<String> = wrong.collect();
        if !wrong.is_empty() {
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "    {} has {} elements, expected {}:\n{}",
                program.name(*leaf),
                found.len(),
                expected.len(),
                wrong.join("\n")
            );
        }
    }
    (!text.is_empty()).then_some(text)
}

fn written(row: &Row) -> String {
    let spans: Vec<String> = row
        .spans
        .iter()
        .map(|span| match span {
            Span::Global => "global".to_owned(),
            Span::Interval { start, end } => format!("[{start}, {end})"),
        })
        .collect();
    let pane = row.pane;
    let marks = [(pane.is_first, " first"), (pane.is_last, " last")];
    let marks: String = marks.iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| *mark).collect();
    format!(
        "{} at {} in {}, {:?} pane {}/{}{marks}",
        row.value,
        row.time,
        spans.join(" "),
        pane.timing,
        pane.index,
        pane.on_time_index
    )
}
