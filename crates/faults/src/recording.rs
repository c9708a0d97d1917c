//! What happened to the files of a folder, in order.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that happened to a file, or that the test wants to know the place of.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Bytes were written.
    Write {
        /// The file's name.
        file: Arc<str>,
        /// Where.
        offset: u64,
        /// Which.
        bytes: Vec<u8>,
    },
    /// The file was cut or grown to a length.
    Truncate {
        /// The file's name.
        file: Arc<str>,
        /// The length.
        length: u64,
    },
    /// What was written before is on the disk.
    Sync {
        /// The file's name.
        file: Arc<str>,
    },
    /// The file was deleted.
    Delete {
        /// The file's name.
        file: Arc<str>,
    },
    /// The test was promised something.
    Mark(u64),
}

/// What happened within one folder.
#[derive(Clone)]
pub struct Recording {
    folder: PathBuf,
    operations: Arc<Mutex<Vec<Operation>>>,
}

static RECORDINGS: Mutex<Vec<Recording>> = Mutex::new(Vec::new());

impl Recording {
    /// Begins to record a folder.
    pub fn begin(folder: &Path) -> Self {
        let recording = Self {
            folder: folder.to_owned(),
            operations: Arc::default(),
        };
        registered().push(recording.clone());
        recording
    }

    /// Notes that the test was promised something.
    pub fn mark(&self, mark: u64) {
        self.push(Operation::Mark(mark));
    }

    /// Ends the recording and returns it.
    pub fn end(self) -> Vec<Operation> {
        registered().retain(|known| known.folder != self.folder);
        std::mem::take(
            &mut *self
                .operations
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The recording of the folder that a file is in, and the file's name.
    pub(crate) fn of(path: &Path) -> Option<(Self, Arc<str>)> {
        let name = path.file_name()?.to_str()?.into();
        let recording = registered()
            .iter()
            .find(|known| path.parent() == Some(&known.folder))
            .cloned()?;
        Some((recording, name))
    }

    pub(crate) fn push(&self, operation: Operation) {
        self.operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(operation);
    }
}

fn registered() -> MutexGuard<'static, Vec<Recording>> {
    RECORDINGS.lock().unwrap_or_else(PoisonError::into_inner)
}
