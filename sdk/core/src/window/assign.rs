//! The step that puts elements into windows.

use std::{collections::HashMap, marker::PhantomData, sync::Arc};

use foldhash::fast::RandomState;

use watershed_model::{
    AnyBundle, AnyWindowFn, BoundedWindow, BoxError, Bundle, Column, Dictionary, DropReason,
    Duration, Element, ElementType, GraphBuilder, KernelOutput, Location, Metadata, ParDo,
    Primitive, Subject, Trigger, TriggerProblem, Window, WindowSet, WindowingStrategy, fault,
    keep_spare, spare_vec,
};

use super::{
    WindowSettings,
    stretches::Stretches,
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
        if fault!("settings-take-the-windows-away") {
            windowing.window_fn = WindowingStrategy::global().window_fn;
        }
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
            let mut index = spare_vec(bundle.values.len());
            while let Some(value) = bundle.values.get(index.len()) {
                let timestamp = bundle.metadata.timestamps.get(index.len());
                windows.clear();
                window_fn.assign(value, timestamp, &mut windows);
                let place = assigned.place(&windows)?;
                index.push(place);
                if let Some((from, to)) = window_fn.assigns_alike(timestamp) {
                    assigned.stretches.remember(from, to, place);
                    match &bundle.metadata.timestamps {
                        Column::Uniform(_) => index.resize(bundle.values.len(), place),
                        Column::Each(times) => assigned.stretches.place(times, &mut index),
                    }
                }
            }
            let bundle = assigned.apply(bundle, index, out);
            out.put(0, AnyBundle::new(bundle));
            Ok(None)
        }
    })
}

/// The place of those elements that are in no window.
const NOWHERE: u32 = u32::MAX;

/// The distinct window sets of a bundle.
struct Assigned<W> {
    table: Vec<WindowSet>,
    found: HashMap<WindowSet, u32, RandomState>,
    /// The windows that were placed last, and where.
    last: (Vec<W>, u32),
    /// Whether an element is in no window.
    some_nowhere: bool,
    /// Where windows go by time alone, elements mostly fall into one of these.
    stretches: Stretches,
}

impl<W> Default for Assigned<W> {
    fn default() -> Self {
        Assigned {
            table: Vec::new(),
            found: HashMap::default(),
            last: (Vec::new(), NOWHERE),
            some_nowhere: false,
            stretches: Stretches::default(),
        }
    }
}

impl<W: BoundedWindow> Assigned<W> {
    fn place(&mut self, windows: &[W]) -> Result<u32, BoxError> {
        if windows.is_empty() {
            self.some_nowhere = true;
            return Ok(NOWHERE);
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
        Ok(self.last.1)
    }

    /// Puts the elements into their windows; those that have none are dropped, counted.
    fn apply<T: Element>(
        self,
        bundle: Bundle<T>,
        mut index: Vec<u32>,
        out: &mut KernelOutput,
    ) -> Bundle<T> {
        let Bundle { mut values, mut metadata } = bundle;
        if self.some_nowhere {
            let places = 0..index.len() as u32;
            let kept: Vec<u32> = places.filter(|i| index[*i as usize] != NOWHERE).collect();
            out.dropped(DropReason::NoWindow, (index.len() - kept.len()) as u64);
            metadata = metadata.gather(&kept);
            let mut places = index.iter();
            values.retain(|_| places.next().is_some_and(|place| *place != NOWHERE));
            index.retain(|place| *place != NOWHERE);
        }
        if self.table.is_empty() {
            return Bundle::new(values, metadata);
        }
        let index = match self.table.len() {
            1 => {
                keep_spare(index);
                Column::Uniform(0)
            }
            _ => Column::Each(index),
        };
        let metadata = Metadata { windows: Dictionary::new(self.table, index), ..metadata };
        Bundle::new(values, metadata)
    }
}
