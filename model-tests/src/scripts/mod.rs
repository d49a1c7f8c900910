//! Scripts: transcripts whose panes were written by hand from the definitions, pane by pane.
//!
//! Each is set against the oracle, line by line, and is a case that any runner must play: its panes and
//! drops are those of the script itself.
//!
//! ```text
//!   play         a script as text: events, the panes that each gives, what is dropped
//!   panes        which panes there are, what they say of themselves, what is dropped
//!   sessions     windows that merge, with all that hangs on them
//!   timestamps   the event times of panes
//!   triggers     when panes go out, and when no more do
//! ```

mod panes;
mod play;
mod sessions;
mod timestamps;
mod triggers;

pub use play::Play;
pub(crate) use play::events;

use crate::Case;

/// A script by name. Some are plays under several rules.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// The name, which is that of its case too.
    pub name: &'static str,
    /// What is played.
    pub plays: fn() -> Vec<Play>,
}

/// All scripts.
pub fn all() -> Vec<Script> {
    [panes::SCRIPTS, sessions::SCRIPTS, timestamps::SCRIPTS, triggers::SCRIPTS].concat()
}

/// A case for each script.
pub fn cases() -> Vec<Case> {
    [panes::CASES, sessions::CASES, timestamps::CASES, triggers::CASES].concat()
}

/// Registers functions as scripts, and each as a case that shows these behaviours.
macro_rules! scripts {
    ($($function:ident: $($id:literal),+;)*) => {
        pub(super) const SCRIPTS: &[$crate::scripts::Script] = &[$(
            $crate::scripts::Script { name: stringify!($function), plays: $function },
        )*];
        pub(super) const CASES: &[$crate::Case] = &[$(
            $crate::Case {
                name: stringify!($function),
                ids: &[$($id),+],
                run: |bench| $function().iter().for_each(|play| play.check_runner(bench)),
            },
        )*];
    };
}
use scripts;
