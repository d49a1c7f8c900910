#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use serde::{Deserialize, Deserializer, Serialize};
use watershed_core::{
    EventTimer, FiredTimer, FixedWindows, One, ProcessingTimer, Sessions, StateContext, StateSpec,
    StatefulEmitters, ValueState, WindowExpiration, WindowExt,
};
use watershed_model::{IntervalWindow, Trigger, Window, seconds};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Adds numbers up, and tells what it came to on each occasion that there is.
#[derive(Clone)]
struct Adds;

struct Cells {
    sum: ValueState<i64>,
    soon: EventTimer,
    later: ProcessingTimer,
    end: WindowExpiration,
}

impl StatefulDoFn<String, i64> for Adds {
    type Outputs = One<String>;
    type Cells = Cells;

    fn declare(&self, spec: &mut StateSpec) -> Cells {
        Cells {
            sum: spec.value("sum"),
            soon: spec.event_timer("soon"),
            later: spec.processing_timer("later"),
            end: spec.on_window_expiration(),
        }
    }

    fn process(
        &mut self,
        number: i64,
        cells: &Cells,
        cx: &mut StateContext<'_, String>,
        _: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        if number < 0 {
            return Err(format!("{number} is below zero").into());
        }
        *cells.sum.get_or_default(cx) += number;
        cells.soon.set_after(cx, seconds(2))?;
        cells.later.set_after(cx, seconds(30))
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        cells: &Cells,
        cx: &mut StateContext<'_, String>,
        out: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        let when = match () {
            () if fired.is(&cells.soon) => "soon",
            () if fired.is(&cells.end) => "at the end",
            () => "later",
        };
        let sum = cells.sum.get(cx).copied().unwrap_or_default();
        out.emit(format!("{} {sum} {when}", cx.key()));
        Ok(())
    }
}

fn number(key: &str, number: i64, second: i64) -> TestElement<(String, i64)> {
    TestElement::new((key.to_string(), number)).at(at(second))
}

/// In windows of ten seconds with five of lateness.
fn tester() -> StatefulTester<String, i64, Adds> {
    let windows = FixedWindows::of(seconds(10)).triggering(Trigger::Default).discarding();
    StatefulTester::windowed(Adds, windows.allowed_lateness(seconds(5))).unwrap()
}

#[test]
fn timers_fire_as_times_move_and_windows_expire() {
    let mut tester = tester();
    let nothing =
        tester.process([number("a", 1, 1), number("b", 2, 3), number("a", 4, 9)]).unwrap();
    assert!(nothing.is_empty());
    assert_eq!(tester.hold(), Some(at(3)), "where b is told of, when the clock says so");
    let out = tester.advance_watermark_to(at(5)).unwrap();
    assert_eq!(out.values(), ["b 2 soon"]);
    assert_eq!(out[0].timestamp, at(5));
    let window = Window::from(IntervalWindow::new(at(0), at(10)));
    assert_eq!(out[0].windows.as_slice(), [window]);
    let mut out = tester.advance_processing_time_to(at(100)).unwrap().values();
    // They were set at the beginning of time.
    out.sort();
    assert_eq!(out, ["a 5 later", "b 2 later"]);
    assert_eq!(tester.advance_watermark_to(at(14)).unwrap().values(), ["a 5 soon"]);
    let mut out = tester.advance_watermark_to(at(15)).unwrap().values();
    out.sort();
    assert_eq!(out, ["a 5 at the end", "b 2 at the end"]);
    assert_eq!(tester.hold(), None);
}

#[test]
fn what_is_late_is_dropped_and_counted() {
    let mut tester = tester();
    assert!(tester.advance_watermark_to(at(15)).unwrap().is_empty());
    tester.process([number("a", 1, 9), number("a", 2, 10)]).unwrap();
    assert_eq!(tester.dropped_late(), 1);
    let elsewhere = number("a", 3, 9).in_window(IntervalWindow::new(at(5), at(20)));
    tester.process([elsewhere]).unwrap();
    assert_eq!(tester.dropped_late(), 1);
    let out = tester.advance_watermark_to_infinity().unwrap().values();
    assert_eq!(out.iter().filter(|line| line.ends_with("at the end")).count(), 2, "{out:?}");
    assert_eq!(out.iter().filter(|line| line.ends_with("later")).count(), 2, "{out:?}");
}

#[test]
fn a_timer_for_a_time_that_has_passed_fires_behind_its_bundle() {
    let mut tester = tester();
    tester.advance_watermark_to(at(8)).unwrap();
    assert_eq!(tester.process([number("a", 1, 5)]).unwrap().values(), ["a 1 soon"]);
}

#[test]
fn what_is_kept_survives_a_restart() {
    let mut tester = tester();
    tester.process([number("a", 1, 1)]).unwrap();
    tester.restart().unwrap();
    tester.process([number("a", 2, 1)]).unwrap();
    assert_eq!(tester.advance_watermark_to(at(3)).unwrap().values(), ["a 3 soon"]);
    // It began with a time of its own, and goes on with it.
    tester.advance_processing_time(seconds(7)).unwrap();
    assert_eq!(tester.advance_processing_time_to(at(0)).unwrap().values(), ["a 3 later"]);
}

/// A state that cannot be read again.
#[derive(Clone, Default, Serialize)]
struct Unreadable;

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("lost for ever"))
    }
}

#[derive(Clone)]
struct Forgets;

impl StatefulDoFn<u8, ()> for Forgets {
    type Outputs = One<u8>;
    type Cells = ValueState<Unreadable>;

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        spec.value("cell")
    }

    fn process(
        &mut self,
        (): (),
        cell: &Self::Cells,
        cx: &mut StateContext<'_, u8>,
        _: &mut StatefulEmitters<Self, u8, ()>,
    ) -> Result<(), BoxError> {
        cell.set(cx, Unreadable);
        Ok(())
    }
}

#[test]
fn a_restart_finds_state_that_does_not_survive() {
    let mut tester = StatefulTester::new(Forgets).unwrap();
    tester.process([(1u8, ())]).unwrap();
    let told = tester.restart().unwrap_err().to_string();
    assert!(told.contains("cell") && told.contains("lost for ever"), "{told}");
}

#[test]
fn an_error_is_a_result_and_the_do_fn_is_over() {
    let mut tester = tester();
    let told = tester.process([number("a", -1, 0)]).unwrap_err().to_string();
    assert_eq!(told, "failed: -1 is below zero");
    assert!(tester.process([number("a", 1, 0)]).unwrap_err().to_string().contains("torn down"));
    assert!(tester.advance_watermark_to(at(1)).is_err());
    tester.teardown().unwrap();
}

#[test]
fn times_that_go_back_are_an_error_and_change_nothing() {
    let mut tester = tester();
    tester.advance_both_to(at(5), at(50)).unwrap();
    let told = tester.advance_watermark_to(at(4)).unwrap_err().to_string();
    assert!(told.contains("the watermark goes back"), "{told}");
    let told = tester.advance_processing_time_to(at(49)).unwrap_err().to_string();
    assert!(told.contains("processing time goes back"), "{told}");
    assert!(tester.process([number("a", 1, 5)]).unwrap().is_empty());
}

#[test]
fn windows_that_merge_are_refused_as_in_a_pipeline() {
    let windows = Sessions::with_gap(seconds(1));
    let told = StatefulTester::windowed(Adds, windows).err().unwrap().to_string();
    assert!(told.contains("windows merge"), "{told}");
}

#[test]
fn a_view_that_the_do_fn_does_not_read_is_told() {
    let pipeline = Pipeline::new();
    let view = pipeline.create([1i64]).as_singleton();
    let mut tester = StatefulTester::in_pipeline(&pipeline, Adds, GlobalWindows).unwrap();
    let failure = tester.show(&view, 2).unwrap_err();
    assert!(failure.to_string().contains("does not read this view"), "{failure}");
}
