//! The step that puts elements into windows.

use std::{collections::HashMap, marker::PhantomData, sync::Arc};

use watershed_model::{
    AnyBundle, AnyWindowFn, BoundedWindow, BoxError, Bundle, Column, Dictionary, DropReason,
    Duration, Element, ElementType, GraphBuilder, KernelOutput, Location, Metadata, ParDo,
    Primitive, Subject, Timestamp, Trigger, TriggerProblem, Window, WindowSet, WindowingStrategy,
    fault,
};

use super::{
    WindowSettings,
    window_fn::{Erased, WindowFn},
};
use crate::{PCollection, kernel::bundle_fn};

impl<T: Element> PCollection<T> {
    /// Puts every element into windows; they replace those it was in. What follows is grouped per
    /// key *and window*. When and how the groups go out can be said with the windows, as
    /// `.window(FixedWindows::of(minutes(1)).triggering(..).accumulating())`; what is not said stays as
    /// it was. (Beam: `Window.into`.)
    #[track_caller]
    pub fn window<F: WindowFn<T>>(&self, window_fn: F) -> PCollection<T> {
        let checked = window_fn.check();
        let settings = window_fn.settings();
        let erased: Arc<dyn AnyWindowFn> = match window_fn.is_global() {
            true => WindowingStrategy::global().window_fn,
            false => {
                Arc::new(Erased { window_fn: window_fn.clone(), element: PhantomData::<fn(T)> })
            }
        };
        let primitive = Primitive::AssignWindows(assign(window_fn));
        let mut graph = self.pipeline().graph();
        let (mut windowing, boundedness) = {
            let input = graph.collection(self.id());
            (input.windowing.clone(), input.boundedness)
        };
        windowing.window_fn = erased;
        settings.apply_to(&mut windowing);
        let node = graph.add_node("Window", Location::caller(), primitive, vec![self.id()]);
        if let Err((problem, mend)) = checked {
            graph.problem(Subject::Node(node), problem, mend);
        }
        check(&mut graph, Subject::Node(node), &settings, &windowing);
        let output = graph.add_output(node, ElementType::of::<T>(), windowing, boundedness);
        drop(graph);
        PCollection::new(self.pipeline().clone(), output)
    }

    /// Says when and how groups go out, and leaves the windows as they are. (Beam:
    /// `Window.configure`.)
    #[track_caller]
    pub fn with_window_settings(&self, settings: WindowSettings) -> PCollection<T> {
        let mut graph = self.pipeline().graph();
        let (mut windowing, boundedness) = {
            let input = graph.collection(self.id());
            (input.windowing.clone(), input.boundedness)
        };
        settings.apply_to(&mut windowing);
        // Nothing is done to the elements: a flatten of one.
        let node = graph.add_node(
            "WindowSettings",
            Location::caller(),
            Primitive::Flatten,
            vec![self.id()],
        );
        check(&mut graph, Subject::Node(node), &settings, &windowing);
        let output = graph.add_output(node, ElementType::of::<T>(), windowing, boundedness);
        drop(graph);
        PCollection::new(self.pipeline().clone(), output)
    }
}

/// Notes what cannot work in a windowing, or would lose data without a word.
fn check(
    graph: &mut GraphBuilder,
    subject: Subject,
    settings: &WindowSettings,
    windowing: &WindowingStrategy,
) {
    if windowing.allowed_lateness < Duration::ZERO {
        graph.problem(
            subject,
            format!("the allowed lateness is {}", windowing.allowed_lateness),
            "give a lateness of at least zero",
        );
    }
    // A trigger that was inherited may be of a form that nobody writes.
    if settings.says_trigger()
        && let Err(TriggerProblem { problem, mend }) = windowing.trigger.check()
    {
        graph.problem(subject, problem, mend);
        return;
    }
    if windowing.trigger != Trigger::Default && windowing.accumulation_mode.is_none() {
        graph.problem(
            subject,
            format!("the trigger {} is given without saying what later panes hold", windowing.trigger),
            "add .discarding(), for what came since the last pane, or .accumulating(), for all so far",
        );
    }
    let is_safe = windowing.trigger.is_safe(windowing.allowed_lateness);
    if !is_safe && !windowing.allows_closed_window_drops && !fault!("unsafe-triggers-pass") {
        graph.problem(
            subject,
            format!(
                "the trigger {} can finish, and what comes for the window afterwards would be dropped",
                windowing.trigger
            ),
            "let it repeat, or give after_watermark a late part; or allow the drops, which are then \
             counted, with .allow_closed_window_drops()",
        );
    }
}

fn assign<T: Element, F: WindowFn<T>>(window_fn: F) -> ParDo {
    bundle_fn(move || {
        let window_fn = window_fn.clone();
        move |bundle: Bundle<T>, out: &mut KernelOutput| {
            let mut assigned = Assigned::default();
            let mut windows = Vec::new();
            // Where windows go by time alone, elements mostly fall where the one before them fell.
            let mut alike = (Timestamp::MAX, Timestamp::MIN);
            for (i, value) in bundle.values.iter().enumerate() {
                let timestamp = bundle.metadata.timestamps.get(i);
                if alike.0 <= timestamp && timestamp < alike.1 {
                    assigned.repeat(i);
                    continue;
                }
                windows.clear();
                window_fn.assign(value, timestamp, &mut windows);
                assigned.push(i, &windows)?;
                alike = window_fn.assigns_alike(timestamp).unwrap_or(alike);
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
    /// The element is in the windows of the one before it.
    fn repeat(&mut self, element: usize) {
        if !self.last.0.is_empty() {
            self.kept.push(element as u32);
            self.index.push(self.last.1);
        }
    }

    fn push(&mut self, element: usize, windows: &[W]) -> Result<(), BoxError> {
        if windows.is_empty() {
            self.last.0.clear();
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
