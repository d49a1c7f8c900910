//! The works with windows, by hand on timely: each worker keeps a table for each open window and puts
//! its totals out when the frontier passes its end.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use foldhash::fast::{FixedState, RandomState};
use timely::{
    container::{CapacityContainerBuilder, NoopBuilder},
    dataflow::{
        Scope, Stream,
        channels::pact::{Exchange, Pipeline},
        operators::{
            generic::operator::{Operator, source},
            vec::{Filter, Map},
        },
    },
    worker::Worker,
};

use crate::{
    Form,
    events::{DISORDER, Event, WINDOW, WorkKey, checksum, chunks, keep, timed_event, transform},
};

type Totals<K> = HashMap<K, (u64, u64), RandomState>;

/// Open windows by number, and tables that are used again.
struct Windows<K> {
    open: BTreeMap<u64, Totals<K>>,
    free: Vec<Totals<K>>,
    results: u64,
    sum: u64,
}

impl<K: WorkKey> Windows<K> {
    fn fold(&mut self, events: &mut Vec<(K, u64, u64)>) {
        let mut rest = events.drain(..).peekable();
        while let Some((_, _, at)) = rest.peek() {
            let window = at / WINDOW;
            let free = &mut self.free;
            let totals = self.open.entry(window).or_insert_with(|| free.pop().unwrap_or_default());
            while let Some((key, value, _)) = rest.next_if(|(_, _, at)| at / WINDOW == window) {
                let total = totals.entry(key).or_default();
                total.0 += 1;
                total.1 += value;
            }
        }
    }

    fn close(&mut self, watermark: u64) {
        while let Some(first) =
            self.open.first_entry().filter(|first| (first.key() + 1) * WINDOW <= watermark)
        {
            let (window, mut totals) = first.remove_entry();
            self.results += totals.len() as u64;
            for (key, (count, total)) in totals.drain() {
                let part = checksum((window + 1) * WINDOW, key.number(), count, total);
                self.sum = self.sum.wrapping_add(part);
            }
            self.free.push(totals);
        }
    }
}

/// Runs W2, or W3 with its steps, on this worker.
pub(crate) fn windows<K: WorkKey>(
    worker: &mut Worker,
    form: Form,
    events: u64,
    with_steps: bool,
    results: &Arc<AtomicU64>,
    sum: &Arc<AtomicU64>,
) {
    let (index, peers) = (worker.index() as u64, worker.peers() as u64);
    let windows: Rc<RefCell<Windows<K>>> = Rc::new(RefCell::new(Windows {
        open: BTreeMap::new(),
        free: Vec::new(),
        results: 0,
        sum: 0,
    }));
    let (held, done) = (windows.clone(), windows);
    let hasher = FixedState::default();
    let keyed = |(event, at): (Event, u64)| (K::of(event.key), event.value, at);
    worker.dataflow::<u64, _, _>(|scope| {
        let keyed: Stream<'_, u64, Vec<(K, u64, u64)>> = match (with_steps, form) {
            (false, _) => made(scope, form, events, (index, peers), keyed),
            (true, Form::Default) => made(scope, form, events, (index, peers), |event| event)
                .map(|(event, at)| (transform(event), at))
                .filter(|(event, _)| keep(event))
                .map(keyed),
            (true, Form::Tuned) => made(scope, form, events, (index, peers), |event| event)
                .unary::<NoopBuilder<Vec<(K, u64, u64)>>, _, _, _>(
                Pipeline,
                "steps",
                move |_, _| {
                    move |input, output| {
                        input.for_each(|capability, events| {
                            let mut kept: Vec<(K, u64, u64)> = events
                                .drain(..)
                                .map(|(event, at)| (transform(event), at))
                                .filter(|(event, _)| keep(event))
                                .map(keyed)
                                .collect();
                            output.session_with_builder(&capability).give_container(&mut kept);
                        });
                    }
                },
            ),
        };
        let by_key = Exchange::new(move |(key, _, _): &(K, u64, u64)| hasher.hash_one(key));
        keyed.sink(by_key, "windows", move |(input, frontier)| {
            let mut windows = held.borrow_mut();
            input.for_each(|_, events| windows.fold(events));
            let watermark = frontier.frontier().first().copied().unwrap_or(u64::MAX);
            windows.close(watermark);
        });
    });
    while worker.has_dataflows() {
        worker.step_or_park(None);
    }
    let windows = done.borrow();
    results.fetch_add(windows.results, Relaxed);
    sum.fetch_add(windows.sum, Relaxed);
}

/// A worker's share of the events, each in the form that `make` gives it. The capability follows the
/// newest event.
fn made<'scope, T: Clone + 'static>(
    scope: Scope<'scope, u64>,
    form: Form,
    events: u64,
    (index, peers): (u64, u64),
    make: impl Fn((Event, u64)) -> T + 'static,
) -> Stream<'scope, u64, Vec<T>> {
    let mut chunks = chunks(events, index, peers);
    let mut newest = 0;
    match form {
        Form::Default => {
            type Made<T> = CapacityContainerBuilder<Vec<T>>;
            source::<_, Made<T>, _, _>(scope, "events", |capability, info| {
                let activator = scope.activator_for(info.address);
                let mut capability = Some(capability);
                move |output| {
                    let Some(held) = &mut capability else { return };
                    let Some(chunk) = chunks.next() else {
                        capability = None;
                        return;
                    };
                    let events = chunk.map(timed_event).inspect(|(_, at)| newest = newest.max(*at));
                    output.session(held).give_iterator(events.map(&make));
                    held.downgrade(&newest.saturating_sub(DISORDER).max(*held.time()));
                    activator.activate();
                }
            })
        }
        Form::Tuned => {
            source::<_, NoopBuilder<Vec<T>>, _, _>(scope, "events", |capability, info| {
                let activator = scope.activator_for(info.address);
                let mut capability = Some(capability);
                move |output| {
                    let Some(held) = &mut capability else { return };
                    let Some(chunk) = chunks.next() else {
                        capability = None;
                        return;
                    };
                    let events = chunk.map(timed_event).inspect(|(_, at)| newest = newest.max(*at));
                    let mut events: Vec<T> = events.map(&make).collect();
                    output.session_with_builder(&*held).give_container(&mut events);
                    held.downgrade(&newest.saturating_sub(DISORDER).max(*held.time()));
                    activator.activate();
                }
            })
        }
    }
}
