//! Bounded sources: splits cover each element exactly once, however many there are, and however a
//! running one is cut or opened again.

use std::{fs, sync::Arc};

use fastrand::Rng;
use watershed::{
    Create, Element,
    model::{Advance, AnySource, AnySplit, Budget, Primitive},
    prelude::*,
    testing::assert_that,
};

use crate::{Bench, folder::Folder};

crate::cases! {
    splits_cover_each_element_once_at_any_number: "SR-01";
    a_running_split_is_cut_and_opened_again_without_loss: "SR-01";
    a_run_reads_each_element_once_however_it_cuts: "SR-01";
    a_file_that_cannot_be_cut_is_read_once: "SR-01";
}

/// The source at the beginning of a pipeline, as a runner sees it.
fn source_of(pipeline: &Pipeline) -> Arc<dyn AnySource> {
    let graph = pipeline.build().unwrap();
    match &graph.nodes()[0].primitive {
        Primitive::Read(read) => read.source.clone(),
        other => panic!("{other:?}"),
    }
}

/// Reads a split to its end.
fn read<T: Element>(source: &dyn AnySource, split: &AnySplit) -> Vec<T> {
    let mut reader = source.open(split).unwrap();
    let mut all = Vec::new();
    loop {
        let (bundle, _, advance) = reader.advance(Budget::default(), Timestamp::MIN).unwrap();
        all.extend(bundle.downcast::<T>().values);
        if advance == Advance::End {
            return all;
        }
    }
}

/// Reads a source as a restless runner would: any split that is open, a little at a time, cutting it
/// and opening its position again as chance will have it.
fn read_restlessly<T: Element>(source: &dyn AnySource, random: &mut Rng) -> Vec<T> {
    let mut waiting = source.splits(random.usize(1..5)).unwrap();
    let mut open = Vec::new();
    let mut all = Vec::new();
    while !waiting.is_empty() || !open.is_empty() {
        if !waiting.is_empty() && (open.is_empty() || random.bool()) {
            let split = waiting.swap_remove(random.usize(0..waiting.len()));
            open.push(source.open(&split).unwrap());
            continue;
        }
        let place = random.usize(0..open.len());
        match random.u32(0..4) {
            0 => {
                let fraction = if random.bool() { random.f64() } else { 0.0 };
                waiting.extend(open[place].try_split(fraction).unwrap());
            }
            1 => waiting.push(open.swap_remove(place).position().unwrap()),
            _ => {
                let budget = Budget { elements: random.usize(1..9), bytes: random.usize(1..200) };
                let (bundle, _, advance) = open[place].advance(budget, Timestamp::MIN).unwrap();
                all.extend(bundle.downcast::<T>().values);
                if advance == Advance::End {
                    open.swap_remove(place);
                }
            }
        }
    }
    all
}

/// Lines of all lengths, so that cuts fall within lines, between them and beside their ends.
fn lines(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("{i:04} {}", "ü".repeat(i * 7 % 40))).collect()
}

/// A directory with three files that hold these lines: with and without an end behind the last line,
/// and with both kinds of line ends. Empty lines come on top, two of them.
fn write_files(lines: &[String]) -> (Folder, Vec<String>) {
    let directory = Folder::new();
    let (first, rest) = lines.split_at(lines.len() / 2);
    let (second, third) = rest.split_at(rest.len() / 2);
    let write = |name: &str, text: String| fs::write(directory.path().join(name), text).unwrap();
    write("a.txt", first.join("\n"));
    write("b.txt", format!("\n{}\r\n", second.join("\r\n")));
    write("c.txt", format!("{}\n\n", third.join("\n")));
    let empty = [String::new(), String::new()];
    (directory, sorted([lines, &empty].concat()))
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

fn numbers(n: u64) -> Arc<dyn AnySource> {
    let pipeline = Pipeline::new();
    pipeline.create(0..n).for_each(|_| ());
    source_of(&pipeline)
}

fn files(directory: &Folder, min_split_bytes: u64) -> Arc<dyn AnySource> {
    let pipeline = Pipeline::new();
    let read = text::read(directory.path().to_str().unwrap()).min_split_bytes(min_split_bytes);
    pipeline.apply(read).for_each(|_| ());
    source_of(&pipeline)
}

fn splits_cover_each_element_once_at_any_number(_: &Bench) {
    for elements in [0, 1, 2, 7, 100] {
        let source = numbers(elements);
        for desired in 1..=40 {
            let splits = source.splits(desired).unwrap();
            let all = splits.iter().flat_map(|split| read::<u64>(&*source, split));
            assert_eq!(sorted(all.collect()), (0..elements).collect::<Vec<u64>>(), "{splits:?}");
        }
    }
    let (directory, expected) = write_files(&lines(80));
    let source = files(&directory, 1);
    for desired in (1..40).chain([200, 1000, 5000]) {
        let splits = source.splits(desired).unwrap();
        assert!(desired < 200 || splits.len() > 100, "{desired}: {}", splits.len());
        let all = splits.iter().flat_map(|split| read::<String>(&*source, split));
        assert_eq!(sorted(all.collect()), expected, "{splits:?}");
    }
}

fn a_running_split_is_cut_and_opened_again_without_loss(_: &Bench) {
    let (directory, expected) = write_files(&lines(60));
    let (numbers, files) = (numbers(100), files(&directory, 1));
    for seed in 0..60 {
        let mut random = Rng::with_seed(seed);
        let all = read_restlessly::<u64>(&*numbers, &mut random);
        assert_eq!(sorted(all), (0..100).collect::<Vec<u64>>(), "seed {seed}");
        let all = read_restlessly::<String>(&*files, &mut random);
        assert_eq!(sorted(all), expected, "seed {seed}");
    }
}

fn a_run_reads_each_element_once_however_it_cuts(bench: &Bench) {
    let (directory, expected) = write_files(&lines(300));
    for bench in bench.seeds(12, 4) {
        let pipeline = bench.pipeline();
        let timed = (0..500u64).map(|n| (n, Timestamp::from_micros(n as i64)));
        let numbers = pipeline.apply(Create::timestamped(timed)).collect();
        let path = directory.path().to_str().unwrap();
        let lines = pipeline.apply(text::read(path).min_split_bytes(1));
        assert_that(&lines).contains_in_any_order(expected.clone());
        let report = pipeline.run();
        assert_eq!(report.elements_read, 500 + expected.len() as u64);
        let mut numbers = numbers.observed();
        numbers.sort();
        assert_eq!(numbers.len(), 500);
        for (n, number) in (0..).zip(numbers) {
            assert_eq!((number.value, number.timestamp), (n, Timestamp::from_micros(n as i64)));
        }
    }
}

fn a_file_that_cannot_be_cut_is_read_once(bench: &Bench) {
    let directory = Folder::new();
    let path = directory.path().join("lines.gz").to_str().unwrap().to_owned();
    let pipeline = bench.pipeline();
    let write = text::write(&path).shards(1).compression(text::Compression::Gzip);
    pipeline.create(lines(300)).apply(write);
    pipeline.run();
    for bench in bench.seeds(12, 4) {
        let pipeline = bench.pipeline();
        let read = pipeline.apply(text::read(&path).min_split_bytes(1));
        assert_that(&read).contains_in_any_order(lines(300));
        pipeline.run();
    }
    let pipeline = Pipeline::new();
    pipeline.apply(text::read(&path)).for_each(|_| ());
    let source = source_of(&pipeline);
    for seed in 0..20 {
        let all = read_restlessly::<String>(&*source, &mut Rng::with_seed(seed));
        assert_eq!(sorted(all), lines(300), "seed {seed}");
    }
}
