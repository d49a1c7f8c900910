//! How a graph prints itself: as text, as DOT, as Mermaid.
//!
//! After a change of the printers, `INSTA_UPDATE=always cargo test -p watershed-core --test printing`
//! writes the snapshots anew. Read each before it is committed.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use watershed_core::{
    DoFn, ElementContext, Emitters, FixedWindows, PCollection, PTransform, Pipeline, Sessions, Two,
    combine::Sum,
};
use watershed_model::{BoxError, Graph, GraphFormat, minutes};

/// Numbers to the first output, everything else to the second.
#[derive(Clone)]
struct Numbers;

impl DoFn<String> for Numbers {
    type Outputs = Two<i64, String>;
    fn process(
        &mut self,
        text: String,
        _: &ElementContext<'_>,
        (numbers, others): &mut Emitters<Self, String>,
    ) -> Result<(), BoxError> {
        match text.parse() {
            Ok(number) => numbers.emit(number),
            Err(_) => others.emit(text),
        }
        Ok(())
    }
}

/// Totals by sign, in windows.
struct Totals;

impl PTransform<PCollection<i64>> for Totals {
    type Output = PCollection<(bool, i64)>;
    fn expand(self, numbers: &PCollection<i64>) -> Self::Output {
        numbers
            .window(FixedWindows::of(minutes(1)))
            .named("by minute")
            .key_by(|n| *n < 0)
            .combine_per_key(Sum)
            .named("sum")
    }
}

/// Composites in composites, several outputs, one that nobody reads, a flatten of one input twice.
fn pipeline() -> Graph {
    let pipeline = Pipeline::new();
    let (numbers, others) =
        pipeline.create(["1", "two"].map(String::from)).named("input").par_do(Numbers);
    numbers.apply(Totals).for_each(drop).named("see the totals");
    let doubled = pipeline.flatten([others.clone(), others.clone()]);
    doubled.distinct().map(|text| text.len() as u64).sum_globally().collect();
    let (_parsed, failed) = others.try_map("parse", |text| text.parse::<f64>());
    failed
        .key_by(|failed| failed.element.len())
        .window(Sessions::with_gap(minutes(5)))
        .group_by_key()
        .reshuffle()
        .for_each(drop);
    pipeline.build().unwrap()
}

/// Names with all that a form could take for its own.
fn awkward_names() -> Graph {
    let pipeline = Pipeline::new();
    pipeline
        .create([Some(1i64), None])
        .named("\"quoted\" <b>bold & more")
        .map(|n| n.into_iter().collect::<Vec<i64>>())
        .named("back\\slash `tick` #35; end")
        .flat_map(|numbers| numbers)
        .named("[brackets] {braces} (and) |bars|; %% \\n")
        .count_globally()
        .named("end")
        .for_each(drop)
        .named("日本 → été");
    pipeline.build().unwrap()
}

#[test]
fn as_text() {
    insta::assert_snapshot!("text", pipeline().print(GraphFormat::Text));
    insta::assert_snapshot!("text_of_awkward_names", awkward_names().print(GraphFormat::Text));
}

#[test]
fn as_dot() {
    insta::assert_snapshot!("dot", pipeline().print(GraphFormat::Dot));
    insta::assert_snapshot!("dot_of_awkward_names", awkward_names().print(GraphFormat::Dot));
}

#[test]
fn as_mermaid() {
    insta::assert_snapshot!("mermaid", pipeline().print(GraphFormat::Mermaid));
    insta::assert_snapshot!(
        "mermaid_of_awkward_names",
        awkward_names().print(GraphFormat::Mermaid)
    );
}

#[test]
fn of_nothing_only_the_frame_is_printed() {
    let empty = Pipeline::new().build().unwrap();
    assert_eq!(empty.print(GraphFormat::Text), "");
    assert_eq!(empty.print(GraphFormat::Mermaid), "flowchart TD\n");
    assert!(empty.print(GraphFormat::Dot).starts_with("digraph pipeline {\n"));
}
