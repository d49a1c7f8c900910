//! The latest value by event time.

use std::cmp::Ordering;

use watershed_model::{Bundle, Element, Key, Location, ParDo, Primitive, Timestamp, fault};

use crate::{Keyed, PCollection, combine::Max, kernel::map_bundle};

impl<T: Element> PCollection<T> {
    /// The latest value of each key and window: the one with the greatest event time, and of several with one
    /// time the one with the least bytes. (Beam: `Latest.perKey`.)
    #[track_caller]
    pub fn latest_per_key<K: Key, V: Element>(&self) -> PCollection<(K, V)>
    where
        T: Keyed<K, V>,
    {
        let (pipeline, location) = (self.pipeline(), Location::caller());
        pipeline.scoped("LatestPerKey", location, || {
            let times = Primitive::ParDo(with_times(|(key, value): (K, V), at| (key, (at, value))));
            let timed: PCollection<(K, (Timestamp, V))> =
                pipeline.add_step("WithTimes", location, times, self.id());
            // A pane without values, where one is asked for, has no latest.
            let latest = timed.combined(Max::by(by_time::<V>), None, location);
            latest.flat_map(|(key, latest)| latest.map(|(_, value)| (key, value)))
        })
    }

    /// The latest element of each window, as [`latest_per_key`](Self::latest_per_key) takes it; `None` for
    /// none. (Beam: `Latest.globally`.)
    #[track_caller]
    pub fn latest_globally(&self) -> PCollection<Option<T>> {
        let (pipeline, location) = (self.pipeline(), Location::caller());
        pipeline.scoped("LatestGlobally", location, || {
            let times = Primitive::ParDo(with_times(|value: T, at| (at, value)));
            let timed: PCollection<(Timestamp, T)> =
                pipeline.add_step("WithTimes", location, times, self.id());
            let latest = timed.folded("Latest", Max::by(by_time::<T>), true, location);
            latest.map(|latest| latest.map(|(_, value)| value))
        })
    }
}

/// The order of times. Ties go by the bytes, as in all rankings.
fn by_time<V>(a: &(Timestamp, V), b: &(Timestamp, V)) -> Ordering {
    if fault!("latest-is-earliest") { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) }
}

/// What becomes of each element and its event time.
fn with_times<I: Element, O: Element>(
    of: impl Fn(I, Timestamp) -> O + Copy + Send + Sync + 'static,
) -> ParDo {
    map_bundle(move || {
        move |bundle: Bundle<I>| {
            let Bundle { values, metadata } = bundle;
            let timed = values.into_iter().enumerate();
            let timed = timed.map(|(place, value)| of(value, metadata.timestamps.get(place)));
            Ok(Bundle::new(timed.collect(), metadata))
        }
    })
}
