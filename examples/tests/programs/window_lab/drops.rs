//! What is told of dropped elements.

use super::{play, run};

const RUNNERS: [&str; 4] = [
    "--runner direct",
    "--runner timely",
    "--runner timely --workers 4",
    "--runner timely --processes 2",
];

/// Plays on every runner, and sees that these lines are told, in any order, and the last one.
fn tells(rows: &str, arguments: &str, expected: &[&str], dropped: &str) {
    for runner in RUNNERS {
        let mut played = run(rows, &format!("{arguments} --show-dropped {runner}"));
        played.told.sort();
        assert_eq!(played.told, expected, "{runner}");
        assert_eq!(played.dropped, dropped, "{runner}");
        let silent = run(rows, &format!("{arguments} {runner}"));
        assert_eq!((silent.told.len(), &silent.dropped), (0, &played.dropped), "{runner}");
    }
}

#[test]
fn late_elements_are_told_for_each_window_that_had_expired() {
    tells(
        &play("a,1,16000,1 b,-2,8000,2"),
        "--window sliding:10s/5s",
        &[
            r#"{"dropped":"late","key":"b","value":-2,"event_time":8000,"window":[0,10000]}"#,
            r#"{"dropped":"late","key":"b","value":-2,"event_time":8000,"window":[5000,15000]}"#,
        ],
        r#"{"dropped":{"late":2,"closed":0,"no_window":0}}"#,
    );
    tells(
        &play("a,1,12000,1 b,2,8000,2"),
        "--window sliding:10s/5s",
        &[r#"{"dropped":"late","key":"b","value":2,"event_time":8000,"window":[0,10000]}"#],
        r#"{"dropped":{"late":1,"closed":0,"no_window":0}}"#,
    );
}

#[test]
fn elements_for_a_finished_window_are_told_as_closed() {
    tells(
        &play("a,1,1000,1 \"\"\"q\"\"\",2,2000,2 a,3,3000,3"),
        "--trigger after_count(1) --allow-unsafe",
        &[r#"{"dropped":"closed","key":"a","value":3,"event_time":3000,"window":[0,10000]}"#],
        r#"{"dropped":{"late":0,"closed":1,"no_window":0}}"#,
    );
    tells(
        &play("a,1,1000,1 a,3,3000,3"),
        "--window global --trigger after_count(1) --allow-unsafe",
        &[r#"{"dropped":"closed","key":"a","value":3,"event_time":3000,"window":null}"#],
        r#"{"dropped":{"late":0,"closed":1,"no_window":0}}"#,
    );
}

#[test]
fn elements_in_a_gap_are_told_as_in_no_window() {
    tells(
        &play("a,1,500,1 a,2,1000,2 a,3,4999,3 a,4,5000,4"),
        "--window sliding:1s/5s",
        &[
            r#"{"dropped":"no_window","key":"a","value":2,"event_time":1000,"window":null}"#,
            r#"{"dropped":"no_window","key":"a","value":3,"event_time":4999,"window":null}"#,
        ],
        r#"{"dropped":{"late":0,"closed":0,"no_window":2}}"#,
    );
}

#[test]
fn what_is_dropped_still_moves_both_clocks() {
    // The second row is in a gap: only its times close the first window and fire the third's.
    let rows = play("a,1,500,1 a,2,12000,5000 a,4,11000,6000");
    let played = run(&rows, "--window sliding:1s/5s --show-dropped");
    assert_eq!((played.count("late"), played.count("no_window")), (0, 2));
    let rows = play("a,1,500,1 a,2,11500,2 a,4,600,3");
    assert_eq!(run(&rows, "--window sliding:1s/5s").count("late"), 1);
    // A late row brings the processing time for which another key waits.
    let rows = play("a,1,11000,1 b,2,500,9000 a,4,12000,9001");
    let arguments = "--combine list --trigger repeatedly(after_processing_time(5s))";
    let played = run(&rows, arguments);
    assert_eq!(played.count("late"), 1);
    assert_eq!(played.brief(), ["[10000,20000] early [1]", "[10000,20000] on_time [4]"]);
}
