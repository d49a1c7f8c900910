//! Several typed outputs of one step.

use std::marker::PhantomData;

use watershed_model::{
    AnyBundle, BoxError, Duration, Element, KernelOutput, Metadata, NodeId, fault,
};

use crate::{Emitter, PCollection, Pipeline, Written, testing::Emitted};

/// The outputs of a DoFn: [`NoOutputs`], [`One`], [`Two`], [`Three`] or [`Four`]. (A plain tuple would
/// not do: `(K, V)` is one keyed element.)
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how many outputs the DoFn has",
    label = "not the outputs of a DoFn",
    note = "write `type Outputs = One<{Self}>;` for one output, `Two<A, B>` for two, and so on, or `NoOutputs`"
)]
pub trait Outputs: Sized + Send + Sync + 'static {
    /// What `process` puts elements into: an emitter, or a tuple of them.
    type Emitters;
    /// What `par_do` returns: a collection, or a tuple of them.
    type Collections;
    /// What a test of the step alone reads: what the output got, or a tuple of what each got.
    type Emitted;

    /// Whether a step with such outputs is run for its effects alone.
    const IS_OBSERVER: bool = false;

    /// How many outputs there are.
    #[doc(hidden)]
    const COUNT: usize;

    /// Empty emitters for one bundle.
    #[doc(hidden)]
    fn open(out: &KernelOutput, tracked: bool) -> Self::Emitters;
    /// Makes room for so many elements of each output, before there is one.
    #[doc(hidden)]
    fn expect(emitters: &mut Self::Emitters, elements: [usize; 4]) {
        let _ = (emitters, elements);
    }
    /// How many elements were put out on each output in this bundle.
    #[doc(hidden)]
    fn lens(emitters: &Self::Emitters) -> [usize; 4];
    /// Says which input element comes next, or `None` at the end.
    #[doc(hidden)]
    fn begin(emitters: &mut Self::Emitters, element: Option<usize>);
    /// How many elements were put out in this bundle.
    #[doc(hidden)]
    fn len(emitters: &Self::Emitters) -> usize;
    /// Hands everything over.
    #[doc(hidden)]
    fn close(
        emitters: Self::Emitters,
        input: &Metadata,
        allowed_skew: Duration,
        out: &mut KernelOutput,
    ) -> Result<(), BoxError>;
    /// The step's collections.
    #[doc(hidden)]
    fn collections<I>(
        pipeline: &Pipeline,
        node: NodeId,
        input: &PCollection<I>,
    ) -> Self::Collections;
    /// What came out, by ports.
    #[doc(hidden)]
    fn emitted(bundles: &[(usize, AnyBundle)]) -> Self::Emitted;
}

/// No output: the step is run for its effects, and a pipeline may end in it.
pub struct NoOutputs;

impl Outputs for NoOutputs {
    type Emitters = ();
    type Collections = Written;
    type Emitted = ();
    const IS_OBSERVER: bool = true;
    const COUNT: usize = 0;

    fn open(_: &KernelOutput, _: bool) {}
    fn lens((): &()) -> [usize; 4] {
        [0; 4]
    }
    fn begin((): &mut (), _: Option<usize>) {}
    fn len((): &()) -> usize {
        0
    }
    fn close((): (), _: &Metadata, _: Duration, _: &mut KernelOutput) -> Result<(), BoxError> {
        Ok(())
    }
    fn collections<I>(pipeline: &Pipeline, node: NodeId, _: &PCollection<I>) -> Written {
        Written { pipeline: pipeline.clone(), node }
    }
    fn emitted(_: &[(usize, AnyBundle)]) {}
}

/// One output of `A`.
pub struct One<A>(PhantomData<fn() -> A>);

impl<A: Element> Outputs for One<A> {
    type Emitters = Emitter<A>;
    type Collections = PCollection<A>;
    type Emitted = Emitted<A>;
    const COUNT: usize = 1;

    fn open(out: &KernelOutput, tracked: bool) -> Emitter<A> {
        Emitter::new(out.is_wanted(0), tracked)
    }
    fn expect(emitter: &mut Emitter<A>, [elements, ..]: [usize; 4]) {
        emitter.expect(elements);
    }
    fn lens(emitter: &Emitter<A>) -> [usize; 4] {
        [emitter.len(), 0, 0, 0]
    }
    fn begin(emitter: &mut Emitter<A>, element: Option<usize>) {
        point(emitter, element);
    }
    fn len(emitter: &Emitter<A>) -> usize {
        emitter.len()
    }
    fn close(
        emitter: Emitter<A>,
        input: &Metadata,
        allowed_skew: Duration,
        out: &mut KernelOutput,
    ) -> Result<(), BoxError> {
        out.put(0, AnyBundle::new(emitter.into_bundle_within(input, allowed_skew)?));
        Ok(())
    }
    fn collections<I>(pipeline: &Pipeline, node: NodeId, input: &PCollection<I>) -> PCollection<A> {
        pipeline.add_output(node, input.id())
    }
    fn emitted(bundles: &[(usize, AnyBundle)]) -> Emitted<A> {
        Emitted::at(0, bundles)
    }
}

fn point<A>(emitter: &mut Emitter<A>, element: Option<usize>) {
    match element {
        Some(element) => emitter.begin(element),
        None => emitter.end_of_elements(),
    }
}

macro_rules! several_outputs {
    ($(#[$doc:meta])* $name:ident: $($part:ident $place:tt),+) => {
        $(#[$doc])*
        pub struct $name<$($part),+>(PhantomData<fn() -> ($($part,)+)>);

        impl<$($part: Element),+> Outputs for $name<$($part),+> {
            type Emitters = ($(Emitter<$part>,)+);
            type Collections = ($(PCollection<$part>,)+);
            type Emitted = ($(Emitted<$part>,)+);
            const COUNT: usize = [$($place),+].len();

            fn open(out: &KernelOutput, tracked: bool) -> Self::Emitters {
                ($(Emitter::<$part>::new(out.is_wanted($place), tracked),)+)
            }
            fn expect(emitters: &mut Self::Emitters, elements: [usize; 4]) {
                $(emitters.$place.expect(elements[$place]);)+
            }
            fn lens(emitters: &Self::Emitters) -> [usize; 4] {
                let mut lens = [0; 4];
                $(lens[$place] = emitters.$place.len();)+
                lens
            }
            fn begin(emitters: &mut Self::Emitters, element: Option<usize>) {
                $(point(&mut emitters.$place, element);)+
            }
            fn len(emitters: &Self::Emitters) -> usize {
                0 $(+ emitters.$place.len())+
            }
            fn close(
                emitters: Self::Emitters,
                input: &Metadata,
                allowed_skew: Duration,
                out: &mut KernelOutput,
            ) -> Result<(), BoxError> {
                $(out.put($place * usize::from(!fault!("outputs-all-go-to-the-first")), AnyBundle::new(
                    emitters.$place.into_bundle_within(input, allowed_skew)?,
                ));)+
                Ok(())
            }
            fn collections<I>(
                pipeline: &Pipeline,
                node: NodeId,
                input: &PCollection<I>,
            ) -> Self::Collections {
                ($(pipeline.add_output::<$part>(node, input.id()),)+)
            }
            fn emitted(bundles: &[(usize, AnyBundle)]) -> Self::Emitted {
                ($(Emitted::<$part>::at($place, bundles),)+)
            }
        }
    };
}

several_outputs!(
    /// Two outputs.
    Two: A 0, B 1
);
several_outputs!(
    /// Three outputs.
    Three: A 0, B 1, C 2
);
several_outputs!(
    /// Four outputs.
    Four: A 0, B 1, C 2, D 3
);
