//! An element on the picture.

use std::collections::HashSet;

use super::{
    axis::Axis,
    bar::Bar,
    panel::{Panel, Shared},
    place::{Place, Room},
    svg::{Px, SMALL, Svg, shorten, width},
};

/// With more elements than this, those that would cover one another are drawn once.
pub(super) const MOST_DOTS: usize = 1_000;

/// What became of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    InTime,
    Behind,
    Dropped,
}

/// An element with its place.
pub(super) struct Dot {
    pub(super) at: (f64, f64),
    pub(super) fate: Fate,
    value: i64,
    pub(super) tip: String,
}

/// The elements of a panel in the order in which they came.
pub(super) fn of(shared: &Shared<'_>, panel: &Panel<'_>, y: &Axis) -> Vec<Dot> {
    let plot = shared.plot;
    let dropped: HashSet<usize> = plot.dropped.iter().copied().collect();
    let mut drawn = HashSet::new();
    let mut dots = Vec::new();
    for &place in &panel.rows {
        let (Some(row), Some(clocks)) = (plot.rows.get(place), plot.clocks.get(place)) else {
            continue;
        };
        let before = place.checked_sub(1).and_then(|place| plot.clocks.get(place));
        let fate = match before {
            _ if dropped.contains(&place) => Fate::Dropped,
            Some(before) if row.event_time < before.watermark => Fate::Behind,
            _ => Fate::InTime,
        };
        let at = (shared.x.pixel(row.event_time), y.pixel(clocks.processing_time));
        let cell = ((at.0 / 3.0) as i64, (at.1 / 3.0) as i64, fate);
        if panel.rows.len() > MOST_DOTS && !drawn.insert(cell) {
            continue;
        }
        let what = match fate {
            Fate::InTime => "",
            Fate::Behind => ", behind the watermark",
            Fate::Dropped => ", dropped",
        };
        let key = shorten(&row.key, 60);
        let (event, arrival) = (row.event_time, row.arrival_time);
        let tip = format!("{key}: {}, at {event}, came {arrival}{what}", row.value);
        dots.push(Dot { at, fate, value: row.value, tip });
    }
    dots
}

/// Draws one element's mark.
pub(super) fn draw(
    svg: &mut Svg,
    fate: Fate,
    (x, y): (f64, f64),
    radius: f64,
    colour: &str,
    tip: &str,
) {
    let (x, y, r) = (Px(x), Px(y), radius);
    match fate {
        Fate::InTime => svg.shape_with_tip(
            "circle",
            &[("cx", &x), ("cy", &y), ("r", &r), ("fill", &colour), ("stroke", &"#ffffff")],
            tip,
        ),
        Fate::Behind => svg.shape_with_tip(
            "circle",
            &[
                ("cx", &x),
                ("cy", &y),
                ("r", &(r - 0.5)),
                ("fill", &"#ffffff"),
                ("stroke", &colour),
                ("stroke-width", &2),
            ],
            tip,
        ),
        Fate::Dropped => {
            let d = format!(
                "M{:.1} {:.1} l{} {} m0 -{} l-{} {}",
                x.0 - r,
                y.0 - r,
                2.0 * r,
                2.0 * r,
                2.0 * r,
                2.0 * r,
                2.0 * r
            );
            svg.shape_with_tip(
                "path",
                &[("d", &d), ("fill", &"none"), ("stroke", &"#000000"), ("stroke-width", &2.5)],
                tip,
            );
        }
    }
}

impl Dot {
    /// Beside the dot, on no bar if there is room, else on one, else not at all.
    pub(super) fn write_value(
        &self,
        svg: &mut Svg,
        room: &mut Room,
        bars: &[Bar<'_>],
        colour: &str,
    ) {
        let text = self.value.to_string();
        let (width, (x, y)) = (width(&text, SMALL), self.at);
        let beside = [
            (x + 7.0, y + 4.0),
            (x - 7.0 - width, y + 4.0),
            (x + 5.0, y - 5.0),
            (x + 5.0, y + 13.0),
            (x - 5.0 - width, y + 13.0),
            (x - 5.0 - width, y - 5.0),
        ]
        .map(|at| Place::text(at, width, SMALL));
        let on_no_bar = |place: &Place| bars.iter().all(|bar| !bar.place.meets(place));
        let place = room.take_first(beside.into_iter().filter(on_no_bar));
        if let Some(place) = place.or_else(|| room.take_first(beside)) {
            svg.text_on_marks(place.baseline(), colour, &text);
        }
    }
}
