//! Pictures are read back as XML: what must be on them is counted, whatever its looks.

use roxmltree::{Document, Node};
use watershed::{
    Duration,
    model::{PaneInfo, PaneTiming},
    seconds,
};

use super::*;
use crate::{output::Value, play::clocks};

fn row(key: &str, value: i64, event_time: i64, arrival_time: i64) -> Row {
    let at = Timestamp::from_millis;
    Row { key: key.into(), value, event_time: at(event_time), arrival_time: at(arrival_time) }
}

fn window(start: i64, end: i64) -> Window {
    Window::Interval { start: Timestamp::from_seconds(start), end: Timestamp::from_seconds(end) }
}

fn left(key: &str, window: Window, timing: PaneTiming, value: Value, after: Option<usize>) -> Left {
    let timestamp = window.max_timestamp();
    let info = PaneInfo { timing, ..PaneInfo::ONLY };
    let pane = Pane { key: key.into(), window, timestamp, info, retraction: false, value };
    Left { pane, after }
}

fn picture(title: &str, rows: &[Row], dropped: &[usize], panes: &[Left]) -> String {
    let clocks = clocks(rows, Duration::ZERO);
    draw(&Plot { title, rows, clocks: &clocks, dropped, panes })
}

fn texts(document: &Document<'_>) -> Vec<String> {
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text().map(String::from)).collect()
}

/// What the marks of the play say under the pointer: the legend's say nothing.
fn tips(document: &Document<'_>) -> Vec<String> {
    let in_a_mark = |node: &Node<'_, '_>| {
        node.has_tag_name("title") && node.parent().is_some_and(|mark| !mark.has_tag_name("svg"))
    };
    document
        .descendants()
        .filter(in_a_mark)
        .filter_map(|node| node.text().map(String::from))
        .collect()
}

#[test]
fn a_play_of_nothing_says_so() {
    let svg = picture("fixed:10s", &[], &[], &[]);
    let document = Document::parse(&svg).unwrap();
    assert!(texts(&document).contains(&"The play has no elements.".to_string()));
}

#[test]
fn every_element_and_pane_is_there_with_its_value_and_moment() {
    let rows = [
        row("a", 5, 1_000, 1_000),
        row("b", 6, 12_000, 2_000),
        row("a", 7, 3_000, 3_000),
        row("a", 8, -4_000, 4_000),
    ];
    let panes = [
        left("a", window(0, 10), PaneTiming::Early, Value::Integer(50), Some(0)),
        left("a", window(0, 10), PaneTiming::OnTime, Value::Integer(60), Some(1)),
        left("a", window(0, 10), PaneTiming::Late, Value::List(vec![5, 7]), Some(2)),
        left("b", window(10, 20), PaneTiming::OnTime, Value::None, None),
    ];
    let svg = picture("fixed:10s", &rows, &[3], &panes);
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document);
    for text in [
        "a",
        "b",
        "5",
        "6",
        "7",
        "8",
        "50",
        "60",
        "[5,7]",
        "null",
        "3 elements, 3 panes",
        "1 element, 1 pane",
        "the end",
    ] {
        assert!(texts.contains(&text.to_string()), "{text}: {texts:?}");
    }
    let tips = tips(&document);
    assert_eq!(tips.len(), 8);
    assert!(
        tips.contains(
            &"a: 7, at 1970-01-01T00:00:03Z, came 1970-01-01T00:00:03Z, behind the watermark"
                .to_string()
        )
    );
    assert!(tips.iter().any(|tip| tip.starts_with("a: 8") && tip.ends_with("dropped")));
    assert!(tips.contains(&"a: early pane 0, value 50, the last".to_string()));
}

#[test]
fn a_pane_spans_its_window_and_stands_above_the_moment_it_left() {
    let rows = [row("a", 1, 1_000, 1_000), row("a", 2, 12_000, 5_000), row("a", 3, 19_000, 9_000)];
    let panes = [
        left("a", window(0, 10), PaneTiming::OnTime, Value::Integer(1), Some(1)),
        left("a", window(10, 20), PaneTiming::OnTime, Value::Integer(5), None),
    ];
    let svg = picture("", &rows, &[], &panes);
    let document = Document::parse(&svg).unwrap();
    let number =
        |node: &Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let marks = |name: &str| -> Vec<Node<'_, '_>> {
        let marks = document.descendants().filter(|node| node.has_tag_name(name));
        marks
            .filter(|node| node.first_element_child().and_then(|tip| tip.text()).is_some())
            .collect()
    };
    let (dots, bars) = (marks("circle"), marks("rect"));
    assert_eq!((dots.len(), bars.len()), (3, 2));
    let end = |bar: &Node<'_, '_>| number(bar, "x") + number(bar, "width");
    assert!(
        number(&bars[0], "x") < number(&dots[0], "cx") && number(&dots[0], "cx") < end(&bars[0])
    );
    assert!(
        end(&bars[0]) < number(&bars[1], "x") && number(&bars[1], "x") < number(&dots[1], "cx")
    );
    let middle = number(&bars[0], "y");
    assert!(middle < number(&dots[1], "cy") && middle > number(&dots[2], "cy"));
    assert!(number(&bars[1], "y") < number(&dots[2], "cy"), "what leaves at the end is above all");
}

#[test]
fn text_from_outside_stays_text() {
    let evil = "</text><script>alert('&')</script>\u{0}\"\n";
    let rows = [row(evil, 1, 0, 0)];
    let panes = [left(evil, Window::Global, PaneTiming::OnTime, Value::Count(1), None)];
    let svg = picture(evil, &rows, &[], &panes);
    let document = Document::parse(&svg).unwrap();
    assert!(document.descendants().all(|node| !node.has_tag_name("script")));
    assert!(texts(&document).iter().any(|text| text.starts_with("</text><script>")));
}

#[test]
fn many_keys_share_the_last_panel() {
    let rows: Vec<Row> =
        (0..40).map(|n| row(&format!("key {n}"), n, 1_000 * n, 1_000 * n)).collect();
    let svg = picture("", &rows, &[], &[]);
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document);
    assert!(texts.contains(&"key 4".to_string()) && texts.contains(&"35 other keys".to_string()));
    assert!(!texts.contains(&"key 5".to_string()));
    assert_eq!(tips(&document).len(), 40);
}

#[test]
fn ten_thousand_rows_are_thinned_out() {
    let rows: Vec<Row> = (0..10_000)
        .map(|n| row(["a", "b"][n as usize % 2], n, 100 * n + (n * 7_919) % 5_000, 100 * n))
        .collect();
    let panes: Vec<Left> = (0..1_000)
        .map(|n| {
            left(
                ["a", "b"][n as usize % 2],
                window(n, n + 1),
                PaneTiming::OnTime,
                Value::Integer(n),
                Some(10 * n as usize),
            )
        })
        .collect();
    let svg = picture("", &rows, &[], &panes);
    assert!(svg.len() < 2_000_000, "{} bytes", svg.len());
    let document = Document::parse(&svg).unwrap();
    assert!(texts(&document).contains(
        &"5000 elements, 500 panes; what would cover one another is drawn once".to_string()
    ));
    assert!(tips(&document).len() > 1_000, "thinned, not gone");
}

#[test]
fn times_at_the_ends_and_panes_without_rows_are_drawn() {
    let rows = [
        Row { event_time: Timestamp::MIN, ..row("a", i64::MIN, 0, 0) },
        Row {
            event_time: Timestamp::MAX,
            arrival_time: Timestamp::MAX,
            ..row("a", i64::MAX, 0, 0)
        },
    ];
    let all = Window::Interval { start: Timestamp::MIN, end: Timestamp::MAX };
    let panes = [left("a", all, PaneTiming::Late, Value::Mean(0.5), Some(99))];
    assert!(Document::parse(&picture("", &rows, &[7], &panes)).is_ok());
    let alone =
        picture("", &[], &[], &[left("c", window(0, 10), PaneTiming::Late, Value::None, Some(3))]);
    assert!(texts(&Document::parse(&alone).unwrap()).contains(&"null".to_string()));
}

#[test]
fn retractions_are_marked_and_explained() {
    let mut taken = left("a", window(0, 10), PaneTiming::OnTime, Value::Integer(3), Some(0));
    let rows = [row("a", 3, 1_000, 1_000)];
    let plain = picture("", &rows, &[], std::slice::from_ref(&taken));
    assert!(!plain.contains(">retraction<"));
    taken.pane.retraction = true;
    let marked = picture("", &rows, &[], &[taken]);
    assert!(marked.contains(">retraction<") && marked.contains("take back 3"));
}

#[test]
fn the_watermark_steps_to_the_right_only() {
    let rows = [row("a", 1, 5_000, 1_000), row("a", 1, 1_000, 2_000), row("a", 1, 9_000, 3_000)];
    let clocks = clocks(&rows, seconds(1));
    let svg = draw(&Plot { title: "", rows: &rows, clocks: &clocks, dropped: &[], panes: &[] });
    let document = Document::parse(&svg).unwrap();
    let lines = document.descendants().filter(|node| {
        node.attribute("stroke") == Some(panel::WATERMARK)
            && node.attribute("stroke-linejoin").is_some()
    });
    let paths: Vec<&str> = lines.filter_map(|node| node.attribute("d")).collect();
    assert_eq!(paths.len(), 1);
    let steps: Vec<f64> =
        paths[0].split(' ').filter_map(|step| step.strip_prefix('H')?.parse().ok()).collect();
    assert_eq!(steps.len(), 3, "two advances and the end: {}", paths[0]);
    assert!(steps.is_sorted());
}
