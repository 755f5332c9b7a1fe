//! The system's allocator, with a count of the bytes and blocks that are allocated, and the most bytes that there
//! were.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// To be a test's `#[global_allocator]`.
#[derive(Debug, Default)]
pub struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    blocks: AtomicUsize,
}

impl Counting {
    /// Nothing is counted yet.
    pub const fn new() -> Self {
        Self { now: AtomicUsize::new(0), most: AtomicUsize::new(0), blocks: AtomicUsize::new(0) }
    }

    /// The bytes that are allocated now.
    pub fn now(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }

    /// The blocks that are allocated now.
    pub fn blocks(&self) -> usize {
        self.blocks.load(Ordering::SeqCst)
    }

    /// The most bytes that were allocated at once since the last [`Counting::forget`].
    pub fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Forgets the most that there were.
    pub fn forget(&self) {
        self.most.store(self.now(), Ordering::SeqCst);
    }

    fn add(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) {
        self.now.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract, which is the same.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            self.add(layout.size());
            self.blocks.fetch_add(1, Ordering::Relaxed);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) };
        self.take(layout.size());
        self.blocks.fetch_sub(1, Ordering::Relaxed);
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            self.add(layout.size());
            self.blocks.fetch_add(1, Ordering::Relaxed);
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let moved = unsafe { System.realloc(block, layout, size) };
        if !moved.is_null() {
            // Both may be there at once, while it is copied.
            self.add(size);
            self.take(layout.size());
        }
        moved
    }
}
