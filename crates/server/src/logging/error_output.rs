//! Standard error as the log writes it: whole lines, and never longer than a moment.
//!
//! A pipe that nobody reads, or a terminal that is stopped with Ctrl-S, would hold every thread that has something to say, and with them all
//! callers and the lease. What cannot be written within a moment is dropped and counted, and the log says so once it is read again. Each line is
//! written before the thread goes on, so that none is lost when the process is killed.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Time that a line may wait for its reader. Lines after one that was dropped do not wait.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};
/// Bytes that can be written at once if any can.
const PIECE: usize = 4096;

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Number of lines that were dropped since the process began, as nobody read them in time.
pub(crate) fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Standard error without its lock: each line is one write, which the kernel keeps whole.
pub(super) fn open() -> BoxMakeWriter {
    let Ok(file) = io::stderr().as_fd().try_clone_to_owned().map(File::from) else {
        return BoxMakeWriter::new(io::stderr);
    };
    // A file is always written; only what is read by somebody can stand still.
    let is_read = file.metadata().is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_char_device()
    });
    if is_read {
        BoxMakeWriter::new(Arc::new(Read {
            file,
            unread: Mutex::new(0),
        }))
    } else {
        BoxMakeWriter::new(Arc::new(file))
    }
}

/// Standard error that somebody reads: a pipe, a socket or a terminal.
struct Read {
    file: File,
    /// Lines dropped since the last one that was written.
    unread: Mutex<u64>,
}

impl Read {
    fn is_writable(&self, patience: &Timespec) -> bool {
        let mut asked = [PollFd::new(&self.file, PollFlags::OUT)];
        // What cannot be asked is tried.
        poll(&mut asked, Some(patience)).map_or(true, |ready| ready > 0)
    }

    /// Writes as much as its reader keeps up with; `false` where that was not all.
    fn write_pieces(&self, bytes: &[u8], first: &Timespec) -> io::Result<bool> {
        for (number, piece) in bytes.chunks(PIECE).enumerate() {
            if !self.is_writable(if number == 0 { first } else { &PATIENCE }) {
                return Ok(false);
            }
            (&self.file).write_all(piece)?;
        }
        Ok(true)
    }
}

impl Write for &Read {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = if *unread == 0 { &PATIENCE } else { &AT_ONCE };
        if *unread > 0 {
            let notice = format!("\n{unread} lines of the log were dropped: nobody read them\n");
            if self.write_pieces(notice.as_bytes(), &AT_ONCE)? {
                *unread = 0;
            }
        }
        if *unread > 0 || !self.write_pieces(line, patience)? {
            *unread += 1;
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
