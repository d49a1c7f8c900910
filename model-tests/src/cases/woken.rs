//! A source that learns on a thread of its own that there is more, and wakes its reader whenever it likes.

use std::{
    sync::mpsc::{Receiver, TryRecvError, channel},
    task::Waker,
};

use watershed::{
    BoxError,
    model::{Advance, Boundedness, Budget, Progress, Reader, Source, SourceOutput},
    seconds,
};

use crate::Bench;

crate::cases! {
    a_source_that_wakes_at_any_moment_is_read_to_its_end: "SR-11";
}

/// How many numbers a source tells, each with a call of its reader's waker.
const NUMBERS: u64 = 2_000;

/// Numbers that another thread tells, as fast as it can.
#[derive(Clone)]
struct Told;

struct ToldReader {
    numbers: Option<Receiver<u64>>,
    next: u64,
}

impl Source for Told {
    type Element = u64;
    type Split = u64;
    type Reader = ToldReader;

    fn describe(&self) -> String {
        "numbers that a thread tells".into()
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    /// So long that only the waker can be why the reader is asked.
    fn poll_interval(&self) -> watershed::Duration {
        seconds(3600)
    }

    fn splits(&self, _: usize) -> Result<Vec<u64>, BoxError> {
        Ok(vec![0])
    }

    fn open(&self, next: u64) -> Result<ToldReader, BoxError> {
        Ok(ToldReader { numbers: None, next })
    }
}

impl Reader<u64, u64> for ToldReader {
    fn wake_by(&mut self, waker: &Waker) {
        let (tell, told) = channel();
        let (next, waker) = (self.next, waker.clone());
        self.numbers = Some(told);
        std::thread::spawn(move || {
            for number in next..NUMBERS {
                // Whoever has stopped to listen misses nothing.
                let _ = tell.send(number);
                waker.wake_by_ref();
            }
            drop(tell);
            waker.wake();
        });
    }

    fn advance(&mut self, out: &mut SourceOutput<u64>, _: Budget) -> Result<Advance, BoxError> {
        let numbers = self.numbers.as_ref().ok_or("the reader was not given a waker")?;
        match numbers.try_recv() {
            Ok(number) => {
                out.emit(number);
                self.next = number + 1;
                Ok(Advance::More)
            }
            Err(TryRecvError::Empty) => Ok(Advance::Idle),
            Err(TryRecvError::Disconnected) => Ok(Advance::End),
        }
    }

    fn position(&self) -> u64 {
        self.next
    }

    fn progress(&self) -> Progress {
        Progress { done: self.next }
    }
}

fn a_source_that_wakes_at_any_moment_is_read_to_its_end(bench: &Bench) {
    for _ in 0..if bench.processes() == 1 { 20 } else { 2 } {
        let pipeline = bench.pipeline();
        let numbers = pipeline.read(Told).collect();
        pipeline.run();
        let mut numbers = numbers.values();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..NUMBERS));
    }
}
