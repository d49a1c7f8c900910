//! Closures on one element at a time.

use std::{alloc::Layout, fmt};

use serde::{Deserialize, Serialize};
use watershed_model::{
    AnyBundle, BoxError, Bundle, Element, KernelOutput, Key, Location, ParDo, Primitive, Timestamp,
    fault, keep_spare, spare_vec,
};

use crate::{
    Emitter, PCollection, Written,
    do_fn::Yield,
    kernel::{bundle_fn, map_bundle},
};

/// A closure that every worker gets a clone of. What it captures must be owned and shareable: an
/// `Arc`, not an `Rc`; a clone, not a reference.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be sent to workers",
    label = "captures something that is not Clone + Send + Sync",
    note = "every worker runs a clone of the closure: capture an Arc instead of an Rc, a Mutex or an atomic instead of a RefCell or a Cell, and what cannot be cloned in an Arc",
    note = "if you cannot see what it is: write `fn check<T: Clone + Send + Sync>(_: &T) {{}}` and call it with each captured variable"
)]
pub trait Func: Clone + Send + Sync + 'static {}
// The notes above tell the mend; `Rc<u32>: Send` does not.
#[diagnostic::do_not_recommend]
impl<F: Clone + Send + Sync + 'static> Func for F {}

/// An element that a step could not handle, with the reason: a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed<T> {
    /// The element as it came.
    pub element: T,
    /// What the step said of it.
    pub error: String,
    /// The name given to the step.
    pub step: String,
}

impl<T: fmt::Debug> fmt::Display for Failed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({:?})", self.step, self.error, self.element)
    }
}

impl<T: Element> PCollection<T> {
    #[track_caller]
    fn step<O: Element>(&self, base: &str, par_do: ParDo) -> PCollection<O> {
        let primitive = Primitive::ParDo(par_do);
        self.pipeline().add_step(base, Location::caller(), primitive, self.id())
    }

    /// Makes one element of each. (Beam: `MapElements`.)
    #[track_caller]
    pub fn map<O: Element>(&self, f: impl Fn(T) -> O + Func) -> PCollection<O> {
        self.step("Map", mapping(f))
    }

    /// Makes any number of elements of each. (Beam: `FlatMapElements`.) Where that would collect into
    /// a vector first, [`flat_map_emit`](Self::flat_map_emit) is faster.
    #[track_caller]
    pub fn flat_map<I>(&self, f: impl Fn(T) -> I + Func) -> PCollection<I::Item>
    where
        I: IntoIterator<Item: Element>,
    {
        self.step(
            "FlatMap",
            emitting(move |value: T, out| f(value).into_iter().for_each(|o| out.emit(o))),
        )
    }

    /// Makes any number of elements of each, put out one by one: `|line, out| out.emit(..)`.
    #[track_caller]
    pub fn flat_map_emit<O: Element>(
        &self,
        f: impl Fn(&T, &mut Emitter<O>) + Func,
    ) -> PCollection<O> {
        let emit = emitting(move |value: T, out| f(&value, out));
        self.step("FlatMap", ParDo { gives_times: true, ..emit })
    }

    /// Keeps the elements for which `keep` holds.
    #[track_caller]
    pub fn filter(&self, keep: impl Fn(&T) -> bool + Func) -> PCollection<T> {
        let filter = map_bundle(move || {
            let keep = keep.clone();
            move |bundle| Ok(filter_bundle(bundle, &keep))
        });
        self.step("Filter", filter)
    }

    /// Makes one element of each that succeeds; the others come out in the second collection, each
    /// with its error and the step's name. The closure borrows, since a dead letter keeps the element.
    #[track_caller]
    pub fn try_map<O: Element, E: Into<BoxError>>(
        &self,
        name: &str,
        f: impl Fn(&T) -> Result<O, E> + Func,
    ) -> (PCollection<O>, PCollection<Failed<T>>) {
        let step = name.to_owned();
        let mut try_map = bundle_fn(move || {
            let (f, step) = (f.clone(), step.clone());
            move |bundle: Bundle<T>, out: &mut KernelOutput| {
                let tracked = !bundle.metadata.is_uniform();
                let mut good = Emitter::new(out.is_wanted(0), tracked);
                let mut bad = Emitter::new(true, tracked);
                for (i, element) in bundle.values.into_iter().enumerate() {
                    good.begin(i);
                    bad.begin(i);
                    match f(&element) {
                        Ok(value) => good.emit(value),
                        Err(_) if fault!("try-map-loses-failures") => {}
                        Err(error) => {
                            let error = error.into().to_string();
                            bad.emit(Failed { element, error, step: step.clone() });
                        }
                    }
                }
                out.put(0, AnyBundle::new(good.into_bundle(&bundle.metadata)?));
                out.put(1, AnyBundle::new(bad.into_bundle(&bundle.metadata)?));
                Ok(None)
            }
        });
        try_map.dead_letters = Some(1);
        self.step_with_dead_letters("TryMap", name, Location::caller(), try_map)
    }

    /// A step with a name of the author's, and with dead letters as its second output.
    pub(crate) fn step_with_dead_letters<O: Element>(
        &self,
        base: &str,
        name: &str,
        location: Location,
        par_do: ParDo,
    ) -> (PCollection<O>, PCollection<Failed<T>>) {
        let primitive = Primitive::ParDo(par_do);
        let good = self.pipeline().add_step(base, location, primitive, self.id());
        let node = {
            let mut graph = self.pipeline().graph();
            let node = graph.collection(good.id()).producer;
            let subject = graph.step_of(node);
            graph.rename(subject, name);
            node
        };
        (good, self.pipeline().add_output(node, self.id()))
    }

    /// Puts a key before each element. (Beam: `WithKeys`.)
    #[track_caller]
    pub fn key_by<K: Key>(&self, f: impl Fn(&T) -> K + Func) -> PCollection<(K, T)> {
        self.step("KeyBy", mapping(move |value: T| (f(&value), value)))
    }

    /// Puts the same key before each element. (Beam: `WithKeys.of(key)`.)
    #[track_caller]
    pub fn with_keys<K: Key>(&self, key: K) -> PCollection<(K, T)> {
        self.step("WithKeys", mapping(move |value: T| (key.clone(), value)))
    }

    /// Gives each element an event time. Times may move forward; what would move back is an error of
    /// the run. (Beam: `WithTimestamps`.)
    #[track_caller]
    pub fn with_timestamps(&self, f: impl Fn(&T) -> Timestamp + Func) -> PCollection<T> {
        let stamp = emitting(move |value: T, out: &mut Emitter<T>| {
            let timestamp = f(&value);
            out.emit_at(value, timestamp);
        });
        self.step("WithTimestamps", ParDo { gives_times: true, ..stamp })
    }

    /// Runs a closure on each element for its effect; the branch ends here.
    #[track_caller]
    pub fn for_each(&self, f: impl Fn(T) + Func) -> Written {
        let mut observe = bundle_fn(move || {
            let f = f.clone();
            move |bundle: Bundle<T>, _: &mut KernelOutput| {
                bundle.values.into_iter().for_each(&f);
                Ok(None)
            }
        });
        observe.is_observer = true;
        let primitive = Primitive::ParDo(observe);
        let pipeline = self.pipeline().clone();
        let node =
            pipeline.graph().add_node("ForEach", Location::caller(), primitive, vec![self.id()]);
        Written { pipeline, node }
    }
}

/// One element of each; the metadata stays as it is.
pub(crate) fn mapping<I: Element, O: Element>(f: impl Fn(I) -> O + Func) -> ParDo {
    map_bundle(move || {
        let f = f.clone();
        move |bundle: Bundle<I>| {
            let Bundle { mut values, metadata } = bundle;
            // Where it fits, what is made takes the place of what it is made from, and often nothing moves.
            if Layout::new::<I>() == Layout::new::<O>() {
                return Ok(Bundle::new(values.into_iter().map(&f).collect(), metadata));
            }
            let mut made = spare_vec(values.len());
            made.extend(values.drain(..).map(&f));
            keep_spare(values);
            Ok(Bundle::new(made, metadata))
        }
    })
}

/// Any number of elements of each, in bundles of bounded size.
pub(crate) fn emitting<I: Element, O: Element>(f: impl Fn(I, &mut Emitter<O>) + Func) -> ParDo {
    bundle_fn(move || {
        let f = f.clone();
        let mut last = Yield::default();
        move |bundle: Bundle<I>, out: &mut KernelOutput| emit_each(bundle, &mut last, out, &f)
    })
}

/// Puts out what `f` makes of each element until the bundle made is full, and returns what is left.
/// `last` is kept between bundles: what one puts out tells how much room the next needs.
#[inline]
pub(crate) fn emit_each<I: Element, O: Element>(
    mut bundle: Bundle<I>,
    last: &mut Yield,
    out: &mut KernelOutput,
    f: impl Fn(I, &mut Emitter<O>),
) -> Result<Option<Bundle<I>>, BoxError> {
    let mut emitter = Emitter::new(out.is_wanted(0), !bundle.metadata.is_uniform());
    let all = bundle.values.len();
    emitter.expect(last.expected(all));
    // From the end, so that what is left when the bundle is full stays where it is.
    while let Some(value) = bundle.values.pop() {
        emitter.begin(bundle.values.len());
        f(value, &mut emitter);
        if out.is_full(emitter.len()) {
            break;
        }
    }
    *last = Yield::of(all - bundle.values.len(), emitter.len());
    out.put(0, AnyBundle::new(emitter.into_bundle(&bundle.metadata)?));
    if bundle.values.is_empty() {
        keep_spare(bundle.values);
        bundle.metadata.keep_spare();
        return Ok(None);
    }
    bundle.metadata.split_off(bundle.values.len());
    Ok(Some(bundle))
}

fn filter_bundle<T: Element>(mut bundle: Bundle<T>, keep: &impl Fn(&T) -> bool) -> Bundle<T> {
    let values = &mut bundle.values;
    if bundle.metadata.is_uniform() {
        values.retain(keep);
        return bundle;
    }
    // Without a branch on what is kept, which no processor can guess.
    let (mut kept, mut count) = (spare_vec(values.len()), 0);
    kept.resize(values.len(), 0);
    for place in 0..values.len() {
        let keeps = keep(&values[place]);
        kept[count] = place as u32;
        values.swap(count, place);
        count += usize::from(keeps);
    }
    let all = count == values.len();
    values.truncate(count);
    kept.truncate(count);
    if !all && !fault!("filter-keeps-the-wrong-metadata") {
        let gathered = bundle.metadata.gather(&kept);
        std::mem::replace(&mut bundle.metadata, gathered).keep_spare();
    }
    keep_spare(kept);
    bundle
}
