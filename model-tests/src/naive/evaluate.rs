//! The answer by definition.

use watershed::model::{PaneInfo, PaneTiming};

use super::{
    Kind, Op, Program, Span, Unary, Value, Windowing,
    keeping::Keeping,
    looking::looked,
    meaning::{each, key, made, of_nothing},
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
            Op::MapWith(view) => {
                let windowing = kinds[step.inputs[1].step].windowing;
                vec![looked(*view, windowing, inputs[0].clone(), inputs[1])]
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
    elements.iter().map(|(value, time)| read(value.clone(), *time)).collect()
}

/// An element as a source gives it.
pub(super) fn read(value: Value, time: i64) -> Row {
    Row { value, time, spans: vec![Span::Global], pane: UNGROUPED }
}

fn applied(unary: &Unary, kind: Kind, rows: Vec<Row>) -> Vec<Row> {
    if let Unary::Composite(steps) = unary {
        let mut state = (kind, rows);
        for step in steps {
            let Some(after) = step.kind_after(state.0) else {
                panic!("the composite {unary} is not sound")
            };
            state = (after, applied(step, state.0, state.1));
        }
        return state.1;
    }
    if let Unary::Stateful(stateful) = unary {
        // All come before the end, and so nothing is late.
        return Keeping::new(*stateful, 0).step(rows, i64::MAX);
    }
    if !unary.is_grouping() {
        return rows.into_iter().flat_map(|row| each(unary, row)).collect();
    }
    let nothing =
        of_nothing(unary).filter(|_| rows.is_empty() && kind.windowing == Windowing::Global);
    // One row for each key and window, at the window's last instant.
    let elements = rows.into_iter().map(|row| (key(unary, &row.value), row.spans, row.value));
    let groups = groups(elements, kind.merging()).into_iter();
    let groups = groups.map(|((key, span), all)| only(made(unary, &key, &all), span));
    groups.chain(nothing.map(|value| only(value, Span::Global))).collect()
}

/// The only pane of a key and window.
pub(super) fn only(value: Value, span: Span) -> Row {
    Row { value, time: span.last(), spans: vec![span], pane: ONLY }
}
