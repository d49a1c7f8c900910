//! Where a step puts its elements, and how they get their metadata.

use watershed_model::{
    BoxError, Bundle, Dictionary, Element, Metadata, PaneInfo, Sign, Timestamp, Window, WindowSet,
    fault, keep_spare, spare_vec,
};

/// Takes the elements of one output. What is put out carries timestamp, windows, pane and sign of
/// the element that it was made from, unless told otherwise.
#[derive(Debug)]
pub struct Emitter<O> {
    wanted: bool,
    values: Vec<O>,
    /// For each value the input element it was made from; left out where all carry the same.
    origins: Option<Vec<u32>>,
    /// The input element at hand, or `None` in `finish_bundle`.
    current: Option<u32>,
    stamps: Vec<Stamp>,
    error: Option<&'static str>,
}

/// An explicit time, and outside of any element also an explicit window.
#[derive(Debug)]
struct Stamp {
    place: usize,
    timestamp: Timestamp,
    made_from: Option<u32>,
    window: Option<Window>,
}

impl<O> Emitter<O> {
    pub(crate) fn new(wanted: bool, tracked: bool) -> Self {
        Emitter {
            wanted,
            values: Vec::new(),
            origins: tracked.then(Vec::new),
            current: None,
            stamps: Vec::new(),
            error: None,
        }
    }

    /// Makes room for so many elements, before there is one.
    pub(crate) fn expect(&mut self, elements: usize)
    where
        O: 'static,
    {
        if self.wanted {
            self.values = spare_vec(elements);
            self.origins = self.origins.take().map(|_| spare_vec(elements));
        }
    }

    /// Puts out an element. In `finish_bundle`, where there is no element to take time and window
    /// from, it is an error: use [`emit_in`](Self::emit_in) there.
    #[inline]
    pub fn emit(&mut self, value: O) {
        if !self.wanted || (self.values.len() == 5 && fault!("emitter-loses-an-output")) {
            return;
        }
        let Some(current) = self.current else {
            self.error = Some(
                "emit was called outside of any element: in finish_bundle give time and window with emit_in(value, timestamp, window)",
            );
            return;
        };
        self.values.push(value);
        if let Some(origins) = &mut self.origins {
            origins.push(current);
        }
    }

    /// Puts out an element with a time of its own, which must not be earlier than that of the element
    /// it is made from by more than the DoFn's allowed skew.
    pub fn emit_at(&mut self, value: O, timestamp: Timestamp) {
        self.stamp(value, timestamp, None);
    }

    /// Puts out an element with a time and a window of its own.
    pub fn emit_in(&mut self, value: O, timestamp: Timestamp, window: impl Into<Window>) {
        self.stamp(value, timestamp, Some(window.into()));
    }

    fn stamp(&mut self, value: O, timestamp: Timestamp, window: Option<Window>) {
        if self.current.is_none() && window.is_none() {
            self.error = Some(
                "emit_at was called outside of any element: in finish_bundle give the window too, with emit_in(value, timestamp, window)",
            );
            return;
        }
        if !self.wanted {
            return;
        }
        let place = self.values.len();
        self.stamps.push(Stamp { place, timestamp, made_from: self.current, window });
        self.values.push(value);
        if let Some(origins) = &mut self.origins {
            origins.push(self.current.unwrap_or(0));
        }
    }

    /// How many elements were put out in this bundle.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    #[inline]
    pub(crate) fn begin(&mut self, element: usize) {
        self.current = Some(element as u32);
    }

    pub(crate) fn end_of_elements(&mut self) {
        self.current = None;
    }
}

impl<O: Element> Emitter<O> {
    /// As [`into_bundle_within`](Self::into_bundle_within), without skew.
    pub(crate) fn into_bundle(self, input: &Metadata) -> Result<Bundle<O>, BoxError> {
        self.into_bundle_within(input, watershed_model::Duration::ZERO)
    }

    /// The bundle of what was put out, given what the input's elements carried.
    pub(crate) fn into_bundle_within(
        self,
        input: &Metadata,
        allowed_skew: watershed_model::Duration,
    ) -> Result<Bundle<O>, BoxError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let mut metadata = match &self.origins {
            _ if self.values.is_empty() => Metadata::at(Timestamp::MIN),
            Some(origins) => input.gather(origins),
            None => input.clone(),
        };
        self.origins.into_iter().for_each(keep_spare);
        let len = self.values.len();
        for stamp in self.stamps {
            if stamp.timestamp > Timestamp::END_OF_GLOBAL_WINDOW && !fault!("illegal-times-pass") {
                return Err(format!(
                    "an element was put out at {}, which lies behind the last legal time {}",
                    stamp.timestamp,
                    Timestamp::END_OF_GLOBAL_WINDOW
                )
                .into());
            }
            if let Some(made_from) = stamp.made_from {
                let earliest = input.timestamps.get(made_from as usize) - allowed_skew;
                if stamp.timestamp < earliest && !fault!("skew-is-not-checked") {
                    return Err(format!(
                        "an element was put out at {}, earlier than {earliest}, the time of the element it \
                         was made from less the allowed skew of {allowed_skew}: what comes later \
                         would see it late; keep the time, or allow the skew in the DoFn",
                        stamp.timestamp
                    )
                    .into());
                }
            } else {
                set(&mut metadata.panes, len, stamp.place, &PaneInfo::UNGROUPED);
                set_column(&mut metadata.signs, len, stamp.place, Sign::Insertion);
            }
            if !fault!("explicit-times-are-ignored") {
                set_column(&mut metadata.timestamps, len, stamp.place, stamp.timestamp);
            }
            if let Some(window) = stamp.window.filter(|_| !fault!("explicit-windows-are-ignored")) {
                set(&mut metadata.windows, len, stamp.place, &WindowSet::One(window));
            }
        }
        Ok(Bundle::new(self.values, metadata))
    }
}

/// How many elements the last bundle of a step gave of how many: as many are expected of the next, or fewer
/// if it is smaller.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Yield {
    taken: usize,
    given: usize,
}

/// Of each output; those that a step has not got expect nothing.
pub(crate) type Yields = [Yield; 4];

impl Yield {
    pub(crate) fn of(taken: usize, given: usize) -> Self {
        Yield { taken, given }
    }

    /// How many are expected of so many.
    pub(crate) fn expected(self, elements: usize) -> usize {
        let given = self.given as u64 * elements.min(self.taken) as u64;
        given.div_ceil(self.taken.max(1) as u64) as usize
    }
}

fn set_column<C: Copy + PartialEq + 'static>(
    column: &mut watershed_model::Column<C>,
    len: usize,
    place: usize,
    value: C,
) {
    if column.is_uniform() && column.get(0) == value {
        return;
    }
    column.make_each(len)[place] = value;
}

fn set<C: Clone + PartialEq>(column: &mut Dictionary<C>, len: usize, place: usize, value: &C) {
    if column.is_uniform() && column.get(0) == value {
        return;
    }
    column.set(len, place, value);
}
