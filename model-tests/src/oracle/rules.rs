//! How a grouping goes, and what it makes of its values.

use std::slice;

use serde::{Deserialize, Serialize};
use watershed::model::{AccumulationMode, Duration, FiringBehavior, TimestampCombiner, Trigger};

use super::Windowing;

/// All that a grouping goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Which windows there are.
    pub windowing: Windowing,
    /// When panes go out.
    pub trigger: Trigger,
    /// Whether a pane's elements stay for the next one.
    pub mode: AccumulationMode,
    /// How long after its end a window takes elements in.
    pub lateness: Duration,
    /// The event times of panes.
    pub timestamp_combiner: TimestampCombiner,
    /// Whether an empty on-time pane goes out.
    pub on_time: FiringBehavior,
    /// Whether an empty last pane goes out.
    pub closing: FiringBehavior,
    /// What a pane's values become.
    pub combine: Combine,
}

impl Rules {
    /// These windows and this trigger, and all else as it is by default; panes show all their values.
    pub fn new(windowing: Windowing, trigger: Trigger) -> Rules {
        Rules {
            windowing,
            trigger,
            mode: AccumulationMode::Discarding,
            lateness: Duration::ZERO,
            timestamp_combiner: TimestampCombiner::EndOfWindow,
            on_time: FiringBehavior::FireAlways,
            closing: FiringBehavior::FireIfNonEmpty,
            combine: Combine::List,
        }
    }

    /// Whether elements stay after a firing.
    pub fn is_accumulating(&self) -> bool {
        self.mode == AccumulationMode::Accumulating
    }
}

/// What the values of a pane become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Combine {
    /// All of them, in ascending order.
    List,
    /// Their sum.
    Sum,
    /// How many they are.
    Count,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// What a pane holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// The least or greatest of nothing.
    Nothing,
    /// A number.
    Number(i64),
    /// Numbers in ascending order.
    List(Vec<i64>),
}

impl Combine {
    /// What these values become.
    pub fn of(self, mut values: Vec<i64>) -> Value {
        values.sort();
        let or_nothing = |found: Option<&i64>| found.map_or(Value::Nothing, |n| Value::Number(*n));
        match self {
            Combine::List => Value::List(values),
            Combine::Sum => Value::Number(values.iter().sum()),
            Combine::Count => Value::Number(values.len() as i64),
            Combine::Min => or_nothing(values.first()),
            Combine::Max => or_nothing(values.last()),
        }
    }

    /// What the results for parts become for the whole.
    pub fn again(self, parts: &[Value]) -> Value {
        let numbers = parts.iter().flat_map(|part| match part {
            Value::Nothing => &[],
            Value::Number(n) => slice::from_ref(n),
            Value::List(numbers) => numbers.as_slice(),
        });
        let whole = if self == Combine::Count { Combine::Sum } else { self };
        whole.of(numbers.copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_combine_also_when_there_are_none() {
        let all = [Combine::List, Combine::Sum, Combine::Count, Combine::Min, Combine::Max];
        let some = all.map(|combine| combine.of(vec![3, -1, 5]));
        let numbers = [7, 3, -1, 5].map(Value::Number);
        assert_eq!(some[0], Value::List(vec![-1, 3, 5]));
        assert_eq!(some[1..], numbers);
        let none = all.map(|combine| combine.of(vec![]));
        let zero = Value::Number(0);
        let expected = [Value::List(vec![]), zero.clone(), zero, Value::Nothing, Value::Nothing];
        assert_eq!(none, expected);
    }

    #[test]
    fn the_results_for_parts_combine_to_that_for_all() {
        for combine in [Combine::List, Combine::Sum, Combine::Count, Combine::Min, Combine::Max] {
            let parts = [vec![5, -1], vec![], vec![3]].map(|values| combine.of(values));
            assert_eq!(combine.again(&parts), combine.of(vec![5, -1, 3]));
        }
    }
}
