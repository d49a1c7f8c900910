//! What it counts, where it reads and writes, what it says.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use crate::{folder::Folder, program, sorted_lines};

const TO_BE: &str = "To be, or not to be:\nthat is the question\n";
const COUNTED: [&str; 9] =
    ["To: 1", "be: 2", "is: 1", "not: 1", "or: 1", "question: 1", "that: 1", "the: 1", "to: 1"];

#[test]
fn a_word_is_a_run_of_unicode_letters_and_apostrophes() {
    let folder = Folder::new();
    let text = "Don't! l'été, L'ÉTÉ\r\nnaïve-naïve 42nd snake_case ''\n東京 東京 Ὀδυσσεύς\n\n\tДа—да\u{2019}да";
    let input = folder.input("text.txt", text);
    let run = program("wordcount").args(["--input", &input, "--output", "-"]).assert().success();
    let expected = [
        "'': 1",
        "Don't: 1",
        "L'ÉTÉ: 1",
        "case: 1",
        "l'été: 1",
        "naïve: 2",
        "nd: 1",
        "snake: 1",
        "Ὀδυσσεύς: 1",
        "Да: 1",
        "да: 2",
        "東京: 2",
    ];
    let mut expected = expected.map(String::from);
    expected.sort();
    assert_eq!(sorted_lines(&run.get_output().stdout), expected);
}

#[test]
fn the_report_has_a_line_for_each_step_and_the_books_of_groupings() {
    let folder = Folder::new();
    let input = folder.input("text.txt", TO_BE);
    for runner in [&["--runner", "direct"][..], &["--runner", "timely", "--workers", "2"]] {
        let command = ["--input", &input, "--output", "-", "--quiet", "--report"];
        let run = program("wordcount").args(command).args(runner).assert().success();
        let report = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        let line = |step: &str| report.lines().find(|line| line.starts_with(step)).unwrap();
        assert!(line("text::read/Read ").contains(" 2 "), "{report}");
        let books = line("CountPerElement/CombinePerKey ");
        assert!(books.contains("10 × windows came, 10 folded, 10 in "), "{report}");
        assert!(books.ends_with(", 0 held"), "{report}");
    }
}

#[test]
fn the_output_is_a_file_a_worker_and_with_one_shard_has_exactly_the_name() {
    let folder = Folder::new();
    let input = folder.input("text.txt", TO_BE);
    let run = |name: &str, more: &[&str]| {
        let output = folder.output(name);
        let command = ["--input", &input, "--output", &output, "--quiet"];
        program("wordcount").args(command).args(more).assert().success().stdout("");
    };
    run("a.txt", &[]);
    run("b.txt", &["--shards", "1"]);
    run("c.txt", &["--shards", "3"]);
    let expected = [
        "a.txt-00000-of-00001",
        "b.txt",
        "c.txt-00000-of-00003",
        "c.txt-00001-of-00003",
        "c.txt-00002-of-00003",
    ];
    assert_eq!(folder.outputs(), expected);
    assert_eq!(sorted_lines(&folder.read("a.txt-00000-of-00001")), COUNTED);
    assert_eq!(sorted_lines(&folder.read("b.txt")), COUNTED);
    let shards = (0..3).flat_map(|shard| folder.read(&format!("c.txt-0000{shard}-of-00003")));
    assert_eq!(sorted_lines(&shards.collect::<Vec<u8>>()), COUNTED);
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let run = program("wordcount")
        .args(["--input", "-", "--output", "-", "--quiet"])
        .write_stdin(TO_BE)
        .assert()
        .success()
        .stderr("");
    assert_eq!(sorted_lines(&run.get_output().stdout), COUNTED);
}

#[test]
fn globs_and_directories_are_read_and_compressed_files_too() {
    let folder = Folder::new();
    let (first, second) = TO_BE.split_once('\n').unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(first.as_bytes()).unwrap();
    folder.input("a/one.txt.gz", gzip.finish().unwrap());
    folder.input("a/b/two.txt", second);
    for pattern in ["a", "**/*.txt*"] {
        let input = folder.input_path(pattern);
        let run =
            program("wordcount").args(["--input", &input, "--output", "-"]).assert().success();
        assert_eq!(sorted_lines(&run.get_output().stdout), COUNTED, "{pattern}");
    }
}

#[test]
fn nothing_in_gives_an_empty_file() {
    let folder = Folder::new();
    let (input, output) = (folder.input("empty.txt", ""), folder.output("counts.txt"));
    program("wordcount")
        .args(["--input", &input, "--output", &output, "--shards", "1"])
        .assert()
        .success();
    assert_eq!(folder.outputs(), ["counts.txt"]);
    assert_eq!(folder.read("counts.txt"), b"");
}

#[test]
fn an_output_replaces_the_one_that_was_there() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", TO_BE), folder.output("counts.txt"));
    for _ in 0..2 {
        program("wordcount")
            .args(["--input", &input, "--output", &output, "--shards", "1"])
            .assert()
            .success();
        assert_eq!(folder.outputs(), ["counts.txt"]);
        assert_eq!(sorted_lines(&folder.read("counts.txt")), COUNTED);
    }
}

#[test]
fn the_counts_are_those_with_checks_and_without_and_with_any_seed_and_bundle() {
    let folder = Folder::new();
    let input = folder.input("text.txt", TO_BE.repeat(500));
    let counts = |more: &[&str]| {
        let run = program("wordcount")
            .args(["--input", &input, "--output", "-", "--quiet"])
            .args(more)
            .assert()
            .success();
        sorted_lines(&run.get_output().stdout)
    };
    let expected = counts(&[]);
    assert_eq!(expected[1], "be: 1000");
    assert_eq!(counts(&["--checks", "off"]), expected);
    assert_eq!(counts(&["--seed", "7", "--bundle-elements", "3"]), expected);
}

#[test]
fn one_line_at_the_end_on_standard_error_unless_quiet() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", TO_BE), folder.output("counts.txt"));
    let arguments = ["--input", &input, "--output", &output];
    let run = program("wordcount").args(arguments).assert().success().stdout("");
    let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("2 elements (42 B) read in "), "{told}");
    assert!(told.ends_with("; 0 dropped, 0 failed\n"), "{told}");
    program("wordcount").args(arguments).arg("--quiet").assert().success().stdout("").stderr("");
}

#[test]
fn what_is_not_utf_8_is_replaced_or_skipped_and_counted_if_so_asked() {
    let folder = Folder::new();
    let input = folder.input("latin.txt", b"all's well\ncaf\xe9 au lait\nthat ends\n");
    let run = |what: &str| {
        let arguments = ["--input", &input, "--output", "-", "--invalid-utf8", what];
        let run = program("wordcount").args(arguments).assert().success();
        let output = run.get_output();
        (sorted_lines(&output.stdout), String::from_utf8(output.stderr.clone()).unwrap())
    };
    let (words, told) = run("replace");
    assert_eq!(words, ["all's: 1", "au: 1", "caf: 1", "ends: 1", "lait: 1", "that: 1", "well: 1"]);
    assert!(told.contains("3 elements") && told.contains("0 dropped"), "{told}");
    let (words, told) = run("skip");
    assert_eq!(words, ["all's: 1", "ends: 1", "that: 1", "well: 1"]);
    assert!(told.contains("2 elements") && told.contains("1 dropped (undecodable)"), "{told}");
}

#[test]
fn the_graph_is_printed_in_three_forms_and_nothing_is_read_or_written() {
    let folder = Folder::new();
    let output = folder.output("counts.txt");
    for (form, beginning) in [
        ("--show-graph", "text::read\n  Read: text::read(\"no such file\") → String\n"),
        ("--show-graph=text", "text::read\n"),
        ("--show-graph=dot", "digraph pipeline {\n"),
        ("--show-graph=mermaid", "flowchart TD\n"),
    ] {
        let run = program("wordcount")
            .args(["--input", "no such file", "--output", &output, form])
            .assert()
            .success()
            .stderr("");
        let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
        assert!(printed.starts_with(beginning), "{printed}");
        assert!(printed.contains("CountPerElement"), "{printed}");
        assert_eq!(folder.outputs(), [""; 0]);
    }
}

#[test]
fn help_says_what_the_program_does_and_groups_the_common_options() {
    let run = program("wordcount").arg("--help").assert().success().stderr("");
    let help = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(help.starts_with("Counts the words of text files.\n"), "{help}");
    assert!(help.contains("Pipeline options:"), "{help}");
}

#[test]
fn an_option_that_no_step_asks_for_is_told() {
    let folder = Folder::new();
    let input = folder.input("text.txt", TO_BE);
    let command = ["--input", &input, "--output", "-", "--option", "mots=3"];
    let run = program("wordcount").args(command).assert().success();
    let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(told.contains("warning: --option mots was given, but no step has asked"), "{told}");
    program("wordcount").args(command).arg("--quiet").assert().success().stderr("");
}

/// Runs a command line that is refused, and returns what it says.
fn refused(arguments: &[&str], code: i32) -> String {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", TO_BE), folder.output("counts.txt"));
    let run = program("wordcount")
        .args(["--input", &input, "--output", &output])
        .args(arguments)
        .assert()
        .code(code)
        .stdout("");
    folder.assert_nothing_is_left();
    let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert_eq!(told.matches("error:").count(), 1, "{told}");
    told
}

#[test]
fn an_unknown_runner_is_refused_with_the_list_of_those_there_are() {
    let told = refused(&["--runner", "flink"], 2);
    assert!(told.contains("'flink'") && told.contains("direct, timely"), "{told}");
    let told = refused(&["--runner", "drect"], 2);
    assert!(told.contains("a similar value exists: 'direct'"), "{told}");
}

#[test]
fn the_direct_runner_refuses_several_workers() {
    let told = refused(&["--workers", "2"], 1);
    assert!(told.contains("has one worker") && told.contains("--workers"), "{told}");
}

#[test]
fn a_mistyped_flag_is_refused_with_a_suggestion() {
    let told = refused(&["--cheks", "off"], 2);
    assert!(told.contains("a similar argument exists: '--checks'"), "{told}");
    let told = refused(&["--checks", "none"], 2);
    assert!(told.contains("full, off"), "{told}");
    let told = refused(&["--invalid-utf8", "skp"], 2);
    assert!(told.contains("'skip'"), "{told}");
}
