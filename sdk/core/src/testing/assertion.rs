//! What can be asserted of a collection.

use std::{
    fmt::Debug,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use watershed_model::{BoxError, Element, Location, PaneInfo, PaneTiming, Window, fault};

use super::diff::difference;
use crate::{Observed, PCollection};

/// Whether an assertion was checked; one that never was must fail its test.
#[derive(Debug)]
pub struct AssertionState {
    location: Location,
    checked: AtomicBool,
}

impl AssertionState {
    /// The place in the test.
    pub fn location(&self) -> Location {
        self.location
    }

    /// Whether a run has come so far as to check it.
    pub fn was_checked(&self) -> bool {
        self.checked.load(Ordering::SeqCst)
    }
}

#[derive(Clone, Default)]
pub(crate) struct AssertionLog(Arc<Mutex<Vec<Arc<AssertionState>>>>);

impl AssertionLog {
    pub(crate) fn add(&self, assertion: Arc<AssertionState>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(assertion);
    }
    pub(crate) fn all(&self) -> Vec<Arc<AssertionState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Begins an assertion on a collection: `assert_that(&sums).contains_in_any_order([1, 2])`.
pub fn assert_that<T: Element + Debug>(collection: &PCollection<T>) -> Assertion<T> {
    Assertion { collection: collection.clone(), window: None, panes: Panes::All }
}

/// An assertion in the making: it begins to hold with the method that says what there must be.
#[must_use = "nothing is asserted yet: say what the collection holds, .contains_in_any_order(..) say"]
pub struct Assertion<T> {
    collection: PCollection<T>,
    window: Option<Window>,
    panes: Panes,
}

/// Which panes of a window are looked at.
#[derive(Clone, Copy)]
enum Panes {
    All,
    Early,
    OnTime,
    Late,
    Final,
}

impl Panes {
    fn contain(self, pane: &PaneInfo) -> bool {
        match self {
            Panes::All => true,
            Panes::Early => pane.timing == PaneTiming::Early,
            Panes::OnTime => pane.timing == PaneTiming::OnTime,
            Panes::Late => pane.timing == PaneTiming::Late,
            Panes::Final => pane.is_last,
        }
    }
}

impl<T: Element + Debug> Assertion<T> {
    /// Only what is in this window.
    pub fn in_window(self, window: impl Into<Window>) -> Self {
        Assertion { window: Some(window.into()), ..self }
    }

    /// Only what came in panes of this window before its end.
    pub fn in_early_panes(self, window: impl Into<Window>) -> Self {
        Assertion { panes: Panes::Early, ..self.in_window(window) }
    }

    /// Only what came in this window's on-time panes: one of each key.
    pub fn in_on_time_pane(self, window: impl Into<Window>) -> Self {
        Assertion { panes: Panes::OnTime, ..self.in_window(window) }
    }

    /// Only what came in panes of this window after the on-time one.
    pub fn in_late_panes(self, window: impl Into<Window>) -> Self {
        Assertion { panes: Panes::Late, ..self.in_window(window) }
    }

    /// Only what came in this window's last panes, which none can follow: at most one of each key. (What
    /// no grouping made is its own last pane.)
    pub fn in_final_pane(self, window: impl Into<Window>) -> Self {
        Assertion { panes: Panes::Final, ..self.in_window(window) }
    }

    /// Exactly these elements, each as often as given, in any order. Elements are compared by their
    /// encoded bytes, so that NaN equals itself and 0.0 differs from -0.0.
    #[track_caller]
    pub fn contains_in_any_order(self, expected: impl IntoIterator<Item = T>) {
        let expected: Vec<T> = expected.into_iter().collect();
        self.check("contains_in_any_order", move |found| difference(&expected, found));
    }

    /// Nothing at all.
    #[track_caller]
    pub fn is_empty(self) {
        self.check("is_empty", |found| difference(&[], found));
    }

    /// Exactly this one element.
    #[track_caller]
    pub fn is_singleton(self, expected: T) {
        self.check("is_singleton", move |found| difference(std::slice::from_ref(&expected), found));
    }

    /// Whatever the closure checks; it may use `assert!`.
    #[track_caller]
    pub fn satisfies(self, check: impl Fn(&[T]) -> Result<(), BoxError> + Send + Sync + 'static) {
        self.check("satisfies", move |found| check(found));
    }

    #[track_caller]
    fn check(
        self,
        what: &str,
        check: impl Fn(&[T]) -> Result<(), BoxError> + Send + Sync + 'static,
    ) {
        let location = Location::caller();
        let state = Arc::new(AssertionState { location, checked: AtomicBool::new(false) });
        self.collection.pipeline().note_assertion(state.clone());
        let (window, panes) = (self.window, self.panes);
        let description = format!("assert_that(..).{what}(..) at {location}");
        self.collection.observe(&description.clone(), move |observed| {
            state.checked.store(true, Ordering::SeqCst);
            let is_in_window = |observed: &Observed<T>| match &window {
                Some(window) if !fault!("assertions-see-all-windows") => {
                    observed.windows.as_slice().contains(window)
                }
                _ => true,
            };
            let is_inside = |observed: &Observed<T>| {
                is_in_window(observed)
                    && (panes.contain(&observed.pane) || fault!("assertions-see-all-panes"))
            };
            let found: Vec<T> =
                observed.into_iter().filter(is_inside).map(|observed| observed.value).collect();
            check(&found).map_err(|cause| format!("{description} does not hold: {cause}").into())
        });
    }
}
