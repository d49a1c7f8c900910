//! The answer by a runner: a program applied to a real pipeline.

use watershed::{
    BoxError, DoFn, ElementContext, Emitters, FixedWindows, GlobalWindows, Group, Observed, One,
    PCollection, PTransform, Pipeline, RunError, RunReport, Sessions, SlidingWindows, Timestamp,
    combine::{CombineContext, CombineFn, Top},
    micros,
    model::{Sign, Window},
    testing::TestPipeline,
};

use super::{
    Feed, Fold, Function, Item, Op, Program, Row, Shape, Span, Unary, Value, Windowing,
    keeper::Keeps, looker::looked,
};

/// What each leaf of a sound program holds after a run, sorted, in the order of
/// [`Program::leaves`].
///
/// # Errors
/// If the run failed.
///
/// # Panics
/// If the program is not sound, or an element is taken back, which no batch does.
pub fn run(program: &Program, pipeline: &TestPipeline) -> Result<Vec<Vec<Row>>, RunError> {
    run_with(program, pipeline, &Feed::default()).map(|(rows, _)| rows)
}

/// As [`run`], with sources that give the elements in another way; the report beside it.
pub(crate) fn run_with(
    program: &Program,
    pipeline: &TestPipeline,
    feed: &Feed,
) -> Result<(Vec<Vec<Row>>, RunReport), RunError> {
    let mut made: Vec<Vec<Handle>> = Vec::new();
    for (place, step) in program.steps.iter().enumerate() {
        let inputs: Vec<Handle> =
            step.inputs.iter().map(|input| made[input.step][input.port].clone()).collect();
        made.push(outputs_of(&step.op, pipeline, &inputs, feed, place));
    }
    let leaves = program.leaves().into_iter();
    let looks: Vec<Look> = leaves.map(|leaf| made[leaf.step][leaf.port].look()).collect();
    let report = pipeline.try_run()?;
    Ok((looks.iter().map(|look| look()).collect(), report))
}

/// A collection of a known type behind one that is not.
#[derive(Clone)]
pub(super) enum Handle {
    Numbers(PCollection<i64>),
    Pairs(PCollection<(i64, i64)>),
    Lists(PCollection<(i64, Vec<i64>)>),
}

pub(super) trait Held: Item {
    fn hold(collection: PCollection<Self>) -> Handle;
    fn held(handle: &Handle) -> PCollection<Self>;
}

macro_rules! held {
    ($($variant:ident: $type:ty;)*) => {$(
        impl Held for $type {
            fn hold(collection: PCollection<Self>) -> Handle {
                Handle::$variant(collection)
            }
            fn held(handle: &Handle) -> PCollection<Self> {
                match handle {
                    Handle::$variant(collection) => collection.clone(),
                    _ => panic!("a sound program reads collections as what they are"),
                }
            }
        }
    )*};
}
held! { Numbers: i64; Pairs: (i64, i64); Lists: (i64, Vec<i64>); }

/// Does the same with whichever collection it is.
macro_rules! whichever {
    ($handle:expr, $collection:ident => $made:expr) => {
        match $handle {
            Handle::Numbers($collection) => $made,
            Handle::Pairs($collection) => $made,
            Handle::Lists($collection) => $made,
        }
    };
}

type Look = Box<dyn Fn() -> Vec<Row>>;

impl Handle {
    fn shape(&self) -> Shape {
        match self {
            Handle::Numbers(_) => Shape::Number,
            Handle::Pairs(_) => Shape::Pair,
            Handle::Lists(_) => Shape::List,
        }
    }

    fn look(&self) -> Look {
        whichever!(self, collection => {
            let collected = collection.collect();
            Box::new(move || sorted_rows(&collected.observed()))
        })
    }
}

/// What was observed, as the evaluator writes it, sorted.
fn sorted_rows<T: Item>(observed: &[Observed<T>]) -> Vec<Row> {
    let mut rows: Vec<Row> = observed.iter().map(row).collect();
    rows.sort();
    rows
}

fn row<T: Item>(observed: &Observed<T>) -> Row {
    let mut spans: Vec<Span> = observed.windows.as_slice().iter().map(Span::from).collect();
    spans.sort();
    assert_eq!(observed.sign, Sign::Insertion, "{observed:?}");
    Row {
        value: observed.value.value(),
        time: observed.timestamp.as_micros(),
        spans,
        pane: observed.pane,
    }
}

impl From<&Window> for Span {
    fn from(window: &Window) -> Span {
        match window {
            Window::Global => Span::Global,
            Window::Interval { start, end } => {
                Span::Interval { start: start.as_micros(), end: end.as_micros() }
            }
            Window::Custom(custom) => panic!("no program has a window such as {custom:?}"),
        }
    }
}

impl Windowing {
    /// Puts a collection into such windows.
    pub fn apply<T: watershed::Element>(self, collection: &PCollection<T>) -> PCollection<T> {
        match self {
            Windowing::Global => collection.window(GlobalWindows),
            Windowing::Fixed { size, offset } => {
                collection.window(FixedWindows::of(micros(size)).with_offset(micros(offset)))
            }
            Windowing::Sliding { size, period, offset } => {
                let sliding = SlidingWindows::of(micros(size), micros(period));
                collection.window(sliding.with_offset(micros(offset)))
            }
            Windowing::Sessions { gap } => collection.window(Sessions::with_gap(micros(gap))),
        }
    }
}

fn outputs_of(
    op: &Op,
    pipeline: &Pipeline,
    inputs: &[Handle],
    feed: &Feed,
    place: usize,
) -> Vec<Handle> {
    match op {
        Op::Create { shape, elements } => vec![match shape {
            Shape::Number => created::<i64>(pipeline, elements, feed, place),
            Shape::Pair => created::<(i64, i64)>(pipeline, elements, feed, place),
            Shape::List => created::<(i64, Vec<i64>)>(pipeline, elements, feed, place),
        }],
        Op::CreateThenStamp { numbers } => {
            let timeless = numbers.iter().map(|n| (*n, Timestamp::MIN)).collect();
            let numbers = feed.source(pipeline, timeless, place);
            vec![Handle::Numbers(numbers.with_timestamps(|n| Timestamp::from_seconds(*n)))]
        }
        Op::Flatten => {
            vec![whichever!(&inputs[0], first => flattened(pipeline, first, inputs, feed))]
        }
        Op::Partition { parts } => {
            whichever!(&inputs[0], input => partitioned(input, *parts))
        }
        Op::MapWith(view) => vec![looked(*view, &inputs[0], &inputs[1], feed)],
        Op::Apply(unary) => vec![applied(unary, &inputs[0])],
    }
}

fn created<T: Held>(
    pipeline: &Pipeline,
    elements: &[(Value, i64)],
    feed: &Feed,
    place: usize,
) -> Handle {
    let typed =
        elements.iter().map(|(value, time)| (T::of(value.clone()), Timestamp::from_micros(*time)));
    T::hold(feed.source(pipeline, typed.collect(), place))
}

fn flattened<T: Held>(
    pipeline: &Pipeline,
    _: &PCollection<T>,
    inputs: &[Handle],
    feed: &Feed,
) -> Handle {
    // Behind groupings triggers are heirs, and would not fit those before them.
    T::hold(pipeline.flatten(inputs.iter().map(|input| feed.ruled(&T::held(input)))))
}

fn partitioned<T: Held>(input: &PCollection<T>, parts: usize) -> Vec<Handle> {
    let outputs = input.partition(parts, move |item| Op::part_of(&item.value(), parts));
    outputs.into_iter().map(T::hold).collect()
}

fn applied(unary: &Unary, input: &Handle) -> Handle {
    match unary {
        Unary::Map(Function::Keyed { keys }) => {
            let keys = *keys;
            Handle::Pairs(i64::held(input).key_by(move |n| n.rem_euclid(keys)))
        }
        Unary::Map(function) => match (input, function.shape_after(input.shape())) {
            (Handle::Numbers(numbers), _) => Handle::Numbers(mapped(numbers, *function)),
            (Handle::Pairs(pairs), _) => Handle::Pairs(mapped(pairs, *function)),
            (Handle::Lists(lists), Some(Shape::Number)) => {
                Handle::Numbers(mapped(lists, *function))
            }
            (Handle::Lists(lists), _) => Handle::Pairs(mapped(lists, *function)),
        },
        Unary::MapValues(function) => {
            let function = *function;
            let change = move |n: i64| i64::of(function.call(&Value::Number(n)));
            Handle::Pairs(<(i64, i64)>::held(input).map_values(change))
        }
        Unary::Keys => Handle::Numbers(match input {
            Handle::Lists(lists) => lists.keys(),
            pairs => <(i64, i64)>::held(pairs).keys(),
        }),
        Unary::Values => Handle::Numbers(<(i64, i64)>::held(input).values()),
        Unary::FlatMap => {
            match input {
                Handle::Numbers(numbers) => Handle::Numbers(numbers.flat_map(|n| [n, n + 1])),
                Handle::Pairs(pairs) => Handle::Pairs(pairs.flat_map_emit(|(key, n), out| {
                    out.emit((*key, *n));
                    out.emit((*key, n + 1));
                })),
                Handle::Lists(lists) => Handle::Pairs(lists.flat_map(|(key, all)| {
                    all.into_iter().map(move |n| (key, n)).collect::<Vec<_>>()
                })),
            }
        }
        Unary::CountPerElement => {
            let counts = i64::held(input).count_per_element();
            Handle::Pairs(counts.map_values(|n| n as i64))
        }
        Unary::GroupByKey => Handle::Lists(match input {
            Handle::Lists(lists) => lists.group_by_key().map_values(|group: Group<Vec<i64>>| {
                sorted(group.iter().flatten().copied().collect())
            }),
            pairs => <(i64, i64)>::held(pairs)
                .group_by_key()
                .map_values(|group: Group<i64>| sorted(group.into_vec())),
        }),
        Unary::CombinePerKey { fold, fanout } => {
            let fold = AnyFold { fold: *fold, fanout: *fanout };
            Handle::Pairs(<(i64, i64)>::held(input).combine_per_key(fold))
        }
        Unary::TopPerKey { n } => {
            Handle::Lists(<(i64, i64)>::held(input).combine_per_key(Top::largest(*n)))
        }
        Unary::CombineGlobally { fold, defaults } => {
            let (numbers, fold) = (i64::held(input), AnyFold { fold: *fold, fanout: None });
            Handle::Numbers(match defaults {
                true => numbers.combine_globally(fold),
                false => numbers.combine_globally_without_defaults(fold),
            })
        }
        Unary::Stateful(stateful) => {
            Handle::Pairs(<(i64, i64)>::held(input).apply(Keeps(*stateful)))
        }
        Unary::Composite(steps) => {
            whichever!(input, collection => collection.apply(Composite { steps: steps.clone() }))
        }
        Unary::Filter { .. }
        | Unary::Window(_)
        | Unary::Delay { .. }
        | Unary::OncePerWindow
        | Unary::Reshuffle
        | Unary::Distinct => {
            whichever!(input, collection => Held::hold(same_type(unary, collection)))
        }
    }
}

fn mapped<T: Item, O: Item>(input: &PCollection<T>, function: Function) -> PCollection<O> {
    input.map(move |item| O::of(function.call(&item.value())))
}

fn sorted(mut all: Vec<i64>) -> Vec<i64> {
    all.sort_unstable();
    all
}

fn same_type<T: Held>(unary: &Unary, input: &PCollection<T>) -> PCollection<T> {
    match *unary {
        Unary::Filter { modulus, gone } => {
            input.filter(move |item| item.value().measure().rem_euclid(modulus) != gone)
        }
        Unary::Window(windowing) => windowing.apply(input),
        Unary::Delay { by } => input.par_do(Delay { by }),
        Unary::OncePerWindow => input.par_do(OncePerWindow),
        Unary::Reshuffle => input.reshuffle(),
        Unary::Distinct => input.distinct(),
        _ => panic!("{unary} gives another type than it takes"),
    }
}

/// Any fold of the toolbox, spread or not: one combiner, since each that a program could use makes the
/// compiler build all that stands behind it once more.
#[derive(Clone, Copy)]
pub(super) struct AnyFold {
    pub(super) fold: Fold,
    pub(super) fanout: Option<usize>,
}

impl CombineFn<i64> for AnyFold {
    /// How many, their sum, and the least and the greatest.
    type Accumulator = (i64, i64, Option<(i64, i64)>);
    type Output = i64;

    fn create(&self, _: &CombineContext<'_>) -> Self::Accumulator {
        (0, 0, None)
    }
    fn add(&self, all: &mut Self::Accumulator, n: i64, cx: &CombineContext<'_>) {
        self.merge(all, (1, n, Some((n, n))), cx);
    }
    fn merge(
        &self,
        (count, sum, ends): &mut Self::Accumulator,
        (more, other, others): Self::Accumulator,
        _: &CombineContext<'_>,
    ) {
        *count += more;
        *sum += other;
        *ends = match (*ends, others) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (ends, others) => ends.or(others),
        };
    }
    fn extract(
        &self,
        (count, sum, ends): Self::Accumulator,
        _: &CombineContext<'_>,
    ) -> Result<i64, BoxError> {
        Ok(match self.fold {
            Fold::Sum => sum,
            Fold::Count => count,
            Fold::Min => ends.map_or(-1, |(least, _)| least),
            Fold::Max => ends.map_or(-1, |(_, greatest)| greatest),
        })
    }
    fn hot_key_fanout(&self) -> Option<usize> {
        self.fanout
    }
}

/// Steps in a scope of their own.
struct Composite {
    steps: Vec<Unary>,
}

impl<T: Held> PTransform<PCollection<T>> for Composite {
    type Output = Handle;
    fn expand(self, input: &PCollection<T>) -> Handle {
        self.steps.iter().fold(T::hold(input.clone()), |input, step| applied(step, &input))
    }
}

/// Puts out each element later than it came.
#[derive(Clone)]
struct Delay {
    by: i64,
}

impl<T: Item> DoFn<T> for Delay {
    type Outputs = One<T>;
    fn process(
        &mut self,
        item: T,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, T>,
    ) -> Result<(), BoxError> {
        out.emit_at(item, cx.timestamp() + micros(self.by));
        Ok(())
    }
}

/// Looks at windows, and so is called once for each of an element's.
#[derive(Clone)]
struct OncePerWindow;

impl<T: Item> DoFn<T> for OncePerWindow {
    type Outputs = One<T>;
    fn process(
        &mut self,
        item: T,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, T>,
    ) -> Result<(), BoxError> {
        if cx.windows().len() != 1 {
            return Err(format!("{item:?} was shown in {:?}", cx.windows()).into());
        }
        out.emit(item);
        Ok(())
    }
    fn observes_windows(&self) -> bool {
        true
    }
}
