//! A trigger, compiled.

use watershed_model::{Duration, Timestamp, Trigger};

use super::TriggerState;

/// What a machine is told of its window at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Whether the input watermark has reached the window's end.
    pub is_complete: bool,
    /// Processing time. It never goes back.
    pub now: Timestamp,
}

/// A trigger made ready to run, once for all keys and windows of a grouping; what it must remember of
/// each is a [`TriggerState`].
///
/// Whoever runs it calls, for a window and a bundle of it: [`merge`](TriggerMachine::merge) when the
/// bundle merges windows, [`on_element`](TriggerMachine::on_element) for each element, then once
/// [`should_fire`](TriggerMachine::should_fire), and if so [`on_fire`](TriggerMachine::on_fire). The
/// question is asked also when the watermark passes the window's end, and at each
/// [`next_deadline`](TriggerMachine::next_deadline).
///
/// ```
/// use watershed_model::{AfterCount, Repeatedly, Timestamp};
/// use watershed_runner_core::{At, TriggerMachine};
///
/// let machine = TriggerMachine::new(&Repeatedly::of(AfterCount::of(2)), false);
/// let mut state = machine.start();
/// let at = At { is_complete: false, now: Timestamp::from_seconds(0) };
/// machine.on_element(&mut state, at);
/// assert!(!machine.should_fire(&state, at));
/// machine.on_element(&mut state, at);
/// assert!(machine.should_fire(&state, at));
/// machine.on_fire(&mut state, at);
/// assert_eq!(state, machine.start());
/// ```
#[derive(Clone, Debug)]
pub struct TriggerMachine {
    /// In preorder: a node's children follow it, and the first node is the root.
    nodes: Box<[Node]>,
    cells: usize,
    pub(super) merging: bool,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    op: Op,
    /// The first node behind this one and all that stands in it.
    end: usize,
}

/// What a node does. Leaves that remember something know their cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Default,
    /// A plain `after_watermark`.
    Watermark,
    /// An `after_watermark` with early or late firings: first the early child, which is `never` if
    /// none was given, then the late one, if any. That the early child has finished means that the
    /// on-time firing was.
    Phases,
    Count {
        at_least: u64,
        cell: usize,
    },
    /// `after_processing_time`; and `after_synchronized_processing_time`, which is one with no delay:
    /// ready as soon as anything has come.
    Delay {
        delay: Duration,
        align: Option<Duration>,
        cell: usize,
    },
    Never,
    Repeatedly,
    OrFinally,
    Each,
    All,
    First,
}

pub(super) const ROOT: usize = 0;

/// The greatest patience: so small that those who count what came can add a bundle to it.
const MOST: u32 = u32::MAX / 2;

impl TriggerMachine {
    /// The machine of a trigger; `merging` says whether windows can merge.
    ///
    /// Any trigger has a machine, also one that [`Trigger::check`] refuses; it never panics, but it
    /// means nothing.
    pub fn new(trigger: &Trigger, merging: bool) -> Self {
        let mut compiler = Compiler { nodes: Vec::new(), cells: 0 };
        compiler.add(trigger);
        TriggerMachine { nodes: compiler.nodes.into(), cells: compiler.cells, merging }
    }

    /// The state of a window that nothing has come to.
    pub fn start(&self) -> TriggerState {
        TriggerState::new(self.nodes.len(), self.cells)
    }

    /// An element has come.
    pub fn on_element(&self, state: &mut TriggerState, at: At) {
        self.on_elements(state, 1, at);
    }

    /// So many elements have come, one after the other.
    pub fn on_elements(&self, state: &mut TriggerState, count: u32, at: At) {
        if count > 0 {
            self.elements(ROOT, state, u64::from(count), at);
        }
    }

    /// How many more elements may come to a window that is not complete before the trigger must be
    /// asked: until then it would not fire, and it makes no difference when it is shown them. Zero is
    /// always right; where windows merge it is all that is said.
    pub fn patience(&self, state: &TriggerState) -> u32 {
        match self.merging {
            true => 0,
            false => u32::try_from(self.node_patience(ROOT, state)).unwrap_or(MOST).min(MOST),
        }
    }

    /// Whether a pane should go out now. Never once the trigger has finished.
    pub fn should_fire(&self, state: &TriggerState, at: At) -> bool {
        !state.is_finished(ROOT) && self.is_ready(ROOT, state, at)
    }

    /// A pane goes out, since [`should_fire`](TriggerMachine::should_fire) said so; also when it is
    /// empty and nobody sees it.
    pub fn on_fire(&self, state: &mut TriggerState, at: At) {
        if !state.is_finished(ROOT) {
            self.fire(ROOT, state, at);
        }
    }

    /// Whether the trigger has finished: nothing more comes of this window.
    pub fn is_finished(&self, state: &TriggerState) -> bool {
        state.is_finished(ROOT)
    }

    /// The state of a window that others have become; `at` speaks of that window. The parts are those
    /// windows that had a state, in any order and at least one: what only the elements of this bundle
    /// opened is no part, and they are shown to the merged state.
    pub fn merge(&self, parts: &[TriggerState], at: At) -> TriggerState {
        let mut merged = self.start();
        self.merge_node(ROOT, parts, &mut merged, at);
        merged
    }

    /// The earliest deadline of processing time that a leaf still holds and that lies after `now`:
    /// then the trigger is to be asked.
    ///
    /// A leaf holds its deadline until it fires or is cleared, also where nothing waits for it any
    /// more (in an `until` whose `or_finally` has finished by the other part).
    pub fn next_deadline(&self, state: &TriggerState, now: Timestamp) -> Option<Timestamp> {
        state.deadlines().filter(|deadline| *deadline > now).min()
    }

    /// Whether the trigger waits for the watermark anywhere in it.
    pub fn watches_watermark(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.op, Op::Default | Op::Watermark | Op::Phases))
    }

    pub(super) fn op(&self, node: usize) -> Op {
        self.nodes[node].op
    }

    /// The nodes that stand directly in this one, in order.
    pub(super) fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes[node].end;
        let within = move |child: usize| (child < end).then_some(child);
        std::iter::successors(within(node + 1), move |child| within(self.nodes[*child].end))
    }

    /// The first of a node's children that has not finished.
    pub(super) fn current(&self, node: usize, state: &TriggerState) -> Option<usize> {
        self.children(node).find(|child| !state.is_finished(*child))
    }

    /// The late child of an `after_watermark` with phases.
    pub(super) fn late(&self, node: usize) -> Option<usize> {
        self.children(node).nth(1)
    }

    /// Empties the cells of a node and of all that stands in it; what has finished stays so.
    pub(super) fn clear(&self, node: usize, state: &mut TriggerState) {
        for inner in node..self.nodes[node].end {
            if let Op::Count { cell, .. } | Op::Delay { cell, .. } = self.nodes[inner].op {
                state.empty(cell);
            }
        }
    }

    /// Lets a node and all that stands in it start anew.
    pub(super) fn reset(&self, node: usize, state: &mut TriggerState) {
        self.clear(node, state);
        for inner in node..self.nodes[node].end {
            state.set_finished(inner, false);
        }
    }
}

struct Compiler {
    nodes: Vec<Node>,
    cells: usize,
}

impl Compiler {
    fn add(&mut self, trigger: &Trigger) {
        let place = self.nodes.len();
        let op = match trigger {
            Trigger::Default => Op::Default,
            Trigger::AfterWatermark { early: None, late: None } => Op::Watermark,
            Trigger::AfterWatermark { .. } => Op::Phases,
            Trigger::AfterCount(at_least) => {
                Op::Count { at_least: *at_least, cell: self.next_cell() }
            }
            Trigger::AfterProcessingTime { delay, align } => {
                Op::Delay { delay: *delay, align: *align, cell: self.next_cell() }
            }
            Trigger::AfterSynchronizedProcessingTime => {
                Op::Delay { delay: Duration::ZERO, align: None, cell: self.next_cell() }
            }
            Trigger::Never => Op::Never,
            Trigger::Repeatedly(_) => Op::Repeatedly,
            Trigger::OrFinally(..) => Op::OrFinally,
            Trigger::AfterEach(_) => Op::Each,
            Trigger::AfterAll(_) => Op::All,
            Trigger::AfterFirst(_) => Op::First,
        };
        self.nodes.push(Node { op, end: place + 1 });
        match trigger {
            Trigger::AfterWatermark { early, late } if op == Op::Phases => {
                self.add(early.as_deref().unwrap_or(&Trigger::Never));
                late.iter().for_each(|late| self.add(late));
            }
            Trigger::Repeatedly(inner) => self.add(inner),
            Trigger::OrFinally(first, until) => {
                self.add(first);
                self.add(until);
            }
            Trigger::AfterEach(parts) | Trigger::AfterAll(parts) | Trigger::AfterFirst(parts) => {
                parts.iter().for_each(|part| self.add(part));
            }
            _ => {}
        }
        self.nodes[place].end = self.nodes.len();
    }

    fn next_cell(&mut self) -> usize {
        self.cells += 1;
        self.cells - 1
    }
}
