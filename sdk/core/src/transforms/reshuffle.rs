//! Elements spread over the workers anew.

use watershed_model::{Element, Location, Primitive};

use crate::PCollection;

impl<T: Element> PCollection<T> {
    /// Spreads the elements over all workers anew and keeps steps apart that a runner would fuse.
    /// Values, timestamps, windows and panes stay. (Beam: `Reshuffle.viaRandomKey`.)
    #[track_caller]
    pub fn reshuffle(&self) -> PCollection<T> {
        self.pipeline().add_step("Reshuffle", Location::caller(), Primitive::Reshuffle, self.id())
    }
}
