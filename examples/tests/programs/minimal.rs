//! The other examples.

use crate::{folder::Folder, program, sorted_lines};

#[test]
fn max_per_key_gives_the_highest_reading_of_each_station() {
    let folder = Folder::new();
    folder.input("a.csv", "station,value\nOslo,-3.5\nRome,19\nOslo,-1.25\n");
    folder.input("b.csv", "Rome, 7e0\nSan Juan, Puerto Rico,31\nOslo,NaN\n\n");
    let input = folder.input_path("*.csv");
    let run = program("max_per_key").args(["--input", &input]).assert().success();
    assert_eq!(
        sorted_lines(&run.get_output().stdout),
        ["Oslo: -1.25", "Rome: 19", "San Juan, Puerto Rico: 31"]
    );
    let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(told.ends_with("0 dropped, 3 failed\n"), "{told}");

    let output = folder.output("max.txt");
    program("max_per_key").args(["--input", &input, "--output", &output]).assert().success();
    assert_eq!(folder.outputs(), ["max.txt"]);
}

#[test]
fn top_words_are_in_order_and_ties_go_by_the_alphabet() {
    let folder = Folder::new();
    let input = folder.input("text.txt", "b c a b c\nc d e\n\n");
    let top = |n: &str| {
        let run =
            program("top_words").args(["--input", &input, "--n", n, "--quiet"]).assert().success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap()
    };
    assert_eq!(top("3"), "c: 3\nb: 2\na: 1\n");
    assert_eq!(top("100"), "c: 3\nb: 2\na: 1\nd: 1\ne: 1\n");
    assert_eq!(top("0"), "");
    let empty = folder.input("empty.txt", "");
    program("top_words").args(["--input", &empty, "--quiet"]).assert().success().stdout("");
}

#[test]
fn dead_letters_adds_up_the_numbers_and_keeps_the_rest_with_the_reason() {
    let folder = Folder::new();
    let input = folder.input("numbers.txt", "1\n 41 \n\nthree\n-2\n99999999999999999999\n");
    let broken = folder.output("broken.txt");
    let run = program("dead_letters")
        .args(["--input", &input, "--broken", &broken])
        .assert()
        .success()
        .stdout("40\n");
    let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(told.ends_with("0 dropped, 2 failed\n"), "{told}");
    assert_eq!(folder.outputs(), ["broken.txt"]);
    assert_eq!(
        sorted_lines(&folder.read("broken.txt")),
        [
            "\"99999999999999999999\": number too large to fit in target type",
            "\"three\": invalid digit found in string",
        ]
    );
}

#[test]
fn every_example_prints_its_graph() {
    for (name, arguments) in [
        ("max_per_key", &["--input", "a"][..]),
        ("top_words", &["--input", "a"]),
        ("dead_letters", &["--input", "a", "--broken", "b"]),
        ("flights", &["--input", "a"]),
        ("earthquakes", &["--input", "a"]),
        ("temperatures", &["--input", "a"]),
        ("game", &["leader-board", "--input", "a", "--users", "b"]),
        ("game", &["stats", "--input", "a"]),
        ("deduplicate", &["--input", "a"]),
        ("enrich", &["--input", "a", "--products", "b", "--unknown", "c"]),
        ("top_products", &["--input", "a"]),
        ("clicks", &["--input", "a"]),
        ("fraud", &["--input", "a"]),
        ("trending", &["--input", "a", "--before", "b"]),
    ] {
        for (form, beginning) in [("mermaid", "flowchart TD\n"), ("dot", "digraph pipeline {\n")] {
            let run = program(name)
                .args(arguments)
                .arg(format!("--show-graph={form}"))
                .assert()
                .success()
                .stderr("");
            let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
            assert!(printed.starts_with(beginning), "{name}: {printed}");
        }
    }
}

#[test]
fn the_measured_programs_count_alike() {
    let folder = Folder::new();
    let input = folder.input("text.txt", "to be or not to be\nthat's the question\n".repeat(99));
    let count = |name: &str| {
        let output = folder.output(name);
        let run = program(name)
            .args(["--work", "W1", "--input", &input, "--output", &output])
            .assert()
            .success();
        let json = String::from_utf8(run.get_output().stdout.clone()).unwrap();
        assert!(
            json.starts_with("{\"inner_s\":0.") && json.ends_with("\"results\":7}\n"),
            "{json}"
        );
    };
    count("peer_bench");
    count("bench_plain");
    let counts = sorted_lines(&folder.read("bench_plain/counts.txt"));
    assert_eq!(counts[0], "be: 198");
    assert_eq!(sorted_lines(&folder.read("peer_bench/counts.txt-00000-of-00001")), counts);
}

#[test]
fn what_comes_at_a_rate_is_counted_whole_and_its_panes_are_timed() {
    for runner in [&["--runner", "direct"][..], &["--workers", "2"]] {
        let run = program("bench_latency")
            .args(runner)
            .args(["--quiet", "--rate", "1000", "--for", "2s"])
            .assert()
            .success()
            .stderr("");
        let json: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        // Only the first second's window closes while events still come.
        let panes = json["panes"].as_u64().unwrap();
        assert!((100..=1000).contains(&panes), "{json}");
        let times = ["p50_ms", "p99_ms", "max_ms"].map(|name| json[name].as_f64().unwrap());
        assert!(times[0] > 0.0 && times.is_sorted(), "{json}");
    }
}
