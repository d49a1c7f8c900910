//! What the marks of the picture mean.

use watershed::model::PaneTiming;

use super::{
    INK, KEY_COLOURS, Plot,
    dot::{self, Fate},
    panel,
    svg::{Anchor, Svg, width},
    timing_colour,
};

#[derive(Clone, Copy)]
enum Mark {
    Dot(Fate),
    Watermark,
    Window,
    Pane(PaneTiming),
    Retraction,
}

/// Draws the legend from a corner to the right, in as many lines as it takes; returns its last one.
pub(super) fn draw(svg: &mut Svg, plot: &Plot<'_>, (left, top): (f64, f64), right: f64) -> f64 {
    let mut marks = vec![
        (Mark::Dot(Fate::InTime), "element and its value, coloured by key"),
        (Mark::Dot(Fate::Behind), "came behind the watermark"),
        (Mark::Dot(Fate::Dropped), "dropped"),
        (Mark::Watermark, "watermark: no more is expected from the shaded side"),
        (Mark::Window, "windows"),
        (Mark::Pane(PaneTiming::Early), "early pane"),
        (Mark::Pane(PaneTiming::OnTime), "on-time pane"),
        (Mark::Pane(PaneTiming::Late), "late pane"),
    ];
    if plot.panes.iter().any(|left| left.pane.retraction) {
        marks.push((Mark::Retraction, "retraction"));
    }
    let (mut x, mut y) = (left, top);
    for (mark, text) in marks {
        let room = 30.0 + width(text, 12.0) + 18.0;
        if x + room > right && x > left {
            (x, y) = (left, y + 22.0);
        }
        draw_mark(svg, mark, (x, y));
        svg.text((x + 30.0, y + 4.0), Anchor::Start, &[("font-size", &12), ("fill", &INK)], text);
        x += room;
    }
    y
}

fn draw_mark(svg: &mut Svg, mark: Mark, (x, y): (f64, f64)) {
    match mark {
        Mark::Dot(fate) => dot::draw(svg, fate, (x + 12.0, y), 5.0, KEY_COLOURS[0], ""),
        Mark::Watermark => {
            let steps = format!("M{x} {} h12 v-8 h12", y + 4.0);
            let shade = format!("M{x} {} h12 v-8 h12 v-4 h-24 z", y + 4.0);
            svg.shape("path", &[("d", &shade), ("fill", &panel::SHADE), ("fill-opacity", &0.25)]);
            svg.shape(
                "path",
                &[
                    ("d", &steps),
                    ("fill", &"none"),
                    ("stroke", &panel::WATERMARK),
                    ("stroke-width", &2),
                ],
            );
        }
        Mark::Window => {
            for (n, opacity) in panel::BAND_OPACITIES.into_iter().enumerate() {
                svg.shape(
                    "rect",
                    &[
                        ("x", &(x + 12.0 * n as f64)),
                        ("y", &(y - 7.0)),
                        ("width", &12),
                        ("height", &14),
                        ("fill", &KEY_COLOURS[0]),
                        ("fill-opacity", &(2.0 * opacity)),
                    ],
                );
            }
        }
        Mark::Pane(timing) => svg.shape(
            "rect",
            &[
                ("x", &x),
                ("y", &(y - 6.0)),
                ("width", &24),
                ("height", &12),
                ("rx", &2),
                ("fill", &timing_colour(timing)),
            ],
        ),
        Mark::Retraction => svg.shape(
            "rect",
            &[
                ("x", &x),
                ("y", &(y - 6.0)),
                ("width", &24),
                ("height", &12),
                ("rx", &2),
                ("fill", &"#ffffff"),
                ("stroke", &INK),
                ("stroke-dasharray", &"3 2"),
            ],
        ),
    }
}
