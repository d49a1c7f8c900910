//! The lab's pipeline: the play, its windows, and the panes of each key.

use watershed::{Dropped, TestStream, combine::CombineFn, prelude::*};

use crate::{
    arguments::{Arguments, Combine, Mode, Windows},
    output::{Pane, Value},
    play::{Row, clocks},
};

/// A key and a value of the play.
pub(crate) type Pair = (String, i64);

/// What comes out of a play.
pub(crate) struct Played {
    pub(crate) panes: PCollection<Pane>,
    pub(crate) dropped: PCollection<Dropped<Pair>>,
}

/// Puts a play, and all that was asked of it, into a pipeline.
pub(crate) fn play(pipeline: &Pipeline, rows: &[Row], arguments: &Arguments) -> Played {
    let stream = pipeline.apply(script(rows, arguments));
    let windowed =
        window(&stream, arguments.window.windows).with_window_settings(settings(arguments));
    let (results, dropped) = combine(&windowed, arguments.combine);
    Played { panes: results.par_do(AsPane), dropped }
}

fn settings(arguments: &Arguments) -> WindowSettings {
    let settings = WindowSettings::new()
        .triggering(arguments.trigger.clone())
        .allowed_lateness(arguments.lateness)
        .timestamp_combiner(arguments.timestamp_combiner.into())
        .on_time_behavior(arguments.on_time_behavior.into())
        .closing_behavior(arguments.closing_behavior.into());
    let settings = match arguments.mode {
        Mode::Discarding => settings.discarding(),
        Mode::Accumulating => settings.accumulating(),
        Mode::Retracting => unreachable!("it has been refused"),
    };
    match arguments.allow_unsafe {
        true => settings.allow_closed_window_drops(),
        false => settings,
    }
}

/// What happens, row by row: [`EVENTS`] of each.
fn script(rows: &[Row], arguments: &Arguments) -> TestStream<Pair> {
    let clocks = clocks(rows, arguments.watermark_lag);
    let mut script = TestStream::new();
    for (row, after) in std::iter::zip(rows, clocks) {
        script = script
            .advance_processing_time_to(after.processing_time)
            .elements([((row.key.clone(), row.value), row.event_time)])
            .advance_watermark_to(after.watermark);
    }
    script.advance_watermark_to_infinity()
}

/// A row moves processing time, brings its element and moves the watermark.
pub(crate) const EVENTS: usize = 3;

fn window(stream: &PCollection<Pair>, windows: Windows) -> PCollection<Pair> {
    match windows {
        Windows::Fixed(fixed) => stream.window(fixed),
        Windows::Sliding(sliding) => stream.window(sliding),
        Windows::Sessions(sessions) => stream.window(sessions),
        Windows::Global => stream.window(GlobalWindows),
        Windows::Calendar(calendar) => stream.window(calendar),
    }
}

type Results = (PCollection<(String, Value)>, PCollection<Dropped<Pair>>);

fn combine(windowed: &PCollection<Pair>, how: Combine) -> Results {
    let integer = |value: Option<i64>| value.map_or(Value::None, Value::Integer);
    match how {
        Combine::Sum => combine_by(windowed, Sum, Value::Integer),
        Combine::Count => combine_by(windowed, Count, Value::Count),
        Combine::Min => combine_by(windowed, Min, integer),
        Combine::Max => combine_by(windowed, Max, integer),
        Combine::Mean => combine_by(windowed, Mean, |mean: f64| match mean.is_nan() {
            true => Value::None,
            false => Value::Mean(mean),
        }),
        Combine::List => combine_by(windowed, ToList, |mut list: Vec<i64>| {
            list.sort_unstable();
            Value::List(list)
        }),
    }
}

fn combine_by<C: CombineFn<i64>>(
    windowed: &PCollection<Pair>,
    combiner: C,
    value: impl Fn(C::Output) -> Value + Clone + Send + Sync + 'static,
) -> Results {
    let (results, dropped) = windowed.combine_per_key_and_dropped(combiner);
    (results.map_values(value), dropped)
}

/// Puts what a result carries beside it.
#[derive(Clone)]
struct AsPane;

impl DoFn<(String, Value)> for AsPane {
    type Outputs = One<Pane>;

    fn process(
        &mut self,
        (key, value): (String, Value),
        cx: &ElementContext<'_>,
        panes: &mut Emitters<Self, (String, Value)>,
    ) -> Result<(), BoxError> {
        let [window] = cx.windows() else { return Err("a pane is in one window".into()) };
        let (window, timestamp, info) = (window.clone(), cx.timestamp(), cx.pane());
        panes.emit(Pane { key, window, timestamp, info, retraction: false, value });
        Ok(())
    }
}
