//! The parts of the window lab: their own tests, at the foot of each.

#[path = "../src/window_lab/arguments.rs"]
mod arguments;
#[path = "../src/window_lab/output.rs"]
mod output;
#[path = "../src/window_lab/play.rs"]
mod play;
#[path = "../src/window_lab/plot/mod.rs"]
mod plot;
