//! The step that puts elements into windows.

use std::{collections::HashMap, marker::PhantomData, sync::Arc};

use watershed_model::{
    AnyBundle, BoundedWindow, BoxError, Bundle, Column, Dictionary, DropReason, Element,
    ElementType, KernelOutput, Location, Metadata, ParDo, Primitive, Subject, Window, WindowSet,
    WindowingStrategy,
};

use super::window_fn::{Erased, WindowFn};
use crate::{PCollection, kernel::bundle_fn};

impl<T: Element> PCollection<T> {
    /// Puts every element into windows; they replace those it was in. What follows is grouped per
    /// key *and window*. (Beam: `Window.into`.)
    #[track_caller]
    pub fn window<F: WindowFn<T>>(&self, window_fn: F) -> PCollection<T> {
        let checked = window_fn.check();
        let windowing = if window_fn.is_global() {
            WindowingStrategy::global()
        } else {
            WindowingStrategy::new(Arc::new(Erased {
                window_fn: window_fn.clone(),
                element: PhantomData,
            }))
        };
        let primitive = Primitive::AssignWindows(assign(window_fn));
        let mut graph = self.pipeline().graph();
        let boundedness = graph.collection(self.id()).boundedness;
        let node = graph.add_node("Window", Location::caller(), primitive, vec![self.id()]);
        if let Err((problem, mend)) = checked {
            graph.problem(Subject::Node(node), problem, mend);
        }
        let output = graph.add_output(node, ElementType::of::<T>(), windowing, boundedness);
        drop(graph);
        PCollection::new(self.pipeline().clone(), output)
    }
}

fn assign<T: Element, F: WindowFn<T>>(window_fn: F) -> ParDo {
    bundle_fn(move || {
        let window_fn = window_fn.clone();
        move |bundle: Bundle<T>, out: &mut KernelOutput| {
            let mut assigned = Assigned::default();
            let mut windows = Vec::new();
            for (i, value) in bundle.values.iter().enumerate() {
                windows.clear();
                window_fn.assign(value, bundle.metadata.timestamps.get(i), &mut windows);
                assigned.push(i, &windows)?;
            }
            let dropped = bundle.values.len() - assigned.index.len();
            out.dropped(DropReason::NoWindow, dropped as u64);
            out.put(0, AnyBundle::new(assigned.apply(bundle)));
            Ok(None)
        }
    })
}

/// The window column in the making: elements mostly fall where the one before them fell.
struct Assigned<W> {
    table: Vec<WindowSet>,
    found: HashMap<WindowSet, u32>,
    last: (Vec<W>, u32),
    kept: Vec<u32>,
    index: Vec<u32>,
}

impl<W> Default for Assigned<W> {
    fn default() -> Self {
        Assigned {
            table: Vec::new(),
            found: HashMap::new(),
            last: (Vec::new(), 0),
            kept: Vec::new(),
            index: Vec::new(),
        }
    }
}

impl<W: BoundedWindow> Assigned<W> {
    fn push(&mut self, element: usize, windows: &[W]) -> Result<(), BoxError> {
        if windows.is_empty() {
            return Ok(());
        }
        if windows != self.last.0 {
            let erased: Result<Vec<Window>, _> = windows.iter().map(W::to_window).collect();
            let set = WindowSet::from(erased?.as_slice());
            let next = self.table.len() as u32;
            let place = *self.found.entry(set.clone()).or_insert(next);
            if place == next {
                self.table.push(set);
            }
            self.last = (windows.to_vec(), place);
        }
        self.kept.push(element as u32);
        self.index.push(self.last.1);
        Ok(())
    }

    fn apply<T: Element>(self, bundle: Bundle<T>) -> Bundle<T> {
        let Bundle { mut values, mut metadata } = bundle;
        if self.kept.len() < values.len() {
            metadata = metadata.gather(&self.kept);
            let mut kept = self.kept.iter().peekable();
            let mut place = 0;
            values.retain(|_| {
                let keeps = kept.next_if(|next| **next == place).is_some();
                place += 1;
                keeps
            });
        }
        let index = match self.table.len() {
            1 => Column::Uniform(0),
            _ => Column::Each(self.index),
        };
        if self.table.is_empty() {
            return Bundle::new(values, metadata);
        }
        let metadata = Metadata { windows: Dictionary::new(self.table, index), ..metadata };
        Bundle::new(values, metadata)
    }
}
