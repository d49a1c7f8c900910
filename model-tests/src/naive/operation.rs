//! What one step does, and which inputs it fits.

use std::fmt;

use super::{Shape, Stateful, Value, Windowing};

/// What a collection is like, before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its elements.
    pub shape: Shape,
    /// Its windows.
    pub windowing: Windowing,
    /// Whether a grouping has merged them, so that another will not.
    pub merged: bool,
    /// Whether elements may stand at the end of the global window, from where no time is later.
    pub at_the_end: bool,
}

impl Kind {
    /// What a source gives.
    pub fn source(shape: Shape) -> Kind {
        Kind { shape, windowing: Windowing::Global, merged: false, at_the_end: false }
    }

    /// Whether a grouping merges the windows.
    pub fn merging(self) -> bool {
        self.windowing.is_merging() && !self.merged
    }

    /// Whether both can be flattened together.
    pub fn fits(self, other: Kind) -> bool {
        (self.shape, self.windowing, self.merged) == (other.shape, other.windowing, other.merged)
    }

    fn with(self, shape: Shape) -> Kind {
        Kind { shape, ..self }
    }

    fn grouped(self, shape: Shape) -> Kind {
        let merged = self.windowing.is_merging();
        let at_the_end = self.at_the_end || self.windowing == Windowing::Global;
        Kind { shape, merged, at_the_end, ..self }
    }
}

/// An author's closure from one element to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// A number becomes `(n · factor + add) mod modulus`.
    Affine {
        /// A factor.
        factor: i64,
        /// A summand.
        add: i64,
        /// A modulus, so that numbers stay small.
        modulus: i64,
    },
    /// A number becomes a pair: its remainder, and itself.
    Keyed {
        /// How many keys there are.
        keys: i64,
    },
    /// A pair's number becomes its key, and the other way round.
    Swap,
    /// The sum of a list becomes its number.
    Total,
    /// A list becomes its length.
    Length,
}

impl Function {
    /// What it makes of elements of this shape, if it takes them.
    pub fn shape_after(self, shape: Shape) -> Option<Shape> {
        use Shape::{List, Number, Pair};
        match (self, shape) {
            (Function::Affine { .. }, Number) | (Function::Length, List) => Some(Number),
            (Function::Affine { .. } | Function::Swap, Pair)
            | (Function::Keyed { .. }, Number)
            | (Function::Total, List) => Some(Pair),
            _ => None,
        }
    }

    /// What it makes of one element.
    pub fn call(self, value: &Value) -> Value {
        let affine = |n: i64, factor: i64, add: i64, modulus: i64| {
            (n.rem_euclid(modulus) * factor + add).rem_euclid(modulus)
        };
        match (self, value) {
            (Function::Affine { factor, add, modulus }, Value::Number(n)) => {
                Value::Number(affine(*n, factor, add, modulus))
            }
            (Function::Affine { factor, add, modulus }, Value::Pair(key, n)) => {
                Value::Pair(*key, affine(*n, factor, add, modulus))
            }
            (Function::Keyed { keys }, Value::Number(n)) => Value::Pair(n.rem_euclid(keys), *n),
            (Function::Swap, Value::Pair(key, n)) => Value::Pair(*n, *key),
            (Function::Total, Value::List(key, all)) => Value::Pair(*key, all.iter().sum()),
            (Function::Length, Value::List(_, all)) => Value::Number(all.len() as i64),
            (function, value) => panic!("{function:?} does not take {value}"),
        }
    }
}

/// A fold of the toolbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The total.
    Sum,
    /// How many.
    Count,
    /// The least; of nothing, −1.
    Min,
    /// The greatest; of nothing, −1.
    Max,
}

/// A step with one input and one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unary {
    /// One element of each.
    Map(Function),
    /// A pair's number changes under its key.
    MapValues(Function),
    /// The keys alone.
    Keys,
    /// The numbers alone.
    Values,
    /// Elements whose measure leaves another remainder stay.
    Filter {
        /// Of the division by this.
        modulus: i64,
        /// What leaves this one goes.
        gone: i64,
    },
    /// Each number of a list under the list's key; of anything else the number and its successor.
    FlatMap,
    /// Windows anew.
    Window(Windowing),
    /// A DoFn that puts elements out later than they came.
    Delay {
        /// By so many microseconds.
        by: i64,
    },
    /// A DoFn that looks at windows, so that each element comes once for each of its own.
    OncePerWindow,
    /// Spread anew.
    Reshuffle,
    /// Each once.
    Distinct,
    /// How often each number occurs.
    CountPerElement,
    /// All the numbers of each key, sorted.
    GroupByKey,
    /// The numbers of each key, folded.
    CombinePerKey {
        /// How.
        fold: Fold,
        /// Over how many intermediate keys a key is spread.
        fanout: Option<usize>,
    },
    /// The largest numbers of each key, the largest first.
    TopPerKey {
        /// How many.
        n: usize,
    },
    /// All numbers, folded.
    CombineGlobally {
        /// How.
        fold: Fold,
        /// Whether an empty input gives the fold of nothing, in the global window.
        defaults: bool,
    },
    /// A DoFn that keeps something of each key and window.
    Stateful(Stateful),
    /// A composite of further steps.
    Composite(Vec<Unary>),
}

impl Unary {
    /// What it makes of a collection of this kind, if it takes it.
    pub fn kind_after(&self, kind: Kind) -> Option<Kind> {
        use Shape::{List, Number, Pair};
        match (self, kind.shape) {
            (Unary::Map(function), shape) => Some(kind.with(function.shape_after(shape)?)),
            (Unary::MapValues(Function::Affine { .. }), Pair) => Some(kind),
            (Unary::Keys, Pair | List) | (Unary::Values, Pair) => Some(kind.with(Number)),
            (Unary::Filter { .. } | Unary::Reshuffle, _) => Some(kind),
            (Unary::FlatMap, Number) => Some(kind),
            (Unary::FlatMap, Pair | List) => Some(kind.with(Pair)),
            (Unary::OncePerWindow, _) => Some(kind),
            (Unary::Window(windowing), _) => {
                Some(Kind { windowing: *windowing, merged: false, ..kind })
            }
            (Unary::Delay { .. }, _) => (!kind.at_the_end).then_some(kind),
            (Unary::Distinct, shape) => Some(kind.grouped(shape)),
            (Unary::CountPerElement, Number) => Some(kind.grouped(Pair)),
            (Unary::GroupByKey, Pair | List) => Some(kind.grouped(List)),
            (Unary::CombinePerKey { .. }, Pair) => Some(kind.grouped(Pair)),
            (Unary::TopPerKey { .. }, Pair) => Some(kind.grouped(List)),
            (Unary::CombineGlobally { .. }, Number) => Some(kind.grouped(Number)),
            // State does not merge.
            (Unary::Stateful(stateful), Pair) if !kind.merging() => Some(match stateful {
                Stateful::Folding { .. } => kind.grouped(Pair),
                Stateful::Running | Stateful::Timing { .. } => kind,
            }),
            (Unary::Composite(steps), _) => {
                steps.iter().try_fold(kind, |kind, step| step.kind_after(kind))
            }
            _ => None,
        }
    }

    /// The steps that it consists of, one by one.
    pub fn unrolled(&self) -> Vec<Unary> {
        match self {
            Unary::Composite(steps) => steps.iter().flat_map(Unary::unrolled).collect(),
            step => vec![step.clone()],
        }
    }

    /// Whether it groups.
    pub fn is_grouping(&self) -> bool {
        match self {
            Unary::Distinct
            | Unary::CountPerElement
            | Unary::GroupByKey
            | Unary::CombinePerKey { .. }
            | Unary::TopPerKey { .. }
            | Unary::CombineGlobally { .. } => true,
            Unary::Composite(steps) => steps.iter().any(Unary::is_grouping),
            _ => false,
        }
    }
}

impl fmt::Display for Unary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unary::Map(Function::Keyed { keys }) => write!(f, "key_by(n % {keys})"),
            Unary::Map(function) => write!(f, "map({function:?})"),
            Unary::MapValues(function) => write!(f, "map_values({function:?})"),
            Unary::Keys => f.write_str("keys()"),
            Unary::Values => f.write_str("values()"),
            Unary::Filter { modulus, gone } => write!(f, "filter(measure % {modulus} != {gone})"),
            Unary::FlatMap => f.write_str("flat_map()"),
            Unary::Window(windowing) => write!(f, "window({windowing:?})"),
            Unary::Delay { by } => write!(f, "par_do(Delay {{ by: {by} }})"),
            Unary::OncePerWindow => f.write_str("par_do(OncePerWindow)"),
            Unary::Reshuffle => f.write_str("reshuffle()"),
            Unary::Distinct => f.write_str("distinct()"),
            Unary::CountPerElement => f.write_str("count_per_element()"),
            Unary::GroupByKey => f.write_str("group_by_key()"),
            Unary::CombinePerKey { fold, fanout: None } => write!(f, "combine_per_key({fold:?})"),
            Unary::CombinePerKey { fold, fanout: Some(fanout) } => {
                write!(f, "combine_per_key({fold:?}.with_hot_key_fanout({fanout}))")
            }
            Unary::TopPerKey { n } => write!(f, "combine_per_key(Top::largest({n}))"),
            Unary::CombineGlobally { fold, defaults: true } => {
                write!(f, "combine_globally({fold:?})")
            }
            Unary::CombineGlobally { fold, defaults: false } => {
                write!(f, "combine_globally_without_defaults({fold:?})")
            }
            Unary::Stateful(stateful) => write!(f, "{stateful}"),
            Unary::Composite(steps) => {
                f.write_str("apply(")?;
                for (place, step) in steps.iter().enumerate() {
                    write!(f, "{}{step}", if place == 0 { "" } else { "." })?;
                }
                f.write_str(")")
            }
        }
    }
}
