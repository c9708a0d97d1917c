//! A look at the write-ahead log before it is opened. SQLite reads a log up to the first frame whose checksum is wrong, and forgets the rest
//! without a word: after a crash that is how it leaves out what was never committed. A *frame* is a page as a commit wrote it; the checksum of each
//! goes on from that of the frame before.
//!
//! Every commit is synced before the next begins. So what a crash left half-written is one commit at most, the last; when whole frames of more
//! commits lie behind a broken one, a disk damaged what had been committed. Of one commit behind it nobody can tell which it was. What is broken
//! in the last commit of all looks like a crash, and cannot be told from one.

use std::fs::File;
use std::io::{BufReader, Read, Result};
use std::path::Path;

/// Layout of the log: its header, and the header of a frame. Numbers are big-endian.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The first number of a log; its last bit says in which order checksums read their words.
const MAGIC: u32 = 0x377f_0682;

/// A log with something broken before what is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Offset in the file, in bytes, of the first broken part.
    pub(super) offset: u64,
    /// Commits behind it, which will not be read.
    pub(super) commits: u64,
}

/// Finds the first broken part of the log at a path; `None` where nothing is broken, or there is no log.
pub(super) fn check(log: &Path) -> Result<Option<Broken>> {
    let file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER];
    if !fill(&mut reader, &mut header)? {
        return Ok(None);
    }
    let magic = number(&header, 0);
    let big_endian = magic & 1 == 1;
    let sums = sums((0, 0), &header[..24], big_endian);
    let is_whole = magic & !1 == MAGIC && sums == (number(&header, 24), number(&header, 28));
    let page = match number(&header, 8) {
        1 => 65536,
        size @ 512..=32768 if size.is_power_of_two() => size as usize,
        _ => 4096,
    };
    let mut walk = Walk {
        big_endian,
        salts: [0; 8],
        before: sums,
        broken: (!is_whole).then_some(Broken {
            offset: 0,
            commits: 0,
        }),
    };
    walk.salts.copy_from_slice(&header[16..24]);
    let mut frame = vec![0; FRAME_HEADER + page];
    let mut offset = HEADER as u64;
    while fill(&mut reader, &mut frame)? {
        walk.step(&frame, offset);
        offset += frame.len() as u64;
    }
    Ok(walk.broken.filter(|broken| broken.commits > 0))
}

struct Walk {
    big_endian: bool,
    salts: [u8; 8],
    /// The checksums of the frame before, as it says itself.
    before: (u32, u32),
    broken: Option<Broken>,
}

impl Walk {
    fn step(&mut self, frame: &[u8], offset: u64) {
        let (header, page) = frame.split_at(FRAME_HEADER);
        let said = (number(header, 16), number(header, 20));
        let sums = sums(
            sums(self.before, &header[..8], self.big_endian),
            page,
            self.big_endian,
        );
        self.before = said;
        let is_of_this_log = header[8..16] == self.salts;
        match &mut self.broken {
            None if !is_of_this_log || sums != said => {
                self.broken = Some(Broken { offset, commits: 0 });
            }
            // The last frame of a commit says how many pages the database has then.
            Some(broken) if is_of_this_log && sums == said => {
                broken.commits += u64::from(number(header, 4) != 0);
            }
            None | Some(_) => {}
        }
    }
}

/// Fills a buffer; `false` where fewer bytes are left.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(word)
}

/// Checksums of bytes, going on from earlier ones.
fn sums((mut first, mut second): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let mut word = [0; 4];
        word.copy_from_slice(bytes);
        if big_endian {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        }
    };
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(word(&pair[..4])).wrapping_add(second);
        second = second.wrapping_add(word(&pair[4..])).wrapping_add(first);
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const FRAME: u64 = (FRAME_HEADER + 4096) as u64;

    /// A log of ten commits, of a frame each, as a process leaves it that is killed.
    fn log(folder: &Path) -> Vec<u8> {
        let path = folder.join("a.db");
        let connection = Connection::open(&path).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x)",
            )
            .expect("a table");
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .expect("an empty log");
        for number in 0..10 {
            connection
                .execute("INSERT INTO t VALUES (?1)", [number])
                .expect("a row");
        }
        std::fs::read(folder.join("a.db-wal")).expect("a log")
    }

    #[test]
    fn commits_behind_a_broken_frame_are_counted_and_a_crash_is_no_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = log(folder.path());
        assert_eq!(whole.len() as u64, HEADER as u64 + 10 * FRAME);
        let path = folder.path().join("log");
        let checked = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            check(&path).expect("read")
        };
        let at = |frame: u64| HEADER as u64 + frame * FRAME;
        let broken_at = |offset: u64| {
            let mut bytes = whole.clone();
            bytes[offset as usize] ^= 1;
            checked(&bytes)
        };
        assert_eq!(checked(&whole), None);
        assert_eq!(
            checked(&whole[..whole.len() - 100]),
            None,
            "half a commit at the end"
        );
        assert_eq!(checked(&whole[..20]), None);
        assert_eq!(checked(&[]), None);
        for (offset, expected) in [
            (
                at(3) + 1000,
                Some(Broken {
                    offset: at(3),
                    commits: 6,
                }),
            ),
            (
                at(3) + 2,
                Some(Broken {
                    offset: at(3),
                    commits: 6,
                }),
            ),
            // The next one's checksum goes on from what this one says of itself.
            (
                at(3) + 17,
                Some(Broken {
                    offset: at(3),
                    commits: 5,
                }),
            ),
            (
                at(8) + 1000,
                Some(Broken {
                    offset: at(8),
                    commits: 1,
                }),
            ),
            (at(9) + 1000, None),
            (
                13,
                Some(Broken {
                    offset: 0,
                    commits: 9,
                }),
            ),
        ] {
            assert_eq!(broken_at(offset), expected, "a byte at {offset}");
        }
        let mut used_again = whole.clone();
        // Frames of an earlier use of the file, which has other salts, lie behind the end.
        used_again[at(5) as usize + 8..]
            .chunks_mut(FRAME as usize)
            .for_each(|frame| frame[0] ^= 1);
        assert_eq!(checked(&used_again), None);
        assert_eq!(check(&folder.path().join("none")).expect("read"), None);
    }
}
