//! A job as a table.

use watershed::ui::{JobView, StepView};

/// The job in one line, and all its steps.
pub(crate) fn of(job: &JobView) -> String {
    let mut text = about(job);
    let head = ["step", "in", "out", "watermark", "lag", "state", "waiting", "dropped", "held by"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(job.steps.iter().map(|step| row(job, step)));
    // All but names, watermarks and holders are numbers.
    let is_number = |column: usize| !matches!(column, 0 | 3 | 8);
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if is_number(column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn about(job: &JobView) -> String {
    let mut text = format!(
        "{} runner, {}, {} elements read in {} s, workers: {}",
        job.runner,
        job.state,
        job.elements_read,
        job.elapsed_ms / 1_000,
        job.workers
    );
    if !job.silent_workers.is_empty() {
        let silent: Vec<String> = job.silent_workers.iter().map(ToString::to_string).collect();
        text += &format!(" (silent: {})", silent.join(", "));
    }
    text + "\n"
}

fn row(job: &JobView, step: &StepView) -> [String; 9] {
    let held_by = match step.held_by {
        Some(place) => match (job.steps.get(place), step.holder.kind.as_str()) {
            (Some(holder), "input") => holder.name.clone(),
            _ => step.holder.text.clone(),
        },
        None => String::new(),
    };
    [
        step.name.clone(),
        step.elements_in.to_string(),
        step.elements_out.iter().sum::<u64>().to_string(),
        step.output_watermark.text.clone(),
        step.lag_ms.map_or_else(String::new, span),
        step.state_entries.map_or_else(String::new, |entries| entries.to_string()),
        step.waiting.to_string(),
        step.drops.values().sum::<u64>().to_string(),
        held_by,
    ]
}

/// A span in the two largest units that it has.
fn span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let seconds = ms.unsigned_abs() / 1_000;
    let [minutes, hours, days] = [60, 3_600, 86_400].map(|unit| seconds / unit);
    match seconds {
        0..60 => format!("{sign}{:.1} s", ms.unsigned_abs() as f64 / 1e3),
        60..3_600 => format!("{sign}{minutes} min {} s", seconds % 60),
        3_600..86_400 => format!("{sign}{hours} h {} min", minutes % 60),
        _ => format!("{sign}{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        let told = [0, 2_540, -2_540, 61_000, 7_260_000, 90_000_000].map(span);
        assert_eq!(told, ["0.0 s", "2.5 s", "-2.5 s", "1 min 1 s", "2 h 1 min", "1 d 1 h"]);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let text = of(&serde_json::from_str(include_str!("job.json")).unwrap());
        let expected = "\
direct runner, running, 1234 elements read in 61 s, workers: 2 (silent: 1)
step         in   out  watermark               lag  state  waiting  dropped  held by
Read          0  1234  2026-01-31T12:00:00Z  2.5 s               0        0  split plays.csv, at 2026-01-31T12:00:00Z
Count/Group  34    12  2026-01-31T12:00:00Z  2.5 s      7     1200        3  Read
";
        assert_eq!(text, expected);
    }
}
