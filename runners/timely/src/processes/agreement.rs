//! What processes agree on while their workers run.
//!
//! *A drain.* Any process may be asked to drain; it tells the coordinator, which tells all. Each says
//! that it knows; then the coordinator says that sources may stop. So when the end of a source's
//! elements arrives anywhere, by whatever way, that process knows what it comes from.
//!
//! *Idle sources.* Where all splits of a process are idle, its part of the source goes by those of the
//! other processes. Each tells the coordinator how far its splits have come, and the coordinator tells
//! each how far those of all others together have.

use std::collections::{BTreeMap, BTreeSet};

use watershed_model::{NodeId, Timestamp};
use watershed_runner_core::Standing;

use super::message::Message;
use crate::{crew::Queues, shared::Shared};

/// What was heard and said of it.
#[derive(Default)]
pub(super) struct Agreement {
    /// Whether this process has said that it drains.
    drain_told: bool,
    /// Processes that know of the drain; the coordinator gathers them.
    know_of_drain: BTreeSet<usize>,
    stop_told: bool,
    /// What each process said of its splits, or the coordinator of those of all others.
    heard: BTreeMap<(usize, NodeId), Standing>,
    /// What each process was last told.
    told: BTreeMap<(usize, NodeId), Standing>,
}

impl Agreement {
    pub(super) fn knows_of_drain(&mut self, peer: usize) {
        self.know_of_drain.insert(peer);
    }

    pub(super) fn stands(&mut self, peer: usize, node: NodeId, standing: Standing) {
        self.heard.insert((peer, node), standing);
    }

    /// Says what is to be told to whom, and does here what all agree on.
    pub(super) fn tend(
        &mut self,
        shared: &Shared,
        index: usize,
        count: usize,
        queues: &Queues,
    ) -> Vec<(usize, Message)> {
        let others: Vec<usize> = if index == 0 { (1..count).collect() } else { vec![0] };
        let mut messages = Vec::new();
        if shared.job.is_draining() && !self.drain_told {
            self.drain_told = true;
            messages.extend(others.iter().map(|peer| (*peer, Message::Drain)));
        }
        let all_know = self.drain_told && self.know_of_drain.len() + 1 == count;
        if index == 0 && all_know && !self.stop_told {
            self.stop_told = true;
            messages.extend(others.iter().map(|peer| (*peer, Message::StopReading)));
            shared.stop_reading();
        }
        for (node, queue) in queues.iter().enumerate() {
            let Some(queue) = queue.as_ref().filter(|queue| queue.can_be_idle()) else { continue };
            let (node, own) = (NodeId(node), queue.standing());
            queue.elsewhere(self.of_others(&others, None, node));
            for peer in &others {
                let standing = own.and(self.of_others(&others, Some(*peer), node));
                if self.told.insert((*peer, node), standing) != Some(standing) {
                    messages.push((*peer, Message::Standing(node, standing)));
                }
            }
        }
        messages
    }

    /// What was heard of all others but one. Who has said nothing holds on to where it began.
    fn of_others(&self, others: &[usize], but: Option<usize>, node: NodeId) -> Standing {
        let others = others.iter().filter(|peer| Some(**peer) != but);
        let start = Standing::At(Timestamp::MIN);
        Standing::of(others.map(|peer| *self.heard.get(&(*peer, node)).unwrap_or(&start)))
    }
}
