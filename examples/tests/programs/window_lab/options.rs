//! Each option does what it says.

use super::{output, play, run};
use crate::{folder::Folder, program};

const EARLY_AND_LATE: &str = "--trigger after_watermark(early=after_count(2),late=after_count(1))";

#[test]
fn a_pane_is_a_line_with_all_its_fields() {
    let played = run(&play("LAS,7,1000,5000"), "");
    assert_eq!(
        played.lines,
        [
            r#"{"key":"LAS","window":[0,10000],"timestamp":9999,"pane":{"timing":"on_time","index":0,"on_time_index":0,"first":true,"last":true},"retraction":false,"value":7}"#
        ]
    );
    assert_eq!(played.dropped, r#"{"dropped":{"late":0,"closed":0,"no_window":0}}"#);
    assert_eq!(played.told, [""; 0]);
    let global = run(&play("LAS,7,1000,5000"), "--window global --trigger never");
    assert!(global.lines[0].contains(r#""window":null,"timestamp":9223371950454775,"#));
}

#[test]
fn a_file_and_standard_input_are_played_alike() {
    let folder = Folder::new();
    let rows = play("a,1,1000,1000 b,2,11000,2000 a,3,21000,3000");
    let file = folder.input("play.csv", &rows);
    let expected = run(&rows, "");
    assert_eq!(expected.lines.len(), 3);
    for how in ["--runner direct", "--runner timely", "--runner timely --processes 2"] {
        assert_eq!(run("", &format!("{how} --input {file}")), expected, "{how}");
        assert_eq!(run(&rows, how), expected, "{how}");
    }
}

#[test]
fn the_end_of_a_run_is_told_before_the_last_line_unless_it_is_to_be_quiet() {
    let told = |arguments| String::from_utf8(output(&play("a,1,0,0"), arguments).stderr).unwrap();
    let last = "{\"dropped\":{\"late\":0,\"closed\":0,\"no_window\":0}}\n";
    assert_eq!(told("--quiet"), last);
    let told = told("");
    assert!(
        told.starts_with("1 element read in ") && told.ends_with(&format!("\n{last}")),
        "{told}"
    );
    assert_eq!(told.lines().count(), 2);
}

#[test]
fn every_kind_of_window_puts_an_element_where_it_belongs() {
    // The last Sunday of March 2024, on which Berlin has 23 hours: a Sunday in a week from Monday.
    let noon = "a,1,2024-03-31T12:00:00Z,0";
    for (window, row, expected) in [
        ("fixed:10s", "a,1,-1,0", "[-10000,0]"),
        ("fixed:250ms", "a,1,250,0", "[250,500]"),
        ("global", noon, "null"),
        ("days:Europe/Berlin", noon, "[1711839600000,1711922400000]"),
        ("days:UTC", noon, "[1711843200000,1711929600000]"),
        ("weeks:UTC", noon, "[1711324800000,1711929600000]"),
        ("months:UTC", noon, "[1709251200000,1711929600000]"),
        ("years:UTC", noon, "[1704067200000,1735689600000]"),
    ] {
        let played = run(&play(row), &format!("--window {window} --allow-unsafe"));
        assert_eq!(played.windows(), [expected], "{window}");
    }
    let sliding = run(&play("a,1,12000,0"), "--window sliding:10s/5s").brief();
    assert_eq!(sliding, ["[5000,15000] on_time 1", "[10000,20000] on_time 1"]);
    let rows = play("a,1,0,0 a,2,4999,0 a,4,9999,0");
    let sessions = run(&rows, "--window sessions:5s --watermark-lag 1h").brief();
    assert_eq!(
        sessions,
        ["[0,9999] on_time 3", "[9999,14999] on_time 4"],
        "touching is not merging"
    );
}

#[test]
fn the_trigger_and_the_mode_say_when_panes_leave_and_what_they_hold() {
    let rows = play("a,1,1000,1 a,2,2000,2 a,3,3000,3 a,4,11000,4 a,5,4000,5");
    let brief =
        |arguments: &str| run(&rows, &format!("--combine list --lateness 1m {arguments}")).brief();
    assert_eq!(
        brief(""),
        ["[0,10000] on_time [1,2,3]", "[0,10000] late [5]", "[10000,20000] on_time [4]"]
    );
    assert_eq!(
        brief(&format!("{EARLY_AND_LATE} --mode discarding")),
        [
            "[0,10000] early [1,2]",
            "[0,10000] on_time [3]",
            "[0,10000] late [5]",
            "[10000,20000] on_time [4]"
        ]
    );
    assert_eq!(
        brief(&format!("{EARLY_AND_LATE} --mode accumulating")),
        [
            "[0,10000] early [1,2]",
            "[0,10000] on_time [1,2,3]",
            "[0,10000] late [1,2,3,5]",
            "[10000,20000] on_time [4]"
        ]
    );
    assert_eq!(
        brief("--trigger never"),
        ["[0,10000] on_time [1,2,3,5]", "[10000,20000] on_time [4]"]
    );
}

#[test]
fn lateness_and_lag_say_what_is_too_late() {
    let rows = play("a,1,1000,1 a,2,12000,2 a,3,2000,3");
    let count = |arguments| run(&rows, arguments).count("late");
    assert_eq!((count(""), count("--lateness 2s"), count("--lateness 2001ms")), (1, 1, 0));
    assert_eq!((count("--watermark-lag 2s"), count("--watermark-lag 2001ms")), (1, 0));
}

#[test]
fn a_row_may_move_no_clock() {
    // The second row is older in both times; the third brings the moment for which the first waits.
    let rows = play("a,1,1000,10000 a,2,500,5000 a,4,900,12000");
    let arguments = "--combine list --trigger repeatedly(after_processing_time(2s))";
    assert_eq!(run(&rows, arguments).brief(), ["[0,10000] early [1,2]", "[0,10000] on_time [4]"]);
}

#[test]
fn the_timestamp_combiner_chooses_the_panes_time() {
    let rows = play("a,1,2000,1 a,2,7000,2 a,3,4000,3");
    for (combiner, expected) in [("end_of_window", 9999), ("earliest", 2000), ("latest", 7000)] {
        let arguments = format!("--watermark-lag 1m --timestamp-combiner {combiner}");
        let played = run(&rows, &arguments);
        assert_eq!(played.panes()[0]["timestamp"], expected, "{combiner}");
    }
}

#[test]
fn every_combiner_has_a_value_for_an_empty_pane() {
    let rows = play("a,4,3000,1 a,1,2000,2");
    for (combine, full, empty) in [
        ("sum", "5", "0"),
        ("count", "2", "0"),
        ("min", "1", "null"),
        ("max", "4", "null"),
        ("mean", "2.5", "null"),
        ("list", "[1,4]", "[]"),
    ] {
        let arguments = format!("{EARLY_AND_LATE} --watermark-lag 1m --combine {combine}");
        assert_eq!(
            run(&rows, &arguments).brief(),
            [format!("[0,10000] early {full}"), format!("[0,10000] on_time {empty}")]
        );
    }
}

#[test]
fn empty_panes_leave_as_their_behaviors_say() {
    let rows = play("a,4,3000,1 a,1,2000,2 b,1,15000,3");
    let brief = |arguments: &str| {
        run(&rows, &format!("{EARLY_AND_LATE} --lateness 1s {arguments}")).brief()
    };
    let (early, other) = ("[0,10000] early 5", "[10000,20000] on_time 1");
    // The watermark lags, so that a's window ends before it expires.
    let lag = "--watermark-lag 4500ms";
    assert_eq!(brief(lag), [early, "[0,10000] on_time 0", other]);
    assert_eq!(brief(&format!("{lag} --on-time-behavior fire_if_non_empty")), [early, other]);
    let last = ["[0,10000] on_time 0", "[0,10000] late 0"];
    assert_eq!(
        brief(&format!("{lag} --closing-behavior fire_always")),
        [early, last[0], last[1], other]
    );
}

#[test]
fn a_play_of_nothing_has_no_panes() {
    for how in ["", "--runner timely --workers 2", "--runner timely --processes 2"] {
        let played = run(&play(""), how);
        assert_eq!(played.lines, [""; 0]);
        assert_eq!(played.dropped, r#"{"dropped":{"late":0,"closed":0,"no_window":0}}"#);
    }
}

#[test]
fn times_at_the_ends_of_the_range_are_played() {
    let rows =
        play("a,1,-9223372036854775,-9223372036854775 a,2,9223371950454775,9223372036854775");
    for window in ["fixed:10s", "sessions:1d", "global", "years:UTC", "days:Europe/Berlin"] {
        let played = run(
            &rows,
            &format!("--window {window} --lateness 1d --watermark-lag 1d --allow-unsafe"),
        );
        let values: i64 = played.panes().iter().map(|pane| pane["value"].as_i64().unwrap()).sum();
        assert_eq!(values, 3, "{window}: {:?}", played.lines);
    }
}

#[test]
fn help_lists_every_option() {
    let help = program("window_lab").arg("--help").assert().success();
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    for option in [
        "--input",
        "--window",
        "--trigger",
        "--mode",
        "--lateness",
        "--watermark-lag",
        "--timestamp-combiner",
        "--combine",
        "--on-time-behavior",
        "--closing-behavior",
        "--allow-unsafe",
        "--show-dropped",
        "--plot",
        "--runner",
        "--workers",
        "--processes",
        "--quiet",
    ] {
        assert!(
            help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
            "{option}"
        );
    }
}
