//! Where the workers of all processes stand: who asks the coordinator is answered by all.

use std::collections::BTreeMap;

use super::message::Message;
use crate::shared::Shared;

/// What was asked and answered of it.
#[derive(Default)]
pub(super) struct Inquiry {
    /// The question that the coordinator has passed on last.
    asked: u64,
    /// To which question each worker's last answer was that was passed on.
    answered: BTreeMap<usize, u64>,
}

impl Inquiry {
    /// What is to be told: by the coordinator to all others, by another to the coordinator.
    pub(super) fn tend(&mut self, shared: &Shared, is_coordinator: bool) -> Vec<Message> {
        let board = shared.job.board();
        if !is_coordinator {
            let new = board.take_new(&mut self.answered).into_iter();
            let told =
                new.map(|(worker, question, status)| Message::Status(worker, question, status));
            return told.collect();
        }
        let question = board.question();
        if question == self.asked {
            return Vec::new();
        }
        self.asked = question;
        vec![Message::Look(question, board.most_windows())]
    }
}
