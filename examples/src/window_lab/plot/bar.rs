//! A pane on the picture.

use std::collections::HashSet;

use watershed::model::Window;

use super::{
    Left,
    axis::Axis,
    panel::{Area, Panel, Shared},
    place::{Place, Room},
    svg::{Anchor, Px, SMALL, Svg, shorten, width},
    timing_colour,
};
use crate::output::{Value, name};

/// With more panes than this, they are lines without values, and those that would cover one another
/// are drawn once.
pub(super) const MOST_BARS: usize = 250;
/// How many bars may stand on one another.
pub(super) const MOST_LEVELS: usize = 8;
/// The height of a bar.
pub(super) const BAR: f64 = 14.0;
/// A bold text of the small size is as wide as a plain one of this.
const BOLD: f64 = 12.4;

/// A pane with its place.
pub(super) struct Bar<'a> {
    left: &'a Left,
    pub(super) place: Place,
    /// The moment at which the pane left.
    moment: f64,
    is_thin: bool,
    /// Whether it covers another, for want of room.
    pub(super) is_crowded: bool,
}

/// The panes, each above its moment and above those that left at the same.
pub(super) fn of<'a>(shared: &Shared<'_>, panel: &Panel<'a>, y: &Axis, area: Area) -> Vec<Bar<'a>> {
    let is_thin = panel.panes.len() > MOST_BARS;
    // What leaves before the end stays below it.
    let (mut below, mut above) = (Room::new(area.before_the_end()), Room::new(area.whole()));
    let mut drawn = HashSet::new();
    let mut bars = Vec::new();
    for left in &panel.panes {
        let (from, to) = match left.pane.window {
            Window::Interval { start, end } => (shared.x.pixel(start), shared.x.pixel(end)),
            Window::Global | Window::Custom(_) => (area.left, area.right),
        };
        let (from, to) = (from + 1.0, (to - 1.0).max(from + 6.0));
        let clocks = left.after.and_then(|row| shared.plot.clocks.get(row));
        let moment = clocks.map_or(area.end, |clocks| y.pixel(clocks.processing_time));
        let mut is_crowded = false;
        let place = if is_thin {
            let cell = (from as i64, (moment / 2.0) as i64, left.pane.info.timing);
            if !drawn.insert(cell) {
                continue;
            }
            Place { left: from, top: moment - 1.5, right: to, bottom: moment + 1.5 }
        } else {
            let lowest = moment - if clocks.is_some() { 6.0 } else { 3.0 };
            let level = |level: usize| {
                let bottom = lowest - (BAR + 2.0) * level as f64;
                Place { left: from, top: bottom - BAR, right: to, bottom }
            };
            let room = if clocks.is_some() { &mut below } else { &mut above };
            let free = room.take_first((0..MOST_LEVELS).map(level));
            is_crowded = free.is_none();
            free.unwrap_or_else(|| level(0))
        };
        bars.push(Bar { left, place, moment, is_thin, is_crowded });
    }
    bars
}

impl Bar<'_> {
    pub(super) fn draw(&self, svg: &mut Svg) {
        let Place { left, top, right, bottom } = self.place;
        let pane = &self.left.pane;
        let colour = timing_colour(pane.info.timing);
        let kind = if pane.retraction { "retraction of a pane" } else { "pane" };
        let tip = format!(
            "{}: {} {} {}, value {}{}",
            shorten(&pane.key, 60),
            name(pane.info.timing),
            kind,
            pane.info.index,
            shorten(&written(pane.retraction, &pane.value), 200),
            if pane.info.is_last { ", the last" } else { "" },
        );
        if !self.is_thin {
            svg.line(
                (right, self.moment),
                (right, bottom),
                &[("stroke", &colour), ("stroke-width", &1.5)],
            );
            svg.line(
                (left, self.moment),
                (right, self.moment),
                &[("stroke", &colour), ("stroke-width", &1.5)],
            );
        }
        let (fill, dashes) = if pane.retraction { ("#ffffff", "3 2") } else { (colour, "none") };
        svg.shape_with_tip(
            "rect",
            &[
                ("x", &Px(left)),
                ("y", &Px(top)),
                ("width", &Px(right - left)),
                ("height", &Px(bottom - top)),
                ("rx", &2),
                ("fill", &fill),
                ("fill-opacity", &0.92),
                ("stroke", &colour),
                ("stroke-dasharray", &dashes),
            ],
            &tip,
        );
    }

    /// Inside the bar where no dot is, else beside it, else as much as fits inside.
    pub(super) fn write_value(&self, svg: &mut Svg, room: &mut Room, bars: &[Bar<'_>]) {
        let pane = &self.left.pane;
        let colour = timing_colour(pane.info.timing);
        let inside_colour = if pane.retraction { colour } else { "#ffffff" };
        let text = shorten(&written(pane.retraction, &pane.value), 40);
        let Place { left, right, bottom, .. } = self.place;
        let (span, baseline) = (right - left - 6.0, bottom - 3.2);
        let at = |x: f64, text: &str| Place::text((x, baseline), width(text, BOLD), SMALL);
        let needed = width(&text, BOLD);
        let inside = [0.5, 0.0, 1.0, 0.25, 0.75].map(|share| left + 3.0 + share * (span - needed));
        let beside = [right + 4.0, left - 4.0 - needed].map(|x| at(x, &text));
        let is_clear = |place: &Place| bars.iter().all(|bar| !bar.place.meets(place));
        if needed <= span
            && let Some(place) = room.take_first(inside.map(|x| at(x, &text)))
        {
            svg.text(place.baseline(), Anchor::Start, &bold(&inside_colour), &text);
        } else if let Some(place) = room.take_first(beside.into_iter().filter(is_clear)) {
            svg.text_on_marks(place.baseline(), colour, &text);
        } else if span >= 3.0 * SMALL {
            let text = shorten(&text, (span / SMALL * 1.5) as usize);
            let place = at((left + right - width(&text, BOLD)) / 2.0, &text);
            svg.text(place.baseline(), Anchor::Start, &bold(&inside_colour), &text);
        }
    }
}

fn bold<'a>(fill: &'a &'a str) -> [(&'static str, &'a dyn std::fmt::Display); 3] {
    [("font-size", &SMALL), ("font-weight", &"bold"), ("fill", fill)]
}

fn written(retraction: bool, value: &Value) -> String {
    let value = match value {
        Value::Integer(n) => n.to_string(),
        Value::Count(n) => n.to_string(),
        Value::Mean(mean) => mean.to_string(),
        Value::List(values) => format!("{values:?}").replace(' ', ""),
        Value::None => "null".into(),
    };
    if retraction { format!("take back {value}") } else { value }
}
