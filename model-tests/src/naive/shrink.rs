//! The small program inside a large one that fails.
//!
//! Greedy: of all programs that are one cut smaller, the first that still fails is taken, until none
//! does. Cuts go from large to small: steps with all that reads them, steps bypassed, inputs of a
//! flatten, looks at views, parts of composites, halves of a source's elements, single elements.

use super::{Op, Output, Program, Unary};

/// After so many tries the smallest program so far is good enough.
const MOST_TRIES: usize = 3_000;

/// The smallest program that is found by cutting `program` and still `fails`.
pub fn shrink(program: Program, fails: impl FnMut(&Program) -> bool) -> Program {
    let sound = |program: &Program| {
        let is_sound = |cut: &Program| cut.kinds().is_some() && !cut.steps.is_empty();
        cuts(program).into_iter().filter(is_sound).collect()
    };
    smallest(program, MOST_TRIES, sound, fails)
}

/// The smallest that is found by going, again and again, to the first cut that still fails, in at most so
/// many tries.
pub(crate) fn smallest<T>(
    start: T,
    most_tries: usize,
    cuts: impl Fn(&T) -> Vec<T>,
    mut fails: impl FnMut(&T) -> bool,
) -> T {
    let mut smallest = start;
    let mut tries = most_tries;
    'smaller: loop {
        for candidate in cuts(&smallest) {
            if tries == 0 {
                return smallest;
            }
            tries -= 1;
            if fails(&candidate) {
                smallest = candidate;
                continue 'smaller;
            }
        }
        return smallest;
    }
}

/// Every program that is one cut smaller; some are not sound.
fn cuts(program: &Program) -> Vec<Program> {
    let mut cuts = Vec::new();
    let steps = 0..program.steps.len();
    cuts.extend(steps.clone().map(|step| keep(program, |other| !depends(program, other, step))));
    cuts.extend(steps.clone().flat_map(|step| {
        program.steps[step].inputs.iter().map(move |input| bypass(program, step, *input))
    }));
    cuts.extend(steps.clone().filter_map(|step| program.without_look(step)));
    for step in steps {
        cuts.extend(lighter(&program.steps[step].op).into_iter().map(|op| {
            let mut lighter = program.clone();
            lighter.steps[step].op = op;
            lighter
        }));
        for input in 0..program.steps[step].inputs.len() {
            let mut without = program.clone();
            without.steps[step].inputs.remove(input);
            cuts.push(without);
        }
    }
    cuts
}

fn depends(program: &Program, step: usize, on: usize) -> bool {
    program.ancestors(step).contains(&on)
}

/// Only the steps that `keeps` holds for, which must not read any others.
fn keep(program: &Program, keeps: impl Fn(usize) -> bool) -> Program {
    let kept: Vec<usize> = (0..program.steps.len()).filter(|step| keeps(*step)).collect();
    let place = |old: usize| kept.iter().position(|step| *step == old);
    let moved = |output: &Output| Some(Output { step: place(output.step)?, ..*output });
    let steps = kept.iter().map(|old| {
        let mut step = program.steps[*old].clone();
        step.inputs = step.inputs.iter().filter_map(moved).collect();
        step
    });
    Program { steps: steps.collect() }
}

/// Without a step: those who read it read one of those that it read.
fn bypass(program: &Program, step: usize, instead: Output) -> Program {
    let mut around = program.clone();
    for reader in &mut around.steps {
        for input in reader.inputs.iter_mut().filter(|input| input.step == step) {
            *input = instead;
        }
    }
    keep(&around, |other| other != step)
}

/// The same operation with less in it.
fn lighter(op: &Op) -> Vec<Op> {
    match op {
        Op::Create { shape, elements } => fewer(elements)
            .into_iter()
            .map(|elements| Op::Create { shape: *shape, elements })
            .collect(),
        Op::CreateThenStamp { numbers } => {
            fewer(numbers).into_iter().map(|numbers| Op::CreateThenStamp { numbers }).collect()
        }
        Op::Partition { parts } if *parts > 1 => vec![Op::Partition { parts: parts - 1 }],
        Op::Apply(Unary::Composite(steps)) => {
            let inner = steps.iter().cloned().map(Op::Apply);
            let shorter =
                fewer(steps).into_iter().filter(|steps| !steps.is_empty()).map(Unary::Composite);
            inner.chain(shorter.map(Op::Apply)).collect()
        }
        Op::Apply(Unary::CombinePerKey { fold, fanout: Some(_) }) => {
            vec![Op::Apply(Unary::CombinePerKey { fold: *fold, fanout: None })]
        }
        _ => Vec::new(),
    }
}

/// One half, the other half, and all but one.
pub(crate) fn fewer<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    let mut fewer = Vec::new();
    if all.len() > 2 {
        let (front, back) = all.split_at(all.len() / 2);
        fewer.extend([front.to_vec(), back.to_vec()]);
    }
    fewer.extend((0..all.len()).map(|gone| {
        let mut rest = all.to_vec();
        rest.remove(gone);
        rest
    }));
    fewer
}

#[cfg(test)]
mod tests {
    use super::*;
    use watershed::model::PaneTiming;

    use crate::naive::{Shape, Step, Value, evaluate, generate};

    #[test]
    fn only_what_fails_is_left() {
        // "Fails" where any leaf holds the pane of a group of two or more.
        let fails = |program: &Program| {
            let is_large = |value: &Value| matches!(value, Value::List(_, all) if all.len() > 1);
            evaluate(program)
                .iter()
                .flatten()
                .any(|row| row.pane.timing == PaneTiming::OnTime && is_large(&row.value))
        };
        let large = (0..).map(generate).find(fails).unwrap();
        let small = shrink(large, fails);
        assert!(small.steps.len() <= 4 && small.elements() <= 2, "{small}");
        assert!(fails(&small));
    }

    #[test]
    fn a_bypassed_step_is_read_around() {
        let output = |step| Output { step, port: 0 };
        let apply = |unary, step| Step { op: Op::Apply(unary), inputs: vec![output(step)] };
        let source = Op::Create { shape: Shape::Number, elements: vec![(Value::Number(1), 0)] };
        let program = Program {
            steps: vec![
                Step { op: source, inputs: vec![] },
                apply(Unary::Reshuffle, 0),
                apply(Unary::Distinct, 1),
            ],
        };
        let around = bypass(&program, 1, output(0));
        assert_eq!(around.steps[1..], [apply(Unary::Distinct, 0)]);
    }
}
