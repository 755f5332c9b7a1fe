//! Sees that no call hangs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How much later than its deadline a call may end, on a machine that has much else to do.
const SLACK: Duration = Duration::from_secs(10);

/// Until when the call of one thread must be over.
#[derive(Debug, Default)]
pub struct Slot(Mutex<Option<Instant>>);

impl Slot {
    /// Does `call`, which takes no longer than `timeout`.
    pub fn watched<T>(&self, timeout: Duration, call: impl FnOnce() -> T) -> T {
        /// Also one that panics is over.
        struct Call<'s>(&'s Slot);
        impl Drop for Call<'_> {
            fn drop(&mut self) {
                *self.0.0.lock().unwrap() = None;
            }
        }
        *self.0.lock().unwrap() = Some(Instant::now() + timeout + SLACK);
        let _call = Call(self);
        call()
    }
}

/// All of them.
#[derive(Debug)]
pub struct Watch {
    slots: Vec<Slot>,
    over: AtomicBool,
}

/// Ends the watch when it is dropped.
pub struct Over<'w>(&'w AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Watch {
    pub fn new(slots: usize) -> Self {
        Self { slots: std::iter::repeat_with(Slot::default).take(slots).collect(), over: AtomicBool::new(false) }
    }

    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    pub fn until_dropped(&self) -> Over<'_> {
        Over(&self.over)
    }

    /// Looks after all of them until the end. A call that hangs ends the process: no thread can be ended from outside.
    pub fn run(&self) {
        while !self.over.load(Ordering::Acquire) {
            for slot in &self.slots {
                let until = *slot.0.lock().unwrap();
                if until.is_some_and(|until| Instant::now() > until) {
                    eprintln!("a call hangs");
                    std::process::abort();
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
