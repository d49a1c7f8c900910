//! A run's report as a table for people.

use std::fmt;

use crate::{RunReport, StepReport};

impl fmt::Display for RunReport {
    /// A line for each step: elements and bytes in and out, what was dropped, and of a grouping its books.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |step: &StepReport| step.step.chars().count();
        let width = self.steps.iter().map(name).max().unwrap_or(0).max("step".len());
        writeln!(f, "{:width$}  {:>14} {:>10} {:>14} {:>10}", "step", "in", "", "out", "")?;
        for step in &self.steps {
            let (out, bytes_out) = (step.elements_out.iter().sum(), step.bytes_out.iter().sum());
            write!(
                f,
                "{:width$}  {:>14} {:>10} {:>14} {:>10}",
                step.step,
                number(step.elements_in),
                bytes(step.bytes_in),
                number(out),
                bytes(bytes_out)
            )?;
            let mut notes: Vec<String> =
                step.drops.iter().map(|(reason, n)| format!("{} {reason}", number(n))).collect();
            notes.extend(books(step));
            if step.watermark_setbacks > 0 {
                notes
                    .push(format!("watermark went back {} times", number(step.watermark_setbacks)));
            }
            match notes.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, "  {}", notes.join("; "))?,
            }
        }
        Ok(())
    }
}

/// What a grouping has done with what came.
fn books(step: &StepReport) -> Option<String> {
    let (elements, partials) = (step.ledger.elements, step.ledger.partials);
    if elements.came == 0 {
        return None;
    }
    let left = match partials.came {
        0 => format!("{} in panes", number(elements.left)),
        came => {
            format!("{} in {} partials, all of them in panes", number(elements.left), number(came))
        }
    };
    Some(format!(
        "{} × windows came, {} folded, {left}, {} held",
        number(elements.came),
        number(elements.folded),
        number(elements.held + partials.held)
    ))
}

/// A number with a comma before each three digits.
fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut told = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// Bytes, in the unit in which they are a number of at most four digits.
fn bytes(n: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut size = n as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{n} B"),
        _ => format!("{size:.1} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use watershed_model::DropReason;

    use super::*;
    use crate::Outcome;

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
        let table = report.to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[1].starts_with("Read ") && lines[1].ends_with("1,234,567    2.0 KiB"),
            "{table}"
        );
        let books =
            "7 late; 1,234,567 × windows came, 1,234,560 folded, 1,234,560 in panes, 0 held";
        assert!(lines[2].ends_with(books), "{table}");
    }
}
