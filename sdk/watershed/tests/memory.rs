//! What a job keeps follows what is open, however many keys and windows have come and gone: on every runner,
//! through the whole of it.
//!
//! The source looks at how many bytes the process has allocated, each time that it is asked.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use serde::{Deserialize, Serialize};
use watershed::{
    Checks, Deduplicate, EventTimer, FiredTimer, GroupIntoBatches, RunnerKind, StateContext,
    StateSpec, StatefulDoFn, StatefulEmitters, ValueState,
    model::{Advance, BoxError, Budget, Progress, Reader, Source, SourceOutput},
    prelude::*,
};

struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts")]
// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as i64, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size as i64 - layout.size() as i64, Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Numbers, ten a millisecond of event time.
#[derive(Clone)]
struct Numbers {
    upto: u64,
    looks: Arc<Mutex<Vec<(u64, i64)>>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct From(u64);

struct NumbersReader {
    source: Numbers,
    next: u64,
}

impl Source for Numbers {
    type Element = u64;
    type Split = From;
    type Reader = NumbersReader;

    fn describe(&self) -> String {
        format!("numbers up to {}", self.upto)
    }
    fn splits(&self, _: usize) -> Result<Vec<From>, BoxError> {
        Ok(vec![From(0)])
    }
    fn open(&self, From(next): From) -> Result<NumbersReader, BoxError> {
        Ok(NumbersReader { source: self.clone(), next })
    }
}

impl Reader<u64, From> for NumbersReader {
    fn advance(&mut self, out: &mut SourceOutput<u64>, _: Budget) -> Result<Advance, BoxError> {
        let end = self.source.upto.min(self.next + 500);
        out.emit_all_at((self.next..end).map(|n| (n, Timestamp::from_micros(n as i64 * 100))));
        self.source.looks.lock().unwrap().push((end, LIVE.load(Relaxed)));
        self.next = end;
        Ok(if end == self.source.upto { Advance::End } else { Advance::More })
    }
    fn watermark(&self) -> Timestamp {
        Timestamp::from_micros(self.next as i64 * 100)
    }
    fn position(&self) -> From {
        From(self.next)
    }
    fn progress(&self) -> Progress {
        Progress { done: self.next }
    }
}

/// Each key has four numbers, and is never seen again.
fn keyed(numbers: &PCollection<u64>) -> PCollection<(u64, u64)> {
    numbers.map(|n| (n / 4, n))
}

/// Counts values, and forgets the key a while after the last.
#[derive(Clone)]
struct Forgetting;

impl StatefulDoFn<u64, u64> for Forgetting {
    type Outputs = One<u64>;
    type Cells = (ValueState<u64>, EventTimer);

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        (spec.value("count"), spec.event_timer("forget"))
    }
    fn process(
        &mut self,
        _: u64,
        (count, forget): &Self::Cells,
        cx: &mut StateContext<'_, u64>,
        _: &mut StatefulEmitters<Self, u64, u64>,
    ) -> Result<(), BoxError> {
        *count.get_or_default(cx) += 1;
        forget.set_after(cx, millis(20))
    }
    fn on_timer(
        &mut self,
        _: &FiredTimer<'_>,
        (count, _): &Self::Cells,
        cx: &mut StateContext<'_, u64>,
        out: &mut StatefulEmitters<Self, u64, u64>,
    ) -> Result<(), BoxError> {
        out.emit(*count.get_or_default(cx));
        count.clear(cx);
        Ok(())
    }
}

/// The same in windows, which take the state with them.
#[derive(Clone)]
struct Remembering;

impl StatefulDoFn<u64, u64> for Remembering {
    type Outputs = One<u64>;
    type Cells = ValueState<u64>;

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        spec.value("count")
    }
    fn process(
        &mut self,
        _: u64,
        count: &Self::Cells,
        cx: &mut StateContext<'_, u64>,
        out: &mut StatefulEmitters<Self, u64, u64>,
    ) -> Result<(), BoxError> {
        *count.get_or_default(cx) += 1;
        out.emit(*count.get_or_default(cx));
        Ok(())
    }
}

/// The most bytes in the second quarter of a job, and in its last.
fn most_bytes(
    runner: RunnerKind,
    workers: usize,
    upto: u64,
    build: fn(&PCollection<u64>),
) -> (i64, i64) {
    let looks = Arc::new(Mutex::new(Vec::new()));
    let pipeline = Pipeline::new();
    build(&pipeline.read(Numbers { upto, looks: looks.clone() }));
    let options = PipelineOptions { runner, workers, checks: Checks::Off, ..Default::default() };
    pipeline.run(&options).unwrap();
    let looks = looks.lock().unwrap();
    let most = |from: u64, to: u64| {
        let looks = looks.iter().filter(|(n, _)| (from..to).contains(n));
        looks.map(|(_, bytes)| *bytes).max().unwrap()
    };
    (most(upto / 4, upto / 2), most(upto / 4 * 3, upto))
}

type Build = (&'static str, fn(&PCollection<u64>));

fn builds() -> Vec<Build> {
    vec![
        ("fixed windows", |numbers| {
            let fixed = FixedWindows::of(millis(50));
            keyed(numbers).window(fixed).combine_per_key(Count).for_each(|_| ());
        }),
        ("groups", |numbers| {
            keyed(numbers).window(FixedWindows::of(millis(50))).group_by_key().for_each(|_| ());
        }),
        ("sessions", |numbers| {
            let sessions = Sessions::with_gap(millis(10));
            keyed(numbers).window(sessions).combine_per_key(Count).for_each(|_| ());
        }),
        ("early and accumulating", |numbers| {
            let early = AfterWatermark::new().early(AfterCount::of(2));
            let fixed = FixedWindows::of(millis(50)).triggering(early).accumulating();
            keyed(numbers).window(fixed).combine_per_key(Sum).for_each(|_| ());
        }),
        ("state and timers", |numbers| {
            keyed(numbers).stateful("forgetting", Forgetting).for_each(|_| ());
        }),
        ("state in windows", |numbers| {
            let fixed = FixedWindows::of(millis(50));
            keyed(numbers).window(fixed).stateful("remembering", Remembering).for_each(|_| ());
        }),
        ("deduplicate", |numbers| {
            let once = Deduplicate::by(|n: &u64| n / 2).within_event_time(millis(50));
            numbers.apply(once).for_each(|_| ());
        }),
        ("batches", |numbers| {
            let fixed = keyed(numbers).window(FixedWindows::of(millis(50)));
            let batches = GroupIntoBatches::of_size(3);
            fixed.apply(batches).for_each(|(_, _): (u64, Vec<u64>)| ());
        }),
        ("side input", |numbers| {
            let fixed = numbers.window(FixedWindows::of(millis(50)));
            let view = fixed.filter(|n| n % 10 == 0).as_list();
            fixed.map_with(&view, |n, all| n + all.len() as u64).for_each(|_| ());
        }),
        ("inner join", |numbers| {
            let fixed = keyed(numbers).window(FixedWindows::of(millis(50)));
            fixed.inner_join(&fixed).for_each(|_| ());
        }),
        ("interval join", |numbers| {
            keyed(numbers).interval_join(&keyed(numbers), millis(5)).for_each(|_| ());
        }),
    ]
}

/// A worker may fall behind the other for a while, and then more is kept: so two workers have more room, and more
/// numbers until they have found their pace, and a job is run again before that counts. What is kept of each key
/// or window that has gone would be there every time.
fn stays_flat(runner: RunnerKind, workers: usize, upto: u64) {
    const ROOM: i64 = 64 << 10;
    let share = if workers == 1 { 16 } else { 2 };
    for (name, build) in builds() {
        let mut runs = Vec::new();
        let is_flat = (0..10).any(|_| {
            let (second, last) = most_bytes(runner, workers, upto, build);
            println!("{name}, {runner:?}, {workers} workers: {second} bytes, then {last}");
            runs.push((second, last));
            last < second + second / share + ROOM
        });
        assert!(is_flat, "{name}: the second quarter and the last had, in bytes, {runs:?}");
    }
}

// One after the other, since all are measured by one allocator.
#[test]
fn what_is_kept_follows_what_is_open() {
    stays_flat(RunnerKind::Direct, 1, 400_000);
    stays_flat(RunnerKind::Timely, 1, 400_000);
    stays_flat(RunnerKind::Timely, 2, 1_200_000);
}
