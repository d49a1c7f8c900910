//! The trait by which windows are open to authors, and its erased face.

use std::{fmt::Debug, marker::PhantomData};

use watershed_model::{AnyWindowFn, BoundedWindow, BoxError, Timestamp, Window, WindowMerge};

use super::WindowSettings;

/// Puts elements of type `T` into windows. (Beam: `WindowFn`.)
///
/// The `Debug` text is its identity: two functions that print alike are the same, and what is windowed
/// by them can be flattened together. So it must name all parameters.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not window elements of type `{T}`",
    label = "not a WindowFn<{T}>",
    note = "use FixedWindows::of(..), SlidingWindows::of(..), Sessions::with_gap(..), GlobalWindows, or implement WindowFn<{T}> (it needs Clone + Debug + Send + Sync + 'static)"
)]
pub trait WindowFn<T>: Clone + Debug + Send + Sync + 'static {
    /// The windows' type.
    type Window: BoundedWindow;

    /// Puts the windows of an element into `windows`, which is empty. None at all drops the element,
    /// counted.
    fn assign(&self, element: &T, timestamp: Timestamp, windows: &mut Vec<Self::Window>);

    /// The stretch of event time around `timestamp`, first instant and first one behind it, in which
    /// every element gets the same windows, if the windows depend on nothing else: elements that follow
    /// each other are then mostly windowed by a look at their times. Left out it costs only speed.
    fn assigns_alike(&self, timestamp: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let _ = timestamp;
        None
    }

    /// The window in which this instant lies, where windows depend on nothing else; of several the first to
    /// end. It is what lets a collection that is windowed so be a side input: who reads it sees the window in
    /// which its own window ends. `None` if it cannot be told. (Beam: `WindowMappingFn`.)
    fn window_at(&self, at: Timestamp) -> Option<Self::Window> {
        let _ = at;
        None
    }

    /// Whether windows of one key can merge.
    fn is_merging(&self) -> bool {
        false
    }

    /// Which of one key's windows become one: their places in `windows`, and what they become. Called
    /// only if [`is_merging`](Self::is_merging).
    fn merge(&self, windows: &[Self::Window]) -> Vec<(Vec<usize>, Self::Window)> {
        let _ = windows;
        Vec::new()
    }

    /// What is wrong with the parameters and how to mend it; told when the pipeline is built.
    ///
    /// # Errors
    /// The problem and the mend.
    fn check(&self) -> Result<(), (String, String)> {
        Ok(())
    }

    /// Whether this puts everything into the one global window.
    fn is_global(&self) -> bool {
        false
    }

    /// When and how what is in the windows goes out, where that was said with them. See
    /// [`WindowExt`](super::WindowExt).
    fn settings(&self) -> WindowSettings {
        WindowSettings::default()
    }
}

/// What a grouping asks of a window function.
pub(super) struct Erased<F, T> {
    pub(super) window_fn: F,
    pub(super) element: PhantomData<fn(T)>,
}

impl<T: 'static, F: WindowFn<T>> AnyWindowFn for Erased<F, T> {
    fn identity(&self) -> String {
        format!("{:?}", self.window_fn)
    }

    fn is_merging(&self) -> bool {
        self.window_fn.is_merging()
    }

    fn merge(&self, windows: &[Window]) -> Result<Vec<WindowMerge>, BoxError> {
        let typed: Result<Vec<F::Window>, _> = windows.iter().map(F::Window::from_window).collect();
        let merges = self.window_fn.merge(&typed?);
        let erase = |(parts, into): (Vec<usize>, F::Window)| {
            let sound = !parts.is_empty() && parts.iter().all(|part| *part < windows.len());
            if !sound {
                let name = self.identity();
                return Err(format!("{name} merges windows {parts:?} of {}", windows.len()).into());
            }
            Ok(WindowMerge { parts, into: into.to_window()? })
        };
        merges.into_iter().map(erase).collect()
    }

    fn is_global(&self) -> bool {
        self.window_fn.is_global()
    }

    fn window_at(&self, at: Timestamp) -> Result<Option<Window>, BoxError> {
        self.window_fn.window_at(at).map(|window| window.to_window()).transpose()
    }
}
