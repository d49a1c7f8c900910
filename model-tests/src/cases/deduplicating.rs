//! Elements that come again, left out.

use watershed::prelude::*;

use super::{
    batching::said,
    remembering::tens,
    told::{Score, stream},
};
use crate::{Bench, cases};

cases! {
    an_id_goes_once_within_a_span_of_event_time: "GP-27";
    an_id_goes_once_within_a_span_of_processing_time: "GP-27";
    an_id_goes_once_in_each_window: "GP-27";
}

fn score((name, points): Score) -> String {
    format!("{name}={points}")
}

fn name((name, _): &Score) -> String {
    name.clone()
}

fn an_id_goes_once_within_a_span_of_event_time(bench: &Bench) {
    // The order in which they come does not matter, nor whether they come as a stream.
    let scripts = [
        "a=1@1 | a=2@5 | a=3@10.999999 | a=4@11 | b=5@12 | w20 | a=6@20 | a=7@40",
        "a=4@11 b=5@12 | a=3@10.999999 | a=2@5 | a=1@1 | a=6@20 | w21 | a=7@40",
        "a=1@1 a=2@5 a=3@10.999999 a=4@11 b=5@12 a=6@20 a=7@40",
    ];
    for script in scripts {
        for bench in bench.seeds(3, 1) {
            let pipeline = bench.pipeline();
            let scores = pipeline.apply(stream(script));
            let once = Deduplicate::by(name).within_event_time(seconds(10));
            let found = scores.apply(once).collect();
            pipeline.run();
            assert_eq!(
                said(&found, score),
                ["a=1 @1", "a=4 @11", "a=7 @40", "b=5 @12"],
                "{script}"
            );
        }
    }
}

fn an_id_goes_once_within_a_span_of_processing_time(bench: &Bench) {
    let script = "c1 | a=1@1 | c10.999999 | a=2@2 b=3@3 | c11 | a=4@4 | c20.999999 | a=5@5 | b=6@6";
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream(script));
        let once = Deduplicate::by(name).within_processing_time(seconds(10));
        let found = scores.apply(once).collect();
        let ten_minutes = scores.apply(Deduplicate::by(name)).collect();
        pipeline.run();
        assert_eq!(said(&found, score), ["a=1 @1", "a=4 @4", "b=3 @3", "b=6 @6"]);
        assert_eq!(said(&ten_minutes, score), ["a=1 @1", "b=3 @3"]);
    }
}

fn an_id_goes_once_in_each_window(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream("a=1@9 | a=2@10 | a=3@11 | w12 | a=4@8 | w15 | a=5@5"));
        let once = Deduplicate::by(name).within_event_time(hours(1));
        let found = tens(5)(&scores).apply(once).collect();
        pipeline.run();
        // What comes in time for the lateness finds its place before what came first.
        assert_eq!(said(&found, score), ["a=2 @10 10..20", "a=4 @8 0..10"]);
    }
    let pipeline = watershed::Pipeline::new();
    let none = Deduplicate::by(name).within_event_time(seconds(0));
    pipeline.create([("a".to_owned(), 1)]).apply(none).for_each(|_| ());
    let told = pipeline.build().unwrap_err().to_string();
    assert!(told.contains("Deduplicate") && told.contains("span above zero"), "{told}");
}
