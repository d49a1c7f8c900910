//! Which files are read, and what comes out of them.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod drive;

use std::{fs, io::Write, path::Path};

use drive::{Outcome, advance, drain, lines, source, text_of};
use tempfile::tempdir;
use watershed_io_text::{self as text, Compression};
use watershed_model::{Advance, Budget};

/// Files whose only line is their path from the directory.
fn fill(directory: &Path, paths: &[&str]) {
    for path in paths {
        let at = directory.join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, path).unwrap();
    }
}

#[test]
fn line_ends_are_taken_away_and_an_empty_file_has_no_line() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        lines(&path)
    };
    assert_eq!(read(""), [] as [&str; 0]);
    assert_eq!(read("\n"), [""]);
    assert_eq!(read("a\nb\n"), ["a", "b"]);
    assert_eq!(read("a\nb"), ["a", "b"]);
    assert_eq!(read("a\r\n\r\nb\rc\r\n"), ["a", "", "b\rc"]);
    assert_eq!(read("a\n\n"), ["a", ""]);
    assert_eq!(read("\u{feff}a\n"), ["\u{feff}a"]);
}

#[test]
fn a_directory_is_read_at_any_depth_without_hidden_files() {
    let directory = tempdir().unwrap();
    let plays = ["b.txt", "a/z.txt", "a/b/c", ".hidden", ".git/config", "a/.swp"];
    fill(directory.path(), &plays);
    fill(directory.path(), &[".b.txt.watershed-x1Y2z3-00000.tmp"]);
    assert_eq!(lines(directory.path()), ["a/b/c", "a/z.txt", "b.txt"]);
    assert_eq!(lines(directory.path().join("a/")), ["a/b/c", "a/z.txt"]);
}

#[test]
fn a_glob_takes_what_it_matches_and_a_star_stays_within_a_directory() {
    let directory = tempdir().unwrap();
    let files = ["a1.txt", "a2.txt", "b.csv", "x/a3.txt", "x/y/a4.txt", ".a5.txt", "x/.a/a6.txt"];
    fill(directory.path(), &files);
    let hidden_part = ".a1.txt.watershed-x1Y2z3-00000.tmp";
    fill(directory.path(), &[hidden_part]);
    let matches = |glob: &str| lines(directory.path().join(glob));
    assert_eq!(matches("*.txt"), ["a1.txt", "a2.txt"]);
    assert_eq!(matches("a?.txt"), ["a1.txt", "a2.txt"]);
    assert_eq!(matches("a[!1].txt"), ["a2.txt"]);
    assert_eq!(matches("{a1,b}.*"), ["a1.txt", "b.csv"]);
    assert_eq!(matches("a1{,.gz}.txt"), ["a1.txt"]);
    assert_eq!(matches("*/a*.txt"), ["x/a3.txt"]);
    assert_eq!(matches("{x/y,z}/*"), ["x/y/a4.txt"]);
    assert_eq!(matches("**/a*.txt"), ["a1.txt", "a2.txt", "x/a3.txt", "x/y/a4.txt"]);
    assert_eq!(matches("x/**"), ["x/a3.txt", "x/y/a4.txt"]);
    assert_eq!(matches(".*"), [".a5.txt"], "a dot in the pattern asks for hidden files");
}

#[test]
fn a_file_whose_name_looks_like_a_glob_is_itself() {
    let directory = tempdir().unwrap();
    fill(directory.path(), &["a[1].txt", "a1.txt"]);
    assert_eq!(lines(directory.path().join("a[1].txt")), ["a[1].txt"]);
    assert_eq!(lines(directory.path().join("a\\[*")), ["a[1].txt"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_circles_end() {
    use std::os::unix::fs::symlink;
    let directory = tempdir().unwrap();
    let elsewhere = tempdir().unwrap();
    fill(elsewhere.path(), &["c.txt"]);
    fill(directory.path(), &["a.txt"]);
    symlink(elsewhere.path(), directory.path().join("d")).unwrap();
    symlink(directory.path(), directory.path().join("e")).unwrap();
    assert_eq!(lines(directory.path()), ["a.txt", "c.txt"]);
    symlink("nowhere", directory.path().join("f")).unwrap();
    let error = drive::read(text::read(text_of(directory.path())), 1).unwrap_err();
    drive::assert_says(&error, &["cannot list", "/f`"]);
    assert_eq!(lines(directory.path().join("*.txt")), ["a.txt"], "the link is not asked for");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_a_name() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"a\xff.txt");
    fs::write(directory.path().join(name), "x").unwrap();
    assert_eq!(lines(directory.path()), ["x"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_systems_own_files_are_read_although_they_seem_empty() {
    assert!(lines("/proc/self/status").iter().any(|line| line.starts_with("Name:")));
    assert_eq!(lines("/dev/null"), [] as [&str; 0]);
}

#[test]
fn large_plain_files_are_cut_and_others_are_not() {
    let directory = tempdir().unwrap();
    let hundred: String = (0..100).map(|i| format!("{i:09}\n")).collect();
    fs::write(directory.path().join("large"), &hundred).unwrap();
    fs::write(directory.path().join("small"), "0123456789\n").unwrap();
    drive::write(text::write(text_of(directory.path().join("c.gz"))).shards(1), &["c"]);
    let read = || text::read(text_of(directory.path())).min_split_bytes(50);
    let sizes = |desired| -> Vec<u64> {
        let splits = source(read()).splits(desired).unwrap();
        splits.iter().filter_map(|split| split.size).collect()
    };
    let compressed = fs::metadata(directory.path().join("c.gz")).unwrap().len();
    assert_eq!(sizes(1), [compressed, 1000, 11]);
    assert_eq!(sizes(4), [compressed, 250, 250, 250, 250, 11]);
    assert_eq!(sizes(1000).len(), 22, "no split is below 50 bytes");
    assert_eq!(drive::read(read(), 1000).unwrap().lines.len(), 102);
}

#[test]
fn each_compression_is_known_by_name_or_by_option_and_may_have_many_members() {
    let directory = tempdir().unwrap();
    let of = [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Plain];
    for (extension, compression) in ["gz", "zst", "bz2", "txt"].into_iter().zip(of) {
        let path = directory.path().join(format!("a.{extension}"));
        let write = || text::write(text_of(&path)).shards(1);
        drive::write(write(), &["one", "two"]);
        let first = fs::read(&path).unwrap();
        drive::write(write(), &["three"]);
        let second = fs::read(&path).unwrap();
        drive::write(write(), &[]);
        let empty = fs::read(&path).unwrap();
        assert_eq!(lines(&path), [] as [&str; 0], "{extension}");
        assert_eq!(empty.is_empty(), compression == Compression::Plain);
        fs::write(&path, [&first[..], &empty, &second, &second].concat()).unwrap();
        assert_eq!(lines(&path), ["one", "two", "three", "three"], "{extension}");
        let renamed = directory.path().join("renamed");
        fs::rename(&path, &renamed).unwrap();
        let read = text::read(text_of(&renamed)).compression(compression);
        assert_eq!(drive::read(read, 3).unwrap().lines.len(), 4, "{extension}");
    }
}

#[test]
fn progress_ends_at_the_size_also_for_compressed_files() {
    let directory = tempdir().unwrap();
    let text: Vec<_> = (0..200_000u64).map(|i| (i * i * i).to_string()).collect();
    let text: Vec<_> = text.iter().map(String::as_str).collect();
    for name in ["a.gz", "a.zst", "a.bz2", "a.txt"] {
        let path = directory.path().join(name);
        drive::write(text::write(text_of(&path)).shards(1), &text);
        let source = source(text::read(text_of(&path)));
        let split = &source.splits(1).unwrap()[0];
        let mut reader = source.open(split).unwrap();
        let mut outcome = Outcome::default();
        advance(&mut *reader, Budget::default(), &mut outcome).unwrap();
        let (soon, size) = (reader.progress().done, split.size.unwrap());
        assert!(0 < soon && soon < size, "{name}: {soon} of {size} after a bundle");
        drain(&mut *reader, &mut outcome).unwrap();
        assert_eq!(reader.progress().done, size, "{name}");
        assert_eq!(outcome.lines.len(), text.len());
    }
}

#[test]
fn a_reader_gives_away_what_it_is_asked_for_and_no_crumbs() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    let mut file = fs::File::create(&path).unwrap();
    (0..1000).for_each(|i| writeln!(file, "{i:09}").unwrap());
    let source = source(text::read(text_of(&path)).min_split_bytes(1000));
    let mut reader = source.open(&source.splits(1).unwrap()[0]).unwrap();
    let mut outcome = Outcome::default();
    let ten = Budget { elements: 10, ..Budget::default() };
    advance(&mut *reader, ten, &mut outcome).unwrap();
    let half = reader.try_split(0.5).unwrap().unwrap();
    assert_eq!(half.description, format!("{}[5050..10000]", path.display()));
    assert_eq!(half.size, Some(4950));
    for fraction in [0.01, 0.99, 1.0, -1.0, 2.0, f64::NAN] {
        assert_eq!(reader.try_split(fraction).unwrap(), None, "{fraction}");
    }
    let rest = reader.try_split(0.0).unwrap().unwrap();
    assert_eq!(rest.size, Some(4950));
    assert_eq!(advance(&mut *reader, ten, &mut outcome).unwrap(), Advance::End);
    assert_eq!(outcome.lines.len(), 10);
    assert_eq!(reader.try_split(0.0).unwrap(), None);
    for split in [rest, half] {
        drain(&mut *source.open(&split).unwrap(), &mut outcome).unwrap();
    }
    assert_eq!(outcome.lines, (0..1000).map(|i| format!("{i:09}")).collect::<Vec<_>>());
}
