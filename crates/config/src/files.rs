//! Reading the files that a configuration names: regular ones only, and none of endless length.

use std::fs::{File, FileType};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// Largest configuration or file of API keys: fifty thousand keys.
pub const MAX_CONFIG_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a file of text. Looks at what it is before it is opened: opening a named pipe waits for whoever writes, and a device may never end.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        let message = format!(
            "it is {}, and must be a regular file",
            described(metadata.file_type())
        );
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    read(path, most)
}

/// Reads what a person named on the command line, which may be a pipe, such as `<(...)` of a shell: whoever names it sees that it waits.
pub fn read_given(path: &Path, most: u64) -> Result<String> {
    if std::fs::metadata(path)?.is_dir() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "it is a directory, and must be a file",
        ));
    }
    read(path, most)
}

fn read(path: &Path, most: u64) -> Result<String> {
    let mut bytes = Vec::new();
    // Its length may be unknown, or grow meanwhile.
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::new(
            ErrorKind::FileTooLarge,
            format!("it is longer than {most} bytes, which is the most allowed"),
        ));
    }
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is no UTF-8"))
}

#[cfg(unix)]
/// What a file of a kind that is not regular is called in messages: "it is ...".
pub fn described(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
/// What a file of a kind that is not regular is called in messages: "it is ...".
pub fn described(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else {
        "no file"
    }
}
