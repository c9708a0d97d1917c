//! What is left after the power went.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::recording::Operation;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// Walks through a recording, and makes what a disk may hold at any moment of it.
pub struct PowerCuts<'a> {
    operations: &'a [Operation],
    done: usize,
    files: BTreeMap<Arc<str>, File<'a>>,
    marks: Vec<u64>,
}

#[derive(Default)]
struct File<'a> {
    /// Whether a sync has put its name on the disk.
    named: bool,
    synced: Vec<u8>,
    /// Written since.
    pending: Vec<&'a Operation>,
}

impl<'a> PowerCuts<'a> {
    /// Begins before the first operation, with an empty disk.
    pub fn new(operations: &'a [Operation]) -> Self {
        Self {
            operations,
            done: 0,
            files: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    /// Goes on until so many operations were done.
    pub fn go_to(&mut self, count: usize) {
        while self.done < count.min(self.operations.len()) {
            let operation = &self.operations[self.done];
            self.done += 1;
            match operation {
                Operation::Mark(mark) => self.marks.push(*mark),
                Operation::Delete { file } => drop(self.files.remove(file)),
                Operation::Write { file, .. } | Operation::Truncate { file, .. } => {
                    self.files
                        .entry(Arc::clone(file))
                        .or_default()
                        .pending
                        .push(operation);
                }
                Operation::Sync { file } => {
                    let file = self.files.entry(Arc::clone(file)).or_default();
                    file.named = true;
                    for operation in std::mem::take(&mut file.pending) {
                        apply(operation, &mut file.synced, |_| true);
                    }
                }
            }
        }
    }

    /// What the test had been promised so far.
    pub fn marks(&self) -> &[u64] {
        &self.marks
    }

    /// Writes into a folder what a disk may hold now. Of what was not synced, a random number decides what is there, wholly or in part.
    pub fn cut(&self, folder: &Path, mut random: impl FnMut() -> u64) -> io::Result<()> {
        // Some disks lose nearly everything, some hardly anything.
        let kept = random() % 101;
        for (name, file) in &self.files {
            let mut content = file.synced.clone();
            for operation in &file.pending {
                match random() % 4 {
                    0 if random() % 100 >= kept => {}
                    1 => apply(operation, &mut content, |_| random() % 100 < kept),
                    _ if random() % 100 < kept => apply(operation, &mut content, |_| true),
                    _ => {}
                }
            }
            if file.named || !content.is_empty() {
                std::fs::write(folder.join(&**name), content)?;
            }
        }
        Ok(())
    }
}

/// Does an operation, as far as `keeps` says so for each of its sectors.
fn apply(operation: &Operation, content: &mut Vec<u8>, mut keeps: impl FnMut(usize) -> bool) {
    match operation {
        Operation::Write { offset, bytes, .. } => {
            let mut at = *offset as usize;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                if keeps(at / SECTOR) {
                    if content.len() < at + sector.len() {
                        content.resize(at + sector.len(), 0);
                    }
                    content[at..at + sector.len()].copy_from_slice(sector);
                }
                at += sector.len();
                rest = after;
            }
        }
        Operation::Truncate { length, .. } => {
            if keeps(0) {
                content.resize(*length as usize, 0);
            }
        }
        Operation::Sync { .. } | Operation::Delete { .. } | Operation::Mark(_) => {}
    }
}
