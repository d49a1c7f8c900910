//! What a key and window remembers for its trigger.

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use watershed_model::Timestamp;

/// The state of a trigger for one key and window: which nodes have finished, and what leaves count
/// or wait for.
///
/// There is one for each key and window, so it is small: 40 bytes, and nothing on the heap unless more
/// than one of the trigger's leaves count or wait (or it has more than 64 nodes).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerState {
    finished: Bits,
    cells: SmallVec<[Cell; 1]>,
}

/// A bit for each node. Bits that are not there are not set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Bits {
    Few(u64),
    Many(Box<[u64]>),
}

/// What a leaf remembers. An empty cell is a count of none, or no deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Cell {
    Empty,
    Count(u64),
    Deadline(Timestamp),
}

const WORD: usize = u64::BITS as usize;

impl TriggerState {
    /// Nothing finished, nothing counted.
    pub(super) fn new(nodes: usize, cells: usize) -> Self {
        let finished = match nodes.div_ceil(WORD) {
            0 | 1 => Bits::Few(0),
            words => Bits::Many(vec![0; words].into()),
        };
        TriggerState { finished, cells: smallvec![Cell::Empty; cells] }
    }

    pub(super) fn is_finished(&self, node: usize) -> bool {
        let word = match &self.finished {
            Bits::Few(word) if node < WORD => *word,
            Bits::Few(_) => 0,
            Bits::Many(words) => words.get(node / WORD).copied().unwrap_or(0),
        };
        word & mask(node) != 0
    }

    pub(super) fn set_finished(&mut self, node: usize, finished: bool) {
        let word = match &mut self.finished {
            Bits::Few(word) if node < WORD => Some(word),
            Bits::Few(_) => None,
            Bits::Many(words) => words.get_mut(node / WORD),
        };
        match word {
            Some(word) if finished => *word |= mask(node),
            Some(word) => *word &= !mask(node),
            None => {}
        }
    }

    pub(super) fn count(&self, cell: usize) -> u64 {
        match self.cells.get(cell) {
            Some(Cell::Count(count)) => *count,
            _ => 0,
        }
    }

    pub(super) fn deadline(&self, cell: usize) -> Option<Timestamp> {
        match self.cells.get(cell) {
            Some(Cell::Deadline(deadline)) => Some(*deadline),
            _ => None,
        }
    }

    pub(super) fn deadlines(&self) -> impl Iterator<Item = Timestamp> {
        (0..self.cells.len()).filter_map(|cell| self.deadline(cell))
    }

    pub(super) fn set_count(&mut self, cell: usize, count: u64) {
        self.set(cell, if count == 0 { Cell::Empty } else { Cell::Count(count) });
    }

    pub(super) fn set_deadline(&mut self, cell: usize, deadline: Option<Timestamp>) {
        self.set(cell, deadline.map_or(Cell::Empty, Cell::Deadline));
    }

    pub(super) fn empty(&mut self, cell: usize) {
        self.set(cell, Cell::Empty);
    }

    fn set(&mut self, cell: usize, value: Cell) {
        if let Some(place) = self.cells.get_mut(cell) {
            *place = value;
        }
    }
}

fn mask(node: usize) -> u64 {
    1 << (node % WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_small_and_with_one_cell_nothing_is_allocated() {
        assert_eq!(size_of::<TriggerState>(), 40);
        let state = TriggerState::new(64, 1);
        assert!(matches!(state.finished, Bits::Few(_)));
        assert!(!state.cells.spilled());
    }

    #[test]
    fn there_is_a_bit_for_each_of_many_nodes() {
        for nodes in [1, 64, 65, 200] {
            let mut state = TriggerState::new(nodes, 0);
            for node in (0..nodes).step_by(3) {
                state.set_finished(node, true);
            }
            state.set_finished(0, false);
            for node in 0..nodes {
                assert_eq!(
                    state.is_finished(node),
                    node % 3 == 0 && node != 0,
                    "{node} of {nodes}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_there_reads_as_nothing() {
        let mut state = TriggerState::new(1, 1);
        state.set_deadline(0, Some(Timestamp::MIN));
        state.set_count(7, 3);
        state.set_finished(99, true);
        assert_eq!((state.count(0), state.count(7), state.is_finished(99)), (0, 0, false));
        assert_eq!(state.deadlines().collect::<Vec<_>>(), [Timestamp::MIN]);
    }
}
