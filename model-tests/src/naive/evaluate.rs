//! The answer by definition.

use watershed::model::{PaneInfo, PaneTiming};

use super::{
    Fold, Kind, Op, Program, Span, Unary, Value,
    windows::{SECOND, groups},
};

/// An element with all that it carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The element.
    pub value: Value,
    /// Its event time.
    pub time: i64,
    /// Its windows, in ascending order.
    pub spans: Vec<Span>,
    /// The pane it came in.
    pub pane: PaneInfo,
}

/// What no grouping made carries.
const UNGROUPED: PaneInfo = PaneInfo {
    timing: PaneTiming::Unknown,
    index: 0,
    on_time_index: 0,
    is_first: true,
    is_last: true,
    drained: false,
};

/// What a batch's grouping makes carries: each pane is the only one of its key and window.
const ONLY: PaneInfo = PaneInfo { timing: PaneTiming::OnTime, ..UNGROUPED };

/// What each leaf of a sound program holds, sorted, in the order of [`Program::leaves`].
///
/// # Panics
/// If the program is not sound.
pub fn evaluate(program: &Program) -> Vec<Vec<Row>> {
    let Some(kinds) = program.kinds() else { panic!("the program is not sound:\n{program}") };
    let mut made: Vec<Vec<Vec<Row>>> = Vec::new();
    for step in &program.steps {
        let inputs: Vec<&Vec<Row>> =
            step.inputs.iter().map(|input| &made[input.step][input.port]).collect();
        let outputs = match &step.op {
            Op::Create { elements, .. } => vec![created(elements)],
            Op::CreateThenStamp { numbers } => {
                let stamped = numbers.iter().map(|n| (Value::Number(*n), n * SECOND));
                vec![created(&stamped.collect::<Vec<_>>())]
            }
            Op::Flatten => vec![inputs.into_iter().flatten().cloned().collect()],
            Op::Partition { parts } => {
                let mut outputs = vec![Vec::new(); *parts];
                for row in inputs[0] {
                    outputs[Op::part_of(&row.value, *parts)].push(row.clone());
                }
                outputs
            }
            Op::Apply(unary) => {
                vec![applied(unary, kinds[step.inputs[0].step], inputs[0].clone())]
            }
        };
        made.push(outputs);
    }
    let sorted = |mut rows: Vec<Row>| {
        rows.sort();
        rows
    };
    program.leaves().iter().map(|leaf| sorted(made[leaf.step][leaf.port].clone())).collect()
}

fn created(elements: &[(Value, i64)]) -> Vec<Row> {
    let row = |(value, time): &(Value, i64)| Row {
        value: value.clone(),
        time: *time,
        spans: vec![Span::Global],
        pane: UNGROUPED,
    };
    elements.iter().map(row).collect()
}

fn applied(unary: &Unary, kind: Kind, rows: Vec<Row>) -> Vec<Row> {
    let each = |change: &dyn Fn(Row) -> Row| rows.iter().cloned().map(change).collect();
    let values =
        |change: &dyn Fn(&Value) -> Value| each(&|row| Row { value: change(&row.value), ..row });
    match unary {
        Unary::Map(function) | Unary::MapValues(function) => values(&|value| function.call(value)),
        Unary::Keys => values(&|value| Value::Number(value.key())),
        Unary::Values => values(&|value| Value::Number(value.numbers()[0])),
        Unary::Filter { modulus, gone } => rows
            .into_iter()
            .filter(|row| row.value.measure().rem_euclid(*modulus) != *gone)
            .collect(),
        Unary::FlatMap => rows.iter().flat_map(flat_mapped).collect(),
        Unary::Window(windowing) => each(&|row| Row { spans: windowing.assign(row.time), ..row })
            .into_iter()
            .filter(|row| !row.spans.is_empty())
            .collect(),
        Unary::Delay { by } => each(&|row| Row { time: row.time + by, ..row }),
        Unary::OncePerWindow => {
            let split = |row: Row| {
                let alone = |span: &Span| Row { spans: vec![*span], ..row.clone() };
                row.spans.iter().map(alone).collect::<Vec<Row>>()
            };
            rows.into_iter().flat_map(split).collect()
        }
        Unary::Reshuffle => rows,
        Unary::Distinct => grouped(rows, kind, |value| value.clone(), |value, _| value.clone()),
        Unary::CountPerElement => {
            grouped(rows, kind, Value::key, |key, all| Value::Pair(*key, all.len() as i64))
        }
        Unary::GroupByKey => grouped(rows, kind, Value::key, |key, all| {
            let mut all = numbers_of(all);
            all.sort_unstable();
            Value::List(*key, all)
        }),
        Unary::CombinePerKey { fold, .. } => grouped(rows, kind, Value::key, |key, all| {
            Value::Pair(*key, folded(*fold, &numbers_of(all)))
        }),
        Unary::TopPerKey { n } => grouped(rows, kind, Value::key, |key, all| {
            let mut all = numbers_of(all);
            all.sort_unstable_by(|a, b| b.cmp(a));
            all.truncate(*n);
            Value::List(*key, all)
        }),
        Unary::CombineGlobally { fold, defaults } => {
            let nothing =
                rows.is_empty() && *defaults && kind.windowing.assign(0) == [Span::Global];
            let mut folds = grouped(
                rows,
                kind,
                |_| (),
                |(), all| Value::Number(folded(*fold, &numbers_of(all))),
            );
            if nothing {
                folds.push(pane(Value::Number(folded(*fold, &[])), Span::Global));
            }
            folds
        }
        Unary::Composite(steps) => {
            let mut state = (kind, rows);
            for step in steps {
                let Some(after) = step.kind_after(state.0) else {
                    panic!("the composite {unary} is not sound")
                };
                state = (after, applied(step, state.0, state.1));
            }
            state.1
        }
    }
}

fn flat_mapped(row: &Row) -> Vec<Row> {
    let (key, numbers) = (row.value.key(), row.value.numbers());
    let values: Vec<Value> = match &row.value {
        Value::Number(n) => vec![Value::Number(*n), Value::Number(n + 1)],
        Value::Pair(_, n) => vec![Value::Pair(key, *n), Value::Pair(key, n + 1)],
        Value::List(..) => numbers.iter().map(|n| Value::Pair(key, *n)).collect(),
    };
    values.into_iter().map(|value| Row { value, ..row.clone() }).collect()
}

/// One row for each key and window, at the window's last instant.
fn grouped<K: Ord + Clone>(
    rows: Vec<Row>,
    kind: Kind,
    key: impl Fn(&Value) -> K,
    made: impl Fn(&K, &[Value]) -> Value,
) -> Vec<Row> {
    let elements = rows.into_iter().map(|row| (key(&row.value), row.spans, row.value));
    let groups = groups(elements, kind.merging()).into_iter();
    groups.map(|((key, span), all)| pane(made(&key, &all), span)).collect()
}

fn pane(value: Value, span: Span) -> Row {
    Row { value, time: span.last(), spans: vec![span], pane: ONLY }
}

fn numbers_of(values: &[Value]) -> Vec<i64> {
    values.iter().flat_map(|value| value.numbers().iter().copied()).collect()
}

fn folded(fold: Fold, numbers: &[i64]) -> i64 {
    match fold {
        Fold::Sum => numbers.iter().sum(),
        Fold::Count => numbers.len() as i64,
        Fold::Min => numbers.iter().copied().min().unwrap_or(-1),
        Fold::Max => numbers.iter().copied().max().unwrap_or(-1),
    }
}
