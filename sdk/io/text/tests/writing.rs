//! What is written appears whole and under the right names, or not at all.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod drive;

use std::fs;

use drive::{assert_says, commit, lines, names, prepare, sink, text_of};
use tempfile::tempdir;
use watershed_io_text as text;
use watershed_model::{AnyBundle, Bundle, Epoch, WorkerIndex};

/// Bundles of `workers` workers, all lines different.
fn bundles(workers: usize, each: usize) -> Vec<Vec<Vec<String>>> {
    let bundle = |w, b| (0..3).map(|i| format!("worker {w}, bundle {b}, line {i}")).collect();
    (0..workers).map(|w| (0..each).map(|b| bundle(w, b)).collect()).collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn shards_have_their_names_for_any_number_of_workers_and_a_repeated_commit_changes_nothing() {
    let mut extensions = ["txt", "gz", "zst", "bz2"].into_iter().cycle();
    for shards in [None, Some(1), Some(2), Some(3), Some(5)] {
        for workers in 1..=4 {
            for each in [0, 1, 7] {
                check_names_and_content(shards, workers, each, extensions.next().unwrap());
            }
            extensions.next(); // so that each extension meets each combination's kind
        }
    }
}

fn check_names_and_content(shards: Option<usize>, workers: usize, each: usize, extension: &str) {
    let case = format!("{shards:?} shards, {workers} workers, {each} bundles, {extension}");
    let directory = tempdir().unwrap();
    let name = format!("counts.{extension}");
    let write = text::write(text_of(directory.path().join(&name)));
    let sink = sink(match shards {
        Some(shards) => write.shards(shards),
        None => write,
    });
    let bundles = bundles(workers, each);
    let prepared = prepare(&*sink, &bundles).unwrap();
    assert!(names(directory.path()).iter().all(|name| name.starts_with('.')), "{case}");

    let of = shards.unwrap_or(workers);
    let expected: Vec<_> = match shards {
        Some(1) => vec![name],
        _ => (0..of).map(|i| format!("{name}-{i:05}-of-{of:05}")).collect(),
    };
    for time in ["once", "twice"] {
        commit(&*sink, &prepared).unwrap();
        assert_eq!(names(directory.path()), expected, "{case}, {time}");
        let read = text::read(text_of(directory.path())).compression(compression(extension));
        let all = drive::read(read, 1).unwrap().lines;
        assert_eq!(sorted(all), sorted(bundles.concat().concat()), "{case}, {time}");
    }
}

fn compression(extension: &str) -> text::Compression {
    match extension {
        "gz" => text::Compression::Gzip,
        "zst" => text::Compression::Zstd,
        "bz2" => text::Compression::Bzip2,
        _ => text::Compression::Plain,
    }
}

#[test]
fn a_worker_deals_its_bundles_out_to_its_shards() {
    let directory = tempdir().unwrap();
    let path = text_of(directory.path().join("a"));
    let sink = sink(text::write(&path).shards(5));
    let prepared = prepare(&*sink, &bundles(2, 6)).unwrap();
    commit(&*sink, &prepared).unwrap();
    let counts: Vec<_> = (0..5).map(|i| lines(format!("{path}-0000{i}-of-00005")).len()).collect();
    assert_eq!(counts, [6, 9, 6, 9, 6], "worker 0 has the even shards, worker 1 the odd ones");
}

#[test]
fn a_run_replaces_an_earlier_ones_output_and_only_that() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    fs::write(&path, "mine").unwrap();
    drive::write(text::write(text_of(&path)), &["one", "two"]);
    drive::write(text::write(text_of(&path)), &["three"]);
    assert_eq!(names(directory.path()), ["a.txt", "a.txt-00000-of-00001"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(lines(directory.path().join("a.txt-*")), ["three"]);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let directory = tempdir().unwrap();
    for name in ["a.txt", "a.gz", "a.zst", "a.bz2"] {
        let sink = sink(text::write(text_of(directory.path().join(name))).shards(3));
        let mut writer = sink.writer(WorkerIndex { index: 0, count: 2 }).unwrap();
        for bundle in bundles(1, 100).concat() {
            writer.write(AnyBundle::new(Bundle::of(bundle))).unwrap();
        }
        assert_eq!(names(directory.path()).len(), 2, "shards 0 and 2");
        drop(writer);
        assert_eq!(names(directory.path()), [] as [&str; 0]);
    }
}

#[test]
fn what_is_discarded_is_gone() {
    let directory = tempdir().unwrap();
    let sink = sink(text::write(text_of(directory.path().join("a.txt"))));
    let prepared = prepare(&*sink, &bundles(3, 1)).unwrap();
    assert_eq!(names(directory.path()).len(), 3);
    sink.discard(&prepared);
    assert_eq!(names(directory.path()), [] as [&str; 0]);
    sink.discard(&prepared);
}

#[test]
fn a_commit_that_was_torn_goes_on() {
    // Shards of one part each: the machine died after the first new name.
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.txt");
    let whole = sink(text::write(text_of(&path)));
    let prepared = prepare(&*whole, &bundles(3, 1)).unwrap();
    let first = names(directory.path()).into_iter().find(|n| n.ends_with("-00000.tmp")).unwrap();
    fs::rename(directory.path().join(first), directory.path().join("a.txt-00000-of-00003"))
        .unwrap();
    commit(&*whole, &prepared).unwrap();
    assert_eq!(sorted(lines(directory.path())), sorted(bundles(3, 1).concat().concat()));

    // A shard of several parts: it died while it removed them.
    let directory = tempdir().unwrap();
    let copied = sink(text::write(text_of(directory.path().join("a.txt"))).shards(1));
    let prepared = prepare(&*copied, &bundles(3, 1)).unwrap();
    let part = directory.path().join(&names(directory.path())[0]);
    let content = fs::read(&part).unwrap();
    commit(&*copied, &prepared).unwrap();
    fs::write(&part, content).unwrap();
    commit(&*copied, &prepared).unwrap();
    assert_eq!(names(directory.path()), ["a.txt"]);
    assert_eq!(lines(directory.path()), bundles(3, 1).concat().concat());
}

#[test]
fn a_part_that_is_gone_or_changed_is_an_error_and_no_shard_appears() {
    for shards in [1, 3] {
        let directory = tempdir().unwrap();
        let sink = sink(text::write(text_of(directory.path().join("a.txt"))).shards(shards));
        let prepared = prepare(&*sink, &bundles(3, 1)).unwrap();
        let before = names(directory.path());
        let gone = directory.path().join(&before[1]);
        fs::write(&gone, "short").unwrap();
        assert_says(&commit(&*sink, &prepared).unwrap_err(), &["a.txt`", &before[1], "changed"]);
        fs::remove_file(&gone).unwrap();
        assert_says(&commit(&*sink, &prepared).unwrap_err(), &["a.txt`", &before[1], "is gone"]);
        assert_eq!(names(directory.path()), [before[0].clone(), before[2].clone()]);
    }
}

#[test]
fn a_shard_that_cannot_get_its_name_stops_all_of_them() {
    let directory = tempdir().unwrap();
    let taken = directory.path().join("a.txt-00001-of-00002");
    fs::create_dir(&taken).unwrap();
    let sink = sink(text::write(text_of(directory.path().join("a.txt"))));
    let prepared = prepare(&*sink, &bundles(2, 1)).unwrap();
    let error = commit(&*sink, &prepared).unwrap_err();
    assert_says(&error, &[&text_of(&taken), "is a directory"]);
    sink.discard(&prepared);
    assert_eq!(names(directory.path()), ["a.txt-00001-of-00002"]);
}

#[test]
fn a_second_epoch_is_refused() {
    let directory = tempdir().unwrap();
    let sink = sink(text::write(text_of(directory.path().join("a.txt"))));
    let mut writer = sink.writer(WorkerIndex { index: 0, count: 1 }).unwrap();
    sink.discard(&writer.prepare(Epoch(0)).unwrap());
    let bundle = AnyBundle::new(Bundle::of(vec!["late".to_owned()]));
    assert_says(&writer.write(bundle).unwrap_err().to_string(), &["a.txt`", "more than once"]);
    assert_says(&writer.prepare(Epoch(1)).unwrap_err().to_string(), &["a.txt`", "more than once"]);
}

#[test]
fn an_output_that_cannot_be_written_is_known_before_the_first_line() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = |write: text::TextWrite| {
        let writer = sink(write).writer(WorkerIndex { index: 0, count: 1 });
        writer.err().unwrap().to_string()
    };
    let missing = directory.path().join("no/such");
    let path = text_of(missing.join("a.txt"));
    let no_directory = format!("there is no directory `{}`", missing.display());
    assert_says(&error(text::write(&path)), &[&path, &no_directory, "create it first"]);
    assert_says(&error(text::write(text_of(file.join("a")))), &["/file/a`", "no directory"]);
    assert_says(&error(text::write("no/such.txt")), &["`no/such.txt`", "`no` (from `/"]);
    for shards in [1, 2] {
        let write = text::write(text_of(directory.path())).shards(shards);
        assert_says(&error(write), &[&text_of(directory.path()), "it is a directory", "in it"]);
    }
    assert_says(&error(text::write("a").shards(0)), &["`a`", "0 shards"]);
    // Nobody can make files here, an administrator neither.
    #[cfg(target_os = "linux")]
    assert_says(&error(text::write("/proc/a.txt")), &["cannot write `/proc/a.txt`"]);
    assert_eq!(names(directory.path()), ["file"]);
}

#[cfg(unix)]
#[test]
fn an_output_is_as_readable_as_other_files_and_a_link_to_it_stays() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempdir().unwrap();
    let elsewhere = tempdir().unwrap();
    let (path, link) = (elsewhere.path().join("a.txt"), directory.path().join("link.txt"));
    fs::write(&path, "before").unwrap();
    symlink(&path, &link).unwrap();
    let ordinary = fs::metadata(&path).unwrap().permissions().mode();
    drive::write(text::write(text_of(&link)).shards(1), &["after"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode(), ordinary);
}
