//! A play as a picture: event time from left to right, processing time upwards, a panel for each key.
//!
//! ```text
//!   processing time ↑  │   ┌───────╮           o   an element: when it happened, when it came
//!                      │ ──┤ 12    ├──         ▬   a pane: its window's span, when it left, its value
//!                      │ o │    o  ┊           │   the watermark: a step to the right as it advances
//!                      └───┴───────┴──→ event time
//! ```
//!
//! The picture takes plain data, so it can be drawn and tested without a run.

use std::{collections::HashMap, fmt::Display};

use watershed::{
    Timestamp,
    model::{PaneTiming, Window},
};

use crate::{
    output::Pane,
    play::{Clocks, Row},
};

mod axis;
mod bar;
mod dot;
mod legend;
mod panel;
mod place;
mod svg;

use axis::Axis;
use panel::{Area, Panel, Shared};
use svg::{Anchor, Svg, lines, shorten};

/// What is drawn.
pub(crate) struct Plot<'a> {
    /// What was asked of the lab.
    pub(crate) title: &'a str,
    /// The play.
    pub(crate) rows: &'a [Row],
    /// How the clocks stood after each row.
    pub(crate) clocks: &'a [Clocks],
    /// Places of the rows that were dropped, from one of their windows at least.
    pub(crate) dropped: &'a [usize],
    /// The panes, in any order.
    pub(crate) panes: &'a [Left],
}

/// A pane, and the row that made it leave: none if that was the end of the play.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) pane: Pane,
    pub(crate) after: Option<usize>,
}

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 112.0;
const RIGHT: f64 = WIDTH - 24.0;
/// Keys with a panel of their own; the others share one.
const MOST_PANELS: usize = 6;
const KEY_COLOURS: [&str; MOST_PANELS] =
    ["#1864ab", "#6741d9", "#0b7285", "#7a4a3a", "#495a6b", "#3b3fb6"];
const OTHER_COLOUR: &str = "#868e96";
const INK: &str = "#212529";
const FAINT: &str = "#6c757d";

fn timing_colour(timing: PaneTiming) -> &'static str {
    match timing {
        PaneTiming::Early => "#e8890c",
        PaneTiming::OnTime => "#2b8a3e",
        PaneTiming::Late => "#c2255c",
        PaneTiming::Unknown => "#495057",
    }
}

/// The picture, as the text of an SVG file.
pub(crate) fn draw(plot: &Plot<'_>) -> String {
    let mut svg = Svg::new();
    let counts = panel::counted(plot.rows.len(), plot.panes.len());
    let mut top = 12.0;
    for line in lines(plot.title, 115).iter().take(3) {
        top += 20.0;
        svg.text(
            (24.0, top),
            Anchor::Start,
            &[("font-size", &15), ("font-weight", &"bold"), ("fill", &INK)],
            line,
        );
    }
    svg.text(
        (24.0, top + 22.0),
        Anchor::Start,
        &[("font-size", &12.5), ("fill", &FAINT)],
        "A dot is an element: across, when it happened; upwards, when it came. A bar is a pane: it \
         spans its window, just above the moment it left, and says its value.",
    );
    top = legend::draw(&mut svg, plot, (24.0, top + 46.0), RIGHT) + 34.0;
    let first = top;
    let panels = panels(plot);
    let x = event_axis(plot);
    let y = processing_axis(plot);
    let shared = Shared { plot, x };
    for panel in &panels {
        let area = Area::new(&shared, panel, y, (LEFT, RIGHT), top);
        panel::draw(&mut svg, &shared, panel, area.axis(y), area);
        top = area.bottom + 54.0;
    }
    if panels.is_empty() {
        let middle = (WIDTH / 2.0, top + 60.0);
        svg.text(
            middle,
            Anchor::Middle,
            &[("font-size", &15), ("fill", &FAINT)],
            "The play has no elements.",
        );
        return svg.finish(WIDTH, top + 120.0, plot.title, &counts);
    }
    let name = format!("event time → ({})", x.unit(panel::MOST_TICKS));
    svg.text(
        ((LEFT + RIGHT) / 2.0, top - 8.0),
        Anchor::Middle,
        &[("font-size", &13), ("fill", &INK)],
        &name,
    );
    let middle = (first + top - 54.0) / 2.0;
    let unit = format!("({})", y.unit(panel::MOST_TICKS));
    for (x, text, size) in [(18.0, "processing time →", 13), (34.0, unit.as_str(), 12)] {
        let turned = format!("rotate(-90 {x} {middle:.1})");
        let look: [(&str, &dyn Display); 3] =
            [("font-size", &size), ("fill", &INK), ("transform", &turned)];
        svg.text((x, middle), Anchor::Middle, &look, text);
    }
    svg.finish(WIDTH, top + 12.0, plot.title, &counts)
}

/// A panel for each key in the order in which they appear, the rest in one.
fn panels<'a>(plot: &Plot<'a>) -> Vec<Panel<'a>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let of_rows = plot.rows.iter().map(|row| row.key.as_str());
    for key in of_rows.chain(plot.panes.iter().map(|left| left.pane.key.as_str())) {
        let next = places.len();
        places.entry(key).or_insert(next);
    }
    let keys = places.len();
    let alone = if keys > MOST_PANELS { MOST_PANELS - 1 } else { keys };
    let mut panels: Vec<Panel<'a>> = (0..keys.min(MOST_PANELS))
        .map(|place| match place < alone {
            true => Panel::new(String::new(), KEY_COLOURS[place]),
            false => Panel::new(format!("{} other keys", keys - alone), OTHER_COLOUR),
        })
        .collect();
    for (key, place) in &places {
        if *place < alone {
            panels[*place].name = shorten(key, 60);
        }
    }
    let panel_of = |key: &str| places.get(key).map_or(0, |place| (*place).min(alone));
    for (place, row) in plot.rows.iter().enumerate() {
        panels[panel_of(&row.key)].rows.push(place);
    }
    for left in plot.panes {
        panels[panel_of(&left.pane.key)].panes.push(left);
    }
    for panel in &mut panels {
        panel.arrange(plot.rows.len());
    }
    panels
}

/// All events, and the windows as far as they do not dwarf them.
fn event_axis(plot: &Plot<'_>) -> Axis {
    let events = || plot.rows.iter().map(|row| row.event_time);
    let windows = || {
        plot.panes.iter().filter_map(|left| match left.pane.window {
            Window::Interval { start, end } => Some((start, end)),
            Window::Global | Window::Custom(_) => None,
        })
    };
    let first = events().min().or(windows().map(|(start, _)| start).min());
    let last = events().max().or(windows().map(|(_, end)| end).max());
    let (Some(first), Some(last)) = (first, last) else {
        return Axis::new(Timestamp::from_seconds(0), Timestamp::from_seconds(1), LEFT, RIGHT);
    };
    let shortest = windows().map(|(start, end)| end.since(start)).min();
    let margin = last.since(first).max(shortest.unwrap_or_default());
    let low = windows().map(|(start, _)| start.max(first - margin)).min();
    let high = windows().map(|(_, end)| end.min(last + margin)).max();
    Axis::new(
        low.map_or(first, |low| low.min(first)),
        high.map_or(last, |high| high.max(last)),
        LEFT,
        RIGHT,
    )
}

fn processing_axis(plot: &Plot<'_>) -> Axis {
    let times = || plot.clocks.iter().map(|clocks| clocks.processing_time);
    let epoch = Timestamp::from_seconds(0);
    Axis::new(times().min().unwrap_or(epoch), times().max().unwrap_or(epoch), 0.0, 1.0)
}

#[cfg(test)]
mod tests;
