//! Stateful DoFns: cells and timers of each key and window.
//!
//! ```text
//!   do_fn       the trait, and what a timer tells it
//!   spec        what a DoFn declares: its cells, its timers
//!   cells       handles on state, by kind: value, bag, set, map, multimap, ordered list, combining
//!   timers      handles on timers
//!   context     what the author's code is told, and through which it reaches its state
//!   columns     the cells of all keys and windows, a typed column for each that was declared
//!   keys        which place belongs to which key and window
//!   rows        what calls without an element put out: their times and windows
//!   kernel      the erased work: a bundle, or what is due
//!   saving      all that is kept, as bytes and back
//!   apply       the method by which an author applies one
//! ```

mod apply;
mod cells;
mod columns;
mod context;
mod do_fn;
mod kernel;
mod keys;
mod rows;
mod saving;
mod spec;
mod timers;

pub use cells::{
    BagState, CombiningState, MapState, MultimapState, OrderedListState, SetState, ValueState,
};
pub use context::StateContext;
pub use do_fn::{FiredTimer, StatefulDoFn, StatefulEmitters};
pub use spec::StateSpec;
pub use timers::{
    DeclaredTimer, EventTimer, EventTimerFamily, ProcessingTimer, ProcessingTimerFamily,
    WindowExpiration,
};
