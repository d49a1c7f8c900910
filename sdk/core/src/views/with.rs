//! Closures that read views beside their element.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    AnyBundle, BoxError, Element, Kernel, KernelContext, KernelOutput, Location, Primitive,
};

use super::{ReadViews, SideInputs, attach};
use crate::{Emitter, Func, PCollection, do_fn::Yield, element_wise::emit_each, kernel::par_do};

impl<T: Element> PCollection<T> {
    /// Makes one element of each, with a look at views:
    /// `.map_with((&limits, &total), |x, (limits, total)| ..)`.
    #[track_caller]
    pub fn map_with<S: SideInputs, O: Element>(
        &self,
        views: S,
        f: impl for<'a> Fn(T, <S::Read as ReadViews>::Shown<'a>) -> O + Func,
    ) -> PCollection<O> {
        let emit =
            move |value: T, shown: <S::Read as ReadViews>::Shown<'_>, out: &mut Emitter<O>| {
                out.emit(f(value, shown));
            };
        self.with_views::<S, O>("MapWith", views, emit, Location::caller())
    }

    /// Makes any number of elements of each, with a look at views.
    #[track_caller]
    pub fn flat_map_with<S: SideInputs, I>(
        &self,
        views: S,
        f: impl for<'a> Fn(T, <S::Read as ReadViews>::Shown<'a>) -> I + Func,
    ) -> PCollection<I::Item>
    where
        I: IntoIterator<Item: Element>,
    {
        let emit = move |value: T,
                         shown: <S::Read as ReadViews>::Shown<'_>,
                         out: &mut Emitter<I::Item>| {
            f(value, shown).into_iter().for_each(|made| out.emit(made));
        };
        self.with_views::<S, I::Item>("FlatMapWith", views, emit, Location::caller())
    }

    /// Keeps the elements for which `keep` holds, with a look at views.
    #[track_caller]
    pub fn filter_with<S: SideInputs>(
        &self,
        views: S,
        keep: impl for<'a> Fn(&T, <S::Read as ReadViews>::Shown<'a>) -> bool + Func,
    ) -> PCollection<T> {
        let emit =
            move |value: T, shown: <S::Read as ReadViews>::Shown<'_>, out: &mut Emitter<T>| {
                if keep(&value, shown) {
                    out.emit(value);
                }
            };
        self.with_views::<S, T>("FilterWith", views, emit, Location::caller())
    }

    fn with_views<S: SideInputs, O: Element>(
        &self,
        base: &str,
        views: S,
        f: impl for<'a> Fn(T, <S::Read as ReadViews>::Shown<'a>, &mut Emitter<O>) + Func,
        location: Location,
    ) -> PCollection<O> {
        let kernel = Arc::new(move || {
            let kernel = Looking::<T, O, S::Read, _> {
                f: f.clone(),
                last: Yield::default(),
                types: PhantomData,
            };
            let kernel: Box<dyn Kernel> = Box::new(kernel);
            kernel
        });
        let primitive = Primitive::ParDo(par_do(kernel));
        let mut graph = self.pipeline().graph();
        let node = graph.add_node(base, location, primitive, vec![self.id()]);
        attach(self.pipeline(), &mut graph, node, &views.list());
        drop(graph);
        self.pipeline().add_output(node, self.id())
    }
}

/// A closure that looks at views.
struct Looking<T, O, R, F> {
    f: F,
    last: Yield,
    types: PhantomData<fn(T, R) -> O>,
}

impl<T: Element, O: Element, R: ReadViews, F> Kernel for Looking<T, O, R, F>
where
    F: for<'a> Fn(T, R::Shown<'a>, &mut Emitter<O>),
{
    fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let shown = R::show(cx.views);
        let f = |value, out: &mut Emitter<O>| (self.f)(value, shown, out);
        let rest = emit_each(input.downcast::<T>(), &mut self.last, out, f)?;
        Ok(rest.map(AnyBundle::new))
    }
}
