//! Views: what a side input shows to those who read it, window by window.

use std::{any::Any, sync::Arc};

use crate::{AnyBundle, BoxError};

/// What a view holds of one window: typed inside, and shared by all who read it.
pub type ViewContent = Arc<dyn Any + Send + Sync>;

/// Makes what gathers the content of one window.
pub type ViewFactory = Arc<dyn Fn() -> Box<dyn ViewBuilder> + Send + Sync>;

/// Gathers the content of one window, pane by pane.
pub trait ViewBuilder: Send {
    /// Takes in a bundle of panes of this window, in order. A pane replaces what was there if panes
    /// accumulate; otherwise it is added.
    ///
    /// # Errors
    /// When the view cannot hold it, as two values of one key in a map.
    fn add(&mut self, panes: AnyBundle) -> Result<(), BoxError>;

    /// What readers see now.
    ///
    /// # Errors
    /// When there is nothing that they could be shown, as a single value of an empty window.
    fn content(&self) -> Result<ViewContent, BoxError>;
}
