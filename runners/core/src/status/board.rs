//! Where somebody asks and all workers answer.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use super::WorkerStatus;

/// Questions and answers. A question is a number; each is greater than the one before.
#[derive(Debug, Default)]
pub struct Board {
    /// The last question, where workers see it without a lock.
    asked: AtomicU64,
    /// How many windows the questions that wait for answers want of each step, at most.
    most_windows: AtomicUsize,
    /// How many wait for answers.
    waiting: Mutex<usize>,
    answers: Mutex<Answers>,
    come: Condvar,
}

#[derive(Debug, Default)]
struct Answers {
    /// The workers who will answer; the first, before it is known.
    expected: Option<Range<usize>>,
    /// What each worker said last, and to which question.
    of: BTreeMap<usize, (u64, WorkerStatus)>,
    /// Whether no more answers come.
    is_closed: bool,
}

/// What is known of a job's workers.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What each said last.
    pub workers: BTreeMap<usize, WorkerStatus>,
    /// Those that have not answered in time: they are kept by an author's code, mostly. What is said of
    /// them is what they last said, if they said anything.
    pub silent: Vec<usize>,
}

/// To whom this is an answer comes no question any more.
const LAST: u64 = u64::MAX;

impl Board {
    /// A runner says which workers will answer: all of the job, or in a process that is not asked for all,
    /// its own.
    pub fn expect(&self, workers: Range<usize>) {
        self.answers().expected = Some(workers);
    }

    /// Asks, wakes those who are to answer, and returns their answers as soon as all have given one, or after
    /// `limit`. A status lists `most_windows` windows of each step, or more if others ask meanwhile.
    pub fn ask(&self, most_windows: usize, wake: impl FnOnce(), limit: Duration) -> Seen {
        {
            let mut waiting = self.waiting();
            *waiting += 1;
            self.most_windows.fetch_max(most_windows, SeqCst);
        }
        let question = self.asked.fetch_add(1, SeqCst) + 1;
        wake();
        let seen = self.wait_for(question, limit);
        let mut waiting = self.waiting();
        *waiting -= 1;
        if *waiting == 0 {
            self.most_windows.store(0, SeqCst);
        }
        seen
    }

    /// Passes a question on that was asked elsewhere, where its answers are waited for.
    pub fn ask_as(&self, question: u64, most_windows: usize) {
        self.most_windows.store(most_windows, SeqCst);
        self.asked.fetch_max(question, SeqCst);
    }

    /// The question that was asked last; 0 if none was.
    pub fn question(&self) -> u64 {
        self.asked.load(SeqCst)
    }

    /// How many windows of each step an answer should list.
    pub fn most_windows(&self) -> usize {
        self.most_windows.load(SeqCst)
    }

    /// A worker answers.
    pub fn answer(&self, worker: usize, question: u64, status: WorkerStatus) {
        self.answers().of.insert(worker, (question, status));
        self.come.notify_all();
    }

    /// A worker has ended and says how it stood.
    pub fn answer_last(&self, worker: usize, status: WorkerStatus) {
        self.answer(worker, LAST, status);
    }

    /// No more answers come; nobody waits for them any more.
    pub fn close(&self) {
        self.answers().is_closed = true;
        self.come.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, question: u64, limit: Duration) -> Seen {
        let until = Instant::now() + limit;
        let mut answers = self.answers();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || answers.is_closed || answers.silent(question).is_empty() {
                let workers =
                    answers.of.iter().map(|(worker, (_, status))| (*worker, status.clone()));
                return Seen { workers: workers.collect(), silent: answers.silent(question) };
            }
            answers =
                self.come.wait_timeout(answers, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Answers to questions after `known[worker]`, which then is brought up to date: what a process has to
    /// pass on.
    pub fn take_new(&self, known: &mut BTreeMap<usize, u64>) -> Vec<(usize, u64, WorkerStatus)> {
        let answers = self.answers();
        let mut new = Vec::new();
        for (worker, (question, status)) in &answers.of {
            if known.insert(*worker, *question) != Some(*question) {
                new.push((*worker, *question, status.clone()));
            }
        }
        new
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers {
    fn silent(&self, question: u64) -> Vec<usize> {
        let has_answered =
            |worker: &usize| self.of.get(worker).is_some_and(|(last, _)| *last >= question);
        let expected = self.expected.clone().unwrap_or(0..1);
        expected.filter(|worker| !has_answered(worker)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks; those of these workers who are awake answer.
    fn ask(board: &Board, awake: &[usize], limit: Duration) -> Seen {
        let wake = || {
            assert_eq!(board.most_windows(), 3);
            for worker in awake {
                board.answer(*worker, board.question(), WorkerStatus::default());
            }
        };
        board.ask(3, wake, limit)
    }

    #[test]
    fn who_has_not_answered_is_named_and_what_it_last_said_is_kept() {
        let (board, long) = (Board::default(), Duration::from_secs(60));
        board.expect(0..2);
        assert!(ask(&board, &[0, 1], long).silent.is_empty());
        // Windows are listed for who asks, and for nobody later.
        assert_eq!(board.most_windows(), 0);
        let seen = ask(&board, &[1], Duration::from_millis(1));
        assert_eq!((seen.silent, seen.workers.len()), (vec![0], 2));
        // Who has ended answers all that may still be asked.
        board.answer_last(1, WorkerStatus::default());
        assert!(ask(&board, &[0], long).silent.is_empty());
    }

    #[test]
    fn answers_are_passed_on_once() {
        let (board, mut known) = (Board::default(), BTreeMap::new());
        board.answer(4, 1, WorkerStatus::default());
        assert_eq!(board.take_new(&mut known).len(), 1);
        assert!(board.take_new(&mut known).is_empty());
        board.answer(4, 2, WorkerStatus::default());
        assert_eq!(board.take_new(&mut known), [(4, 2, WorkerStatus::default())]);
    }
}
