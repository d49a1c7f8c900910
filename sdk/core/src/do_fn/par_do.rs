//! The DoFn trait and the kernel that runs one.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    AnyBundle, BoxError, Bundle, CollectionId, Column, Dictionary, Duration, Element, Kernel,
    KernelContext, KernelFactory, KernelOutput, Location, Metadata, NodeId, ParDo, Primitive,
    Subject, WindowSet, fault, short_type_name,
};

use super::{
    BundleContext, ElementContext, Outputs,
    dead_letters::Salvaging,
    emitter::{Yield, Yields},
};
use crate::{
    Failed, PCollection, ViewList,
    kernel::left_over,
    views::{Shown, attach},
};

/// What a DoFn's `process` puts elements into.
pub type Emitters<D, In> = <<D as DoFn<In>>::Outputs as Outputs>::Emitters;

/// Element-wise work with a life cycle. (Beam: `DoFn`.)
///
/// ```text
///   clone → setup → ( start_bundle → process* → finish_bundle )* → teardown
/// ```
/// Each worker has its own clone. What a bundle puts out leaves after its `finish_bundle`, together.
/// After an error or a panic the instance is torn down and never used again, and the bundle has no
/// effect. Nothing may be kept in fields from one bundle to the next: an instance may be replaced
/// between any two (the direct runner does it at random).
///
/// ```
/// use watershed_core::{DoFn, ElementContext, Emitters, Pipeline, Two};
/// use watershed_model::BoxError;
///
/// /// Numbers to the first output, everything else to the second.
/// #[derive(Clone)]
/// struct Numbers;
///
/// impl DoFn<String> for Numbers {
///     type Outputs = Two<i64, String>;
///     fn process(
///         &mut self,
///         text: String,
///         _: &ElementContext<'_>,
///         (numbers, others): &mut Emitters<Self, String>,
///     ) -> Result<(), BoxError> {
///         match text.parse() {
///             Ok(number) => numbers.emit(number),
///             Err(_) => others.emit(text),
///         }
///         Ok(())
///     }
/// }
///
/// let pipeline = Pipeline::new();
/// let (numbers, _others) = pipeline.create(["1".to_string(), "two".to_string()]).par_do(Numbers);
/// numbers.for_each(|n| println!("{n}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a DoFn for elements of type `{In}`",
    label = "not a DoFn<{In}>",
    note = "implement DoFn<{In}> for it (it must also be Clone + Send + Sync + 'static), or turn the elements into what it takes with .map(..) first",
    note = "a closure is given to .map(..), .flat_map(..), .filter(..) or .for_each(..) instead"
)]
pub trait DoFn<In>: Clone + Send + Sync + 'static {
    /// The step's outputs: `One<A>`, `Two<A, B>`, …, or `NoOutputs`.
    type Outputs: Outputs;

    /// Readies the instance: opens a connection, loads a model.
    ///
    /// # Errors
    /// Whatever makes the instance unusable; the run fails.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Begins a bundle.
    ///
    /// # Errors
    /// The run fails.
    fn start_bundle(&mut self, cx: &BundleContext<'_>) -> Result<(), BoxError> {
        let _ = cx;
        Ok(())
    }

    /// Handles one element.
    ///
    /// # Errors
    /// The run fails, naming the step. What may fail and go on belongs into an output of its own, as
    /// [`try_map`](PCollection::try_map) does.
    fn process(
        &mut self,
        element: In,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, In>,
    ) -> Result<(), BoxError>;

    /// Ends a bundle; the last chance to put something out, with
    /// [`emit_in`](crate::Emitter::emit_in).
    ///
    /// # Errors
    /// The run fails.
    fn finish_bundle(
        &mut self,
        cx: &BundleContext<'_>,
        out: &mut Emitters<Self, In>,
    ) -> Result<(), BoxError> {
        let _ = (cx, out);
        Ok(())
    }

    /// Frees what `setup` took. Called once, also after an error, unless the process dies.
    ///
    /// # Errors
    /// The run fails.
    fn teardown(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Whether the DoFn looks at windows: then it is called once for each window that an element is
    /// in, otherwise once an element.
    fn observes_windows(&self) -> bool {
        false
    }

    /// The views that it reads, with [`side_input`](ElementContext::side_input). It is then called once for
    /// each window that an element is in, since each window sees its own.
    fn side_inputs(&self) -> ViewList {
        ViewList::new()
    }

    /// How far before its input's time an output may lie.
    fn allowed_timestamp_skew(&self) -> Duration {
        Duration::ZERO
    }
}

impl<T: Element> PCollection<T> {
    /// Runs a DoFn on every element. (Beam: `ParDo`.)
    #[track_caller]
    pub fn par_do<D: DoFn<T>>(&self, do_fn: D) -> <D::Outputs as Outputs>::Collections {
        let (side_inputs, make) = (do_fn.side_inputs(), kernel_of(do_fn));
        let kernel: KernelFactory = Arc::new(move || Box::new(make()));
        let node = self.add_do_fn::<D>(kernel, &side_inputs, None, Location::caller());
        <D::Outputs as Outputs>::collections(self.pipeline(), node, self)
    }

    /// Runs a DoFn on every element; those with which it fails or panics come out in the second collection, each
    /// with its error and the step's name. A bundle that fails is tried again in parts, with new instances, until
    /// it is known which elements fail by themselves; so a DoFn may see an element several times, and what
    /// counts is the time at which nothing failed. An instance that cannot be set up still fails the run.
    ///
    /// A closure that says by itself that it fails is better given to [`try_map`](Self::try_map), which tries
    /// nothing twice.
    #[track_caller]
    pub fn par_do_with_dead_letters<D: DoFn<T>>(
        &self,
        name: &str,
        do_fn: D,
    ) -> (<D::Outputs as Outputs>::Collections, PCollection<Failed<T>>) {
        let (side_inputs, make, step) = (do_fn.side_inputs(), kernel_of(do_fn), name.to_owned());
        let kernel: KernelFactory = Arc::new(move || Box::new(Salvaging::new(&step, make.clone())));
        let node = self.add_do_fn::<D>(kernel, &side_inputs, Some(name), Location::caller());
        let outputs = <D::Outputs as Outputs>::collections(self.pipeline(), node, self);
        (outputs, self.pipeline().add_output(node, self.id()))
    }

    /// A step that runs a DoFn: with a name, one that has dead letters behind its other outputs.
    fn add_do_fn<D: DoFn<T>>(
        &self,
        kernel: KernelFactory,
        side_inputs: &ViewList,
        name: Option<&str>,
        location: Location,
    ) -> NodeId {
        let type_name = short_type_name::<D>();
        let base = type_name.split('<').next().unwrap_or(&type_name).to_owned();
        let par_do = ParDo {
            kernel,
            is_observer: <D::Outputs as Outputs>::IS_OBSERVER,
            dead_letters: name.map(|_| <D::Outputs as Outputs>::COUNT),
            gives_times: true,
        };
        let mut graph = self.pipeline().graph();
        let node = graph.add_node(base, location, Primitive::ParDo(par_do), vec![self.id()]);
        if let Some(name) = name {
            graph.rename(Subject::Node(node), name);
        }
        attach(self.pipeline(), &mut graph, node, side_inputs);
        node
    }
}

/// Makes kernels that run a DoFn.
fn kernel_of<In, D: DoFn<In>>(do_fn: D) -> impl Fn() -> DoFnKernel<In, D> + Clone + Send + Sync {
    let views: Arc<[CollectionId]> = do_fn.side_inputs().ids().into();
    move || DoFnKernel {
        do_fn: do_fn.clone(),
        views: views.clone(),
        last: Yields::default(),
        input: PhantomData,
    }
}

pub(super) struct DoFnKernel<In, D> {
    do_fn: D,
    /// The views that it reads.
    views: Arc<[CollectionId]>,
    last: Yields,
    input: PhantomData<fn(In)>,
}

impl<In: Element, D: DoFn<In>> Kernel for DoFnKernel<In, D> {
    fn setup(&mut self) -> Result<(), BoxError> {
        self.do_fn.setup()
    }

    fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let shown = Shown { ids: &self.views, contents: cx.views };
        let mut bundle = input.downcast::<In>();
        if self.do_fn.observes_windows() {
            bundle = one_window_each(bundle);
        }
        let Bundle { mut values, metadata } = bundle;
        let all = values.len();
        let mut emitters = D::Outputs::open(out, !metadata.is_uniform());
        D::Outputs::expect(&mut emitters, self.last.map(|last| last.expected(all)));
        let bundle_context = BundleContext::new(cx.options);
        self.do_fn.start_bundle(&bundle_context)?;
        let mut unread = values.drain(..);
        let mut done = 0;
        let mut context = ElementContext::new(&metadata, shown, cx.options);
        for value in unread.by_ref() {
            D::Outputs::begin(&mut emitters, Some(done));
            context.come_to(done);
            self.do_fn.process(value, &context, &mut emitters)?;
            done += 1;
            if out.is_full(D::Outputs::len(&emitters)) {
                break;
            }
        }
        D::Outputs::begin(&mut emitters, None);
        if !fault!("finish-bundle-is-not-called") {
            self.do_fn.finish_bundle(&bundle_context, &mut emitters)?;
        }
        self.last = D::Outputs::lens(&emitters).map(|given| Yield::of(done, given));
        D::Outputs::close(emitters, &metadata, self.do_fn.allowed_timestamp_skew(), out)?;
        let rest = unread.collect();
        Ok(left_over(rest, values, metadata, done))
    }

    fn teardown(&mut self) -> Result<(), BoxError> {
        self.do_fn.teardown()
    }
}

/// The same elements, each once for every window it is in.
pub(crate) fn one_window_each<T: Element>(bundle: Bundle<T>) -> Bundle<T> {
    let windows = &bundle.metadata.windows;
    let is_one = |set: &WindowSet| matches!(set, WindowSet::One(_));
    if windows.table().iter().all(is_one) || fault!("windows-are-looked-at-together") {
        return bundle;
    }
    let (mut origins, mut table, mut index) = (Vec::new(), Vec::new(), Vec::new());
    // The single windows of each distinct set stand behind each other in the new table.
    let firsts: Vec<u32> = windows
        .table()
        .iter()
        .map(|set| {
            let first = table.len() as u32;
            table.extend(set.as_slice().iter().cloned().map(WindowSet::One));
            first
        })
        .collect();
    for place in 0..bundle.values.len() {
        let set = windows.index().get(place);
        for nth in 0..windows.table()[set as usize].as_slice().len() as u32 {
            origins.push(place as u32);
            index.push(firsts[set as usize] + nth);
        }
    }
    let values = origins.iter().map(|&place| bundle.values[place as usize].clone()).collect();
    let metadata = Metadata {
        windows: Dictionary::new(table, Column::Each(index)),
        ..bundle.metadata.gather(&origins)
    };
    Bundle::new(values, metadata)
}
