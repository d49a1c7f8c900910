//! What Prometheus reads of a job.

#![cfg(feature = "ui")]
#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod fake;

use std::collections::{BTreeMap, BTreeSet};

use fake::{Fake, noon};
use watershed::{GaugeValue, Timestamp, model::DropReason, prelude::*};

/// Text as the exposition format has it: families, and samples by name and labels.
#[derive(Default)]
struct Exposition {
    kinds: BTreeMap<String, String>,
    helped: BTreeSet<String>,
    samples: BTreeMap<(String, BTreeMap<String, String>), f64>,
}

impl Exposition {
    /// Reads the text by the grammar of the format, version 0.0.4, and fails where it does not hold.
    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let mut all = Exposition::default();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                assert!(all.helped.insert(help.split_once(' ').unwrap().0.to_owned()), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(["counter", "gauge"].contains(&kind), "{line}");
                assert!(all.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            } else {
                let (name, labels, value) = sample(line);
                assert!(all.kinds.contains_key(&name) && all.helped.contains(&name), "{line}");
                assert!(all.samples.insert((name, labels), value).is_none(), "twice: {line}");
            }
        }
        all
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(key, text)| (key.to_string(), text.to_string()));
        self.samples.get(&(name.to_owned(), labels.collect())).copied()
    }
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let (name, mut rest) = line.split_at(end.unwrap());
    assert!(!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (key, after) = rest.split_once("=\"").unwrap();
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
            let mut text = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => text.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        escaped @ ('\\' | '"') => escaped,
                        other => panic!("\\{other} in {line}"),
                    }),
                    (_, c) => text.push(c),
                }
            };
            assert!(labels.insert(key.to_owned(), text).is_none(), "{line}");
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap();
    }
    let value = rest.strip_prefix(' ').unwrap();
    assert!(!value.contains(' '), "{line}");
    (name.to_owned(), labels, value.parse().unwrap())
}

#[test]
fn every_count_of_a_step_is_told_under_its_name() {
    let mut fake = Fake::with_a_few_steps();
    let step = fake.step("Lengths");
    (step.report.elements_in, step.report.bytes_in) = (1 << 40, 80);
    (step.report.elements_out[0], step.report.bytes_out[0]) = (11, 88);
    step.report.drops.add(DropReason::Undecodable, 2);
    step.report.sent = 5;
    step.report.metrics.counters.insert("negative".into(), 4);
    let depth = GaugeValue { at: Timestamp::from_seconds(1), value: -2 };
    step.report.metrics.gauges.insert("depth".into(), depth);
    let source = fake.step("Words");
    source.report.watermark_setbacks = 3;
    let grouping = fake.names.iter().position(|name| name.contains("Count")).unwrap();
    fake.state.read(9, 100);
    fake.tell();
    let answer = fake.get("/metrics");
    assert!(answer.contains("text/plain; version=0.0.4; charset=utf-8"), "{answer}");
    let all = Exposition::parse(&fake.body("/metrics"));
    let lengths = [("step", "Lengths")];
    let of = |name: &str| all.value(name, &lengths);
    let by = |name: &str, key: &str, text: &str| all.value(name, &[lengths[0], (key, text)]);
    assert_eq!(of("watershed_elements_in_total"), Some((1_u64 << 40) as f64));
    assert_eq!(by("watershed_elements_out_total", "port", "0"), Some(11.0));
    assert_eq!(of("watershed_bytes_in_total"), Some(80.0));
    assert_eq!(by("watershed_bytes_out_total", "port", "0"), Some(88.0));
    assert_eq!(by("watershed_dropped_total", "reason", "undecodable"), Some(2.0));
    let at = noon().as_micros() as f64 / 1e6;
    assert_eq!(of("watershed_input_watermark_seconds"), Some(at));
    assert_eq!(of("watershed_output_watermark_seconds"), Some(at));
    assert!(of("watershed_watermark_lag_seconds").unwrap() > 0.0);
    assert_eq!(of("watershed_waiting_elements"), Some(5.0));
    assert_eq!(by("watershed_author_counter_total", "name", "negative"), Some(4.0));
    assert_eq!(by("watershed_author_gauge", "name", "depth"), Some(-2.0));
    let words = [("step", "Words/Read")];
    assert_eq!(all.value("watershed_source_congested", &words), Some(1.0));
    assert_eq!(all.value("watershed_watermark_setbacks_total", &words), Some(3.0));
    let grouping = fake.state.outline().steps[grouping].name.clone();
    let group = all.samples.keys().find(|(name, _)| name == "watershed_state_entries").unwrap();
    assert!(group.1["step"].starts_with(grouping.split('/').next().unwrap()));
    assert!(all.samples.keys().any(|(name, _)| name == "watershed_state_elements"));
    assert_eq!(all.value("watershed_elements_read_total", &[]), Some(9.0));
    assert_eq!(all.value("watershed_workers", &[]), Some(1.0));
    assert_eq!(all.value("watershed_silent_workers", &[]), Some(0.0));
    for (name, kind) in &all.kinds {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
    }
}

#[test]
fn names_with_quotes_and_backslashes_arrive_as_they_are() {
    let awkward = ["say \"hi\"", "c:\\new", "\\\"", "über ✓", "{a=\"b\"} 1"];
    let pipeline = Pipeline::new();
    let numbers = pipeline.create([1]);
    for name in awkward {
        numbers.map(|n: i32| n).named(name).for_each(|_| {});
    }
    let fake = Fake::of(&pipeline);
    fake.tell();
    let all = Exposition::parse(&fake.body("/metrics"));
    for name in &fake.names {
        assert_eq!(
            all.value("watershed_elements_in_total", &[("step", name)]),
            Some(0.0),
            "{name}"
        );
    }
    let is_there = |name: &&str| fake.names.iter().any(|full| full.contains(*name));
    assert!(awkward.iter().all(is_there), "{:?}", fake.names);
}

#[test]
fn watermarks_at_their_ends_are_left_out() {
    let mut fake = Fake::with_a_few_steps();
    for step in &mut fake.steps {
        (step.input_watermark, step.output_watermark) = (Timestamp::MIN, Timestamp::MAX);
    }
    fake.tell();
    let all = Exposition::parse(&fake.body("/metrics"));
    let watermarks = all
        .samples
        .keys()
        .filter(|(name, _)| name.contains("watermark") && !name.contains("setbacks"));
    assert_eq!(watermarks.count(), 0);
}
