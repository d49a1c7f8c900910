//! The answer by definition, event by event.

use watershed::model::Timestamp;

use super::{
    Event, Outcome, Transcript,
    grouping::{Arrival, Grouping},
};

/// The panes of each event, and those of the end, when the watermark goes to [`Timestamp::MAX`].
pub fn evaluate(transcript: &Transcript) -> Outcome {
    let mut grouping = Grouping::new(transcript.rules.clone());
    let the_end = Event::Watermark(Timestamp::MAX);
    let panes = transcript.events.iter().chain([&the_end]).map(|event| {
        match event {
            Event::Elements(elements) => {
                let arrivals = elements.iter().map(|element| Arrival {
                    element: element.clone(),
                    windows: transcript.rules.windowing.assign(element.at),
                });
                grouping.arrive(arrivals.collect());
            }
            Event::Watermark(watermark) => grouping.advance(*watermark, Timestamp::MIN),
            Event::Clock(clock) => grouping.advance(Timestamp::MIN, *clock),
            Event::Both { watermark, clock } => grouping.advance(*watermark, *clock),
        }
        grouping.take_panes()
    });
    Outcome { panes: panes.collect(), drops: grouping.drops().clone() }
}
