//! The erased work of a stateful DoFn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watershed_model::{
    AnyBundle, BoxError, Bundle, DropReason, Due, Element, KernelOutput, Key, KeyWindow, PaneInfo,
    SavedState, StatefulKernel, StatefulKernelContext, TimeDomain, TimerBook, Timestamp, Window,
    WindowSet, fault,
};

use super::{
    FiredTimer, StateContext, StateSpec, StatefulDoFn, columns::Columns, context::From, keys::Keys,
    rows::Rows,
};
use crate::{
    BundleContext, Outputs, combine::bytes_of, do_fn::one_window_each, kernel::left_over,
    views::Looks,
};

/// Calls of one bundle, at most: what is due may go on for ever, where timers set each other.
const MOST_CALLS: usize = 4096;

/// An element that waits for its place in the order of times.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound(serialize = "V: Element", deserialize = "V: Element"))]
pub(super) struct Waiting<V> {
    pub(super) value: V,
    pub(super) pane: PaneInfo,
}

/// Elements of a key and window that wait, by their times.
pub(super) type Sorted<V> = BTreeMap<Timestamp, Vec<Waiting<V>>>;

/// A stateful DoFn, and what it keeps.
pub(super) struct Work<K, V, D: StatefulDoFn<K, V>> {
    pub(super) do_fn: D,
    pub(super) cells: D::Cells,
    pub(super) spec: StateSpec,
    pub(super) keys: Keys<K>,
    pub(super) columns: Columns,
    /// By [`KeyWindow`], where input is sorted.
    pub(super) sorted: Vec<Sorted<V>>,
    pub(super) waiting: u64,
    /// Keys and windows with which there may be nothing kept any more.
    perhaps_empty: Vec<KeyWindow>,
    looks: Looks,
}

impl<K: Key, V: Element, D: StatefulDoFn<K, V>> Work<K, V, D> {
    pub(super) fn new(do_fn: D) -> Self {
        let mut spec = StateSpec::default();
        let cells = do_fn.declare(&mut spec);
        let columns = Columns::new(spec.cells.iter().map(|cell| (cell.column)()).collect());
        let keys = Keys::new();
        let looks = Looks::new(do_fn.side_inputs().ids());
        let (sorted, perhaps_empty) = (Vec::new(), Vec::new());
        Work { do_fn, cells, spec, keys, columns, sorted, waiting: 0, perhaps_empty, looks }
    }

    /// Where this key and window is kept; it begins if it is new.
    #[inline]
    pub(super) fn place(&mut self, key: K, window: u32, book: &mut dyn TimerBook) -> KeyWindow {
        let (at, is_new) = self.keys.find(key, window);
        if is_new {
            book.open(at, self.keys.get(at).1);
            self.perhaps_empty.push(at);
        }
        at
    }

    /// Forgets the keys and windows with which there is nothing kept: no cell, timer or waiting element. A DoFn
    /// that is called when windows expire is so for each key that ever came.
    fn forget_empty(&mut self, book: &mut dyn TimerBook) {
        let mut perhaps = std::mem::take(&mut self.perhaps_empty);
        for at in perhaps.drain(..) {
            let may_go = !self.spec.expires;
            if may_go && book.is_idle(at) && self.columns.are_empty(at) {
                self.forget(at, book);
            }
        }
        self.perhaps_empty = perhaps;
    }

    /// Whether anybody asks when the last element came.
    fn asks_for_latest(&self) -> bool {
        !self.spec.timers.is_empty() || self.spec.time_to_live.is_some()
    }

    /// Puts elements aside until it is their turn.
    fn set_aside(
        &mut self,
        bundle: Bundle<(K, V)>,
        book: &mut dyn TimerBook,
        out: &mut KernelOutput,
    ) {
        let Bundle { values, metadata } = bundle;
        for (place, (key, value)) in values.into_iter().enumerate() {
            let Some(window) = metadata.windows.get(place).as_slice().first() else { continue };
            let window = self.keys.window(window);
            let at = self.place(key, window, book);
            let timestamp = metadata.timestamps.get(place);
            if book.is_too_late(at, timestamp) {
                out.dropped(DropReason::Late, 1);
                continue;
            }
            if self.sorted.len() <= at.0 as usize {
                self.sorted.resize_with(at.0 as usize + 1, BTreeMap::new);
            }
            let sorted = &mut self.sorted[at.0 as usize];
            let pane = *metadata.panes.get(place);
            sorted.entry(timestamp).or_default().push(Waiting { value, pane });
            self.waiting += 1;
            let first = sorted.first_key_value().map(|(first, _)| *first);
            book.wait_for(at, first);
            book.came(at, timestamp);
        }
    }

    /// A call without a bundle of input: its outputs carry what the row says.
    fn call(
        &mut self,
        bundle: &mut Calls<D::Outputs>,
        at: KeyWindow,
        timestamp: Timestamp,
        what: What<'_, V>,
        cx: &StatefulKernelContext<'_>,
        book: &mut dyn TimerBook,
    ) -> Result<(), BoxError> {
        let (key, window) = self.keys.get(at);
        let (pane, from) = match &what {
            What::Element(waiting) => (waiting.pane, From::Element),
            What::Timer(FiredTimer { timer: Some(timer), .. }) => {
                let by_watermark = timer.domain == TimeDomain::EventTime;
                (PaneInfo::UNGROUPED, From::Timer(by_watermark.then_some(timer.time)))
            }
            What::Timer(_) => (PaneInfo::UNGROUPED, From::Expiration),
        };
        let row = bundle.rows.add(timestamp, window, pane);
        D::Outputs::begin(&mut bundle.emitters, Some(row));
        let skew = self.do_fn.allowed_timestamp_skew();
        let (columns, options) = (&mut self.columns, cx.options);
        let views = self.looks.at(window, cx.views)?;
        let mut cx = StateContext {
            key,
            at,
            window,
            timestamp,
            pane,
            from,
            skew,
            views,
            options,
            columns,
            book,
        };
        match what {
            What::Element(Waiting { value, .. }) => {
                self.do_fn.process(value, &self.cells, &mut cx, &mut bundle.emitters)
            }
            What::Timer(fired) => {
                self.do_fn.on_timer(&fired, &self.cells, &mut cx, &mut bundle.emitters)
            }
        }
    }

    /// Calls the author for one thing that is due.
    fn handle(
        &mut self,
        due: Due,
        bundle: &mut Calls<D::Outputs>,
        cx: &StatefulKernelContext<'_>,
        book: &mut dyn TimerBook,
    ) -> Result<(), BoxError> {
        match due {
            Due::Timer { at, timer, is_at_end } => {
                let fired = FiredTimer { timer: Some(&timer), is_at_end };
                self.call(bundle, at, timer.output, What::Timer(fired), cx, book)
            }
            Due::Elements { at, until } => {
                let sorted = &mut self.sorted[at.0 as usize];
                let later = sorted.split_off(&(until + watershed_model::micros(1)));
                let due = std::mem::replace(sorted, later);
                let next = self.sorted[at.0 as usize].first_key_value().map(|(first, _)| *first);
                book.wait_for(at, next);
                for (timestamp, mut elements) in due {
                    // All of one time are here, since what comes later than this is late.
                    if elements.len() > 1 && !fault!("equal-times-go-by-arrival") {
                        elements.sort_by_cached_key(|waiting| bytes_of(&waiting.value));
                    }
                    for waiting in elements {
                        self.waiting -= 1;
                        self.call(bundle, at, timestamp, What::Element(waiting), cx, book)?;
                    }
                }
                Ok(())
            }
            Due::Expiration { at, output } => {
                let fired = FiredTimer { timer: None, is_at_end: false };
                self.call(bundle, at, output, What::Timer(fired), cx, book)?;
                self.forget(at, book);
                Ok(())
            }
        }
    }

    /// A key and window is gone.
    fn forget(&mut self, at: KeyWindow, book: &mut dyn TimerBook) {
        if fault!("state-outlives-its-window") {
            return book.close(at);
        }
        self.columns.clear(at);
        self.keys.release(at);
        book.close(at);
    }
}

/// What is handled in a call.
enum What<'a, V> {
    Element(Waiting<V>),
    Timer(FiredTimer<'a>),
}

/// A bundle of calls.
struct Calls<O: Outputs> {
    rows: Rows,
    emitters: O::Emitters,
    calls: usize,
}

impl<K: Key, V: Element, D: StatefulDoFn<K, V>> StatefulKernel for Work<K, V, D> {
    fn setup(&mut self) -> Result<(), BoxError> {
        self.do_fn.setup()
    }

    fn process(
        &mut self,
        input: AnyBundle,
        cx: &StatefulKernelContext<'_>,
        book: &mut dyn TimerBook,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let bundle = one_window_each(input.downcast::<(K, V)>());
        if self.spec.sorts_input && !fault!("input-is-not-sorted") {
            self.set_aside(bundle, book, out);
            self.forget_empty(book);
            return Ok(None);
        }
        let Bundle { mut values, metadata } = bundle;
        let (asks, skew) = (self.asks_for_latest(), self.do_fn.allowed_timestamp_skew());
        let mut emitters = D::Outputs::open(out, !metadata.is_uniform());
        self.looks.begin();
        self.do_fn.start_bundle(&BundleContext::new(cx.options))?;
        // Each distinct window is looked up once.
        let mut windows: Vec<Option<u32>> = vec![None; metadata.windows.table().len()];
        let mut unread = values.drain(..);
        let mut done = 0;
        for (key, value) in unread.by_ref() {
            D::Outputs::begin(&mut emitters, Some(done));
            let set = metadata.windows.index().get(done) as usize;
            let window = match windows[set] {
                Some(window) => window,
                None => {
                    let window = self.keys.window(only(&metadata.windows.table()[set]));
                    *windows[set].insert(window)
                }
            };
            let at = self.place(key, window, book);
            let timestamp = metadata.timestamps.get(done);
            if asks {
                book.came(at, timestamp);
            }
            let (key, window) = self.keys.get(at);
            let (pane, from) = (*metadata.panes.get(done), From::Element);
            let (columns, options) = (&mut self.columns, cx.options);
            let views = self.looks.at(window, cx.views)?;
            let mut cx = StateContext {
                key,
                at,
                window,
                timestamp,
                pane,
                from,
                skew,
                views,
                options,
                columns,
                book,
            };
            self.do_fn.process(value, &self.cells, &mut cx, &mut emitters)?;
            if std::mem::take(&mut self.columns.may_be_empty) {
                self.perhaps_empty.push(at);
            }
            done += 1;
            if out.is_full(D::Outputs::len(&emitters)) {
                break;
            }
        }
        D::Outputs::begin(&mut emitters, None);
        self.do_fn.finish_bundle(&BundleContext::new(cx.options), &mut emitters)?;
        D::Outputs::close(emitters, &metadata, skew, out)?;
        // Only now: elements of one bundle know their windows by number.
        self.forget_empty(book);
        let rest = unread.collect();
        Ok(left_over(rest, values, metadata, done))
    }

    fn fire(
        &mut self,
        cx: &StatefulKernelContext<'_>,
        book: &mut dyn TimerBook,
        out: &mut KernelOutput,
    ) -> Result<bool, BoxError> {
        self.looks.begin();
        let mut bundle: Option<Calls<D::Outputs>> = None;
        let mut is_done = true;
        while let Some(due) = book.next() {
            if let Due::Expiration { at, .. } = due
                && !self.spec.expires
            {
                self.forget(at, book);
                continue;
            }
            if bundle.is_none() {
                self.do_fn.start_bundle(&BundleContext::new(cx.options))?;
            }
            let bundle = bundle.get_or_insert_with(|| Calls {
                rows: Rows::default(),
                emitters: D::Outputs::open(out, true),
                calls: 0,
            });
            self.perhaps_empty.push(due.at());
            self.handle(due, bundle, cx, book)?;
            bundle.calls += 1;
            if out.is_full(D::Outputs::len(&bundle.emitters)) || bundle.calls >= MOST_CALLS {
                is_done = false;
                break;
            }
        }
        if let Some(Calls { rows, mut emitters, .. }) = bundle {
            D::Outputs::begin(&mut emitters, None);
            self.do_fn.finish_bundle(&BundleContext::new(cx.options), &mut emitters)?;
            let skew = self.do_fn.allowed_timestamp_skew();
            D::Outputs::close(emitters, &rows.metadata(), skew, out)?;
        }
        self.forget_empty(book);
        Ok(is_done)
    }

    fn save(&self, book: &dyn TimerBook) -> Result<Vec<SavedState>, BoxError> {
        self.saved(book)
    }

    fn load(&mut self, saved: Vec<SavedState>, book: &mut dyn TimerBook) -> Result<(), BoxError> {
        saved.into_iter().try_for_each(|saved| self.restore(saved, book))
    }

    fn waiting(&self) -> u64 {
        self.waiting
    }

    fn teardown(&mut self) -> Result<(), BoxError> {
        self.do_fn.teardown()
    }
}

/// The one window of an element that was taken apart by windows.
fn only(set: &WindowSet) -> &Window {
    set.as_slice().first().unwrap_or(&Window::Global)
}
