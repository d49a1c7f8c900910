//! Side inputs: collections that are read as a whole, window by window, by those who go through another.
//!
//! ```text
//!   view        a handle on a view, and several of them together
//!   builders    what each kind of view gathers
//!   apply       the methods that make a view of a collection
//!   looks       what views show to the windows of a bundle
//!   folding     combiners that read views
//!   wait_on     a view that shows only that something is complete
//!   with        closures that read views beside their element
//! ```
//! An element sees the window of the view in which its own window ends. It waits until that window has a
//! pane, or is complete without one.

mod apply;
mod builders;
mod folding;
mod looks;
mod view;
mod wait_on;
mod with;

pub use builders::ViewMap;
pub use view::{ReadViews, SideInputs, View, ViewList};

pub(crate) use looks::Looks;
pub(crate) use view::{Shown, attach};
