//! Random transcripts: every kind of window, trigger, mode, lateness, combiner and behaviour, pane by
//! pane as the definitions say.

use crate::{Bench, LineName, cases, oracle::generate, played::all_agree};

cases! {
    random_transcripts_give_what_the_definitions_say: "EQ-03", "PA-01", "PA-02", "TR-07", "TR-08", "SR-04";
}

/// How many transcripts a line plays.
fn transcripts_of(line: LineName) -> u64 {
    match (line.runner, line.processes) {
        ("direct", _) => 4_000,
        (_, 1) => 1_000,
        _ => 100,
    }
}

fn random_transcripts_give_what_the_definitions_say(bench: &Bench) {
    let seeds = 0..transcripts_of(bench.line());
    all_agree(bench, seeds.map(|seed| (seed, generate(seed))));
}
