//! Where groups are large: hot keys, millions of values, large keys and values.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};

use serde::{Deserialize, Serialize};
use watershed::{
    Checks, Create, Group, PCollection, Pipeline, Timestamp,
    combine::{Count, HotKey, Max, Sum},
    testing::assert_that,
};

use super::timed::{Timed, create, folds, panes, sorted};
use crate::{
    Bench, cases,
    naive::{SECOND, Windowing},
    spread::Spread,
};

cases! {
    a_hot_key_gives_the_same_with_any_fan_out: "GP-03";
    a_hot_key_is_combined_in_bounded_memory: "GP-03";
    a_group_of_millions_is_walked_twice_without_a_copy: "GP-04";
    large_keys_and_values_group: "GP-17";
    the_largest_element_that_fits_is_grouped: "GP-17";
    what_is_too_large_is_an_error_that_names_the_step: "GP-17";
}

/// 200,000 values, half of them of one key, made by a step: 200 bundles of a thousand, one a second.
fn one_hot_key(pipeline: &Pipeline) -> PCollection<(u8, i64)> {
    let blocks = (0..200).map(|block| (block, Timestamp::from_seconds(block)));
    pipeline.apply(Create::timestamped(blocks)).flat_map_emit(|block, out| {
        (block * 1_000..(block + 1) * 1_000).for_each(|n| out.emit(hot(n)));
    })
}

/// Every second value is of key 0.
fn hot(n: i64) -> (u8, i64) {
    (if n % 2 == 0 { 0 } else { (n % 200) as u8 }, n - 50_000)
}

fn a_hot_key_gives_the_same_with_any_fan_out(bench: &Bench) {
    let windowings = [
        Windowing::Global,
        Windowing::Fixed { size: 64 * SECOND, offset: 0 },
        Windowing::Sessions { gap: 2 * SECOND },
    ];
    let timed = |n| {
        let (key, value) = hot(n);
        (key, value, n / 1_000 * SECOND)
    };
    let elements: Vec<Timed<u8, i64>> = (0..200_000).map(timed).collect();
    for (place, windowing) in windowings.into_iter().enumerate() {
        let expected = folds(&elements, windowing, |values| {
            let (sum, count) = (values.iter().sum::<i64>(), values.len() as u64);
            (sum, count, values.into_iter().max())
        });
        let mut options = bench.options();
        options.seed = place as u64;
        let pipeline = bench.pipeline_with(options);
        let pairs = windowing.apply(&one_hot_key(&pipeline));
        let plain = pairs.combine_per_key((Sum, Count, Max));
        let spread = [1, 16].map(|fanout| {
            let combiner = HotKey::with_hot_key_fanout((Sum, Count, Max), fanout);
            pairs.combine_per_key(combiner)
        });
        let found = [&plain, &spread[0], &spread[1]].map(PCollection::collect);
        pipeline.run();
        for collected in found {
            assert_eq!(panes(&collected), expected, "{windowing:?}");
        }
    }
}

/// How many values of a run are alive, and the most that ever were.
struct Alive {
    now: AtomicI64,
    most: AtomicI64,
}

static ALIVE: [Alive; 16] =
    [const { Alive { now: AtomicI64::new(0), most: AtomicI64::new(0) } }; 16];

/// A value that is counted while it lives, by the number of its run.
#[derive(Serialize, Deserialize)]
#[serde(from = "usize", into = "usize")]
struct Counted(usize);

impl Counted {
    fn new(run: usize) -> Self {
        let now = ALIVE[run].now.fetch_add(1, SeqCst) + 1;
        ALIVE[run].most.fetch_max(now, SeqCst);
        Counted(run)
    }
}
impl Clone for Counted {
    fn clone(&self) -> Self {
        Counted::new(self.0)
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE[self.0].now.fetch_sub(1, SeqCst);
    }
}
impl From<usize> for Counted {
    fn from(run: usize) -> Self {
        Counted::new(run)
    }
}
impl From<Counted> for usize {
    fn from(counted: Counted) -> usize {
        counted.0
    }
}

fn a_hot_key_is_combined_in_bounded_memory(bench: &Bench) {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    for fanout in [None, Some(8)] {
        let run = RUNS.fetch_add(1, SeqCst) % ALIVE.len();
        ALIVE[run].most.store(0, SeqCst);
        let mut options = bench.options();
        options.bundle_elements = 256;
        let pipeline = bench.pipeline_with(options);
        let values = pipeline.create(0..200i64).flat_map_emit(move |block, out| {
            for n in 0..1_000 {
                out.emit((if n % 2 == 0 { 0 } else { (block % 7) as u8 }, Counted::new(run)));
            }
        });
        let counts = values.combine_per_key(Spread(Count, fanout));
        let hot = counts.filter(|(key, _)| *key == 0);
        // Half of all, and 29 blocks whose other half is of key 0 too.
        assert_that(&hot).is_singleton((0, 100_000 + 29 * 500));
        pipeline.run();
        assert_eq!(ALIVE[run].now.load(SeqCst), 0);
        let most = ALIVE[run].most.load(SeqCst);
        let (least, bound) = (i64::from(bench.sees_all()), 20_000 * bench.workers() as i64);
        assert!((least..bound).contains(&most), "{most} values were alive at a time");
    }
}

fn a_group_of_millions_is_walked_twice_without_a_copy(bench: &Bench) {
    const VALUES: i64 = 2_000_000;
    let mut options = bench.options();
    options.checks = Checks::Off;
    let pipeline = bench.pipeline_with(options);
    let pairs = pipeline.create(0..20i64).flat_map_emit(|block, out| {
        (block * VALUES / 20..(block + 1) * VALUES / 20).for_each(|n| out.emit((0u8, n as u32)));
    });
    let groups = pairs.group_by_key();
    // Where the values lie, as two readers see it, each also through a clone.
    let look = |group: &Group<u32>| {
        let places = |group: &Group<u32>| -> Vec<usize> {
            group.iter().step_by(100_000).map(|value| std::ptr::from_ref(value).addr()).collect()
        };
        let again = group.clone();
        assert_eq!(places(group), places(&again), "a clone holds values of its own");
        places(group)
    };
    let first = groups.map(move |(_, group)| look(&group)).collect();
    let second = groups.map(move |(_, group)| look(&group)).collect();
    let sums = groups.map(|(_, group)| {
        let sum: i64 = group.iter().map(|n| i64::from(*n)).sum();
        let xor = group.iter().fold(0, |xor, n| xor ^ n);
        (group.len() as i64, sum, xor)
    });
    let xor = (0..VALUES as u32).fold(0, |xor, n| xor ^ n);
    assert_that(&sums).is_singleton((VALUES, VALUES * (VALUES - 1) / 2, xor));
    pipeline.run();
    assert_eq!(first.values()[0].len(), 20);
    assert_eq!(first.values(), second.values(), "each reader has a copy");
}

const KB: usize = 1 << 10;
const MB: usize = 1 << 20;

/// A text of `length` bytes that begins with its number.
fn text(number: u8, length: usize) -> String {
    let mut text = number.to_string();
    text.extend(std::iter::repeat_n('x', length - text.len()));
    text
}

fn large_keys_and_values_group(bench: &Bench) {
    for (size, windowing) in [
        (10 * KB, Windowing::Sliding { size: 4 * SECOND, period: 2 * SECOND, offset: 0 }),
        (MB, Windowing::Sessions { gap: 2 * SECOND }),
        (10 * MB, Windowing::Global),
    ] {
        let elements: Vec<Timed<String, String>> = [(1, 1, 0), (2, 2, 1), (1, 3, 1), (1, 4, 9)]
            .map(|(key, value, time)| (text(key, size), text(value, size), time * SECOND))
            .into();
        let expected = folds(&elements, windowing, |values| in_short(&values));
        let expected =
            expected.into_iter().map(|((key, values), span)| ((brief(&key), values), span));
        let greatest = folds(&elements, windowing, |values| values.iter().max().map(|v| brief(v)));
        let greatest = greatest.into_iter().map(|((key, max), span)| ((brief(&key), max), span));

        let pipeline = bench.pipeline();
        let pairs = windowing.apply(&create(&pipeline, &elements));
        let groups = pairs.group_by_key();
        let groups = groups.map(|(key, group)| (brief(&key), in_short(&group.into_vec())));
        let maxima = pairs.combine_per_key(Max);
        let maxima = maxima.map(|(key, max)| (brief(&key), max.map(|max| brief(&max))));
        let (groups, maxima) = (groups.collect(), maxima.collect());
        pipeline.run();
        assert_eq!(panes(&groups), expected.collect::<Vec<_>>());
        assert_eq!(panes(&maxima), greatest.collect::<Vec<_>>());
    }
}

/// A text by its first letter, its last and its length, so that a difference can be read.
fn brief(text: &str) -> String {
    format!("{}…{} of {}", &text[..1], &text[text.len() - 1..], text.len())
}

fn in_short(values: &[String]) -> Vec<String> {
    sorted(values.iter().map(|value| brief(value)).collect())
}

fn the_largest_element_that_fits_is_grouped(bench: &Bench) {
    let mut options = bench.options();
    options.max_element_bytes = 1_000;
    // The length of a text takes 8 bytes, and there are two.
    for (length, fits) in [(984, true), (985, false)] {
        let pipeline = bench.pipeline_with(options.clone());
        let pairs = pipeline.create([(text(1, length), String::new())]);
        let found = pairs.combine_per_key(Max).map(|(key, _)| key.len() as i64).collect();
        let result = pipeline.try_run();
        assert_eq!(result.is_ok(), fits, "{result:?}");
        assert_eq!(found.values(), if fits { vec![984] } else { vec![] });
    }
}

fn what_is_too_large_is_an_error_that_names_the_step(bench: &Bench) {
    let large = || text(9, 2 * MB);
    for (key, value) in [(large(), text(1, KB)), (text(1, KB), large())] {
        for step in ["gather", "greatest"] {
            let mut options = bench.options();
            options.max_element_bytes = MB;
            let pipeline = bench.pipeline_with(options);
            let pairs = pipeline.create([
                (text(2, KB), text(3, KB)),
                (key.clone(), value.clone()),
                (text(4, MB / 2), text(5, KB)),
            ]);
            // What is not grouped may be as large as it likes.
            let lengths = pairs.map(|(key, value)| (key.len() + value.len()) as i64);
            let lengths = lengths.reshuffle().collect();
            match step {
                "gather" => pairs.group_by_key().named(step).for_each(|_| ()),
                _ => pairs.combine_per_key(Max).named(step).for_each(|_| ()),
            };
            let error = pipeline.try_run().unwrap_err();
            assert_eq!(error.failed_step(), Some(step), "{error}");
            let told = error.to_string();
            let size = key.len() + value.len();
            let found = (size..size + 25).any(|size| told.contains(&format!(" {size} bytes")));
            assert!(found && told.contains("(String, String)"), "{told}");
            assert!(told.contains(&MB.to_string()) && told.contains("max-element-bytes"), "{told}");
            assert_eq!(lengths.values(), Vec::<i64>::new());
        }
    }
}
