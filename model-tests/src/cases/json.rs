//! Elements from JSON, and as JSON.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{batching::said, timed::sorted, told::stream};
use crate::{Bench, cases};

cases! {
    what_was_written_as_json_is_read_again: "EW-18";
    what_is_no_json_becomes_a_dead_letter_with_its_place: "EW-18";
    json_keeps_what_elements_carry: "EW-18";
    what_cannot_be_written_as_json_fails_the_run: "EW-18";
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Play {
    user: String,
    points: i64,
    team: Option<String>,
    moves: Vec<(u8, char)>,
}

fn play(n: i64) -> Play {
    Play {
        user: format!("a \"name\"\nof\\{n} ü"),
        points: n - 10,
        team: (n % 2 == 0).then(|| n.to_string()),
        moves: (0..n % 4).map(|m| (m as u8, 'ß')).collect(),
    }
}

fn what_was_written_as_json_is_read_again(bench: &Bench) {
    for bench in bench.seeds(3, 4) {
        let pipeline = bench.pipeline();
        let lines = pipeline.create((0..40).map(play)).to_json();
        let (again, failed) = lines.parse_json::<Play>("again");
        let (lines, again, failed) = (lines.collect(), again.collect(), failed.collect());
        pipeline.run();
        assert_eq!(sorted(again.values()), sorted((0..40).map(play).collect()));
        assert!(failed.values().is_empty());
        assert!(lines.values().iter().all(|line| !line.contains('\n')));
        let different: HashSet<String> = lines.values().into_iter().collect();
        assert_eq!(different.len(), 40);
    }
}

fn what_is_no_json_becomes_a_dead_letter_with_its_place(bench: &Bench) {
    let good = r#"{"user": "ada", "points": 3, "moves": [], "unknown": {}}"#;
    let bad = [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{\"user\": \"ada\",\n \"points\": three}", "expected ident at line 2 column 13"),
        (r#"{"user": "ada", "points": "3", "moves": []}"#, "at line 1 column 29"),
        (r#"{"user": "ada", "moves": []}"#, "missing field `points` at line 1 column 28"),
        ("[] []", "at line 1"),
    ];
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let lines = bad.iter().map(|(line, _)| *line).chain([good]).map(String::from);
        let lines = pipeline.create(lines.collect::<Vec<_>>());
        let (plays, failed) = lines.parse_json::<Play>("parse");
        let (plays, failed) = (plays.collect(), failed.collect());
        let report = pipeline.run();
        assert_eq!(plays.values().len(), 1);
        assert_eq!(plays.values()[0].points, 3);
        let failed = failed.values();
        assert_eq!((failed.len(), report.failed), (bad.len(), bad.len() as u64));
        for (line, reason) in bad {
            let of_line = failed.iter().find(|failed| failed.element == line).unwrap();
            assert!(of_line.error.contains(reason), "{of_line}");
            assert_eq!(of_line.step, "parse");
        }
    }
}

fn json_keeps_what_elements_carry(bench: &Bench) {
    for bench in bench.seeds(2, 1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream("a=1@1 | b=2@2 | w5 | c=3@3"));
        let (again, _) = scores.to_json().parse_json::<(String, i64)>("again");
        let found = again.collect();
        pipeline.run();
        assert_eq!(said(&found, |(name, n)| format!("{name}={n}")), ["a=1 @1", "b=2 @2", "c=3 @3"]);
    }
}

fn what_cannot_be_written_as_json_fails_the_run(bench: &Bench) {
    let pipeline = bench.pipeline();
    let maps = pipeline.create([BTreeMap::from([((1u8, 2u8), 3u8)])]);
    maps.to_json().named("write").collect();
    let error = pipeline.try_run().unwrap_err();
    assert_eq!(error.failed_step(), Some("write"), "{error}");
    assert!(
        error.to_string().contains("cannot be written as JSON: key must be a string"),
        "{error}"
    );
}
