//! A time axis: from instants to pixels, and round times to write beside it.

use watershed::{Timestamp, chrono::DateTime};

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Instants from `low` to `high` on pixels from `from` to `to`.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    low: i128,
    high: i128,
    from: f64,
    to: f64,
}

/// A round time beside an axis.
#[derive(Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) pixel: f64,
    pub(crate) label: String,
}

impl Axis {
    /// The span from `low` to `high`, and a little more on both sides.
    pub(crate) fn new(low: Timestamp, high: Timestamp, from: f64, to: f64) -> Self {
        let (low, high) = (i128::from(low.as_micros()), i128::from(high.as_micros()));
        let more = if low == high { SECOND } else { (high - low) / 25 + 1 };
        Axis { low: low - more, high: high + more, from, to }
    }

    /// The same times on other pixels.
    pub(crate) fn on(self, from: f64, to: f64) -> Self {
        Axis { from, to, ..self }
    }

    /// Where an instant is; beyond its ends the axis stands still.
    pub(crate) fn pixel(&self, time: Timestamp) -> f64 {
        self.place(i128::from(time.as_micros()).clamp(self.low, self.high))
    }

    fn place(&self, time: i128) -> f64 {
        let share = (time - self.low) as f64 / (self.high - self.low).max(1) as f64;
        self.from + share * (self.to - self.from)
    }

    /// Round times, of which there are at most `most`.
    pub(crate) fn ticks(&self, most: usize) -> Vec<Tick> {
        let step = step((self.high - self.low) / most.max(1) as i128 + 1);
        let mut time = self.low.div_euclid(step) * step;
        let mut ticks = Vec::new();
        while time <= self.high {
            if time >= self.low {
                ticks.push(Tick { pixel: self.place(time), label: self.label(time, step) });
            }
            time += step;
        }
        ticks
    }

    /// What the numbers beside the axis count.
    pub(crate) fn unit(&self, most: usize) -> String {
        let step = step((self.high - self.low) / most.max(1) as i128 + 1);
        if self.counts_from_epoch() {
            return format!("{} since the epoch", span_unit(step).1);
        }
        match (date(self.low), date(self.high)) {
            (Some(first), Some(last)) if step < DAY && first == last => format!("UTC, {first}"),
            (Some(first), Some(last)) => format!("UTC, {first} to {last}"),
            _ => "seconds since the epoch".into(),
        }
    }

    /// Whether this is a play of made-up times, which count from nought.
    fn counts_from_epoch(&self) -> bool {
        self.low > -DAY && self.high < 2 * DAY
    }

    fn label(&self, time: i128, step: i128) -> String {
        if self.counts_from_epoch() {
            return (time / span_unit(step).0).to_string();
        }
        let format = match step {
            step if step < SECOND => "%H:%M:%S%.3f",
            step if step < 60 * SECOND => "%H:%M:%S",
            step if step >= DAY || time % DAY == 0 => "%Y-%m-%d",
            _ => "%H:%M",
        };
        match i64::try_from(time).ok().and_then(DateTime::from_timestamp_micros) {
            Some(time) => time.format(format).to_string(),
            None => format!("{:.2e}", time as f64 / SECOND as f64),
        }
    }
}

/// The least round step that is not less than `least`.
fn step(least: i128) -> i128 {
    let seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800];
    let hours = [1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2_184, 4_368, 8_766, 17_532, 43_830];
    let millis = [1, 2, 5, 10, 20, 50, 100, 200, 500].map(|n| n * 1_000);
    let steps = millis.into_iter().chain(seconds.map(|n| n * SECOND));
    let mut steps = steps.chain(hours.map(|n| n * 3_600 * SECOND));
    steps.find(|step| *step >= least).unwrap_or_else(|| {
        let decade = 87_660 * 3_600 * SECOND;
        decade * (least / decade + 1)
    })
}

/// The unit in which a step is written, and its name.
fn span_unit(step: i128) -> (i128, &'static str) {
    match step {
        step if step < SECOND => (1_000, "milliseconds"),
        step if step < 60 * SECOND => (SECOND, "seconds"),
        step if step < 3_600 * SECOND => (60 * SECOND, "minutes"),
        _ => (3_600 * SECOND, "hours"),
    }
}

fn date(time: i128) -> Option<String> {
    let time = DateTime::from_timestamp_micros(i64::try_from(time).ok()?)?;
    Some(time.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }
    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks(8).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn made_up_times_count_from_nought() {
        let axis = Axis::new(at(0), at(60_000), 0.0, 100.0);
        assert_eq!(labels(&axis), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(axis.unit(8), "seconds since the epoch");
        let axis = Axis::new(at(-5), at(20), 0.0, 100.0);
        assert_eq!(
            (labels(&axis)[0].as_str(), axis.unit(8)),
            ("-5", "milliseconds since the epoch".into())
        );
        let axis = Axis::new(at(0), at(3_600_000), 0.0, 100.0);
        assert_eq!(
            (labels(&axis)[1].as_str(), axis.unit(8)),
            ("10", "minutes since the epoch".into())
        );
    }

    #[test]
    fn real_times_are_times_of_day_and_dates() {
        let noon = 1_711_843_200_000;
        let axis = Axis::new(at(noon), at(noon + 7_200_000), 0.0, 100.0);
        assert_eq!(labels(&axis)[..3], ["2024-03-31", "00:30", "01:00"]);
        let axis = Axis::new(at(noon + 3_600_000), at(noon + 3_660_000), 0.0, 100.0);
        assert_eq!(labels(&axis)[0], "01:00:00");
        assert_eq!(axis.unit(8), "UTC, 2024-03-31");
        let axis = Axis::new(at(noon), at(noon + 20 * 86_400_000), 0.0, 100.0);
        assert_eq!(labels(&axis)[0], "2024-04-04");
        assert_eq!(axis.unit(8), "UTC, 2024-03-30 to 2024-04-20");
    }

    #[test]
    fn pixels_grow_with_time_and_stay_on_the_axis() {
        let axis = Axis::new(at(0), at(1_000), 50.0, 10.0);
        assert!(axis.pixel(at(0)) > axis.pixel(at(1)));
        assert_eq!(axis.pixel(Timestamp::MIN), 50.0);
        assert_eq!(axis.pixel(Timestamp::MAX), 10.0);
        assert_eq!(axis.on(0.0, 1.0).pixel(Timestamp::MAX), 1.0);
    }

    #[test]
    fn no_span_is_too_short_or_too_long() {
        let ends =
            [(0, 0), (i64::MIN, i64::MAX), (i64::MAX, i64::MAX), (i64::MIN, i64::MIN), (0, 1)];
        for (low, high) in ends {
            let axis =
                Axis::new(Timestamp::from_micros(low), Timestamp::from_micros(high), 0.0, 100.0);
            let ticks = axis.ticks(8);
            assert!((1..=8).contains(&ticks.len()), "{low} {high}: {ticks:?}");
            assert!(ticks.iter().all(|tick| (0.0..=100.0).contains(&tick.pixel)));
        }
        for (exponent, most) in (0..18).flat_map(|n| [(n, 4), (n, 8), (n, 12)]) {
            let axis = Axis::new(
                at(1_711_843_200_000),
                at(1_711_843_200_000 + 10i64.pow(exponent) / 1_000),
                0.0,
                1.0,
            );
            assert!(axis.ticks(most).len() <= most + 1);
        }
    }
}
