//! The suite under `cargo test`: every line of the matrix that there is.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{
    collections::{BTreeMap, HashSet},
    iter,
    sync::{Mutex, OnceLock},
    thread,
};

use model_tests::{
    Bench,
    apart::Program,
    behaviours::{BEHAVIOURS, Scope, behaviour},
    cases,
    compile_time::COMPILE_TIME_CHECKS,
    harness::{self, Line, Selection, Status},
    report::{self, Format},
    runners,
};

/// All lines, run once for the tests of this file: at most two at a time, since a case may take only so long.
fn lines() -> &'static [Line] {
    static LINES: OnceLock<Vec<Line>> = OnceLock::new();
    LINES.get_or_init(|| {
        let run = |bench: Bench| {
            let bench = bench.with_program(Program::at(env!("CARGO_BIN_EXE_model-tests")));
            harness::run(&bench, &cases::all(), &Selection::All, harness::LIMIT)
        };
        let left = Mutex::new(runners::benches().into_iter());
        let some = || iter::from_fn(|| left.lock().unwrap().next()).map(run).collect::<Vec<_>>();
        thread::scope(|scope| {
            let threads = [scope.spawn(some), scope.spawn(some)];
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    })
}

#[test]
fn every_line_of_the_matrix_passes() {
    assert!(!lines().is_empty());
    for line in lines() {
        let (passed, failed) = line.counts();
        assert_eq!(failed, 0, "{}", report::write(line, Format::Text));
        assert!(passed > 0);
    }
}

/// What is promised so far; what is not in it shows as missing until there is a test.
const PROMISED: &[(&str, &[u32])] = &[
    ("EW", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
    (
        "GP",
        &[
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
            25, 26, 27, 28, 29, 30, 31,
        ],
    ),
    ("WN", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
    ("SI", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
    ("ST", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
    ("WM", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
    ("TR", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
    ("PA", &[1, 2, 3, 4, 7, 8, 9, 10, 11, 12]),
    ("SR", &[1, 2, 3, 4, 5, 7, 8, 9, 10, 11]),
    ("MT", &[1, 2, 3, 4, 5, 6]),
    ("EQ", &[1, 2, 3, 4, 5, 6]),
];

#[test]
fn what_is_promised_was_seen_to_hold() {
    for line in lines() {
        let status: BTreeMap<&str, Status> =
            line.findings.iter().map(|finding| (finding.behaviour.id, finding.status)).collect();
        let promised = PROMISED.iter().flat_map(|(category, numbers)| {
            numbers.iter().map(move |number| format!("{category}-{number:02}"))
        });
        let lacking: Vec<String> =
            promised.filter(|id| status.get(id.as_str()) != Some(&Status::Passed)).collect();
        assert_eq!(lacking, Vec::<String>::new(), "{}", line.name);
    }
}

#[test]
fn every_case_shows_behaviours_that_there_are() {
    let mut names = HashSet::new();
    for case in cases::all() {
        assert!(names.insert(case.name), "two cases are called {}", case.name);
        assert!(!case.ids.is_empty(), "{} shows nothing", case.name);
        for id in case.ids {
            assert!(behaviour(id).is_some(), "{} shows {id}, which there is not", case.name);
        }
    }
    for check in COMPILE_TIME_CHECKS {
        assert!(names.insert(check.name), "two checks are called {}", check.name);
        let shown = behaviour(check.id).unwrap();
        assert_eq!(shown.scope, Scope::Compile, "{} is not for the compiler", check.id);
    }
}

#[test]
fn the_list_of_behaviours_counts_on_in_each_category() {
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for behaviour in BEHAVIOURS {
        let (category, number) = behaviour.id.split_once('-').unwrap();
        let last = last.entry(category).or_default();
        assert_eq!(format!("{:02}", *last + 1), number, "{}", behaviour.id);
        *last += 1;
        assert!(behaviour.title.len() <= 90, "{}", behaviour.id);
    }
    let expected = [
        ("EQ", 6),
        ("EW", 19),
        ("GP", 31),
        ("MT", 6),
        ("PA", 15),
        ("SI", 14),
        ("SR", 11),
        ("ST", 17),
        ("TR", 20),
        ("WM", 19),
        ("WN", 19),
    ];
    assert_eq!(last, expected.into());
}
