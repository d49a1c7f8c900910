//! A run's report as a table for people.

use indicatif::{BinaryBytes, HumanCount};
use watershed_model::{DistributionValue, StepMetrics};
use watershed_runner_core::{Acknowledged, RunReport, StepReport};

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
    let Acknowledged { done, failed, failure } = &report.acknowledged;
    if let Some(failure) = failure {
        let (done, failed) = (HumanCount(*done), HumanCount(*failed));
        table += &format!("{done} acknowledgements, {failed} more failed, the first: {failure}\n");
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
    if step.retries > 0 {
        notes.push(format!("{} bundles tried again", HumanCount(step.retries)));
    }
    notes.extend(counted(&step.metrics));
    notes
}

/// What the author has counted.
fn counted(metrics: &StepMetrics) -> Vec<String> {
    let counters = metrics.counters.iter().map(|(name, n)| format!("{name} {}", HumanCount(*n)));
    let distributions = metrics.distributions.iter().map(|(name, told)| {
        let DistributionValue { count, min, max, .. } = told;
        let mean = told.mean().unwrap_or_default();
        format!("{name} {min} to {max}, mean {mean:.3} of {}", HumanCount(*count))
    });
    let gauges = metrics.gauges.iter().map(|(name, gauge)| format!("{name} {}", gauge.value));
    let sets = metrics.string_sets.iter().map(|(name, set)| {
        let first: Vec<&str> = set.iter().take(5).map(String::as_str).collect();
        let more = if set.len() > first.len() { ", …" } else { "" };
        format!("{name} {{{}{more}}}", first.join(", "))
    });
    counters.chain(distributions).chain(gauges).chain(sets).collect()
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
        sums.metrics.counters.insert("negative".into(), 1_000);
        let sizes = DistributionValue { count: 2, sum: 5, min: 1, max: 4 };
        sums.metrics.distributions.insert("sizes".into(), sizes);
        let account = &mut sums.ledger.elements;
        (account.came, account.folded, account.left) = (1_234_567, 1_234_560, 1_234_560);
        report.steps = vec![read, sums];
        let table = of(&report);
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[1].starts_with("Read ") && lines[1].ends_with("1,234,567    1.95 KiB"),
            "{table}"
        );
        let books = "7 late; 1,234,567 × windows came, 1,234,560 folded, 1,234,560 in panes, 0 held; negative 1,000; \
             sizes 1 to 4, mean 2.500 of 2";
        assert!(lines[2].ends_with(books), "{table}");
    }
}
