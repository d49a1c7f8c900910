//! Steps of real pipelines that look at views.

use watershed::{PCollection, View, WindowSettings, prelude::*};

use super::{
    Feed, Fold, SideView,
    apply::{AnyFold, Handle, Held},
    looking::{OF_NOTHING, mixed},
};

/// A collection whose elements look at a view of another.
pub(super) fn looked(view: SideView, main: &Handle, side: &Handle, feed: &Feed) -> Handle {
    match view {
        SideView::List => {
            let list = once(&i64::held(side), feed).as_list();
            with(main, &list, |_, seen| mixed(seen.iter().copied()))
        }
        SideView::Multimap => {
            let multimap = once(&<(i64, i64)>::held(side), feed).as_multimap();
            with(main, &multimap, |key, seen| mixed(seen.get(&key).into_iter().flatten().copied()))
        }
        SideView::Single => {
            let sum = AnyFold { fold: Fold::Sum, fanout: None };
            let sums = once(&i64::held(side), feed).combine_globally_without_defaults(sum);
            with(main, &sums.as_singleton_or(OF_NOTHING), |_, seen| mixed([*seen]))
        }
    }
}

/// The collection, so that each window of a view of it fires once: what a reader sees that looks between
/// two panes is a matter of chance in a real run.
fn once<T: Held>(side: &PCollection<T>, feed: &Feed) -> PCollection<T> {
    if feed.rules.is_none() {
        return side.clone();
    }
    let settings = WindowSettings::new().triggering(Trigger::Default).allowed_lateness(seconds(0));
    side.with_window_settings(settings.discarding())
}

fn with<C: Send + Sync + 'static>(
    main: &Handle,
    view: &View<C>,
    shown: fn(i64, &C) -> i64,
) -> Handle {
    match main {
        Handle::Numbers(numbers) => {
            Handle::Numbers(numbers.map_with(view, move |n, seen: &C| n + shown(n, seen)))
        }
        Handle::Pairs(pairs) => Handle::Pairs(
            pairs.map_with(view, move |(key, n), seen: &C| (key, n + shown(key, seen))),
        ),
        Handle::Lists(_) => panic!("a sound program reads lists beside no view"),
    }
}
