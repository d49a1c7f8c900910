//! The latest value by event time.

use watershed_model::{Bundle, Element, Key, Location, ParDo, Primitive, Timestamp, fault};

use crate::{
    Keyed, PCollection,
    combine::{Max, MaxBy},
    kernel::map_bundle,
};

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
            let latest = timed.combined(latest(), None, location);
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
            let latest = timed.folded("Latest", latest(), true, location);
            latest.map(|latest| latest.map(|(_, value)| value))
        })
    }
}

/// How two values with their times compare.
type Comparison<V> = fn(&(Timestamp, V), &(Timestamp, V)) -> std::cmp::Ordering;

/// What the greatest time comes with. Ties go by the bytes, as in all rankings.
fn latest<V: Element>() -> MaxBy<Comparison<V>> {
    let by_time: Comparison<V> = |a, b| match fault!("latest-is-earliest") {
        true => b.0.cmp(&a.0),
        false => a.0.cmp(&b.0),
    };
    Max::by(by_time)
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
