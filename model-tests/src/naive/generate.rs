//! Programs by seed.

use fastrand::Rng;

use super::{
    Fold, Function, Kind, Op, Output, Program, Shape, SideView, Stateful, Step, Unary, Value,
    Windowing, windows::SECOND,
};

/// A program has no fewer steps than this, those inside composites among them.
const LEAST_STEPS: usize = 6;
/// Nor many more than this.
const MOST_STEPS: usize = 16;
/// No collection holds more numbers than this, however often it is doubled.
const MOST_NUMBERS: usize = 600;

/// The program of this seed: sound, small, and of at least six steps.
pub fn generate(seed: u64) -> Program {
    let mut draft =
        Draft { random: Rng::with_seed(seed), program: Program::default(), made: vec![] };
    let steps = draft.random.usize(LEAST_STEPS..=MOST_STEPS);
    for _ in 0..draft.random.usize(1..=2) {
        draft.create();
    }
    while draft.program.primitives() < steps {
        draft.grow();
    }
    draft.program
}

/// What is known of a step's outputs: their kind, and at most how much they hold.
#[derive(Clone, Copy)]
struct Made {
    kind: Kind,
    /// Numbers in all elements together.
    numbers: usize,
    /// Windows that one element is in.
    spans: usize,
}

impl Made {
    /// What the step makes of this, if it takes it and does not make too much.
    fn after(self, unary: &Unary) -> Option<Made> {
        let kind = unary.kind_after(self.kind)?;
        let (numbers, spans) = match unary {
            Unary::Window(Windowing::Sliding { size, period, .. }) => {
                (self.numbers, (size / period) as usize + 1)
            }
            Unary::Window(_) => (self.numbers, 1),
            Unary::FlatMap if self.kind.shape != Shape::List => (2 * self.numbers, self.spans),
            Unary::Composite(steps) => {
                return steps.iter().try_fold(self, |made, step| made.after(step));
            }
            Unary::OncePerWindow | Unary::Stateful(_) => (self.numbers * self.spans, 1),
            grouping if grouping.is_grouping() => (1 + self.numbers * self.spans, 1),
            _ => (self.numbers, self.spans),
        };
        (numbers <= MOST_NUMBERS).then_some(Made { kind, numbers, spans })
    }
}

struct Draft {
    random: Rng,
    program: Program,
    made: Vec<Made>,
}

impl Draft {
    fn push(&mut self, op: Op, inputs: Vec<Output>, made: Made) -> Output {
        self.program.steps.push(Step { op, inputs });
        self.made.push(made);
        Output { step: self.made.len() - 1, port: 0 }
    }

    fn grow(&mut self) {
        let input = self.some_output();
        match self.random.u32(0..100) {
            0..4 => self.create(),
            4..16 => self.flatten(input),
            16..24 => self.diamond(input),
            24..32 => {
                let parts = self.random.usize(1..=4);
                self.push(Op::Partition { parts }, vec![input], self.made[input.step]);
            }
            32..44 => self.look(input),
            _ => {
                self.apply(input);
            }
        }
    }

    /// An output, mostly one that nobody reads yet.
    fn some_output(&mut self) -> Output {
        let outputs = match self.random.u32(0..10) {
            0..7 => self.program.leaves(),
            _ => self.program.outputs(),
        };
        outputs[self.random.usize(0..outputs.len())]
    }

    fn create(&mut self) {
        let size = match self.random.u32(0..10) {
            0 => 0,
            1 => 1,
            _ => self.random.usize(2..=14),
        };
        let random = &mut self.random;
        let (op, shape) = match random.u32(0..5) {
            0 => {
                let numbers = (0..size).map(|_| random.i64(-9..30)).collect();
                (Op::CreateThenStamp { numbers }, Shape::Number)
            }
            1 | 2 => {
                let elements =
                    (0..size).map(|_| (Value::Number(random.i64(-9..30)), time(random))).collect();
                (Op::Create { shape: Shape::Number, elements }, Shape::Number)
            }
            3 => {
                let pair = |random: &mut Rng| Value::Pair(random.i64(0..4), random.i64(-9..30));
                let elements = (0..size).map(|_| (pair(random), time(random))).collect();
                (Op::Create { shape: Shape::Pair, elements }, Shape::Pair)
            }
            _ => {
                let list = |random: &mut Rng| {
                    let all = (0..random.usize(1..3)).map(|_| random.i64(-9..30)).collect();
                    Value::List(random.i64(0..4), all)
                };
                let elements = (0..size).map(|_| (list(random), time(random))).collect();
                (Op::Create { shape: Shape::List, elements }, Shape::List)
            }
        };
        let made = Made { kind: Kind::source(shape), numbers: 2 * size, spans: 1 };
        self.push(op, Vec::new(), made);
    }

    /// An output with others that fit it, itself perhaps among them.
    fn flatten(&mut self, first: Output) {
        let kind = self.made[first.step].kind;
        let outputs = self.program.outputs().into_iter();
        let fitting: Vec<Output> =
            outputs.filter(|other| self.made[other.step].kind.fits(kind)).collect();
        let mut inputs = vec![first];
        for _ in 0..self.random.usize(0..3) {
            let itself = self.random.u32(0..4) == 0;
            inputs.push(if itself { first } else { fitting[self.random.usize(0..fitting.len())] });
        }
        self.flatten_all(inputs);
    }

    fn flatten_all(&mut self, inputs: Vec<Output>) {
        let all: Vec<Made> = inputs.iter().map(|input| self.made[input.step]).collect();
        let made = Made {
            kind: Kind { at_the_end: all.iter().any(|made| made.kind.at_the_end), ..all[0].kind },
            numbers: all.iter().map(|made| made.numbers).sum(),
            spans: all.iter().map(|made| made.spans).max().unwrap_or(1),
        };
        if made.numbers <= MOST_NUMBERS {
            self.push(Op::Flatten, inputs, made);
        }
    }

    /// Two ways from one output, which meet again.
    fn diamond(&mut self, top: Output) {
        let kind = self.made[top.step].kind;
        let mut sides = vec![top];
        for _ in 0..2 {
            let side = self.some_unary(0);
            let made = self.made[top.step].after(&side);
            if let Some(made) = made.filter(|made| made.kind.fits(kind)) {
                sides.push(self.push(Op::Apply(side), vec![top], made));
            }
        }
        if let [_, left, right] = sides[..] {
            sides = vec![left, right];
        }
        self.flatten_all(sides);
    }

    /// A look at a view of an output that fits one, the reader itself perhaps.
    fn look(&mut self, reader: Output) {
        let views = [SideView::List, SideView::Multimap, SideView::Single];
        let view = views[self.random.usize(0..views.len())];
        let made = self.made[reader.step];
        let outputs = self.program.outputs().into_iter();
        let sides: Vec<Output> =
            outputs.filter(|side| view.takes(self.made[side.step].kind)).collect();
        let numbers = made.numbers * made.spans;
        let Some(kind) = view.kind_after(made.kind).filter(|_| numbers <= MOST_NUMBERS) else {
            return;
        };
        if !sides.is_empty() {
            let side = sides[self.random.usize(0..sides.len())];
            let made = Made { kind, numbers, spans: 1 };
            self.push(Op::MapWith(view), vec![reader, side], made);
        }
    }

    /// A step with one output; behind windows and groupings often a grouping, or state.
    fn apply(&mut self, input: Output) {
        for _ in 0..40 {
            let unary = self.some_unary(1);
            let Some(made) = self.made[input.step].after(&unary) else { continue };
            let grouped_next = matches!(unary, Unary::Window(_)) || unary.is_grouping();
            let output = self.push(Op::Apply(unary), vec![input], made);
            if grouped_next && self.random.bool() {
                self.group(output);
            }
            return;
        }
    }

    fn group(&mut self, input: Output) {
        for _ in 0..20 {
            let unary = match self.random.u32(0..3) {
                0 => Unary::Stateful(some_stateful(&mut self.random)),
                _ => some_grouping(&mut self.random),
            };
            if let Some(made) = self.made[input.step].after(&unary) {
                self.push(Op::Apply(unary), vec![input], made);
                return;
            }
        }
    }

    /// A step, which need not fit anything, nor be a composite nested deeper than `depth`.
    fn some_unary(&mut self, depth: u32) -> Unary {
        let random = &mut self.random;
        match random.u32(0..100) {
            0..10 => Unary::Map(some_function(random)),
            10..14 => Unary::MapValues(affine(random)),
            14..16 => Unary::Keys,
            16..19 => Unary::Values,
            19..26 => {
                let modulus = random.i64(2..5);
                Unary::Filter { modulus, gone: random.i64(0..modulus) }
            }
            26..31 => Unary::FlatMap,
            31..50 => Unary::Window(some_windowing(random)),
            50..54 => Unary::Delay { by: random.i64(0..3 * SECOND) },
            54..58 => Unary::OncePerWindow,
            58..63 => Unary::Reshuffle,
            63..74 => Unary::Stateful(some_stateful(random)),
            74..80 if depth > 0 => {
                let steps = (0..random.usize(1..=3)).map(|_| self.some_unary(depth - 1));
                Unary::Composite(steps.collect())
            }
            _ => some_grouping(random),
        }
    }
}

/// A time near the epoch, before it or after; mostly on a second, sometimes beside one.
fn time(random: &mut Rng) -> i64 {
    let beside = if random.u32(0..4) == 0 { random.i64(-1..=1) } else { 0 };
    random.i64(-12..24) * SECOND + beside
}

fn affine(random: &mut Rng) -> Function {
    let (factor, add, modulus) = (random.i64(1..8), random.i64(-9..10), random.i64(2..40));
    Function::Affine { factor, add, modulus }
}

fn some_function(random: &mut Rng) -> Function {
    match random.u32(0..6) {
        0 => affine(random),
        1 | 2 => Function::Keyed { keys: random.i64(1..5) },
        3 => Function::Swap,
        4 => Function::Total,
        _ => Function::Length,
    }
}

fn some_fold(random: &mut Rng) -> Fold {
    [Fold::Sum, Fold::Count, Fold::Min, Fold::Max][random.usize(0..4)]
}

fn some_stateful(random: &mut Rng) -> Stateful {
    match random.u32(0..3) {
        0 => Stateful::Folding { fold: some_fold(random) },
        1 => Stateful::Running,
        _ => Stateful::Timing { after: random.i64(0..6) * SECOND },
    }
}

fn some_windowing(random: &mut Rng) -> Windowing {
    let offset = random.i64(-3..4) * SECOND;
    match random.u32(0..8) {
        0 => Windowing::Global,
        1 | 2 => Windowing::Fixed { size: random.i64(1..12) * SECOND, offset },
        3 | 4 => {
            let (size, period) = (random.i64(1..10) * SECOND, random.i64(2..7) * SECOND);
            Windowing::Sliding { size, period, offset }
        }
        _ => Windowing::Sessions { gap: random.i64(1..4) * SECOND },
    }
}

fn some_grouping(random: &mut Rng) -> Unary {
    match random.u32(0..10) {
        0 | 1 => Unary::Distinct,
        2 => Unary::CountPerElement,
        3 | 4 => Unary::GroupByKey,
        5..8 => {
            let fold = some_fold(random);
            let fanout = (random.u32(0..3) == 0).then(|| random.usize(1..5));
            Unary::CombinePerKey { fold, fanout }
        }
        8 => Unary::TopPerKey { n: random.usize(1..4) },
        _ => Unary::CombineGlobally { fold: some_fold(random), defaults: random.bool() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_sound_and_of_six_steps_or_more() {
        for seed in 0..2_000 {
            let program = generate(seed);
            assert!(program.kinds().is_some(), "{program}");
            assert!(program.primitives() >= LEAST_STEPS, "{program}");
            assert_eq!(program, generate(seed));
        }
    }
}
