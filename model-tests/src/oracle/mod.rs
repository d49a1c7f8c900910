//! What a grouping in event time means, worked out the slow way from the definitions: an oracle.
//!
//! A [`Transcript`] is what happens to one grouping, as data: rules (windows, trigger, mode, lateness
//! and the rest) and events (bundles, steps of the watermark and of processing time). [`evaluate`]
//! says which panes each event gives, and what is dropped. It shares no code with any runner and
//! keeps plain lists: each window's elements and the panes it put out. What a pane says of itself is
//! read from those lists each time. Only triggers keep a state, the one that their definition names:
//! a count, a deadline, a mark that they are finished.
//!
//! ```text
//!   windows       which windows a time is in, when they end and expire, how sessions merge
//!   rules         how a grouping goes; what it makes of its values
//!   transcript    rules and events; panes and what was dropped
//!   trigger       when a trigger is ready, and what becomes of it ┐
//!   holding       one key and window: its elements, its panes      ├▶ grouping: all of them, event by event
//!   evaluate      a transcript through a grouping
//!   text          how all of it prints, for reading
//!   generate      transcripts by seed        ┐
//!   some_trigger  triggers, likewise         ┘
//!   shrink        the small transcript inside a large one that fails
//! ```
//!
//! ```
//! use model_tests::oracle::{Element, Event, Rules, Transcript, Windowing, evaluate};
//! use watershed::model::{Duration, Timestamp, Trigger, seconds};
//!
//! let windowing = Windowing::Fixed { size: seconds(10), offset: Duration::ZERO };
//! let rules = Rules::new(windowing, Trigger::Default);
//! let element = Element { key: "a".into(), value: 7, at: Timestamp::from_seconds(3) };
//! let outcome = evaluate(&Transcript { rules, events: vec![Event::Elements(vec![element])] });
//! let panes: Vec<String> = outcome.all_panes().map(ToString::to_string).collect();
//! assert_eq!(panes, ["a [0s,10s) on_time 0/0 first last @end = [7]"]);
//! ```
//!
//! To compare with an engine: [`generate`] a transcript, [`evaluate`] it, and play its events through
//! the engine, each as a step of its own. On a difference [`shrink`] it; its text is for reading, its
//! JSON ([`Transcript::to_json`]) for playing it again.

mod evaluate;
mod generate;
mod grouping;
mod holding;
mod rules;
mod shrink;
mod some_trigger;
mod text;
mod transcript;
mod trigger;
mod windows;

pub use evaluate::evaluate;
pub use generate::generate;
pub(crate) use grouping::{Arrival, Grouping};
pub use rules::{Combine, Rules, Value};
pub(crate) use shrink::plainer;
pub use shrink::shrink;
pub use some_trigger::{is_safe, is_sound};
pub(crate) use some_trigger::{never_finishes, some_trigger};
pub use text::{heading, story};
pub use transcript::{Dropped, Drops, Element, Event, Outcome, Pane, Reason, Transcript};
pub(crate) use trigger::heir;
pub(crate) use windows::covers;
pub use windows::{Windowing, end, expiry};
