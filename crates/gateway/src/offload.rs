//! Pure work that may take long: off the runtime's threads above some size, so that nobody else waits for it.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Bytes of a payload from which on it is planned off the runtime: below, moving the work costs
/// more than the work.
pub(crate) const LARGE: usize = 64 * 1024;

/// Does `work` on something of so many `bytes`. Where the runtime has other threads, they go on meanwhile.
pub(crate) fn by_size<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes < LARGE || !has_others {
        work()
    } else {
        tokio::task::block_in_place(work)
    }
}
