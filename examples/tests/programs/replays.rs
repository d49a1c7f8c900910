//! The examples that read a file as a batch or as a stream.

use std::collections::BTreeMap;

use crate::{RUNNERS, folder::Folder, lines, program, sorted_lines};

/// Made plays in a file, and what they come to: the totals by user, and by team and window of so many
/// minutes.
struct Plays {
    folder: Folder,
    file: String,
    rows: Vec<(String, String, i64, i64)>,
}

impl Plays {
    fn new() -> Self {
        let folder = Folder::new();
        let file = folder.output("plays.csv");
        let arguments = ["generate", "--events", "3k", "--per-second", "1", "--output", &file];
        program("game").args(arguments).assert().success();
        let text = String::from_utf8(folder.read("plays.csv")).unwrap();
        let rows = text.lines().map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let [user, team, score, millis] = fields[..] else { panic!("{line}") };
            (user.to_owned(), team.to_owned(), score.parse().unwrap(), millis.parse().unwrap())
        });
        let rows = rows.collect();
        Plays { folder, file, rows }
    }

    fn of_users(&self) -> Vec<String> {
        let mut totals = BTreeMap::<&str, i64>::new();
        for (user, _, score, _) in &self.rows {
            *totals.entry(user).or_default() += score;
        }
        let mut lines: Vec<String> =
            totals.iter().map(|(user, total)| format!("{user}: {total}")).collect();
        lines.sort();
        lines
    }

    /// By the window's number and the team.
    fn of_teams(&self, minutes: i64) -> BTreeMap<(i64, String), i64> {
        let mut totals = BTreeMap::new();
        for (_, team, score, millis) in &self.rows {
            let window = millis.div_euclid(minutes * 60_000);
            *totals.entry((window, team.clone())).or_default() += score;
        }
        totals
    }
}

/// Of lines `START/END timing#index team: score` the last pane of each window and team.
fn last_panes(lines: &[String], minutes: i64) -> BTreeMap<(i64, String), i64> {
    let mut last = BTreeMap::<(i64, String), (u64, i64)>::new();
    for line in lines {
        let fields: Vec<&str> = line.split(' ').collect();
        let [window, pane, team, score] = fields[..] else { panic!("{line}") };
        let start =
            watershed::chrono::DateTime::parse_from_rfc3339(window.split('/').next().unwrap());
        let window = start.unwrap().timestamp_millis() / (minutes * 60_000);
        let index = pane.split('#').nth(1).unwrap().parse().unwrap();
        let pane = (index, score.parse().unwrap());
        let kept = last.entry((window, team.trim_end_matches(':').to_owned())).or_insert(pane);
        *kept = pane.max(*kept);
    }
    last.into_iter().map(|(of, (_, score))| (of, score)).collect()
}

#[test]
fn the_same_plays_are_made_for_a_seed() {
    let make = |seed: &str| {
        program("game")
            .args(["generate", "--events", "50", "--seed", seed])
            .output()
            .unwrap()
            .stdout
    };
    assert_eq!(make("7"), make("7"));
    assert_ne!(make("7"), make("8"));
    assert_eq!(sorted_lines(&make("7")).len(), 50);
}

#[test]
fn scores_are_the_same_as_a_batch_and_as_a_stream_on_every_runner() {
    let plays = Plays::new();
    let (of_users, of_teams) = (plays.of_users(), plays.of_teams(60));
    for how in RUNNERS {
        for read_as in ["batch", "stream --disorder 2h"] {
            let rest = format!("--input {} --read-as {read_as} {how}", plays.file);
            assert_eq!(lines("game", &format!("user-score {rest}")), of_users, "{rest}");
            let hourly = lines("game", &format!("hourly-team-score {rest}"));
            assert_eq!(hourly.len(), of_teams.len());
            assert_eq!(last_panes(&hourly, 60), of_teams, "{rest}");
        }
    }
}

#[test]
fn the_last_panes_of_the_leader_board_hold_all_plays_also_late_ones() {
    let plays = Plays::new();
    let users = plays.folder.output("users.txt");
    for how in RUNNERS {
        for read_as in ["batch", "stream --disorder 10s --at-a-time 5"] {
            let arguments = format!(
                "leader-board --input {} --users {users} --read-as {read_as} --early-after 20 {how}",
                plays.file
            );
            let teams = lines("game", &arguments);
            assert_eq!(last_panes(&teams, 20), plays.of_teams(20), "{arguments}");
            let count = |timing: &str| teams.iter().filter(|line| line.contains(timing)).count();
            assert!(count(" on_time#") > 0);
            if arguments.contains("stream") && how.contains("direct") {
                assert!(count(" early#") > 0 && count(" late#") > 0, "{teams:?}");
            }
            let told = sorted_lines(&plays.folder.read("users.txt"));
            for total in plays.of_users() {
                assert!(told.iter().any(|line| line.ends_with(&format!(" {total}"))), "{total}");
            }
        }
    }
}

#[test]
fn a_flight_that_left_after_its_day_was_complete_makes_a_late_pane() {
    let folder = Folder::new();
    let flight = |date: &str, delay: i64, origin: &str| {
        format!(r#"{{"date":"{date}","delay":{delay},"distance":7,"origin":"{origin}"}}"#)
    };
    let flights = [
        flight("2001/01/01 10:00", 10, "LAS"),
        flight("2001/01/01 23:50", 200, "LAS"),
        flight("2001/01/02 02:00", -5, "SEA"),
    ];
    let input = folder.input("flights.json", format!("[{}]", flights.join(",")));
    let sea = "2001-01-02T00:00:00Z/2001-01-03T00:00:00Z on_time#0 SEA: 1 flights, -5.0 min late";
    let day = "2001-01-01T00:00:00Z/2001-01-02T00:00:00Z";
    for how in RUNNERS {
        assert_eq!(
            lines("flights", &format!("--input {input} {how}")),
            [&format!("{day} on_time#0 LAS: 2 flights, 105.0 min late"), sea]
        );
    }
    assert_eq!(
        lines("flights", &format!("--input {input} --read-as stream --at-a-time 1 --disorder 1h")),
        [
            &format!("{day} late#1 LAS: 2 flights, 105.0 min late"),
            &format!("{day} on_time#0 LAS: 1 flights, 10.0 min late"),
            sea
        ]
    );
}

#[test]
fn earthquakes_are_counted_in_sliding_windows_and_in_swarms() {
    let folder = Folder::new();
    let quake = |place: &str, mag: &str, hour: i64| {
        let time = hour * 3_600_000;
        format!(
            r#"{{"type":"Feature","properties":{{"place":{place},"mag":{mag},"time":{time},"updated":{}}}}}"#,
            time + 60_000
        )
    };
    let features = [
        quake(r#""4km W of Castaic, CA""#, "2", 1),
        quake(r#""Fox, CA""#, "4.25", 2),
        quake(r#""Fox, CA""#, "1", 9),
        quake(r#""off Chile""#, "null", 9),
        quake("null", "-0.5", 9),
    ];
    let feed = format!(r#"{{"features":[{}]}}"#, features.join(","));
    let input = folder.input("week.json", &feed);
    for how in RUNNERS {
        for read_as in ["batch", "stream"] {
            let rest = format!("--input {input} --read-as {read_as} {how}");
            assert_eq!(
                lines("earthquakes", &format!("{rest} --window 12h --every 12h")),
                [
                    "1970-01-01T00:00:00Z/1970-01-01T12:00:00Z on_time#0 : 1, at most -0.5",
                    "1970-01-01T00:00:00Z/1970-01-01T12:00:00Z on_time#0 CA: 3, at most 4.2",
                ]
            );
            assert_eq!(lines("earthquakes", &format!("{rest} --window 12h --every 4h")).len(), 8);
            let swarms = lines("earthquakes", &format!("{rest} --swarm-gap 2h"));
            assert_eq!(
                swarms[0],
                "1970-01-01T01:00:00Z/1970-01-01T04:00:00Z on_time#0 CA: 2, at most 4.2"
            );
            assert_eq!(swarms.len(), 3);
        }
    }
}

#[test]
fn a_day_is_one_of_the_place_also_where_the_clocks_change() {
    let folder = Folder::new();
    let input = folder.input(
        "hours.csv",
        "date,pressure,temperature\n2010-03-14T00:00:00,1,4.5\n2010-03-14T02:30:00,1,-1\n\
         2010-03-14T23:00:00,1,9\n2010-03-15T00:00:00,1,3\n",
    );
    for how in RUNNERS {
        for read_as in ["batch", "stream"] {
            assert_eq!(
                lines("temperatures", &format!("--input {input} --read-as {read_as} {how}")),
                [
                    "2010-03-14T08:00:00Z/2010-03-15T07:00:00Z on_time#0 day: -1.0 to 9.0 °C",
                    "2010-03-15T07:00:00Z/2010-03-16T07:00:00Z on_time#0 day: 3.0 to 3.0 °C",
                ]
            );
        }
    }
}

#[test]
fn a_bad_record_or_file_ends_the_run_and_is_named() {
    let folder = Folder::new();
    let bad_play = folder.input("plays.csv", "a,red,1,1000\nb,red,many,1000\n");
    let bad_date = folder.input("f.json", r#"[{"date":"yesterday","delay":1,"origin":"A"}]"#);
    let no_json = folder.input("week.json", "{");
    let no_number = folder.input("hours.csv", "date,temperature\n2010-01-01T00:00:00,warm\n");
    for (name, arguments, words) in [
        (
            "game",
            format!("user-score --input {bad_play}"),
            ["plays.csv", "line 2: the score `many`"],
        ),
        ("flights", format!("--input {bad_date}"), ["f.json", "flight 0: the date `yesterday`"]),
        ("flights", "--input nowhere.json".into(), ["nowhere.json", "No such file"]),
        ("earthquakes", format!("--input {no_json}"), ["week.json", "EOF"]),
        ("temperatures", format!("--input {no_number}"), ["hours.csv", "line: 2"]),
    ] {
        let output = folder.output("out.txt");
        let arguments = format!("{arguments} --output {output}");
        let run = program(name).args(arguments.split(' ')).assert().failure().code(1);
        let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        for word in words {
            assert!(told.contains(word), "{name}: {told}");
        }
        assert!(!folder.outputs().contains(&"out.txt".to_owned()));
    }
}
