//! What panes come to, however many there are.
//!
//! Early and late panes are parts of an answer, and when they come is a matter of chance in a real run.
//! Behind some steps the whole can still be told from its parts: single elements add up, sums of sums are
//! sums. Behind others it cannot: a filter over partial sums sees numbers that a batch never has.

use std::collections::BTreeMap;

use watershed::model::PaneInfo;

use super::{
    Fold, Function, Kind, Op, Program, Row, Span, Stateful, Unary, Value, windows::overlap,
};

/// What the panes of a collection come to, if nothing was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// All elements together are those of a batch.
    Elements,
    /// Parts of what a batch gives for a key and window.
    Parts(Whole),
    /// Nothing that could be told.
    Open,
}

/// How parts become a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// They add up.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// All numbers of all.
    List,
    /// The greatest numbers of all.
    Top(usize),
}

/// What the panes of each step's outputs come to, if all groupings discard or all accumulate.
///
/// # Panics
/// If the program is not sound.
pub fn nets(program: &Program, accumulating: bool) -> Vec<Net> {
    let Some(kinds) = program.kinds() else { panic!("the program is not sound:\n{program}") };
    let mut nets: Vec<Net> = Vec::new();
    for step in &program.steps {
        let inputs = || step.inputs.iter().map(|input| nets[input.step]);
        let all_elements = inputs().all(|net| net == Net::Elements);
        nets.push(match &step.op {
            Op::Apply(unary) => {
                let input = step.inputs[0].step;
                behind(unary, kinds[input], nets[input], accumulating)
            }
            // A look may find one pane or two.
            Op::MapWith(_) => Net::Open,
            _ if all_elements => Net::Elements,
            _ => Net::Open,
        });
    }
    nets
}

fn behind(unary: &Unary, kind: Kind, net: Net, accumulating: bool) -> Net {
    let of_fold = |fold: Fold| match fold {
        Fold::Sum | Fold::Count => Whole::Sum,
        Fold::Min => Whole::Min,
        Fold::Max => Whole::Max,
    };
    match (unary, net) {
        (Unary::Composite(steps), _) => {
            let mut state = (kind, net);
            for step in steps {
                let after = step.kind_after(state.0).unwrap_or(state.0);
                state = (after, behind(step, state.0, state.1, accumulating));
            }
            state.1
        }
        (Unary::Reshuffle | Unary::OncePerWindow, _) => net,
        (_, Net::Open) => Net::Open,
        (Unary::GroupByKey, Net::Elements) => Net::Parts(Whole::List),
        (Unary::CountPerElement, Net::Elements) => Net::Parts(Whole::Sum),
        (Unary::TopPerKey { n }, Net::Elements) => Net::Parts(Whole::Top(*n)),
        (
            Unary::CombinePerKey { fold, .. } | Unary::CombineGlobally { fold, .. },
            Net::Elements,
        ) => Net::Parts(of_fold(*fold)),
        // What is late fires at once, and is counted before what fires after it in time.
        (Unary::Stateful(Stateful::Timing { .. }), _) => Net::Open,
        // Also folds when a window expires, and sums in order, if nothing comes behind its turn. Also
        // distinct values: each comes once, whatever the panes.
        (_, Net::Elements) => Net::Elements,
        // The parts of a session lie in windows of their own. What accumulates comes again and again.
        (_, Net::Parts(_)) if accumulating || kind.windowing.is_merging() => Net::Open,
        (Unary::FlatMap, Net::Parts(Whole::List)) => Net::Elements,
        (Unary::Map(Function::Total), Net::Parts(Whole::List)) => Net::Parts(Whole::Sum),
        (Unary::GroupByKey, Net::Parts(Whole::List)) => net,
        (Unary::Stateful(Stateful::Folding { fold }), Net::Parts(whole))
            if *fold != Fold::Count && of_fold(*fold) == whole =>
        {
            Net::Elements
        }
        (Unary::CombinePerKey { fold, .. }, Net::Parts(whole))
            if *fold != Fold::Count && of_fold(*fold) == whole =>
        {
            net
        }
        (_, Net::Parts(_)) => Net::Open,
    }
}

/// What was found in each leaf, as a batch would have it: pane by pane put together as [`nets`] says,
/// and nothing where nothing can be told. `batch` says which windows there are in the end.
pub fn net(
    program: &Program,
    found: &[Vec<Row>],
    batch: &[Vec<Row>],
    accumulating: bool,
) -> Vec<Vec<Row>> {
    let nets = nets(program, accumulating);
    let leaves = program.leaves().into_iter().zip(found).zip(batch);
    let net = leaves.map(|((leaf, found), batch)| match nets[leaf.step] {
        Net::Elements => {
            let mut rows: Vec<Row> = found.iter().cloned().map(without_pane).collect();
            rows.sort();
            rows
        }
        Net::Parts(whole) => wholes(whole, found, batch, accumulating),
        Net::Open => Vec::new(),
    });
    net.collect()
}

fn without_pane(row: Row) -> Row {
    Row { pane: PaneInfo::UNGROUPED, ..row }
}

/// The key of a result; those for a whole window have none.
fn key(value: &Value) -> Option<i64> {
    match value {
        Value::Number(_) => None,
        Value::Pair(key, _) | Value::List(key, _) => Some(*key),
    }
}

fn wholes(whole: Whole, found: &[Row], batch: &[Row], accumulating: bool) -> Vec<Row> {
    let mut parts: BTreeMap<(Option<i64>, Vec<Span>), Vec<&Row>> = BTreeMap::new();
    for row in found {
        // Its own window, or the session that it is a part of.
        let of_key = || batch.iter().filter(|of| key(&of.value) == key(&row.value));
        let own = of_key().find(|of| of.spans == row.spans);
        let whole = own.or_else(|| of_key().find(|of| overlap(of.spans[0], row.spans[0])));
        let spans = &whole.unwrap_or(row).spans;
        parts.entry((key(&row.value), spans.clone())).or_default().push(row);
    }
    let rows = parts.into_iter().map(|((_, spans), mut parts)| {
        if accumulating {
            // Later panes replace earlier ones; those of a session's parts say nothing of the whole.
            let last =
                parts.iter().filter(|row| row.spans == spans).max_by_key(|row| row.pane.index);
            parts = last.map_or(parts.clone(), |last| vec![*last]);
        }
        // A pane that does not lie at its window's end shows.
        let astray = parts.iter().find(|row| row.time != row.spans[0].last());
        let time = astray.map_or(spans[0].last(), |row| row.time);
        without_pane(Row { value: together(whole, &parts), time, spans, pane: parts[0].pane })
    });
    rows.collect()
}

fn together(whole: Whole, parts: &[&Row]) -> Value {
    let mut numbers: Vec<i64> =
        parts.iter().flat_map(|row| row.value.numbers().iter().copied()).collect();
    numbers.sort_unstable();
    let number = match whole {
        Whole::Sum => numbers.iter().sum(),
        Whole::Min => numbers.first().copied().unwrap_or(-1),
        Whole::Max => numbers.last().copied().unwrap_or(-1),
        Whole::List | Whole::Top(_) => 0,
    };
    match (&parts[0].value, whole) {
        (Value::List(key, _), Whole::Top(n)) => {
            Value::List(*key, numbers.into_iter().rev().take(n).collect())
        }
        (Value::List(key, _), _) => Value::List(*key, numbers),
        (Value::Pair(key, _), _) => Value::Pair(*key, number),
        (Value::Number(_), _) => Value::Number(number),
    }
}
