//! Whatever is cut, resumed and given away while reading: each line comes exactly once.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod drive;

use std::{fs, path::Path};

use drive::{Outcome, advance, source, text_of};
use fastrand::Rng;
use tempfile::tempdir;
use watershed_io_text::{self as text, TextRead};
use watershed_model::{Advance, Budget};

/// Lines of all kinds, some longer than any buffer.
fn random_text(random: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..random.usize(0..400) {
        let length = match random.usize(0..100) {
            0 => random.usize(0..300_000),
            1..10 => random.usize(0..20_000),
            10..30 => 0,
            _ => random.usize(1..60),
        };
        text.extend(std::iter::repeat_with(|| random.char('a'..'\u{180}')).take(length / 2));
        text.push_str(random.choice(["\n", "\n", "\r\n", "\r\r\n"]).unwrap());
    }
    if random.bool() {
        text.push_str(random.choice(["last", "last\r", "\u{1d11e}"]).unwrap());
    }
    text
}

/// The lines by the definition, found without any of the crate's code.
fn lines_of(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.split('\n').collect();
    let unended = lines.pop().unwrap();
    let ended = lines.into_iter().map(|line| line.strip_suffix('\r').unwrap_or(line));
    ended.chain((!unended.is_empty()).then_some(unended)).map(str::to_owned).collect()
}

fn random_budget(random: &mut Rng) -> Budget {
    Budget { elements: random.usize(0..200), bytes: 1 << random.usize(0..20) }
}

/// Reads as an unkind runner does: with all kinds of budgets, dropping readers at any time to resume
/// where they stood, and giving away parts of what is left.
fn read_unkindly(read: TextRead, random: &mut Rng) -> Vec<String> {
    let source = source(read);
    let mut waiting = source.splits(random.usize(0..20)).unwrap();
    let mut outcome = Outcome::default();
    while !waiting.is_empty() {
        let split = waiting.swap_remove(random.usize(..waiting.len()));
        let mut reader = source.open(&split).unwrap();
        loop {
            if random.u8(..) < 40 {
                waiting.extend(reader.try_split(random.f64()).unwrap());
            }
            if random.u8(..) < 40 {
                waiting.push(reader.position().unwrap());
                break;
            }
            let done = reader.progress().done;
            let budget = random_budget(random);
            let before = outcome.lines.len();
            let result = advance(&mut *reader, budget, &mut outcome).unwrap();
            let given = &outcome.lines[before..];
            assert!(given.len() <= budget.elements.max(1));
            let without_last = &given[..given.len().saturating_sub(1)];
            assert!(without_last.iter().map(String::len).sum::<usize>() <= budget.bytes);
            assert!(reader.progress().done >= done, "progress went back");
            if result == Advance::End {
                let rest = source.open(&reader.position().unwrap()).unwrap().try_split(0.0);
                assert_eq!(rest.unwrap(), None, "something is left behind the end");
                break;
            }
        }
    }
    outcome.lines
}

fn check(path: &Path, expected: &str, random: &mut Rng, case: &str) {
    let read = text::read(text_of(path)).min_split_bytes(random.u64(0..5000));
    assert_eq!(drive::lines(path), lines_of(expected), "{case}, in order");
    let (mut all, mut expected) = (read_unkindly(read, random), lines_of(expected));
    all.sort_unstable();
    expected.sort_unstable();
    assert_eq!(all.len(), expected.len(), "{case}");
    assert!(all == expected, "{case}: other lines");
}

#[test]
fn plain_files_give_each_line_once() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    for seed in 0..150 {
        let mut random = Rng::with_seed(seed);
        let text = random_text(&mut random);
        fs::write(&path, &text).unwrap();
        check(&path, &text, &mut random, &format!("seed {seed}"));
    }
}

#[test]
fn compressed_files_give_each_line_once() {
    let directory = tempdir().unwrap();
    for seed in 0..60 {
        let mut random = Rng::with_seed(seed);
        let text = random_text(&mut random);
        let extension = ["gz", "zst", "bz2"][seed as usize % 3];
        let path = directory.path().join(format!("a.{extension}"));
        let lines = lines_of(&text);
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        drive::write(text::write(text_of(&path)).shards(1), &lines);
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        check(&path, &text, &mut random, &format!("seed {seed}, {extension}"));
    }
}
