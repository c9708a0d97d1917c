//! Kinds of media, and what is kept of one.

use std::time::Instant;

use super::reply::{Refusal, refusal};

/// Bytes of a megabyte.
const MB: usize = 1024 * 1024;

/// Medium that was uploaded. Nobody asks for its bytes, so they are not kept.
#[derive(Debug)]
pub(super) struct Medium {
    pub(super) kind: Kind,
    pub(super) filename: String,
    pub(super) at: Instant,
}

/// Kind of a medium: the `type` of its upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Voice,
    Video,
    File,
}

impl Kind {
    /// Kind of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "image" => Some(Self::Image),
            "voice" => Some(Self::Voice),
            "video" => Some(Self::Video),
            "file" => Some(Self::File),
            _ => None,
        }
    }

    /// Most bytes, and the refusal of more.
    pub(super) fn limit(self) -> (usize, Refusal) {
        match self {
            Self::Image => (10 * MB, refusal(40009, "invalid image size")),
            Self::Video => (10 * MB, refusal(40011, "invalid video size")),
            Self::Voice => (2 * MB, refusal(45001, "media size out of limit")),
            Self::File => (20 * MB, refusal(45001, "media size out of limit")),
        }
    }

    /// Checks what the bytes begin with.
    pub(super) fn check_format(self, bytes: &[u8]) -> Result<(), Refusal> {
        let (is_of_it, otherwise) = match self {
            Self::Image => (
                bytes.starts_with(&[0xff, 0xd8, 0xff]) || bytes.starts_with(b"\x89PNG"),
                refusal(40123, "invalid image format"),
            ),
            Self::Voice => (
                bytes.starts_with(b"#!AMR"),
                refusal(301_017, "voice must be amr"),
            ),
            Self::Video => (
                bytes.get(4..8) == Some(b"ftyp"),
                refusal(40004, "invalid media file type"),
            ),
            Self::File => return Ok(()),
        };
        if is_of_it { Ok(()) } else { Err(otherwise) }
    }
}
