//! Where the engine's work may fail, each place with a name, so that a test can make each fail.

use std::sync::Arc;

use super::Result;

macro_rules! fault_points {
    ($($variant:ident = $word:literal, $what:literal;)*) => {
        /// A place in the embedded engine at which the disk, or the system, may refuse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultPoint {
            $(#[doc = $what] $variant),*
        }

        impl FaultPoint {
            /// All points, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Name of the point, in `snake_case`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }
    };
}

fault_points! {
    Open = "open", "The database is opened.";
    Begin = "begin", "A transaction begins.";
    Apply = "apply", "A command is applied within it.";
    Commit = "commit", "It is committed.";
    Read = "read", "A reader looks something up.";
    Checkpoint = "checkpoint", "The write-ahead log is moved into the database.";
    Restart = "restart", "The write-ahead log begins anew.";
    MakeRoom = "make_room", "Room is made after a write that found none.";
    Rescue = "rescue", "What is open is copied, since its files were taken away.";
    CopyPage = "copy_page", "A page of an export, a backup or a rescued copy is read.";
}

/// Decides, for tests, what fails.
pub trait Faults: Send + Sync + std::fmt::Debug {
    /// Whether the work at a point goes on. It may panic as well.
    fn meet(&self, point: FaultPoint) -> Result<()>;
}

/// The faults of a store: none, in earnest.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultPoints(Option<Arc<dyn Faults>>);

impl FaultPoints {
    pub(super) fn new(faults: Option<&Arc<dyn Faults>>) -> Self {
        Self(faults.cloned())
    }

    #[inline]
    pub(super) fn meet(&self, point: FaultPoint) -> Result<()> {
        match &self.0 {
            None => Ok(()),
            Some(faults) => faults.meet(point),
        }
    }
}
