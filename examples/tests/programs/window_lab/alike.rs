//! Random plays come out alike, pane for pane, on every runner and with any number of workers and
//! processes.

use fastrand::Rng;

use super::{HEADER, run};

const OTHERS: [&str; 5] = [
    "--runner direct --seed 7 --checks off",
    "--runner timely --workers 1",
    "--runner timely --workers 2",
    "--runner timely --workers 4",
    "--runner timely --processes 2",
];

/// Each window, and in how many windows an element is, or is dropped.
const WINDOWS: [(&str, u64); 6] = [
    ("fixed:10s", 1),
    ("sliding:10s/5s", 2),
    ("sliding:2s/5s", 1),
    ("sessions:3s", 1),
    ("global", 1),
    ("days:Europe/Berlin", 1),
];

const TRIGGERS: [&str; 9] = [
    "default",
    "never",
    "after_watermark(early=after_count(2),late=after_count(1))",
    "after_watermark(early=after_processing_time(4s),late=after_count(2))",
    "repeatedly(after_count(3))",
    "repeatedly(after_processing_time(2s,align=5s))",
    "or_finally(repeatedly(after_count(2)),after_watermark)",
    "after_each(after_count(2),repeatedly(after_first(after_count(3),after_processing_time(3s))))",
    "after_all(after_count(2),after_watermark)",
];

fn random_play(random: &mut Rng, rows: usize) -> String {
    let mut play = HEADER.to_owned();
    let (mut event, mut arrival) = (0, 0);
    for _ in 0..rows {
        arrival += random.i64(-200..2_000);
        event += random.i64(0..3_000);
        // Now and then a row is far behind.
        let behind = if random.u8(..4) == 0 { random.i64(0..30_000) } else { random.i64(0..2_000) };
        let key = ["a", "b", "c", "d"][random.usize(..4)];
        let value = random.i64(-99..100);
        play += &format!("\n{key},{value},{},{arrival}", event - behind);
    }
    play
}

#[test]
fn random_plays_come_out_alike_everywhere() {
    let mut random = Rng::with_seed(2_024);
    let mut dropped = 0;
    for number in 0..18 {
        let (window, windows_each) = WINDOWS[number % WINDOWS.len()];
        let trigger = TRIGGERS[random.usize(..TRIGGERS.len())];
        let rows = random.usize(1..40);
        let play = random_play(&mut random, rows);
        let mut of = |choices: &[&str]| choices[random.usize(..choices.len())].to_owned();
        let arguments = format!(
            "--window {window} --trigger {trigger} --allow-unsafe --show-dropped --lateness {} \
             --watermark-lag {} --timestamp-combiner {} --on-time-behavior {} --closing-behavior {}",
            of(&["0s", "5s", "1h"]),
            of(&["0s", "1500ms"]),
            of(&["end_of_window", "earliest", "latest"]),
            of(&["fire_always", "fire_if_non_empty"]),
            of(&["fire_always", "fire_if_non_empty"]),
        );
        let combine = of(&["sum", "min", "max", "mean", "list"]);
        let mode = of(&["discarding", "accumulating"]);
        let asked = format!("{arguments} --mode {mode} --combine {combine}");
        let mut expected = run(&play, &asked);
        expected.told.sort();
        for other in OTHERS {
            let mut played = run(&play, &format!("{asked} {other}"));
            played.told.sort();
            assert_eq!(played, expected, "{asked} {other}\n{play}");
        }
        // Nothing is lost and nothing counted twice.
        let counted = run(&play, &format!("{arguments} --combine count"));
        let in_panes: u64 =
            counted.panes().iter().map(|pane| pane["value"].as_u64().unwrap()).sum();
        let drops: u64 = ["late", "closed", "no_window"].map(|why| counted.count(why)).iter().sum();
        assert_eq!(counted.told.len() as u64, drops, "{asked}\n{play}");
        assert_eq!(in_panes + drops, windows_each * rows as u64, "{asked}\n{play}");
        dropped += drops;
    }
    assert!(dropped > 0, "the plays try nothing late");
}
