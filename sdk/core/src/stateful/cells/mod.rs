//! Handles on state, by kind. Each reads and writes the cell of the key and window at hand.

mod bag;
mod combining;
mod map;
mod multimap;
mod ordered_list;
mod set;
mod value;

pub use bag::BagState;
pub use combining::CombiningState;
pub use map::MapState;
pub use multimap::MultimapState;
pub use ordered_list::OrderedListState;
pub use set::SetState;
pub use value::ValueState;

pub(super) use map::Map;
pub(super) use multimap::Multimap;
pub(super) use ordered_list::List;
pub(super) use set::Set;

/// What every handle is: a number, and the types of what it leads to.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident<$($part:ident),+>) => {
        $(#[$doc])*
        pub struct $name<$($part),+> {
            id: u32,
            holds: std::marker::PhantomData<fn() -> ($($part,)+)>,
        }

        impl<$($part),+> $name<$($part),+> {
            pub(in crate::stateful) fn new(id: u32) -> Self {
                $name { id, holds: std::marker::PhantomData }
            }
        }

        impl<$($part),+> Clone for $name<$($part),+> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($part),+> Copy for $name<$($part),+> {}
    };
}
use handle;
