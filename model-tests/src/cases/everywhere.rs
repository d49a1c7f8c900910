//! One pipeline, one result: what the direct runner gives, every line gives.

use std::{fs, sync::Arc};

use watershed::{DirectRunner, RunOptions, prelude::*, testing::TestPipeline};

use super::{
    outputs::{assert_same, outputs},
    timed::sorted,
};
use crate::{Bench, cases, folder::Folder, naive::Windowing};

cases! {
    every_line_gives_what_the_direct_runner_gives: "EQ-01";
    every_line_writes_the_same_lines: "EQ-01";
}

/// The direct runner, which is told nothing but its own defaults.
fn direct() -> TestPipeline {
    TestPipeline::on(Arc::new(DirectRunner), RunOptions::default())
}

fn every_line_gives_what_the_direct_runner_gives(bench: &Bench) {
    for windowing in Windowing::SAMPLES {
        let expected = outputs(&direct(), windowing);
        for bundle_elements in [1, 16, 4096] {
            for bench in bench.seeds(2, bundle_elements) {
                let found = outputs(&bench.pipeline(), windowing);
                assert_same(&expected, &found, &format!("{windowing:?}, {}", bench.line()));
            }
        }
    }
}

/// Counts the words of these files.
fn count_words(pipeline: &Pipeline, files: &str) -> PCollection<String> {
    let lines = pipeline.apply(text::read(files).min_split_bytes(1));
    let words = lines.flat_map_emit(|line, out| {
        line.split(' ').for_each(|word| out.emit(word.to_owned()));
    });
    words.count_per_element().map(|(word, count)| format!("{word}: {count}"))
}

fn every_line_writes_the_same_lines(bench: &Bench) {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let line = |n: u32| format!("to be {} or not {}\n", n * n % 97, n % 13);
    for (name, numbers) in [("a.in", 0..300), ("b.in", 300..301), ("c.in", 301..900)] {
        fs::write(path(name), numbers.map(line).collect::<String>()).unwrap();
    }
    let pipeline = direct();
    let expected = count_words(&pipeline, &path("*.in")).collect();
    let read = pipeline.run().elements_read;
    assert_eq!(read, 900);
    for (run, bench) in bench.seeds(3, 16).enumerate() {
        let pipeline = bench.pipeline();
        let out = path(&format!("{run}.out"));
        count_words(&pipeline, &path("*.in")).apply(text::write(&out).shards(3));
        assert_eq!(pipeline.run().elements_read, read);
        let shard = |shard| fs::read_to_string(format!("{out}-{shard:05}-of-00003")).unwrap();
        let written: String = (0..3).map(shard).collect();
        let written = written.lines().map(str::to_owned).collect();
        assert_eq!(sorted(written), sorted(expected.values()), "{}", bench.line());
    }
}
