//! Twenty plays and the panes that Apache Beam 2.73's Java runner gave for them.
//!
//! They are such as our decisions leave untouched. Each line of the fixture is a play: its name, a
//! transcript, the panes in any order, and how many elements were dropped and why. Beam counts in
//! milliseconds, so a window's last instant is written `@end` in both.

use model_tests::oracle::{Reason, Transcript, evaluate, story};
use serde::Deserialize;

const PLAYS: &str = include_str!("../fixtures/beam_plays.jsonl");

#[derive(Deserialize)]
struct Play {
    play: String,
    transcript: Transcript,
    panes: Vec<String>,
    drops: Drops,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Drops {
    late: u64,
    closed: u64,
    no_window: u64,
}

#[test]
fn the_panes_are_those_of_beam() {
    let plays: Vec<Play> =
        PLAYS.lines().map(|line| serde_json::from_str(line).expect("a play")).collect();
    assert_eq!(plays.len(), 20);
    for mut play in plays {
        let outcome = evaluate(&play.transcript);
        let mut panes: Vec<String> = outcome.all_panes().map(ToString::to_string).collect();
        panes.sort();
        play.panes.sort();
        let story = story(&play.transcript, &outcome);
        assert_eq!(panes, play.panes, "{}\n{story}", play.play);
        let count = |reason| outcome.drops.count(reason);
        let drops = Drops {
            late: count(Reason::Late),
            closed: count(Reason::Closed),
            no_window: count(Reason::NoWindow),
        };
        assert_eq!(drops, play.drops, "{}\n{story}", play.play);
    }
}
