//! Deliberate faults, by which the conformance suite shows that its tests bite.
//!
//! A fault is one line in the engine, `if fault!("name") { … }`. Without the feature `faults` the
//! condition is the constant `false`; with it, one fault can be chosen for the process.

use std::sync::OnceLock;

static CHOSEN: OnceLock<String> = OnceLock::new();

/// Chooses the fault that this process commits, once. Returns whether faults are compiled in and
/// none was chosen before.
pub fn choose_fault(name: &str) -> bool {
    cfg!(feature = "faults") && CHOSEN.set(name.to_owned()).is_ok()
}

/// Whether `name` is the chosen fault. Use [`fault!`](crate::fault!), which costs nothing without
/// the feature.
#[inline]
pub fn fault_is_chosen(name: &str) -> bool {
    cfg!(feature = "faults") && CHOSEN.get().is_some_and(|chosen| chosen == name)
}

/// Whether this process was told to commit the named fault; `false` in every ordinary build.
#[macro_export]
macro_rules! fault {
    ($name:literal) => {
        $crate::fault_is_chosen($name)
    };
}
