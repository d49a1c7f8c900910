//! The engine adds no allocation per element: bundles are allocated, elements are not.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use watershed_core::{Pipeline, combine::Count};
use watershed_runner_core::{RunOptions, Runner};
use watershed_runner_timely::TimelyRunner;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts")]
// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations it takes to run so many numbers through map, filter and a keyed count.
fn allocations(elements: u64, workers: usize) -> u64 {
    let pipeline = Pipeline::new();
    pipeline
        .create(0..elements)
        .map(|n| n * 3 + 1)
        .filter(|n| n % 7 != 0)
        .map(|n| (n % 1000, n))
        .combine_per_key(Count)
        .for_each(|_| ());
    let graph = Arc::new(pipeline.build().unwrap());
    let mut options = RunOptions::default();
    options.workers = workers;
    let before = ALLOCATIONS.load(Relaxed);
    TimelyRunner.start(graph, &options).unwrap().wait().unwrap();
    ALLOCATIONS.load(Relaxed) - before
}

#[test]
fn the_engine_allocates_less_than_once_in_100_elements() {
    for workers in [1, 2] {
        let (few, many) = (100_000, 2_100_000);
        let extra = allocations(many, workers).saturating_sub(allocations(few, workers));
        let each = extra as f64 / (many - few) as f64;
        assert!(each < 0.01, "{each} allocations an element with {workers} workers");
    }
}
