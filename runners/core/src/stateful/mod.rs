//! Stateful steps: what is kept for each key and window, and when its timers fire.
//!
//! ```text
//!   operator    a step on one worker: drops what is late, runs the author's code, tells holds and deadlines
//!   book        timers, windows that expire, elements that wait for their places: what is due, and when
//!   windows     the windows that keys have, and who has them
//!   look        what it says of itself
//! ```

mod book;
mod look;
mod operator;
mod windows;

pub use operator::StatefulOperator;
