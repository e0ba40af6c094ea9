//! Counts what is allocated, while it is asked to. Only the program `counting` has this allocator: what is timed has the
//! system's.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait; this one only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator, which counts.
#[derive(Debug)]
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

fn count(calls: u64, allocated: usize, freed: usize) {
    if ON.load(Relaxed) {
        CALLS.fetch_add(calls, Relaxed);
        BYTES.fetch_add(allocated.cast_signed() as i64 - freed.cast_signed() as i64, Relaxed);
    }
}

// SAFETY: every call is passed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(1, new_size, layout.size());
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What some work allocated.
#[derive(Clone, Copy, Debug)]
pub struct Allocations {
    /// Calls of the allocator, reallocations too.
    pub calls: u64,
    /// Bytes that were still held when it was done.
    pub held: i64,
}

/// Does the work and tells what it allocated; no other thread may run meanwhile.
pub fn of<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
    CALLS.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    ON.store(true, Relaxed);
    let done = work();
    ON.store(false, Relaxed);
    (done, Allocations { calls: CALLS.load(Relaxed), held: BYTES.load(Relaxed) })
}
