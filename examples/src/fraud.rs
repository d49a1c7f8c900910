//! Cards that are tried out: many small payments, then a large one.
//!
//! `cargo run --bin fraud -- --input examples/data/payments.csv --many 3 --within 10m`
//!
//! Who has stolen a card's number tries it out with small payments before making a large one. The program reads
//! payments, rows `time,card,cents`, and writes a line for each payment of at least `--large` cents before which
//! `--many` of at most `--small` cents were made with the same card, the first of them no longer than `--within`
//! before.
//!
//! What it shows: a rule as a stateful DoFn. A cell for each card counts, a timer clears the count when its time
//! is over, payments are handled in the order in which they were made, and a card that is not used any more is
//! forgotten.

use std::process::ExitCode;

use clap::{Args, Parser};
use watershed::{Duration, EventTimer, FiredTimer, ValueState, prelude::*};

mod replay;
mod rows;
use replay::Record;
use rows::Files;

#[derive(Parser)]
#[command(about = "Cards that are tried out: many small payments, then a large one.")]
struct Arguments {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    rule: TriedOut,
}

/// The rule.
#[derive(Args, Clone)]
struct TriedOut {
    /// What a small payment is, in cents.
    #[arg(long, value_name = "CENTS", default_value_t = 500)]
    small: i64,

    /// What a large payment is, in cents.
    #[arg(long, value_name = "CENTS", default_value_t = 20_000)]
    large: i64,

    /// How many small payments are many.
    #[arg(long, value_name = "N", default_value_t = 4)]
    many: u64,

    /// How long small payments are remembered, from the first one on.
    #[arg(long, value_name = "SPAN", default_value = "15m")]
    within: Duration,
}

struct Cells {
    small: ValueState<u64>,
    over: EventTimer,
}

impl StatefulDoFn<String, i64> for TriedOut {
    type Outputs = One<String>;
    type Cells = Cells;

    fn declare(&self, spec: &mut StateSpec) -> Cells {
        spec.time_sorted_input();
        spec.time_to_live(self.within + seconds(1));
        Cells { small: spec.value("small"), over: spec.event_timer("over") }
    }

    fn process(
        &mut self,
        cents: i64,
        cells: &Cells,
        cx: &mut StateContext<'_, String>,
        alerts: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        let small = cells.small.get(cx).copied().unwrap_or_default();
        if cents <= self.small {
            cells.small.set(cx, small + 1);
            if small == 0 {
                cells.over.set_after(cx, self.within)?;
            }
        } else if cents >= self.large && small >= self.many {
            let (time, card) = (cx.timestamp(), cx.key());
            alerts.emit(format!("{time} card {card}: {cents} cents after {small} small payments"));
            cells.small.clear(cx);
            cells.over.clear(cx);
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: &FiredTimer<'_>,
        cells: &Cells,
        cx: &mut StateContext<'_, String>,
        _: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        cells.small.clear(cx);
        Ok(())
    }
}

fn payment((time, card, cents): (String, String, i64)) -> Record<(String, i64)> {
    Ok(((card, cents), time.parse()?))
}

fn alerts(payments: &PCollection<(String, i64)>, rule: TriedOut) -> PCollection<String> {
    payments.stateful("cards that are tried out", rule)
}

fn main() -> ExitCode {
    let Arguments { files, rule } = Arguments::parse();

    let pipeline = Pipeline::new();
    alerts(&files.read(&pipeline, payment), rule).apply(text::write(files.output).shards(1));
    watershed::exit_code(pipeline.run(&files.pipeline))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

    use watershed::testing::{GoldenFile, StatefulTester, TestElement};

    use super::*;

    fn rule() -> TriedOut {
        TriedOut { small: 500, large: 20_000, many: 3, within: minutes(10) }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_seconds(60 * minute)
    }

    fn paid(cents: i64, minute: i64) -> TestElement<(String, i64)> {
        TestElement::new(("4711".to_string(), cents)).at(at(minute))
    }

    #[test]
    fn small_payments_are_forgotten_when_their_time_is_over() {
        for (last, alerts) in [(9, 1), (10, 0), (11, 0)] {
            let mut tester = StatefulTester::new(rule()).unwrap();
            tester.process([paid(100, 0), paid(500, 1), paid(1, 2), paid(20_000, last)]).unwrap();
            let found = tester.advance_watermark_to_infinity().unwrap();
            assert_eq!(found.len(), alerts, "{last}: {found:?}");
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter_and_a_restart_neither() {
        let mut tester = StatefulTester::new(rule()).unwrap();
        tester.process([paid(20_000, 9), paid(100, 2)]).unwrap();
        tester.restart().unwrap();
        tester.process([paid(100, 1), paid(100, 0)]).unwrap();
        let found = tester.advance_watermark_to(at(12)).unwrap();
        let alert = "1970-01-01T00:09:00Z card 4711: 20000 cents after 3 small payments";
        assert_eq!(found.values(), [alert]);
        assert_eq!(tester.hold(), None);
    }

    #[test]
    fn a_play_of_payments_gives_its_alerts() {
        GoldenFile::at("golden/fraud.jsonl").check(|payments| alerts(payments, rule()));
    }
}
