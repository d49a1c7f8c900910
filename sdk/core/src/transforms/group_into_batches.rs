//! The values of a key in batches.

use watershed_model::{BinaryCoder, BoxError, Coder, Duration, Element, Key, fault};

use crate::{
    BagState, FiredTimer, One, PCollection, PTransform, ProcessingTimer, StateContext, StateSpec,
    StatefulDoFn, StatefulEmitters, ValueState,
};

/// Gathers the values of each key and window in batches: `(key, values)`. A batch goes out when it is full,
/// when it has waited long enough, or when its window expires. (Beam: `GroupIntoBatches`.)
///
/// A batch has the time of the element that filled it; one that has waited long enough, the time of its first
/// element, which holds the watermark until then; the last one of a window, the window's last instant. The
/// windows must not merge.
///
/// ```
/// use watershed_core::{GroupIntoBatches, Pipeline};
/// use watershed_model::seconds;
///
/// let pipeline = Pipeline::new();
/// let requests = pipeline.create((0..10_u32).map(|n| (n % 2, n)));
/// let batches = GroupIntoBatches::of_size(3).with_max_buffering_duration(seconds(5));
/// requests.apply(batches).for_each(|(key, values): (u32, Vec<u32>)| println!("{key}: {values:?}"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GroupIntoBatches {
    size: Option<usize>,
    bytes: Option<u64>,
    wait: Option<Duration>,
}

impl GroupIntoBatches {
    /// Batches of so many values. (Beam: `GroupIntoBatches.ofSize`.)
    pub fn of_size(size: usize) -> Self {
        GroupIntoBatches { size: Some(size), bytes: None, wait: None }
    }

    /// Batches of at most so many bytes, as the coder writes the values. A value that is larger goes alone.
    /// (Beam: `GroupIntoBatches.ofByteSize`.)
    pub fn of_byte_size(bytes: u64) -> Self {
        GroupIntoBatches { size: None, bytes: Some(bytes), wait: None }
    }

    /// Batches of at most so many values, too.
    #[must_use]
    pub fn with_size(self, size: usize) -> Self {
        GroupIntoBatches { size: Some(size), ..self }
    }

    /// Batches of at most so many bytes, too; see [`of_byte_size`](Self::of_byte_size).
    #[must_use]
    pub fn with_byte_size(self, bytes: u64) -> Self {
        GroupIntoBatches { bytes: Some(bytes), ..self }
    }

    /// No value waits longer than so much processing time.
    #[must_use]
    pub fn with_max_buffering_duration(self, span: Duration) -> Self {
        GroupIntoBatches { wait: Some(span), ..self }
    }

    /// What is wrong with it, and how to mend it.
    fn problem(&self) -> Option<(&'static str, &'static str)> {
        let positive = "give it one above zero";
        if self.size == Some(0) {
            return Some(("makes batches of 0 values", "let a batch have at least one value"));
        }
        if self.bytes == Some(0) {
            return Some(("makes batches of 0 bytes", positive));
        }
        let stands_still = self.wait.is_some_and(|span| !span.is_positive());
        stands_still.then_some(("has a buffering duration that is not positive", positive))
    }
}

impl<K: Key, V: Element> PTransform<PCollection<(K, V)>> for GroupIntoBatches {
    type Output = PCollection<(K, Vec<V>)>;

    #[track_caller]
    fn expand(self, pairs: &PCollection<(K, V)>) -> PCollection<(K, Vec<V>)> {
        if let Some((problem, mend)) = self.problem() {
            pairs.pipeline().reject(problem, mend);
        }
        pairs.stateful("Batch", self)
    }
}

/// What is kept of a batch that is not full.
pub struct BatchCells<V> {
    values: BagState<V>,
    bytes: ValueState<u64>,
    waited: ProcessingTimer,
}

impl<K: Key, V: Element> StatefulDoFn<K, V> for GroupIntoBatches {
    type Outputs = One<(K, Vec<V>)>;
    type Cells = BatchCells<V>;

    fn declare(&self, spec: &mut StateSpec) -> BatchCells<V> {
        spec.on_window_expiration();
        BatchCells {
            values: spec.bag("values"),
            bytes: spec.value("bytes"),
            waited: spec.processing_timer("waited"),
        }
    }

    fn process(
        &mut self,
        value: V,
        cells: &BatchCells<V>,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        let mut size = 0;
        if let Some(limit) = self.bytes {
            size = bytes_of(&value)?;
            let together = cells.bytes.get(cx).copied().unwrap_or(0) + size;
            if together > limit && !fault!("batches-grow-past-their-bytes") {
                put_out(cells, cx, out);
            }
        }
        if let Some(span) = self.wait
            && cells.values.is_empty(cx)
            && !fault!("batches-wait-for-ever")
        {
            cells.waited.set_after(cx, span)?;
        }
        cells.values.add(cx, value);
        *cells.bytes.get_or_default(cx) += size;
        let is_full = self.size.is_some_and(|limit| cells.values.len(cx) >= limit);
        if is_full || self.bytes.is_some_and(|limit| cells.bytes.get(cx) >= Some(&limit)) {
            put_out(cells, cx, out);
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        cells: &BatchCells<V>,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        if fired.is(&cells.waited) || !fault!("the-last-batch-is-lost") {
            put_out(cells, cx, out);
        }
        Ok(())
    }
}

/// Puts out what there is, if anything.
fn put_out<K: Key, V: Element>(
    cells: &BatchCells<V>,
    cx: &mut StateContext<'_, K>,
    out: &mut StatefulEmitters<GroupIntoBatches, K, V>,
) {
    cells.bytes.clear(cx);
    cells.waited.clear(cx);
    let values = cells.values.take(cx);
    if !values.is_empty() {
        out.emit((cx.key().clone(), values));
    }
}

fn bytes_of<V: Element>(value: &V) -> Result<u64, BoxError> {
    let mut bytes = Vec::new();
    BinaryCoder.encode_value(value, &mut bytes)?;
    Ok(bytes.len() as u64)
}
