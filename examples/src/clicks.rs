//! Which adverts were clicked soon after they were shown.
//!
//! `cargo run --bin clicks -- --input examples/data/adverts.csv --within 5m`
//!
//! It reads rows `time,what,user,advert`, where `what` is `shown` or `clicked`. A click counts if the same
//! user was shown the same advert no longer than `--within` before. It writes each such click with the time
//! that it took.
//!
//! What it shows: a join that is bounded in time. Each side is kept only as long as something of the other can
//! still match, so it runs without end in little memory, and pairs leave as soon as both are there.

use std::process::ExitCode;

use clap::Parser;
use watershed::{Duration, prelude::*};

mod replay;
mod rows;
use replay::Record;
use rows::Files;

#[derive(Parser)]
#[command(about = "Which adverts were clicked soon after they were shown.")]
struct Arguments {
    #[command(flatten)]
    files: Files,

    /// How long after an advert was shown a click counts.
    #[arg(long, value_name = "SPAN", default_value = "10m")]
    within: Duration,
}

/// Whether the advert was clicked or only shown, who saw which one, and when.
type Event = (bool, (String, String), Timestamp);

fn event((time, what, user, advert): (String, String, String, String)) -> Record<Event> {
    let clicked = match what.as_str() {
        "shown" => false,
        "clicked" => true,
        _ => return Err(format!("`{what}` is neither shown nor clicked").into()),
    };
    let time = time.parse()?;
    Ok(((clicked, (user, advert), time), time))
}

fn main() -> ExitCode {
    let Arguments { files, within } = Arguments::parse();

    let pipeline = Pipeline::new();
    let events = files.read(&pipeline, event);
    let of = |clicked: bool| {
        events.filter(move |event| event.0 == clicked).map(|(_, who, time)| (who, time))
    };
    of(false)
        .interval_join(&of(true), within)
        // The join pairs what is near on both sides; a click comes behind what it clicks.
        .filter(|(_, (shown, clicked))| clicked >= shown)
        .map(|((user, advert), (shown, clicked))| {
            format!("{clicked} {user} clicked {advert} after {}", clicked.since(shown))
        })
        .apply(text::write(files.output).shards(1));
    watershed::exit_code(pipeline.run(&files.pipeline))
}
