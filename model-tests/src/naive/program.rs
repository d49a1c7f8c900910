//! Pipelines as data: steps and what they read.

use std::{collections::BTreeSet, fmt};

use super::{Kind, Shape, SideView, Unary, Value};

/// An output of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Output {
    /// The step's place in the program.
    pub step: usize,
    /// Which of its outputs.
    pub port: usize,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Elements from memory, with their times.
    Create {
        /// What they look like.
        shape: Shape,
        /// Elements and times.
        elements: Vec<(Value, i64)>,
    },
    /// Numbers from memory whose times are given by a later step: each number is its own, in seconds.
    CreateThenStamp {
        /// The numbers.
        numbers: Vec<i64>,
    },
    /// All inputs together.
    Flatten,
    /// Elements by the remainder of their measure.
    Partition {
        /// How many outputs.
        parts: usize,
    },
    /// The elements of the first input look at a view of the second.
    MapWith(SideView),
    /// Anything with one input and one output.
    Apply(Unary),
}

impl Op {
    /// How many outputs it has.
    pub fn ports(&self) -> usize {
        match self {
            Op::Partition { parts } => *parts,
            _ => 1,
        }
    }

    /// Which part of a partition takes an element.
    pub fn part_of(value: &Value, parts: usize) -> usize {
        value.measure().rem_euclid(parts as i64) as usize
    }
}

/// A step and what it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub op: Op,
    /// What it reads, all of it made by steps before.
    pub inputs: Vec<Output>,
}

/// A pipeline. What nobody reads is its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The steps; each stands behind those it reads from.
    pub steps: Vec<Step>,
}

impl Program {
    /// What each step's outputs are like, or `None` if a step does not fit what it reads.
    pub fn kinds(&self) -> Option<Vec<Kind>> {
        let mut kinds: Vec<Kind> = Vec::new();
        for (place, step) in self.steps.iter().enumerate() {
            let reads = |input: &Output| {
                let is_there = input.step < place && input.port < self.steps[input.step].op.ports();
                is_there.then(|| kinds[input.step])
            };
            let inputs: Vec<Kind> = step.inputs.iter().map(reads).collect::<Option<_>>()?;
            kinds.push(match (&step.op, &*inputs) {
                (Op::Create { shape, .. }, []) => Kind::source(*shape),
                (Op::CreateThenStamp { .. }, []) => Kind::source(Shape::Number),
                (Op::Flatten, [first, ..]) if inputs.iter().all(|other| first.fits(*other)) => {
                    Kind { at_the_end: inputs.iter().any(|kind| kind.at_the_end), ..*first }
                }
                (Op::Partition { .. }, [kind]) => *kind,
                (Op::MapWith(view), [kind, side]) if view.takes(*side) => view.kind_after(*kind)?,
                (Op::Apply(unary), [kind]) => unary.kind_after(*kind)?,
                _ => return None,
            });
        }
        Some(kinds)
    }

    /// All outputs, in order.
    pub fn outputs(&self) -> Vec<Output> {
        let steps = self.steps.iter().enumerate();
        steps
            .flat_map(|(step, it)| (0..it.op.ports()).map(move |port| Output { step, port }))
            .collect()
    }

    /// The outputs that nobody reads.
    pub fn leaves(&self) -> Vec<Output> {
        let read: BTreeSet<Output> =
            self.steps.iter().flat_map(|step| step.inputs.iter().copied()).collect();
        self.outputs().into_iter().filter(|output| !read.contains(output)).collect()
    }

    /// The steps that `step` depends on, itself among them.
    pub fn ancestors(&self, step: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([step]);
        for place in (0..=step).rev() {
            if found.contains(&place) {
                found.extend(self.steps[place].inputs.iter().map(|input| input.step));
            }
        }
        found
    }

    /// Changes every step with one input and one output, those inside composites too.
    pub fn change_each(&mut self, change: &mut impl FnMut(&mut Unary)) {
        fn within(unary: &mut Unary, change: &mut impl FnMut(&mut Unary)) {
            match unary {
                Unary::Composite(steps) => steps.iter_mut().for_each(|step| within(step, change)),
                _ => change(unary),
            }
        }
        for step in &mut self.steps {
            if let Op::Apply(unary) = &mut step.op {
                within(unary, change);
            }
        }
    }

    /// The same without a look at a view. Its reader still comes once for each of its windows.
    pub fn without_look(&self, step: usize) -> Option<Program> {
        let Op::MapWith(_) = self.steps[step].op else { return None };
        let mut without = self.clone();
        without.steps[step].op = Op::Apply(Unary::OncePerWindow);
        without.steps[step].inputs.truncate(1);
        Some(without)
    }

    /// The same without a look at any view.
    pub fn without_looks(self) -> Program {
        let steps = 0..self.steps.len();
        steps.fold(self, |program, step| program.without_look(step).unwrap_or(program))
    }

    /// Whether a step looks at a view.
    pub fn has_looks(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.op, Op::MapWith(_)))
    }

    /// The same with the steps of composites one by one, and beside it the step that each was.
    pub fn unrolled(&self) -> (Program, Vec<usize>) {
        let (mut program, mut was, mut moved) = (Program::default(), Vec::new(), Vec::new());
        for (place, step) in self.steps.iter().enumerate() {
            let moved_to = |input: &Output| Output { step: moved[input.step], ..*input };
            let mut inputs: Vec<Output> = step.inputs.iter().map(moved_to).collect();
            let ops = match &step.op {
                Op::Apply(unary) => unary.unrolled().into_iter().map(Op::Apply).collect(),
                op => vec![op.clone()],
            };
            for op in ops {
                program.steps.push(Step { op, inputs });
                was.push(place);
                inputs = vec![Output { step: was.len() - 1, port: 0 }];
            }
            moved.push(was.len() - 1);
        }
        (program, was)
    }

    /// How many steps it has, those inside composites counted one by one.
    pub fn primitives(&self) -> usize {
        fn within(unary: &Unary) -> usize {
            match unary {
                Unary::Composite(steps) => steps.iter().map(within).sum(),
                _ => 1,
            }
        }
        let count = |step: &Step| match &step.op {
            Op::Apply(unary) => within(unary),
            Op::CreateThenStamp { .. } => 2,
            _ => 1,
        };
        self.steps.iter().map(count).sum()
    }

    /// How many elements its sources have.
    pub fn elements(&self) -> usize {
        self.steps
            .iter()
            .map(|step| match &step.op {
                Op::Create { elements, .. } => elements.len(),
                Op::CreateThenStamp { numbers } => numbers.len(),
                _ => 0,
            })
            .sum()
    }

    /// How an output is written.
    pub fn name(&self, output: Output) -> String {
        match &self.steps[output.step].op {
            Op::Partition { .. } => format!("c{}.{}", output.step, output.port),
            _ => format!("c{}", output.step),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps.iter().enumerate() {
            let inputs: Vec<String> = step.inputs.iter().map(|input| self.name(*input)).collect();
            write!(f, "    c{place} = ")?;
            match &step.op {
                Op::Create { shape, elements } => {
                    let elements: Vec<String> = elements
                        .iter()
                        .map(|(value, time)| format!("{value} at {time}us"))
                        .collect();
                    writeln!(f, "create::<{shape:?}>([{}])", elements.join(", "))?;
                }
                Op::CreateThenStamp { numbers } => {
                    writeln!(f, "create::<Number>({numbers:?}).with_timestamps(seconds)")?;
                }
                Op::Flatten => writeln!(f, "flatten([{}])", inputs.join(", "))?,
                Op::Partition { parts } => {
                    writeln!(f, "{}.partition({parts}, measure % {parts})", inputs.join(", "))?;
                }
                Op::MapWith(view) => {
                    writeln!(f, "{}.map_with(&{}.{view}, add)", inputs[0], inputs[1..].join(", "))?;
                }
                Op::Apply(unary) => writeln!(f, "{}.{unary}", inputs.join(", "))?,
            }
        }
        Ok(())
    }
}
