//! What a step does to one element, and what a grouping makes of its values.

use super::{Fold, Row, Span, Unary, Value};

/// What a step that looks at each element by itself makes of one.
///
/// # Panics
/// For steps that group, and for composites.
pub(super) fn each(unary: &Unary, row: Row) -> Vec<Row> {
    let into = |value: Value| vec![Row { value, ..row.clone() }];
    match unary {
        Unary::Map(function) | Unary::MapValues(function) => into(function.call(&row.value)),
        Unary::Keys => into(Value::Number(row.value.key())),
        Unary::Values => into(Value::Number(row.value.numbers()[0])),
        Unary::Filter { modulus, gone } => {
            let stays = row.value.measure().rem_euclid(*modulus) != *gone;
            if stays { vec![row] } else { Vec::new() }
        }
        Unary::FlatMap => flat_mapped(&row),
        Unary::Window(windowing) => {
            let spans = windowing.assign(row.time);
            if spans.is_empty() { Vec::new() } else { vec![Row { spans, ..row }] }
        }
        Unary::Delay { by } => vec![Row { time: row.time + by, ..row }],
        Unary::OncePerWindow => {
            let alone = |span: &Span| Row { spans: vec![*span], ..row.clone() };
            row.spans.iter().map(alone).collect()
        }
        Unary::Reshuffle => vec![row],
        _ => panic!("{unary} does not look at each element by itself"),
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

/// What a grouping groups an element by. What folds all has one key.
pub(super) fn key(grouping: &Unary, value: &Value) -> Value {
    match grouping {
        Unary::Distinct => value.clone(),
        Unary::CombineGlobally { .. } => Value::Number(0),
        _ => Value::Number(value.key()),
    }
}

/// What a grouping makes of the values of a key and window.
///
/// # Panics
/// For steps that do not group.
pub(super) fn made(grouping: &Unary, key: &Value, all: &[Value]) -> Value {
    let mut numbers: Vec<i64> =
        all.iter().flat_map(|value| value.numbers().iter().copied()).collect();
    numbers.sort_unstable();
    match grouping {
        Unary::Distinct => key.clone(),
        Unary::CountPerElement => Value::Pair(key.key(), all.len() as i64),
        Unary::GroupByKey => Value::List(key.key(), numbers),
        Unary::CombinePerKey { fold, .. } => Value::Pair(key.key(), folded(*fold, &numbers)),
        Unary::TopPerKey { n } => {
            Value::List(key.key(), numbers.into_iter().rev().take(*n).collect())
        }
        Unary::CombineGlobally { fold, .. } => Value::Number(folded(*fold, &numbers)),
        _ => panic!("{grouping} does not group"),
    }
}

/// What a grouping of nothing gives in the global window, if anything.
pub(super) fn of_nothing(grouping: &Unary) -> Option<Value> {
    let Unary::CombineGlobally { fold, defaults: true } = grouping else { return None };
    Some(Value::Number(folded(*fold, &[])))
}

pub(super) fn folded(fold: Fold, numbers: &[i64]) -> i64 {
    match fold {
        Fold::Sum => numbers.iter().sum(),
        Fold::Count => numbers.len() as i64,
        Fold::Min => numbers.iter().copied().min().unwrap_or(-1),
        Fold::Max => numbers.iter().copied().max().unwrap_or(-1),
    }
}
