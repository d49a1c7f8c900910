//! What cannot be read is one clear error, with the path, what is wrong and the mend.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod drive;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use drive::{Outcome, advance, assert_says, source, text_of};
use tempfile::tempdir;
use watershed_io_text::{self as text, InvalidUtf8};
use watershed_model::{Budget, Timestamp};

fn error_of(pattern: impl AsRef<Path>) -> String {
    drive::read(text::read(text_of(pattern)), 4).unwrap_err()
}

#[test]
fn a_missing_file_is_named() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("no/such.txt");
    assert_says(&error_of(&path), &["there is no file", &text_of(&path), "check the path"]);
    let here = std::env::current_dir().unwrap();
    let error = error_of("no/such.txt");
    assert_says(&error, &["`no/such.txt`", &format!("(from `{}`)", here.display())]);
    let file_as_directory = directory.path().join("file");
    fs::write(&file_as_directory, "").unwrap();
    assert_says(&error_of(file_as_directory.join("a.txt")), &["there is no file", "file/a.txt"]);
    assert_says(&error_of(""), &["there is no file"]);
}

#[test]
fn a_pattern_without_a_match_says_where_it_looked() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("a.csv"), "x").unwrap();
    let pattern = directory.path().join("*.txt");
    let looked_in = format!("looking in the directory `{}`;", directory.path().display());
    assert_says(&error_of(&pattern), &["no file matches", &text_of(&pattern), &looked_in]);
    let elsewhere = directory.path().join("missing/*.txt");
    assert_says(&error_of(&elsewhere), &["missing`, which does not exist"]);
    let hidden = tempdir().unwrap();
    fs::write(hidden.path().join(".a"), "x").unwrap();
    assert_says(&error_of(hidden.path()), &["holds no file", &text_of(hidden.path())]);
}

#[test]
fn a_pattern_that_is_none_says_why() {
    assert_says(
        &error_of("plays/[a.txt"),
        &["`plays/[a.txt`", "cannot be understood", "backslash"],
    );
}

/// Permissions do not stop an administrator, so that a test of them passes or fails by who runs it.
/// These stop anybody.
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    for content in ["", "some lines\n"] {
        fs::write(&path, content).unwrap();
        let source = source(text::read(text_of(&path)));
        let splits = source.splits(1).unwrap();
        fs::remove_file(&path).unwrap();
        let error = source.open(&splits[0]).err().unwrap().to_string();
        assert_says(&error, &["cannot read", &text_of(&path), "check the path"]);
        fs::create_dir(&path).unwrap();
        let read =
            source.open(&splits[0]).and_then(|mut r| r.advance(Budget::default(), Timestamp::MIN));
        assert_says(&read.err().unwrap().to_string(), &["cannot read", "a.txt", "name a file"]);
        fs::remove_dir(&path).unwrap();
    }
    #[cfg(target_os = "linux")]
    assert_says(&error_of("/proc/self/mem"), &["cannot read `/proc/self/mem`"]);
}

/// A compressed file of 20,000 lines.
fn compressed(directory: &Path, extension: &str) -> (PathBuf, Vec<u8>) {
    let path = directory.join(format!("a.{extension}"));
    let text: Vec<_> = (0..20_000u64).map(|i| (i * 0x9e37_79b9).to_string()).collect();
    let text: Vec<_> = text.iter().map(String::as_str).collect();
    drive::write(text::write(text_of(&path)).shards(1), &text);
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn a_truncated_compressed_file_is_named() {
    let directory = tempdir().unwrap();
    for (extension, name) in [("gz", "gzip"), ("zst", "zstd"), ("bz2", "bzip2")] {
        let (path, bytes) = compressed(directory.path(), extension);
        let n = bytes.len();
        for cut in [0, 1, 3, 9, 30, n / 3, n / 2, n - 9, n - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            let error = error_of(&path);
            let at = format!("after {cut} compressed bytes, read as {name}");
            assert_says(&error, &[&text_of(&path), "is truncated or corrupt", &at]);
        }
        fs::write(&path, [&bytes[..], &bytes[..n / 2]].concat()).unwrap();
        assert_says(&error_of(&path), &[&text_of(&path), "is truncated or corrupt"]);
    }
}

#[test]
fn a_corrupt_compressed_file_is_named() {
    let directory = tempdir().unwrap();
    for extension in ["gz", "zst", "bz2"] {
        let (path, bytes) = compressed(directory.path(), extension);
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 0x10;
        let with_garbage = [&bytes[..], b"garbage"].concat();
        for bad in [&flipped[..], &with_garbage, b"this is no compressed file\n"] {
            fs::write(&path, bad).unwrap();
            assert_says(&error_of(&path), &[&text_of(&path), "is truncated or corrupt"]);
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_or_replaced_or_skipped_and_counted() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    fs::write(&path, b"good\nb\xffd\n\xc3\nna\xc3\xafve\n").unwrap();
    let read = |what| drive::read(text::read(text_of(&path)).invalid_utf8(what), 1);
    let error = read(InvalidUtf8::Error).unwrap_err();
    assert_says(&error, &[&text_of(&path), "not UTF-8 at byte 6", ".invalid_utf8("]);
    let replaced = read(InvalidUtf8::Replace).unwrap();
    assert_eq!(replaced.lines, ["good", "b\u{fffd}d", "\u{fffd}", "na\u{ef}ve"]);
    assert_eq!(replaced.undecodable, 0);
    let skipped = read(InvalidUtf8::Skip).unwrap();
    assert_eq!(
        skipped,
        Outcome { lines: vec!["good".into(), "na\u{ef}ve".into()], undecodable: 2 }
    );
    // A character that the end of a line cuts in two is bad on both sides, although together they
    // would be good; and a bad line far behind does not touch those before it.
    let behind = [b"fine\n".repeat(100_000), b"\x80".to_vec()].concat();
    fs::write(&path, [b"x\xc3\n\xafy\n".repeat(10), behind.clone()].concat()).unwrap();
    let skipped = read(InvalidUtf8::Skip).unwrap();
    assert_eq!((skipped.lines.len(), skipped.undecodable), (100_000, 21));
    fs::write(&path, behind).unwrap();
    assert_says(&read(InvalidUtf8::Error).unwrap_err(), &["not UTF-8 at byte 500000;"]);
}

#[test]
fn a_line_of_a_gigabyte_is_given_up_at_the_limit() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("long.txt");
    fs::write(&path, "short\n").unwrap();
    File::options().write(true).open(&path).unwrap().set_len(1 << 30).unwrap(); // a hole, of zeros
    let source = source(text::read(text_of(&path)));
    for (i, split) in source.splits(8).unwrap().iter().enumerate() {
        let mut reader = source.open(split).unwrap();
        let mut calls = 0;
        let error = loop {
            calls += 1;
            if let Err(error) = advance(&mut *reader, Budget::default(), &mut Outcome::default()) {
                break error;
            }
        };
        let byte = if i == 0 { 6 } else { i * (1 << 27) };
        let which = format!("long.txt` that holds byte {byte} is longer than 16777216 bytes");
        assert_says(&error, &[&which, ".max_line_bytes("]);
        assert!(calls <= 18, "it took {calls} calls of a MiB each to see 16 MiB");
    }
}

#[test]
fn the_limit_counts_a_line_without_its_end() {
    let directory = tempdir().unwrap();
    for (name, limit) in [("a.txt", 10), ("a.txt", 200_000), ("a.gz", 200_000)] {
        let path = directory.path().join(name);
        let read = |length: usize, end: &str| {
            let line = "x".repeat(length) + end;
            let text = format!("first\n{line}last\n");
            match name.ends_with(".gz") {
                true => drive::write(text::write(text_of(&path)).shards(1), &[text.trim_end()]),
                false => fs::write(&path, text).unwrap(),
            }
            drive::read(text::read(text_of(&path)).max_line_bytes(limit), 1)
        };
        for end in ["\n", "\r\n"] {
            assert_eq!(read(limit, end).unwrap().lines[1].len(), limit, "{end:?}");
            let error = read(limit + 1, end).unwrap_err();
            assert_says(&error, &[name, "holds byte 6", &format!("longer than {limit} bytes")]);
        }
        assert_eq!(read(limit - 4, "").unwrap().lines[1].len(), limit);
        read(limit - 3, "").unwrap_err();
    }
}
