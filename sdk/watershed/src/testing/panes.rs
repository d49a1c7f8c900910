//! What the panes of a grouping came to in the end.

use std::collections::BTreeMap;

use watershed_core::Observed;
use watershed_model::{Sign, Window};

/// Of what a grouping put out, the last pane of each key and window. Where panes accumulate, that is what the
/// key and window came to, however its elements arrived and whenever it fired before.
///
/// ```
/// use watershed::{
///     IntervalWindow, TestStream, model::Window, prelude::*, testing::{TestPipeline, last_panes},
/// };
///
/// let at = Timestamp::from_seconds;
/// let pipeline = TestPipeline::new();
/// let score = |points: i64, second| (("ann".to_string(), points), at(second));
/// let scores = TestStream::new().elements([score(1, 2)]).elements([score(2, 1)]);
/// let scores = pipeline.apply(scores.advance_watermark_to_infinity());
/// let windows = FixedWindows::of(minutes(1)).triggering(Repeatedly::of(AfterCount::of(1)));
/// let sums = scores.window(windows.accumulating()).combine_per_key(Sum).collect();
/// pipeline.run();
/// let minute = Window::from(IntervalWindow::new(at(0), at(60)));
/// assert_eq!(last_panes(sums.observed())[&("ann".to_string(), minute)], 3);
/// ```
pub fn last_panes<K: Ord, V>(
    panes: impl IntoIterator<Item = Observed<(K, V)>>,
) -> BTreeMap<(K, Window), V> {
    let mut last = BTreeMap::<(K, Window), (u64, V)>::new();
    for Observed { value: (key, value), windows, pane, sign, .. } in panes {
        let [window] = windows.as_slice() else { continue };
        if sign == Sign::Retraction {
            continue;
        }
        let place = (key, window.clone());
        match last.get(&place) {
            Some((index, _)) if *index > pane.index => {}
            _ => drop(last.insert(place, (pane.index, value))),
        }
    }
    last.into_iter().map(|(place, (_, value))| (place, value)).collect()
}
