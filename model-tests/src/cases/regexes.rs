//! Text by pattern.

use watershed::{Regex, prelude::*};

use super::{batching::said, timed::sorted, told::stream};
use crate::{Bench, cases};

cases! {
    text_is_found_by_pattern: "EW-17";
    groups_of_a_match_are_found_by_number_and_name: "EW-17";
    text_is_replaced_and_split: "EW-17";
    what_is_found_keeps_its_time: "EW-17";
    a_pattern_that_does_not_compile_is_refused: "EW-17";
}

const LINES: [&str; 4] = ["ada: 3 #go #chess", "bob: 14", "#go, #go", ""];

fn a_run_of(
    bench: &Bench,
    transforms: impl Fn(&PCollection<String>) -> Vec<PCollection<String>>,
) -> Vec<Vec<Vec<String>>> {
    let mut runs = Vec::new();
    for bench in bench.seeds(2, 2) {
        let pipeline = bench.pipeline();
        let found = transforms(&pipeline.create(LINES.map(String::from)));
        let found: Vec<_> = found.iter().map(PCollection::collect).collect();
        pipeline.run();
        runs.push(found.iter().map(|found| sorted(found.values())).collect());
    }
    runs
}

fn text_is_found_by_pattern(bench: &Bench) {
    let transforms = |lines: &PCollection<String>| {
        vec![
            lines.apply(Regex::matches(r"\w+: \d+|\w+: \d")),
            lines.apply(Regex::find(r"#\w+")),
            lines.apply(Regex::find_all(r"#\w+")),
            lines.apply(Regex::find("no such")),
        ]
    };
    for run in a_run_of(bench, transforms) {
        let expected: [&[&str]; 4] =
            [&["bob: 14"], &["#go", "#go"], &["#chess", "#go", "#go", "#go"], &[]];
        assert_eq!(run, expected);
    }
}

fn groups_of_a_match_are_found_by_number_and_name(bench: &Bench) {
    let transforms = |lines: &PCollection<String>| {
        let pairs = lines.apply(Regex::find(r"(?<name>\w+): (\d+)( #go)?").key_value("name", 2));
        let tags = lines.apply(Regex::find(r"(?<name>\w+): (\d+)( #go)?").key_value("name", 3));
        let text = |(key, value): (String, String)| format!("{key}={value}");
        vec![
            lines.apply(Regex::find_all(r"#(\w)\w*").group(1)),
            lines.apply(Regex::matches(r"(?<name>\w+): \d+").group("name")),
            pairs.map(text),
            // A match without the group gives nothing.
            tags.map(text),
        ]
    };
    for run in a_run_of(bench, transforms) {
        let expected: [&[&str]; 4] =
            [&["c", "g", "g", "g"], &["bob"], &["ada=3", "bob=14"], &["ada= #go"]];
        assert_eq!(run, expected);
    }
}

fn text_is_replaced_and_split(bench: &Bench) {
    let transforms = |lines: &PCollection<String>| {
        vec![
            lines.apply(Regex::replace_all(r"#(?<tag>\w+)", "<${tag}>")),
            lines.apply(Regex::replace_first(r"#(\w+)", "<$1>")),
            lines.apply(Regex::split("[ ,#:]+")),
            lines.apply(Regex::split("#").keep_empty()),
        ]
    };
    for run in a_run_of(bench, transforms) {
        let expected: [&[&str]; 4] = [
            &["", "<go>, <go>", "ada: 3 <go> <chess>", "bob: 14"],
            &["", "<go>, #go", "ada: 3 <go> #chess", "bob: 14"],
            &["14", "3", "ada", "bob", "chess", "go", "go", "go"],
            &["", "", "ada: 3 ", "bob: 14", "chess", "go", "go ", "go, "],
        ];
        assert_eq!(run, expected);
    }
}

fn what_is_found_keeps_its_time(bench: &Bench) {
    for bench in bench.seeds(2, 1) {
        let pipeline = bench.pipeline();
        let names = pipeline.apply(stream("anna=1@1 | bob=1@2 | w5 | otto=1@3")).keys();
        let found = names.apply(Regex::find_all("(.)[no]").group(1)).collect();
        pipeline.run();
        assert_eq!(said(&found, |text| text), ["a @1", "b @2", "t @3"]);
    }
}

fn a_pattern_that_does_not_compile_is_refused(_: &Bench) {
    let pipeline = watershed::Pipeline::new();
    let lines = pipeline.create(LINES.map(String::from));
    lines.apply(Regex::split("a(b")).named("between").for_each(|_| ());
    let told = pipeline.build().unwrap_err().to_string();
    assert!(told.contains("between (") && told.contains("regexes.rs"), "{told}");
    assert!(told.contains("a(b\n     ^\n"), "{told}");
}
