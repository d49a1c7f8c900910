//! Each bad input: one clear error that names the transform and the path, exit code 1, nothing half
//! written, no hang.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
};

use flate2::{Compression, write::GzEncoder};

use crate::{folder::Folder, program};

/// Runs a program that must fail, and returns its error, which must be its only one.
fn fails(folder: &Folder, name: &str, arguments: &[&str]) -> String {
    let run = program(name).env("TMPDIR", folder.tmp()).args(arguments).assert().code(1).stdout("");
    only_error(&run.get_output().stderr)
}

fn only_error(told: &[u8]) -> String {
    let told = String::from_utf8(told.to_vec()).unwrap();
    assert!(told.starts_with("error: "), "{told}");
    assert_eq!(told.matches("error: ").count(), 1, "{told}");
    told
}

/// Runs `wordcount` on a bad input, into a file and to standard output.
fn cannot_read(folder: &Folder, input: &str, more: &[&str]) -> String {
    let mut told = String::new();
    for output in ["-", &folder.output("counts.txt")] {
        let arguments = [&["--input", input, "--output", output], more].concat();
        told = fails(folder, "wordcount", &arguments);
        folder.assert_nothing_is_left();
    }
    assert!(told.starts_with("error: step `text::read/Read` failed: "), "{told}");
    told
}

/// Runs `wordcount` into a bad output.
fn cannot_write(folder: &Folder, output: &str, more: &[&str]) -> String {
    let input = folder.input("text.txt", "to be or not to be\n");
    let arguments = [&["--input", input.as_str(), "--output", output], more].concat();
    let told = fails(folder, "wordcount", &arguments);
    assert!(told.starts_with("error: step `text::write/Write` failed: "), "{told}");
    assert!(told.contains(output), "{told}");
    told
}

#[test]
fn a_missing_file() {
    let folder = Folder::new();
    let input = folder.input_path("no/such.txt");
    let told = cannot_read(&folder, &input, &[]);
    assert!(told.contains(&format!("no file or directory `{input}`")), "{told}");
}

#[test]
fn a_pattern_that_matches_nothing() {
    let folder = Folder::new();
    folder.input("plays/hamlet.txt", "to be");
    let input = folder.input_path("plays/*.md");
    let told = cannot_read(&folder, &input, &[]);
    assert!(told.contains(&format!("no file matches `{input}`")), "{told}");
    let told = cannot_read(&folder, &folder.input_path("[.txt"), &[]);
    assert!(told.contains("cannot be understood"), "{told}");
}

#[test]
fn a_file_that_may_not_be_read() {
    let folder = Folder::new();
    let input = folder.input("secret.txt", "to be");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&input, fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Root may read it all the same.
    if File::open(&input).is_err() {
        let told = cannot_read(&folder, &input, &[]);
        assert!(told.contains(&input) && told.contains("permission"), "{told}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_reading_fails_on_the_way() {
    // It can be opened; its first bytes cannot be read, not even by root.
    let told = cannot_read(&Folder::new(), "/proc/self/mem", &[]);
    assert!(told.contains("cannot read `/proc/self/mem`"), "{told}");
}

#[test]
fn a_truncated_compressed_file_and_one_that_is_not_compressed_at_all() {
    let folder = Folder::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    (0..20_000).for_each(|n| writeln!(gzip, "the {n}th line of a long text").unwrap());
    let whole = gzip.finish().unwrap();
    let input = folder.input("cut.txt.gz", &whole[..whole.len() - 9]);
    let told = cannot_read(&folder, &input, &[]);
    assert!(told.contains(&format!("`{input}` is truncated or corrupt")), "{told}");
    let input = folder.input("plain.txt.gz", "to be or not to be");
    let told = cannot_read(&folder, &input, &[]);
    assert!(told.contains(&format!("`{input}` is truncated or corrupt")), "{told}");
}

#[test]
fn bytes_that_are_not_utf_8() {
    let folder = Folder::new();
    let input = folder.input("latin.txt", b"all's well\ncaf\xe9 au lait\nthat ends\n");
    for more in [&[][..], &["--invalid-utf8", "error"]] {
        let told = cannot_read(&folder, &input, more);
        assert!(told.contains(&format!("`{input}` is not UTF-8 at byte 14")), "{told}");
    }
}

#[test]
fn a_line_of_a_gigabyte() {
    let folder = Folder::new();
    let input = folder.input("endless.txt", "first\n");
    // A file with a hole: it takes no space.
    File::options().append(true).open(&input).unwrap().set_len(1 << 30).unwrap();
    for more in [&[][..], &["--max-line-bytes", "1000"]] {
        let told = cannot_read(&folder, &input, more);
        let limit = more.get(1).unwrap_or(&"16777216");
        assert!(told.contains(&format!("longer than {limit} bytes")), "{told}");
        assert!(told.contains(&input), "{told}");
    }
}

#[test]
fn an_output_in_a_directory_that_is_not_there() {
    let folder = Folder::new();
    let output = folder.output("no/such/counts.txt");
    for more in [&[][..], &["--shards", "1"], &["--shards", "3"]] {
        let told = cannot_write(&folder, &output, more);
        assert!(told.contains("there is no directory"), "{told}");
        folder.assert_nothing_is_left();
    }
}

#[test]
fn a_directory_as_output() {
    let folder = Folder::new();
    let output = folder.output("");
    let told = cannot_write(&folder, output.trim_end_matches('/'), &["--shards", "1"]);
    assert!(told.contains("it is a directory"), "{told}");
    folder.assert_nothing_is_left();
}

#[test]
fn an_output_that_cannot_be_asked_for_is_told_with_its_place_and_mend() {
    let folder = Folder::new();
    let input = folder.input("text.txt", "to be");
    for (output, shards, problem) in
        [(folder.output("a.txt"), "0", "0 shards"), ("-".into(), "2", "standard output")]
    {
        let arguments = ["--input", &input, "--output", &output, "--shards", shards];
        let told = fails(&folder, "wordcount", &arguments);
        assert!(told.contains("text::write (examples/src/wordcount.rs:"), "{told}");
        assert!(told.contains(problem) && told.contains("to mend it: "), "{told}");
        folder.assert_nothing_is_left();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let folder = Folder::new();
    let told = cannot_write(&folder, "/dev/full", &["--shards", "1"]);
    assert!(
        told.contains("cannot write `/dev/full`") && told.contains("free some space"),
        "{told}"
    );
    folder.assert_nothing_is_left();

    let input = folder.input("text.txt", "to be or not to be\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wordcount"));
    command.args(["--input", &input, "--output", "-"]).env("TMPDIR", folder.tmp());
    let full = File::options().write(true).open("/dev/full").unwrap();
    let run = command.stdout(full).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    let told = only_error(&run.stderr);
    assert!(told.contains("cannot write `-`"), "{told}");
    folder.assert_nothing_is_left();
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_on_the_way() {
    let folder = Folder::new();
    // 20,000 different words; no file may become larger than a few kilobytes.
    let words: Vec<String> = (0..20_000).map(letters).collect();
    let input = folder.input("words.txt", words.join("\n"));
    for (output, shards) in [("counts.txt", "1"), ("counts.txt", "3"), ("counts.txt.gz", "1")] {
        let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
        let run = assert_cmd::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_wordcount")])
            .args(["--input", &input, "--output", &folder.output(output), "--shards", shards])
            .env("TMPDIR", folder.tmp())
            .assert()
            .code(1)
            .stdout("");
        let told = only_error(&run.get_output().stderr);
        assert!(told.contains("step `text::write/Write` failed: cannot write"), "{told}");
        assert!(told.contains(output), "{told}");
        folder.assert_nothing_is_left();
    }
}

/// The n-th word of five letters.
fn letters(n: u32) -> String {
    let letter = |place: u32| char::from(b'a' + (n / 26u32.pow(place) % 26) as u8);
    (0..5).map(letter).collect()
}

#[test]
fn a_second_output_that_fails_takes_the_first_with_it() {
    let folder = Folder::new();
    let input = folder.input("numbers.txt", "1\n2\nthree\n");
    let good = folder.output("sum.txt");
    let bad = folder.output("no/such/broken.txt");
    let told =
        fails(&folder, "dead_letters", &["--input", &input, "--output", &good, "--broken", &bad]);
    assert!(told.contains("step `write the broken lines/Write` failed: "), "{told}");
    assert!(told.contains(&bad), "{told}");
    folder.assert_nothing_is_left();
    let told =
        fails(&folder, "dead_letters", &["--input", &input, "--output", &bad, "--broken", &good]);
    assert!(told.contains("step `write the sum/Write` failed: "), "{told}");
    folder.assert_nothing_is_left();
}

#[test]
fn a_sum_that_overflows_fails_the_run_and_writes_neither_output() {
    let folder = Folder::new();
    let input = folder.input("numbers.txt", format!("{0}\n{0}\nthree\n", i64::MAX));
    let (output, broken) = (folder.output("sum.txt"), folder.output("broken.txt"));
    let told = fails(
        &folder,
        "dead_letters",
        &["--input", &input, "--output", &output, "--broken", &broken],
    );
    assert!(told.contains("step `Sum/CombinePerKey` failed: the sum overflows i64"), "{told}");
    folder.assert_nothing_is_left();
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let folder = Folder::new();
    // More than a pipe holds, so that the program is still writing when its reader goes.
    let words: Vec<String> = (0..50_000).map(letters).collect();
    let input = folder.input("words.txt", words.join("\n"));
    let ends_well = |mut running: Child| {
        let mut told = String::new();
        running.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(running.wait().unwrap().success());
        assert!(!told.contains("error") && !told.contains("panicked"), "{told}");
        folder.assert_nothing_is_left();
    };
    let wordcount = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wordcount"));
        command.args(["--input", &input, "--output", "-"]).args(more).env("TMPDIR", folder.tmp());
        command.stderr(Stdio::piped());
        command
    };

    // As `| head -1` does.
    let mut running = wordcount(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, running.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.ends_with(": 1\n"), "{first:?}");
    ends_well(running);

    // A reader that is gone before the first byte.
    for more in [&[][..], &["--show-graph"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        ends_well(wordcount(more).stdout(writer).spawn().unwrap());
    }
}
