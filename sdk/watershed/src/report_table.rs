//! A run's report as a table for people.

use indicatif::{BinaryBytes, HumanCount};
use watershed_runner_core::{RunReport, StepReport};

/// A line for each step: elements and bytes in and out, what was dropped, and of a grouping its books.
pub(crate) fn of(report: &RunReport) -> String {
    let name = |step: &StepReport| step.step.chars().count();
    let width = report.steps.iter().map(name).max().unwrap_or(0).max("step".len());
    let mut table = format!("{:width$}  {:>14} {:>11} {:>14}\n", "step", "in", "", "out");
    for step in &report.steps {
        let (out, bytes_out) = (step.elements_out.iter().sum(), step.bytes_out.iter().sum());
        let line = format!(
            "{:width$}  {:>14} {:>11} {:>14} {:>11}  {}",
            step.step,
            HumanCount(step.elements_in).to_string(),
            BinaryBytes(step.bytes_in).to_string(),
            HumanCount(out).to_string(),
            BinaryBytes(bytes_out).to_string(),
            notes(step).join("; ")
        );
        table += line.trim_end();
        table.push('\n');
    }
    table
}

/// What else there is to say of a step.
fn notes(step: &StepReport) -> Vec<String> {
    let drops = step.drops.iter().map(|(reason, n)| format!("{} {reason}", HumanCount(n)));
    let mut notes: Vec<String> = drops.collect();
    notes.extend(books(step));
    if step.watermark_setbacks > 0 {
        notes.push(format!("watermark went back {} times", HumanCount(step.watermark_setbacks)));
    }
    notes
}

/// What a grouping has done with what came.
fn books(step: &StepReport) -> Option<String> {
    let (elements, partials) = (step.ledger.elements, step.ledger.partials);
    if elements.came == 0 {
        return None;
    }
    let left = match partials.came {
        0 => format!("{} in panes", HumanCount(elements.left)),
        came => {
            format!(
                "{} in {} partials, all of them in panes",
                HumanCount(elements.left),
                HumanCount(came)
            )
        }
    };
    Some(format!(
        "{} × windows came, {} folded, {left}, {} held",
        HumanCount(elements.came),
        HumanCount(elements.folded),
        HumanCount(elements.held + partials.held)
    ))
}

#[cfg(test)]
mod tests {
    use watershed_model::DropReason;
    use watershed_runner_core::Outcome;

    use super::*;

    #[test]
    fn a_report_is_a_table() {
        let mut report = RunReport::of(Outcome::Done);
        let mut read = StepReport::of("Read", 1);
        (read.elements_out[0], read.bytes_out[0]) = (1_234_567, 2_000);
        let mut sums = StepReport::of("Scores/Sums", 1);
        sums.elements_in = 1_234_567;
        sums.drops.add(DropReason::Late, 7);
        let account = &mut sums.ledger.elements;
        (account.came, account.folded, account.left) = (1_234_567, 1_234_560, 1_234_560);
        report.steps = vec![read, sums];
        let table = of(&report);
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[1].starts_with("Read ") && lines[1].ends_with("1,234,567    1.95 KiB"),
            "{table}"
        );
        let books =
            "7 late; 1,234,567 × windows came, 1,234,560 folded, 1,234,560 in panes, 0 held";
        assert!(lines[2].ends_with(books), "{table}");
    }
}
