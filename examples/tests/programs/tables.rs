//! The examples over rows with event times. What they write is worked out by hand, or again without the
//! engine.

use std::collections::BTreeMap;

use crate::{RUNNERS, folder::Folder, lines, program, sorted_lines};

const NINE: &str = "2026-03-02T09:00:00Z/2026-03-02T10:00:00Z on_time#0";
const TEN: &str = "2026-03-02T10:00:00Z/2026-03-02T11:00:00Z on_time#0";

fn data(name: &str) -> String {
    format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Every way in which such a program can be run: as a batch, and as a stream, a row at a time.
fn every_way() -> impl Iterator<Item = String> {
    RUNNERS.into_iter().flat_map(|how| {
        ["batch", "stream --disorder 30m --at-a-time 1"]
            .map(|read_as| format!("--read-as {read_as} {how}"))
    })
}

#[test]
fn an_order_counts_once_an_hour() {
    let input = data("orders.csv");
    for way in every_way() {
        assert_eq!(
            lines("deduplicate", &format!("--input {input} {way}")),
            [
                format!("{NINE} north: 2 orders, 750 cents"),
                format!("{NINE} south: 1 orders, 1200 cents"),
                format!("{TEN} north: 1 orders, 250 cents"),
                format!("{TEN} south: 1 orders, 700 cents"),
            ]
        );
    }
    // What is sent again after a second or more is another one.
    let all = lines("deduplicate", &format!("--input {input} --again 1s"));
    assert_eq!(all[0], format!("{NINE} north: 4 orders, 1650 cents"));
    assert_eq!(all[2], format!("{TEN} north: 2 orders, 550 cents"));
}

#[test]
fn sales_are_enriched_and_what_is_unknown_is_kept() {
    let folder = Folder::new();
    let (sales, unknown) = (data("sales.csv"), folder.output("unknown.txt"));
    for way in every_way() {
        let table = data("products.csv");
        let arguments = format!("--input {sales} --products {table} --unknown {unknown} {way}");
        assert_eq!(
            lines("enrich", &arguments),
            [
                format!("{NINE} biscuit: 300 cents"),
                format!("{NINE} cake: 400 cents"),
                format!("{NINE} tea: 750 cents"),
                format!("{TEN} cake: 1200 cents"),
                format!("{TEN} tea: 250 cents"),
            ]
        );
        let unknown = sorted_lines(&folder.read("unknown.txt"));
        assert_eq!(unknown, ["2026-03-02T09:41:00Z: 5 of product 9"]);
    }
    let table = folder.input("table.csv", "1,tea,250\n\n2,cake\n");
    lines("enrich", &format!("--input {sales} --products {table} --unknown {unknown}"));
    let unknown = sorted_lines(&folder.read("unknown.txt"));
    assert!(
        unknown.contains(&"\"2,cake\": a product is number,name,cents".to_owned()),
        "{unknown:?}"
    );
    assert_eq!(unknown.len(), 6);
}

#[test]
fn the_best_products_of_each_shop_are_in_order() {
    let input = data("shops.csv");
    for way in every_way() {
        assert_eq!(
            lines("top_products", &format!("--input {input} --top 2 {way}")),
            [
                format!("{NINE} harbour: biscuit 6, cake 5"),
                format!("{NINE} station: coffee 1, tea 1"),
                format!("{TEN} harbour: tea 1"),
                format!("{TEN} station: cake 3"),
            ]
        );
    }
}

#[test]
fn a_click_is_joined_with_what_was_shown_not_long_before() {
    let input = data("adverts.csv");
    for way in every_way() {
        assert_eq!(
            lines("clicks", &format!("--input {input} --within 5m {way}")),
            [
                "2026-03-02T09:02:00Z ada clicked boots after 2m",
                "2026-03-02T09:03:00Z bob clicked hats after 10s",
                "2026-03-02T09:36:00Z ada clicked hats after 5m",
            ]
        );
    }
    let soon = lines("clicks", &format!("--input {input} --within 1m"));
    assert_eq!(soon, ["2026-03-02T09:03:00Z bob clicked hats after 10s"]);
}

#[test]
fn a_card_that_is_tried_out_is_told() {
    let input = data("payments.csv");
    let ada = "2026-03-02T12:05:00Z card ada: 25000 cents after 3 small payments";
    let bob = "2026-03-02T12:11:00Z card bob: 30000 cents after 3 small payments";
    for way in every_way() {
        let rule = format!("--input {input} --many 3 {way}");
        assert_eq!(lines("fraud", &format!("{rule} --within 10m")), [ada]);
        assert_eq!(lines("fraud", &format!("{rule} --within 11m")), [ada, bob]);
        assert_eq!(lines("fraud", &format!("{rule} --within 11m --large 30000")), [bob]);
    }
}

#[test]
fn words_that_rise_are_told_by_hour() {
    let (input, before) = (data("messages.csv"), data("words.txt"));
    for way in every_way() {
        assert_eq!(
            lines("trending", &format!("--input {input} --before {before} {way}")),
            [
                format!("{TEN} flood: 16.7 times as often"),
                format!("{TEN} rising: 16.7 times as often"),
                format!("{TEN} river: 8.3 times as often"),
            ]
        );
    }
    let all = lines("trending", &format!("--input {input} --before {before} --times 1.5"));
    assert!(all.contains(&format!("{NINE} market: 1.6 times as often")), "{all:?}");
}

/// What a line `user,team,score,millis` says of user, score and time.
fn play(line: &str) -> (String, i64, i64) {
    let fields: Vec<&str> = line.split(',').collect();
    let [user, _, score, millis] = fields[..] else { panic!("{line}") };
    (user.to_owned(), score.parse().unwrap(), millis.parse().unwrap())
}

/// The mean length of sessions by hour, without robots, worked out from all plays.
fn mean_sessions(plays: &[(String, i64, i64)], gap: i64, factor: f64) -> BTreeMap<i64, f64> {
    let hour = |millis: i64| millis.div_euclid(3_600_000);
    let mut totals = BTreeMap::<(i64, &str), i64>::new();
    for (user, score, millis) in plays {
        *totals.entry((hour(*millis), user)).or_default() += score;
    }
    let is_robot = |user: &str, millis: i64| {
        let of_hour = totals.iter().filter(|((other, _), _)| *other == hour(millis));
        let scores: Vec<i64> = of_hour.map(|(_, total)| *total).collect();
        let mean = scores.iter().sum::<i64>() as f64 / scores.len() as f64;
        totals[&(hour(millis), user)] as f64 > factor * mean
    };
    let mut times = BTreeMap::<&str, Vec<i64>>::new();
    for (user, _, millis) in plays.iter().filter(|(user, _, millis)| !is_robot(user, *millis)) {
        times.entry(user).or_default().push(*millis);
    }
    let mut lengths = BTreeMap::<i64, Vec<i64>>::new();
    for times in times.values_mut() {
        times.sort_unstable();
        for session in times.chunk_by(|one, next| next - one < gap) {
            let (first, last) = (session[0], session[session.len() - 1]);
            lengths.entry(hour(last + gap - 1)).or_default().push(last - first);
        }
    }
    let mean = |lengths: Vec<i64>| lengths.iter().sum::<i64>() as f64 / lengths.len() as f64;
    lengths.into_iter().map(|(hour, lengths)| (hour, mean(lengths) / 1_000.0)).collect()
}

#[test]
fn the_mean_session_of_the_game_is_that_of_people() {
    let folder = Folder::new();
    let file = folder.output("plays.csv");
    let arguments = format!("generate --events 2k --per-second 1 --robots 3 --output {file}");
    program("game").args(arguments.split(' ')).assert().success();
    let text = String::from_utf8(folder.read("plays.csv")).unwrap();
    let plays: Vec<_> = text.lines().map(play).collect();
    assert!(plays.iter().any(|(user, ..)| user.starts_with("robot")));
    let expected = |factor: f64| -> Vec<String> {
        let means = mean_sessions(&plays, 600_000, factor).into_iter();
        means.map(|(hour, mean)| format!("{hour} {mean:.1} s")).collect()
    };
    assert_ne!(expected(3.0), expected(1e9), "robots change the mean");
    let found = |arguments: &str| -> Vec<String> {
        let told = |line: String| {
            let (window, mean) = line.split_once(" on_time#0 mean session: ").unwrap();
            let start = window.split('/').next().unwrap();
            let start = watershed::chrono::DateTime::parse_from_rfc3339(start).unwrap();
            format!("{} {mean}", start.timestamp_millis() / 3_600_000)
        };
        lines("game", arguments).into_iter().map(told).collect()
    };
    for how in RUNNERS {
        for read_as in ["batch", "stream --disorder 2h"] {
            let stats = format!("stats --input {file} --gap 10m --read-as {read_as} {how}");
            assert_eq!(found(&format!("{stats} --robot-factor 3")), expected(3.0), "{stats}");
        }
    }
    let all = found(&format!("stats --input {file} --gap 10m --robot-factor 1000000000"));
    assert_eq!(all, expected(1e9));
}

#[test]
fn a_row_that_makes_no_sense_ends_the_run_and_is_named() {
    let folder = Folder::new();
    let time = folder.input("orders.csv", "time,till,order,cents\nnoon,north,1,1\n");
    let what = folder.input(
        "adverts.csv",
        "time,what,user,advert\n2026-03-02T09:00:00Z,shown,a,b\n2026-03-02T09:00:00Z,seen,a,b\n",
    );
    let cents = folder.input("payments.csv", "time,card,cents\n2026-03-02T09:00:00Z,a,much\n");
    for (name, input, words) in [
        ("deduplicate", time, ["orders.csv", "row 1: `noon` is no instant"]),
        ("clicks", what, ["adverts.csv", "row 2: `seen` is neither shown nor clicked"]),
        ("fraud", cents, ["payments.csv", "invalid digit"]),
    ] {
        let output = folder.output("out.txt");
        let run = program(name).args(["--input", &input, "--output", &output]).assert();
        let run = run.failure().code(1);
        let told = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        assert!(words.iter().all(|word| told.contains(word)), "{name}: {told}");
        assert_eq!(folder.outputs(), [""; 0]);
    }
}
