//! What `--plot` draws.

use roxmltree::{Document, Node};

use super::{output, play, run};
use crate::folder::Folder;

/// Draws a play, and returns the picture.
fn picture(play: &str, arguments: &str) -> String {
    let folder = Folder::new();
    let path = folder.output("play.svg");
    let drawn = run(play, &format!("{arguments} --plot {path}"));
    assert_eq!(folder.outputs(), ["play.svg"]);
    assert_eq!(drawn, run(play, arguments), "the picture changes nothing else");
    String::from_utf8(folder.read("play.svg")).unwrap()
}

/// The marks of a form that say something under the pointer, in the order in which they are drawn.
fn marks<'a, 'b>(document: &'a Document<'b>, form: &str) -> Vec<(Node<'a, 'b>, &'a str)> {
    let forms = document.descendants().filter(|node| node.has_tag_name(form));
    let tip = |node: Node<'a, 'b>| {
        let tip = node.first_element_child().filter(|child| child.has_tag_name("title"));
        tip.and_then(|tip| tip.text()).map(|tip| (node, tip))
    };
    forms.filter_map(tip).collect()
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

#[test]
fn there_is_a_bar_for_each_pane_and_a_mark_for_each_element() {
    let rows = play("a,1,1000,1 b,2,2000,2 a,3,12000,3 a,4,3000,4 b,5,14500,5 b,6,19000,6");
    for (arguments, dropped) in [
        ("", 1),
        ("--lateness 1h", 0),
        ("--window sliding:10s/5s", 1),
        ("--window sliding:2s/5s", 5),
        ("--window sessions:5s --lateness 1m", 0),
        ("--trigger after_count(1) --allow-unsafe", 2),
        ("--window global --trigger repeatedly(after_count(2))", 0),
    ] {
        let svg = picture(&rows, arguments);
        let document = Document::parse(&svg).unwrap();
        let played = run(&rows, arguments);
        let bars = marks(&document, "rect");
        assert_eq!(bars.len(), played.lines.len(), "{arguments}");
        for pane in played.panes() {
            let tip = format!(
                "{}: {} pane {}, value {}",
                pane["key"].as_str().unwrap(),
                pane["pane"]["timing"].as_str().unwrap(),
                pane["pane"]["index"],
                pane["value"]
            );
            assert!(bars.iter().any(|(_, bar)| bar.starts_with(&tip)), "{arguments}: {tip}");
        }
        let (dots, crosses) = (marks(&document, "circle"), marks(&document, "path"));
        assert_eq!((dots.len(), crosses.len()), (6 - dropped, dropped), "{arguments}");
        assert!(crosses.iter().all(|(_, tip)| tip.ends_with(", dropped")), "{arguments}");
    }
}

#[test]
fn a_bar_stands_above_the_row_that_made_its_pane_leave() {
    let rows = play("a,1,1000,1000 a,2,2000,2000 a,3,12000,3000 a,4,3000,4000");
    let arguments =
        "--lateness 1m --trigger after_watermark(early=after_count(1),late=after_count(1))";
    let svg = picture(&rows, arguments);
    let document = Document::parse(&svg).unwrap();
    let (bars, dots) = (marks(&document, "rect"), marks(&document, "circle"));
    let bottom = |index: usize| {
        let (bar, tip) = &bars[index];
        (*tip, number(bar, "y") + number(bar, "height"))
    };
    let came: Vec<f64> = dots.iter().map(|(dot, _)| number(dot, "cy")).collect();
    for (bar, tip, row) in [
        (0, "a: early pane 0, value 1", 0),
        (1, "a: early pane 1, value 2", 1),
        (2, "a: on_time pane 2, value 0", 2),
        (3, "a: early pane 0, value 3", 2),
        (4, "a: late pane 3, value 4", 3),
        (5, "a: on_time pane 1, value 0, the last", 4),
    ] {
        let (found, bottom) = bottom(bar);
        assert_eq!(found, tip);
        // What leaves at the end is above all rows.
        let (above, below) = (came.get(row).copied(), came.get(row + 1).copied());
        assert!(bottom < above.unwrap_or(came[3]), "{tip}: {bottom} {came:?}");
        assert!(below.is_none_or(|below| bottom > below), "{tip}: {bottom} {came:?}");
    }
}

#[test]
fn the_picture_is_the_same_on_every_runner() {
    let rows = play("a,1,1000,1 b,2,2000,2 a,3,12000,3 a,4,3000,4 b,5,14500,5 c,6,19000,6");
    let arguments =
        "--trigger after_watermark(early=after_count(1),late=after_count(1)) --lateness 1s";
    let expected = picture(&rows, arguments);
    for how in ["--runner timely", "--runner timely --workers 4", "--runner timely --processes 2"] {
        assert_eq!(picture(&rows, &format!("{arguments} {how}")), expected, "{how}");
    }
}

#[test]
fn a_play_of_nothing_is_drawn_too() {
    let svg = picture(&play(""), "");
    assert!(Document::parse(&svg).is_ok() && svg.contains("The play has no elements."));
}

#[test]
fn keys_that_look_like_markup_stay_text() {
    let svg = picture(&play("</text><script/>&,1,1000,1"), "");
    let document = Document::parse(&svg).unwrap();
    assert!(document.descendants().all(|node| !node.has_tag_name("script")));
    assert!(marks(&document, "rect")[0].1.starts_with("</text><script/>&: on_time"));
}

#[test]
fn a_picture_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    for (path, word) in [("no/such/play.svg", "there is no directory"), ("", "directory")] {
        let path = folder.output(path);
        for how in ["", "--runner timely --processes 2"] {
            let run = output(&play("a,1,1000,1"), &format!("--quiet --plot {path} {how}"));
            let told = String::from_utf8(run.stderr).unwrap();
            assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0), "{told}");
            assert!(told.starts_with("error: ") && told.contains(&path), "{told}");
            assert!(told.contains(word) && !told.contains("\"dropped\""), "{told}");
            folder.assert_nothing_is_left();
        }
    }
}

#[test]
fn a_failed_play_leaves_the_old_picture() {
    let folder = Folder::new();
    let path = folder.output("play.svg");
    std::fs::write(&path, "the old one").unwrap();
    let overflowing = play("a,9223372036854775807,1000,1 a,1,2000,2");
    let failed = output(&overflowing, &format!("--plot {path}"));
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(folder.read("play.svg"), b"the old one");
    run(&play("a,1,1000,1"), &format!("--plot {path}"));
    assert!(folder.read("play.svg").starts_with(b"<svg "));
    assert_eq!(folder.outputs(), ["play.svg"]);
}

/// The picture in the docs, drawn as they say.
#[test]
fn the_pictures_in_the_docs_are_what_the_program_draws() {
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |path: &str| std::fs::read_to_string(format!("{top}/{path}")).unwrap();
    for page in ["docs/window-lab.md", "docs/event-time.md", "docs/triggers.md"] {
        let docs = read(page).replace("\\\n", " ").replace('\'', "");
        let command = docs.split("--bin window_lab -- ").nth(1).unwrap().lines().next().unwrap();
        let (input, rest) = command.strip_prefix("--input ").unwrap().split_once(' ').unwrap();
        let (arguments, path) = rest.split_once("--plot ").unwrap();
        let drawn = picture(&read(input), arguments);
        let says = format!("it is not what the program draws; run the command in {page} again");
        assert!(drawn == read(path.trim()), "{path}: {says}");
    }
}
