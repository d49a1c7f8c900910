//! An author's code, fenced.
//!
//! A panic in a closure must become an error of the run that names the step. The message and place
//! of a panic are known only to the panic hook, so the first guard of the process puts one before
//! the hook that is there; it is silent inside a guard, since the failure is reported, and calls the
//! former hook for every other panic.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use watershed_model::{BoxError, fault};

/// How an author's code failed.
#[derive(Debug)]
pub enum Failure {
    /// It returned an error.
    Error(BoxError),
    /// It panicked.
    Panic {
        /// What it said.
        message: String,
        /// File, line and column, if known.
        location: Option<String>,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => write!(f, "failed: {error}"),
            Failure::Panic { message, location: Some(at) } => {
                write!(f, "panicked at {at}: {message}")
            }
            Failure::Panic { message, location: None } => write!(f, "panicked: {message}"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Failure::Error(error) => error.source(),
            Failure::Panic { .. } => None,
        }
    }
}

thread_local! {
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs an author's code. What it leaves half done must not be used again.
///
/// # Errors
/// The error it returned, or its panic.
pub fn guard<T>(code: impl FnOnce() -> Result<T, BoxError>) -> Result<T, Failure> {
    HOOK.call_once(|| {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDS.get() == 0 {
                former(info);
            } else {
                PLACE.set(info.location().map(ToString::to_string));
            }
        }));
    });
    GUARDS.set(GUARDS.get() + 1);
    let outcome = panic::catch_unwind(AssertUnwindSafe(code));
    GUARDS.set(GUARDS.get() - 1);
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Error(error)),
        Err(payload) => {
            Err(Failure::Panic { message: message_of(&*payload), location: PLACE.take() })
        }
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if fault!("panics-lose-their-words") {
        return String::new();
    }
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_with_message_and_place() {
        let failure = guard::<()>(|| panic!("boom {}", 7)).unwrap_err();
        let text = failure.to_string();
        assert!(text.starts_with("panicked at ") && text.ends_with(": boom 7"), "{text}");
        assert!(text.contains("guard.rs"), "{text}");
    }

    #[test]
    fn an_error_is_passed_on_and_success_is_untouched() {
        let failure = guard::<()>(|| Err("no such team".into())).unwrap_err();
        assert_eq!(failure.to_string(), "failed: no such team");
        assert_eq!(guard(|| Ok(3)).unwrap(), 3);
    }
}
