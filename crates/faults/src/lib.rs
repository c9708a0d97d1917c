//! Power loss, as SQLite's file system would see it.
//!
//! [`register`] adds a file system named [`NAME`] to SQLite. It passes everything on to the real one, and keeps a [`Recording`] of what was
//! written, truncated and synced, in order. [`PowerCuts`] then makes, for any moment of a recording, what a disk may hold after the power went:
//! everything that was synced, and of the rest each write wholly, in part, or not at all.

mod cut;
mod recording;
mod vfs;

pub use cut::PowerCuts;
pub use recording::{Operation, Recording};
pub use vfs::{NAME, register};
