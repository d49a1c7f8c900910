//! Stateful steps of real pipelines: one DoFn, since each makes the compiler build all that stands behind it
//! once more.

use watershed::{
    BoxError, CombiningState, EventTimerFamily, FiredTimer, One, PCollection, PTransform,
    StateContext, StateSpec, StatefulDoFn, StatefulEmitters, ValueState, WindowExpiration, micros,
};

use super::{Fold, Stateful, apply::AnyFold, keeping::SUMS};

/// A key and a number.
type Pair = (i64, i64);

/// A stateful step, in a scope of its own, so that its name is one.
pub(super) struct Keeps(pub(super) Stateful);

impl PTransform<PCollection<Pair>> for Keeps {
    type Output = PCollection<Pair>;
    fn expand(self, input: &PCollection<Pair>) -> PCollection<Pair> {
        input.stateful("keeps", Keeper(self.0))
    }
}

#[derive(Clone)]
struct Keeper(Stateful);

struct Cells {
    folded: CombiningState<i64, AnyFold>,
    sum: ValueState<i64>,
    /// The time and the number of the last element.
    last: ValueState<(i64, i64)>,
    timers: EventTimerFamily,
    last_fired: ValueState<i64>,
    times: ValueState<i64>,
    expiration: Option<WindowExpiration>,
}

impl StatefulDoFn<i64, i64> for Keeper {
    type Outputs = One<Pair>;
    type Cells = Cells;

    fn declare(&self, spec: &mut StateSpec) -> Cells {
        let fold = match self.0 {
            Stateful::Folding { fold } => fold,
            Stateful::Running | Stateful::Timing { .. } => Fold::Count,
        };
        if self.0 == Stateful::Running {
            spec.time_sorted_input();
        }
        Cells {
            folded: spec.combining("folded", AnyFold { fold, fanout: None }),
            sum: spec.value("sum"),
            last: spec.value("last"),
            timers: spec.event_timer_family("timers"),
            last_fired: spec.value("last fired"),
            times: spec.value("times"),
            expiration: matches!(self.0, Stateful::Folding { .. })
                .then(|| spec.on_window_expiration()),
        }
    }

    fn process(
        &mut self,
        n: i64,
        cells: &Cells,
        cx: &mut StateContext<'_, i64>,
        out: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        let time = cx.timestamp().as_micros();
        match self.0 {
            Stateful::Folding { .. } => cells.folded.add(cx, n),
            Stateful::Running => {
                if cells.last.get(cx) != Some(&(time, n)) {
                    let sum = cells.sum.get_or_default(cx);
                    *sum = (*sum + n).rem_euclid(SUMS);
                    cells.last.set(cx, (time, n));
                }
                let sum = *cells.sum.get_or_default(cx);
                out.emit((*cx.key(), sum));
            }
            Stateful::Timing { after } => {
                cells.timers.set_after(cx, &format!("{n} {time}"), micros(after))?;
            }
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        timer: &FiredTimer<'_>,
        cells: &Cells,
        cx: &mut StateContext<'_, i64>,
        out: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        if cells.expiration.is_some_and(|expiration| timer.is(&expiration)) {
            out.emit((*cx.key(), cells.folded.read(cx)?));
            return Ok(());
        }
        let (n, _) = timer.tag().split_once(' ').ok_or("a timer without number and time")?;
        let n: i64 = n.parse()?;
        let fires = timer.time().map_or(0, |time| time.as_micros());
        let times = *cells.times.get_or_default(cx);
        let times = times + i64::from(cells.last_fired.get(cx) != Some(&fires));
        cells.times.set(cx, times);
        cells.last_fired.set(cx, fires);
        out.emit((*cx.key(), n + times));
        Ok(())
    }
}
