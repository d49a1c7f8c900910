//! Applying a splittable DoFn.

use std::sync::Arc;

use watershed_model::{
    AnyBundle, Boundedness, BoxError, Bundle, Element, ElementType, KernelOutput, Location,
    Primitive, Splittable, SplittableKernel,
};

use super::{RestrictionTracker, SplittableDoFn, claims::same_size, kernel::Splitting};
use crate::{Emitter, Outputs, PCollection, kernel::bundle_fn, views::attach};

/// Into about how many parts a restriction is cut at first: workers that have none left take another.
const PARTS: usize = 16;

type Restriction<D, In> = <<D as SplittableDoFn<In>>::Tracker as RestrictionTracker>::Restriction;

impl<T: Element> PCollection<T> {
    /// Runs a splittable DoFn on every element: makes its restriction, cuts it into parts, spreads these over
    /// the workers, and works on them piece by piece.
    #[track_caller]
    pub fn split_do<D: SplittableDoFn<T>>(
        &self,
        name: &str,
        do_fn: D,
    ) -> <D::Outputs as Outputs>::Collections {
        let location = Location::caller();
        self.pipeline().scoped(name, location, || {
            let parts = self.with_restrictions(&do_fn, location);
            let side_inputs = do_fn.side_inputs();
            let primitive = Primitive::Splittable(Splittable {
                kernel: Arc::new(move || {
                    let kernel: Box<dyn SplittableKernel> =
                        Box::new(Splitting::<T, D>::new(do_fn.clone()));
                    kernel
                }),
                boundedness: parts.boundedness(),
                is_observer: <D::Outputs as Outputs>::IS_OBSERVER,
            });
            let mut graph = self.pipeline().graph();
            let node = graph.add_node("Process", location, primitive, vec![parts.id()]);
            attach(self.pipeline(), &mut graph, node, &side_inputs);
            drop(graph);
            <D::Outputs as Outputs>::collections(self.pipeline(), node, &parts)
        })
    }

    /// The elements, each with every part of its restriction.
    fn with_restrictions<D: SplittableDoFn<T>>(
        &self,
        do_fn: &D,
        location: Location,
    ) -> PCollection<(T, Restriction<D, T>)> {
        let splits = do_fn.clone();
        let primitive = Primitive::ParDo(bundle_fn(move || {
            let do_fn = splits.clone();
            move |bundle: Bundle<T>, out: &mut KernelOutput| {
                let mut emitter = Emitter::new(true, !bundle.metadata.is_uniform());
                for (place, element) in bundle.values.into_iter().enumerate() {
                    emitter.begin(place);
                    for part in parts_of(&do_fn, &element)? {
                        emitter.emit((element.clone(), part));
                    }
                }
                let mut parts = AnyBundle::new(emitter.into_bundle(&bundle.metadata)?);
                // Bundles are spread as they are, so they are small.
                let most = parts.len().div_ceil(PARTS).max(1);
                while parts.len() > most {
                    let (first, rest) = parts.split_at(most);
                    out.put(0, first);
                    parts = rest;
                }
                out.put(0, parts);
                Ok(None)
            }
        }));
        let mut graph = self.pipeline().graph();
        let node = graph.add_node("WithRestrictions", location, primitive, vec![self.id()]);
        let (windowing, mut boundedness) = {
            let input = graph.collection(self.id());
            (input.windowing.clone(), input.boundedness)
        };
        if do_fn.boundedness() == Boundedness::Unbounded {
            boundedness = Boundedness::Unbounded;
        }
        let element = ElementType::of::<(T, Restriction<D, T>)>();
        let output = graph.add_output(node, element, windowing, boundedness);
        drop(graph);
        PCollection::new(self.pipeline().clone(), output)
    }

    fn boundedness(&self) -> Boundedness {
        self.pipeline().graph().collection(self.id()).boundedness
    }
}

fn parts_of<T, D: SplittableDoFn<T>>(
    do_fn: &D,
    element: &T,
) -> Result<Vec<Restriction<D, T>>, BoxError> {
    let whole = do_fn.initial_restriction(element)?;
    let size = D::Tracker::size(&whole);
    let parts = do_fn.split(element, whole, PARTS)?;
    same_size::<D::Tracker>(size, parts.iter().map(D::Tracker::size).sum())?;
    Ok(parts)
}
