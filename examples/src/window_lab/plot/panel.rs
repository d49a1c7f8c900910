//! One key's part of the picture.

use std::{collections::HashSet, fmt::Display};

use watershed::{Timestamp, model::Window};

use super::{
    FAINT, INK, Left, Plot,
    axis::Axis,
    bar::{self, BAR, MOST_BARS, MOST_LEVELS},
    dot::{self, MOST_DOTS},
    place::{Place, Room},
    svg::{Anchor, Px, SMALL, Svg},
};

pub(super) const MOST_TICKS: usize = 12;
pub(super) const WATERMARK: &str = "#343a40";
pub(super) const SHADE: &str = "#868e96";
pub(super) const BAND_OPACITIES: [f64; 2] = [0.06, 0.13];
/// With more elements than this, their values are not written.
const MOST_VALUES: usize = 150;
/// With more windows than this, they are not shaded.
const MOST_BANDS: usize = 300;

/// What all panels have in common.
pub(super) struct Shared<'a> {
    pub(super) plot: &'a Plot<'a>,
    pub(super) x: Axis,
}

/// The rows and panes of a key, or of several.
pub(super) struct Panel<'a> {
    pub(super) name: String,
    colour: &'static str,
    pub(super) rows: Vec<usize>,
    pub(super) panes: Vec<&'a Left>,
    /// How many panes left at the end.
    at_end: usize,
}

/// Where a panel is: its axis goes up to `end`, above which is the end of the play.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    top: f64,
    pub(super) end: f64,
    pub(super) bottom: f64,
}

impl<'a> Panel<'a> {
    pub(super) fn new(name: String, colour: &'static str) -> Self {
        Panel { name, colour, rows: Vec::new(), panes: Vec::new(), at_end: 0 }
    }

    /// Puts the panes in the order in which they left; one after a row that is not there left at the
    /// end.
    pub(super) fn arrange(&mut self, rows: usize) {
        let after = |left: &Left| left.after.filter(|row| *row < rows).unwrap_or(usize::MAX);
        self.panes.sort_by_cached_key(|left| {
            (after(left), left.pane.window.clone(), left.pane.info.index, !left.pane.retraction)
        });
        self.at_end = self.panes.iter().filter(|left| after(left) == usize::MAX).count();
    }
}

/// Above the last arrival there is room for a pane or two.
const HEADROOM: f64 = 2.0 * (BAR + 2.0);
const LEAST_HEIGHT: f64 = 190.0;
const MOST_HEIGHT: f64 = 720.0;

impl Area {
    /// Room for a panel: the more happens in it, the higher, and higher still if panes would cover one
    /// another.
    pub(super) fn new(
        shared: &Shared<'_>,
        panel: &Panel<'_>,
        y: Axis,
        (left, right): (f64, f64),
        top: f64,
    ) -> Self {
        let wanted = 90.0 + 15.0 * panel.rows.len() as f64 + 12.0 * panel.panes.len() as f64;
        let at_end = 8.0 + (BAR + 2.0) * panel.at_end.clamp(1, MOST_LEVELS) as f64;
        let end = top + at_end;
        let mut height = wanted.clamp(LEAST_HEIGHT, 0.75 * MOST_HEIGHT);
        loop {
            let area = Area { left, right, top, end, bottom: end + HEADROOM + height };
            let bars = bar::of(shared, panel, &area.axis(y), area);
            if height >= MOST_HEIGHT || !bars.iter().any(|bar| bar.is_crowded) {
                return area;
            }
            height = (1.2 * height).min(MOST_HEIGHT);
        }
    }

    /// Processing time on this panel.
    pub(super) fn axis(&self, y: Axis) -> Axis {
        y.on(self.bottom, self.end + HEADROOM)
    }

    pub(super) fn before_the_end(&self) -> Place {
        Place { top: self.end, ..self.whole() }
    }

    pub(super) fn whole(&self) -> Place {
        Place { left: self.left, top: self.top, right: self.right, bottom: self.bottom }
    }
}

pub(super) fn draw(svg: &mut Svg, shared: &Shared<'_>, panel: &Panel<'_>, y: Axis, area: Area) {
    let x = shared.x;
    frame(svg, panel, &x, &y, area);
    bands(svg, panel, &x, area);
    watermark(svg, shared, &y, area);
    let dots = dot::of(shared, panel, &y);
    let radius = if dots.len() > MOST_VALUES { 2.5 } else { 5.0 };
    let bars = bar::of(shared, panel, &y, area);
    for bar in &bars {
        bar.draw(svg);
    }
    for dot in &dots {
        dot::draw(svg, dot.fate, dot.at, radius, panel.colour, &dot.tip);
    }
    if panel.rows.len() > MOST_DOTS || panel.panes.len() > MOST_BARS {
        return;
    }
    let mut room = Room::new(area.whole());
    dots.iter().for_each(|dot| room.take(Place::around(dot.at, radius)));
    for bar in &bars {
        bar.write_value(svg, &mut room, &bars);
    }
    if panel.rows.len() <= MOST_VALUES {
        for dot in &dots {
            dot.write_value(svg, &mut room, &bars, panel.colour);
        }
    }
}

fn frame(svg: &mut Svg, panel: &Panel<'_>, x: &Axis, y: &Axis, area: Area) {
    let Area { left, right, top, end, bottom } = area;
    let mut title = counted(panel.rows.len(), panel.panes.len());
    if panel.rows.len() > MOST_DOTS || panel.panes.len() > MOST_BARS {
        title.push_str("; what would cover one another is drawn once");
    }
    svg.text(
        (left, top - 8.0),
        Anchor::Start,
        &[("font-size", &14), ("font-weight", &"bold"), ("fill", &panel.colour)],
        &panel.name,
    );
    svg.text((right, top - 8.0), Anchor::End, &[("font-size", &12), ("fill", &FAINT)], &title);
    for tick in x.ticks(MOST_TICKS) {
        svg.line((tick.pixel, top), (tick.pixel, bottom + 4.0), &[("stroke", &"#dee2e6")]);
        svg.text(
            (tick.pixel, bottom + 17.0),
            Anchor::Middle,
            &[("font-size", &SMALL), ("fill", &FAINT)],
            &tick.label,
        );
    }
    for tick in y.ticks(((bottom - end) / 34.0) as usize) {
        svg.line((left - 4.0, tick.pixel), (right, tick.pixel), &[("stroke", &"#dee2e6")]);
        svg.text(
            (left - 8.0, tick.pixel + 4.0),
            Anchor::End,
            &[("font-size", &SMALL), ("fill", &FAINT)],
            &tick.label,
        );
    }
    svg.line((left, end), (right, end), &[("stroke", &FAINT), ("stroke-dasharray", &"5 4")]);
    svg.text(
        (left - 8.0, (top + end) / 2.0 + 4.0),
        Anchor::End,
        &[("font-size", &SMALL), ("fill", &INK)],
        "the end",
    );
    svg.shape(
        "rect",
        &[
            ("x", &left),
            ("y", &top),
            ("width", &(right - left)),
            ("height", &(bottom - top)),
            ("fill", &"none"),
            ("stroke", &"#adb5bd"),
        ],
    );
}

/// The windows behind everything: two shades in turn, the darker where they overlap.
fn bands(svg: &mut Svg, panel: &Panel<'_>, x: &Axis, area: Area) {
    let mut windows: Vec<(Timestamp, Timestamp)> = Vec::new();
    for left in &panel.panes {
        if let Window::Interval { start, end } = left.pane.window {
            windows.push((start, end));
        }
    }
    windows.sort();
    windows.dedup();
    let mut drawn: Vec<(f64, f64)> = Vec::new();
    let mut seen = HashSet::new();
    for (start, end) in windows {
        let (from, to) = (x.pixel(start), x.pixel(end));
        if seen.insert((from as i64, to as i64)) {
            drawn.push((from, to));
        }
    }
    if drawn.len() > MOST_BANDS {
        return;
    }
    let mut edges = HashSet::new();
    for (place, (from, to)) in drawn.into_iter().enumerate() {
        svg.shape(
            "rect",
            &[
                ("x", &Px(from)),
                ("y", &Px(area.top)),
                ("width", &Px(to - from)),
                ("height", &Px(area.bottom - area.top)),
                ("fill", &panel.colour),
                ("fill-opacity", &BAND_OPACITIES[place % 2]),
            ],
        );
        for edge in [from, to].into_iter().filter(|edge| edges.insert(*edge as i64)) {
            let dots: [(&str, &dyn Display); 3] =
                [("stroke", &panel.colour), ("stroke-opacity", &0.4), ("stroke-dasharray", &"2 3")];
            svg.line((edge, area.top), (edge, area.bottom), &dots);
        }
    }
}

/// A step to the right for each advance, and the side from which nothing is expected shaded.
fn watermark(svg: &mut Svg, shared: &Shared<'_>, y: &Axis, area: Area) {
    let x = &shared.x;
    let mut at = (area.left, area.bottom);
    let mut path = format!("M{:.1} {:.1}", at.0, at.1);
    for clocks in shared.plot.clocks {
        let next = (x.pixel(clocks.watermark), y.pixel(clocks.processing_time));
        if next.0 - at.0 >= 0.3 {
            path.push_str(&format!(" V{:.1} H{:.1}", next.1, next.0));
            at = next;
        }
    }
    path.push_str(&format!(" V{:.1} H{:.1}", area.end, area.right));
    let shade = format!("{path} V{:.1} H{:.1} Z", area.top, area.left);
    svg.shape("path", &[("d", &shade), ("fill", &SHADE), ("fill-opacity", &0.13)]);
    svg.shape(
        "path",
        &[
            ("d", &path),
            ("fill", &"none"),
            ("stroke", &WATERMARK),
            ("stroke-width", &2),
            ("stroke-linejoin", &"round"),
        ],
    );
}

/// `1 element, 2 panes`.
pub(super) fn counted(elements: usize, panes: usize) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!("{}, {}", count(elements, "element"), count(panes, "pane"))
}
