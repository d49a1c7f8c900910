//! What is not played: one clear error, exit code 1 and no pane.

use super::{output, play};

/// Plays what must be refused, and returns the error.
fn refused(play: &str, arguments: &str) -> String {
    let run = output(play, arguments);
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "{arguments}: {told}");
    assert!(run.stdout.is_empty(), "{arguments}");
    assert!(told.starts_with("error: ") && told.matches("error: ").count() == 1, "{told}");
    assert!(!told.contains("\"dropped\""), "{told}");
    told
}

#[test]
fn triggers_that_may_lose_data_and_those_that_never_fire() {
    let row = play("a,1,1000,1");
    for (arguments, word) in [
        ("--trigger after_count(1)", "after_count(1) can finish"),
        ("--trigger after_processing_time(1s)", "can finish"),
        ("--trigger after_watermark --lateness 1s", "within the lateness of 1s"),
        ("--trigger after_watermark(early=after_count(1)) --lateness 1s", "within the lateness"),
        ("--window global", "the global window has none"),
    ] {
        for how in ["", "--runner timely --workers 2", "--runner timely --processes 2"] {
            let told = refused(&row, &format!("{arguments} {how}"));
            assert!(told.contains(word) && told.contains("--allow-unsafe"), "{told}");
        }
        let allowed = super::run(&row, &format!("{arguments} --allow-unsafe"));
        assert!(!allowed.lines.is_empty(), "{arguments}");
    }
}

#[test]
fn triggers_that_cannot_be_understood_or_stand_where_they_may_not() {
    let row = play("a,1,1000,1");
    for (trigger, word) in [
        ("repeatedly(after_count(1)", "expected `)`, at character 26"),
        ("after_cuont(1)", "--trigger"),
        ("after_count(0)", "--trigger"),
        ("after_processing_time(-1s)", "--trigger"),
        ("default,default", "--trigger"),
        ("after_watermark(early=repeatedly(after_count(1)))", "repeatedly stands as `early`"),
        ("after_watermark(late=default)", "default stands as `late`"),
        ("repeatedly(after_all(default,after_count(1)))", "part 1 of after_all"),
        ("or_finally(repeatedly(after_count(1)),default)", "the last part of or_finally"),
    ] {
        for more in ["", "--allow-unsafe"] {
            let told = refused(&row, &format!("--trigger {trigger} {more}"));
            assert!(told.contains(word), "{trigger}: {told}");
        }
    }
}

#[test]
fn retractions_do_not_exist_yet() {
    let told = refused(&play("a,1,1000,1"), "--mode retracting");
    assert!(told.contains("--mode retracting does not exist yet"), "{told}");
}

#[test]
fn windows_and_spans_that_are_none() {
    let row = play("a,1,1000,1");
    for (arguments, word) in [
        ("--window fixed:0s", "a size of 0s is no window"),
        ("--window fixed:-5s", "less than nothing"),
        ("--window sliding:10s/0s", "a period of 0s is no window"),
        ("--window sessions:0ms", "a gap of 0ms is no window"),
        ("--window fixed:10", "a whole number and a unit"),
        ("--window tumbling:10s", "fixed:D"),
        ("--window days:Atlantis", "no time zone"),
        ("--lateness -5s", "less than nothing"),
        ("--watermark-lag -5s", "less than nothing"),
        ("--lateness 5", "a whole number and a unit"),
        ("--combine average", "sum, count"),
        ("--mode discard", "discarding, accumulating, retracting"),
        ("--no-such-option", "--no-such-option"),
        ("--plot -", "name a file"),
        ("--workers 2", "direct runner"),
    ] {
        let told = refused(&row, arguments);
        assert!(told.contains(word), "{arguments}: {told}");
    }
}

#[test]
fn plays_that_are_none() {
    for (play, word) in [
        (String::new(), "standard input, line 1: the play is empty"),
        ("a,1,2,3".into(), "standard input, line 1: the header is `a,1,2,3`"),
        (play("a,1,0,0 b,x,0,0"), "standard input, line 3, column value: `x` is no whole number"),
        (play("a,1,now,0"), "line 2, column event_time: `now` is no time"),
        (play("a,1,9223372036854775807,0"), "line 2, column event_time: `9223372036854775807` ms"),
        (play("a,1,0,-9223372036854775808"), "line 2, column arrival_time: `-9223372036854775808`"),
        (play("a,9223372036854775808,0,0"), "line 2, column value: `9223372036854775808`"),
        (play("a,1,0"), "line 2: there are 3 fields"),
    ] {
        for how in ["--runner direct", "--runner timely --processes 2"] {
            let told = refused(&play, how);
            assert!(told.contains(word), "{told}");
        }
    }
    let told = refused("", "--input no/such/play.csv");
    assert!(told.contains("cannot read no/such/play.csv"), "{told}");
}

#[test]
fn sums_that_overflow() {
    let told = refused(&play("a,9223372036854775807,1000,1 a,1,2000,2"), "--quiet");
    assert!(told.contains("step `CombinePerKey` failed: the sum overflows i64"), "{told}");
}
