//! Window functions from outside the toolbox, with windows of their own kinds. (That a side input sees
//! such windows too is shown with the side inputs.)

use serde::{Deserialize, Serialize};
use watershed::{BoundedWindow, IntervalWindow, WindowFn, combine::Sum, prelude::*};

use super::as_text::{Pair, are, at, batch, by_letter, lists, stream};
use crate::Bench;

crate::cases! {
    windows_with_fields_of_their_own_keep_groups_apart: "WN-05", "WN-18";
    windows_that_merge_make_their_fields_anew: "WN-05", "WN-18";
    custom_windows_fire_by_their_own_ends: "WN-05";
    a_merge_that_becomes_one_of_its_parts_goes_on_with_its_panes: "PA-12";
}

/// Ten seconds of one team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shift {
    start: Timestamp,
    team: String,
}

impl BoundedWindow for Shift {
    fn max_timestamp(&self) -> Timestamp {
        self.start + seconds(10) - watershed::micros(1)
    }
}

/// Even numbers are of the day team, odd ones of the night team.
#[derive(Clone, Debug)]
struct Shifts;

impl WindowFn<Pair> for Shifts {
    type Window = Shift;
    fn assign(&self, (_, number): &Pair, timestamp: Timestamp, windows: &mut Vec<Shift>) {
        let start = at(timestamp.as_micros().div_euclid(10_000_000) * 10);
        let team = if number % 2 == 0 { "day" } else { "night" };
        windows.push(Shift { start, team: team.to_owned() });
    }
}

/// A stay in a room, by so many guests. Stays that overlap become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stay {
    start: Timestamp,
    end: Timestamp,
    guests: u32,
}

impl BoundedWindow for Stay {
    fn max_timestamp(&self) -> Timestamp {
        self.end - watershed::micros(1)
    }
}

/// Each guest stays for as many seconds as the number says.
#[derive(Clone, Debug)]
struct Stays;

impl WindowFn<Pair> for Stays {
    type Window = Stay;
    fn assign(&self, (_, number): &Pair, timestamp: Timestamp, windows: &mut Vec<Stay>) {
        windows.push(Stay { start: timestamp, end: timestamp + seconds(*number), guests: 1 });
    }
    fn is_merging(&self) -> bool {
        true
    }
    fn merge(&self, windows: &[Stay]) -> Vec<(Vec<usize>, Stay)> {
        let mut order: Vec<usize> = (0..windows.len()).collect();
        order.sort_by_key(|place| windows[*place].start);
        let mut merges: Vec<(Vec<usize>, Stay)> = Vec::new();
        for place in order {
            let stay = &windows[place];
            match merges.last_mut() {
                Some((parts, whole)) if stay.start < whole.end => {
                    parts.push(place);
                    whole.end = whole.end.max(stay.end);
                    whole.guests += stay.guests;
                }
                _ => merges.push((vec![place], stay.clone())),
            }
        }
        merges.retain(|(parts, _)| parts.len() > 1);
        merges
    }
}

/// Puts each element out with its window, as the window's own type.
#[derive(Clone)]
struct WithWindow<W>(std::marker::PhantomData<fn() -> W>);

fn with_window<W>() -> WithWindow<W> {
    WithWindow(std::marker::PhantomData)
}

impl<W: BoundedWindow> DoFn<Pair> for WithWindow<W> {
    type Outputs = One<(String, i64, W)>;
    fn process(
        &mut self,
        (key, number): Pair,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, Pair>,
    ) -> Result<(), BoxError> {
        out.emit((key, number, W::from_window(&cx.windows()[0])?));
        Ok(())
    }
    fn observes_windows(&self) -> bool {
        true
    }
}

fn windows_with_fields_of_their_own_keep_groups_apart(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let pairs = batch(&pipeline, "a1=1@1s a2=2@2s b1=3@3s a2=4@12s a1=5@9s a1=7@10s a1=6@0s");
        let sums = pairs.window(Shifts).combine_per_key(Sum);
        // Over two groupings, and what lies between.
        let again = by_letter(&sums.reshuffle()).combine_per_key(Sum);
        let [once, twice] = [sums, again].map(|sums| sums.par_do(with_window::<Shift>()).collect());
        pipeline.run();
        let said = |collected: &watershed::Collected<(String, i64, Shift)>| {
            let mut said: Vec<String> = collected
                .values()
                .into_iter()
                .map(|(key, sum, shift)| format!("{key} {} {:?} {sum}", shift.team, shift.start))
                .collect();
            said.sort();
            said
        };
        let [zero, ten] = [at(0), at(10)];
        assert_eq!(
            said(&once),
            [
                format!("a1 day {zero} 6"),
                format!("a1 night {zero} 6"),
                format!("a1 night {ten} 7"),
                format!("a2 day {zero} 2"),
                format!("a2 day {ten} 4"),
                format!("b1 night {zero} 3"),
            ]
        );
        assert_eq!(
            said(&twice),
            [
                format!("a day {zero} 8"),
                format!("a day {ten} 4"),
                format!("a night {zero} 6"),
                format!("a night {ten} 7"),
                format!("b night {zero} 3"),
            ]
        );
    }
}

fn windows_that_merge_make_their_fields_anew(bench: &Bench) {
    let text = "a=5@1s b=3@1s a=2@20s
                a=6@9s a=3@2s
                a=4@6s b=1@4s";
    for given in [stream as fn(&Pipeline, &str) -> PCollection<Pair>, batch] {
        let pipeline = bench.pipeline();
        let sums = given(&pipeline, text).window(Stays).combine_per_key(Sum);
        let stays = sums.reshuffle().par_do(with_window::<Stay>()).collect();
        pipeline.run();
        let mut stays = stays.values();
        stays.sort_by_key(|(key, _, stay)| (key.clone(), stay.start));
        let stay = |start, end, guests| Stay { start: at(start), end: at(end), guests };
        assert_eq!(
            stays,
            [
                // [1, 6) and [6, 10) touch.
                ("a".to_owned(), 8, stay(1, 6, 2)),
                ("a".to_owned(), 10, stay(6, 15, 2)),
                ("a".to_owned(), 2, stay(20, 22, 1)),
                ("b".to_owned(), 3, stay(1, 4, 1)),
                ("b".to_owned(), 1, stay(4, 5, 1)),
            ]
        );
    }
}

fn custom_windows_fire_by_their_own_ends(bench: &Bench) {
    let trigger = || AfterWatermark::new().early(AfterCount::of(2)).late(AfterCount::of(1));
    let pipeline = bench.pipeline();
    let pairs = stream(
        &pipeline,
        "a=2@1s a=4@2s
         a=1@3s
         watermark 9999999us
         a=6@4s
         watermark 10s
         a=3@5s
         watermark 15s
         a=5@6s",
    );
    let shifts =
        pairs.window(Shifts.triggering(trigger()).allowed_lateness(seconds(5)).accumulating());
    let panes = lists(&shifts).collect();
    pipeline.run();
    // In print a custom window is its last instant; the two here have the same.
    are(
        &panes,
        "a ..9999999us] early 0/-1 first @end = [2, 4]
         a ..9999999us] on_time 1/0 @end = [2, 4, 6]
         a ..9999999us] on_time 0/0 first @end = [1]
         a ..9999999us] late 1/1 @end = [1, 3]",
    );
}

/// From an element for five seconds; what overlaps becomes the first of it.
#[derive(Clone, Debug)]
struct TheFirst;

impl WindowFn<Pair> for TheFirst {
    type Window = IntervalWindow;
    fn assign(&self, _: &Pair, timestamp: Timestamp, windows: &mut Vec<IntervalWindow>) {
        windows.push(IntervalWindow::new(timestamp, timestamp + seconds(5)));
    }
    fn is_merging(&self) -> bool {
        true
    }
    fn merge(&self, windows: &[IntervalWindow]) -> Vec<(Vec<usize>, IntervalWindow)> {
        let merges = WindowFn::<Pair>::merge(&Sessions::with_gap(seconds(5)), windows);
        let first = |parts: &[usize]| parts.iter().map(|part| windows[*part]).min();
        let merges = merges.into_iter();
        merges.filter_map(|(parts, _)| first(&parts).map(|into| (parts, into))).collect()
    }
}

fn a_merge_that_becomes_one_of_its_parts_goes_on_with_its_panes(bench: &Bench) {
    let trigger = || AfterWatermark::new().early(AfterCount::of(1));
    let pipeline = bench.pipeline();
    let pairs = stream(
        &pipeline,
        "a=1@1s b=1@1s
         a=2@8s b=2@8s
         b=9@2s
         a=3@4s
         b=4@12s",
    );
    let [kept, new] = [
        pairs.window(TheFirst.triggering(trigger()).accumulating()),
        pairs.window(Sessions::with_gap(seconds(5)).triggering(trigger()).accumulating()),
    ];
    let [kept, new] = [kept, new].map(|pairs| lists(&pairs).collect());
    pipeline.run();
    are(
        &kept,
        "a [1s,6s) early 0/-1 first @end = [1]
         a [8s,13s) early 0/-1 first @end = [2]
         a [1s,6s) early 1/-1 @end = [1, 2, 3]
         a [1s,6s) on_time 2/0 last @end = [1, 2, 3]
         b [1s,6s) early 0/-1 first @end = [1]
         b [8s,13s) early 0/-1 first @end = [2]
         b [1s,6s) early 1/-1 @end = [1, 9]
         b [8s,13s) early 1/-1 @end = [2, 4]
         b [1s,6s) on_time 2/0 last @end = [1, 9]
         b [8s,13s) on_time 2/0 last @end = [2, 4]",
    );
    // Where the whole is more than each part, its panes count from 0.
    are(
        &new,
        "a [1s,6s) early 0/-1 first @end = [1]
         a [8s,13s) early 0/-1 first @end = [2]
         a [1s,13s) early 0/-1 first @end = [1, 2, 3]
         a [1s,13s) on_time 1/0 last @end = [1, 2, 3]
         b [1s,6s) early 0/-1 first @end = [1]
         b [8s,13s) early 0/-1 first @end = [2]
         b [1s,7s) early 0/-1 first @end = [1, 9]
         b [8s,17s) early 0/-1 first @end = [2, 4]
         b [1s,7s) on_time 1/0 last @end = [1, 9]
         b [8s,17s) on_time 1/0 last @end = [2, 4]",
    );
}
