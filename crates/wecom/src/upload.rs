//! Upload of media (page 90253).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use crate::app::App;
use crate::error::{Call, Error, Reason};
use crate::http::Body;

/// Fewest bytes of a medium: it must have more than 5.
const LEAST: usize = 6;
/// Bytes of a megabyte, as the service counts them.
const MB: usize = 1024 * 1024;
/// Most bytes of a file's name.
const MAX_NAME: usize = 255;

/// Type of a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// Picture, JPEG or PNG, at most 10 MB.
    Image,
    /// Voice, AMR, at most 2 MB and 60 seconds.
    Voice,
    /// Video, MP4, at most 10 MB.
    Video,
    /// File of any kind, at most 20 MB.
    File,
}

/// Medium to upload. `Debug` leaves out its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Upload<'a> {
    /// Type, which must be that of the message.
    pub media_type: MediaType,
    /// Name with its ending, which members see of a file.
    pub filename: &'a str,
    /// Media type in MIME's sense, such as `image/png`.
    pub content_type: &'a str,
    /// Content.
    pub bytes: &'a [u8],
}

/// Medium that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Id for messages of all apps of the corporation, for three days.
    pub media_id: String,
    /// Time of the upload, in seconds since the Unix epoch; `None` where the answer does not say it.
    pub created_at: Option<i64>,
}

/// Reason why a medium cannot be uploaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The medium is too small or too large.
    #[error("{media_type} has {size} bytes, {LEAST} to {limit} are allowed")]
    Size {
        /// Type of the medium.
        media_type: MediaType,
        /// Bytes that it has.
        size: usize,
        /// Most bytes of its type.
        limit: usize,
    },
    /// The content is not of the type: no JPEG or PNG, no AMR, or no MP4.
    #[error("{0} has other bytes than the formats that WeChat Work takes: {formats}", formats = .0.formats())]
    Format(MediaType),
    /// The file's name is empty, longer than 255 bytes, or has control characters.
    #[error("the file's name must have 1 to 255 bytes, without control characters")]
    Name,
    /// The content type is none.
    #[error("the content type must be one such as image/png")]
    ContentType,
}

impl MediaType {
    /// Name in requests, such as `image`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::File => "file",
        }
    }

    /// Most bytes that a medium of the type may have.
    pub const fn limit(self) -> usize {
        match self {
            Self::Image | Self::Video => 10 * MB,
            Self::Voice => 2 * MB,
            Self::File => 20 * MB,
        }
    }

    const fn formats(self) -> &'static str {
        match self {
            Self::Image => "JPEG or PNG",
            Self::Voice => "AMR",
            Self::Video => "MP4",
            Self::File => "any",
        }
    }

    /// Whether bytes begin as a format of the type does.
    fn begins(self, bytes: &[u8]) -> bool {
        match self {
            Self::Image => {
                bytes.starts_with(b"\xff\xd8\xff") || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
            }
            Self::Voice => bytes.starts_with(b"#!AMR"),
            Self::Video => bytes.get(4..8) == Some(b"ftyp"),
            Self::File => true,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Upload<'_> {
    /// Checks the medium. Errors when WeChat Work would refuse it.
    pub fn check(&self) -> Result<(), UploadError> {
        let Self {
            media_type,
            filename,
            content_type,
            bytes,
        } = *self;
        let (size, limit) = (bytes.len(), media_type.limit());
        if !(LEAST..=limit).contains(&size) {
            return Err(UploadError::Size {
                media_type,
                size,
                limit,
            });
        }
        if !media_type.begins(bytes) {
            return Err(UploadError::Format(media_type));
        }
        if filename.is_empty()
            || filename.len() > MAX_NAME
            || filename.chars().any(char::is_control)
        {
            return Err(UploadError::Name);
        }
        let is_of_one = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if !content_type.contains('/') || !content_type.bytes().all(is_of_one) {
            return Err(UploadError::ContentType);
        }
        Ok(())
    }

    /// Body of the request: `multipart/form-data` with one part named `media`. The same medium always gives the same bytes.
    fn to_body(self) -> Body {
        // A hash of the content stands nowhere in it, as a boundary must not.
        let hash = digest(&SHA256, self.bytes);
        let mut number = [0; 16];
        number.copy_from_slice(&hash.as_ref()[..16]);
        let boundary = format!("{:032x}", u128::from_be_bytes(number));
        let name = self.filename.replace('"', "%22");
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{name}\"; filelength={}\r\nContent-Type: {}\r\n\r\n",
            self.bytes.len(),
            self.content_type
        );
        let end = format!("\r\n--{boundary}--\r\n");
        Body {
            content_type: format!("multipart/form-data; boundary={boundary}").into(),
            bytes: [head.as_bytes(), self.bytes, end.as_bytes()].concat(),
        }
    }
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("media_type", &self.media_type)
            .field("filename", &self.filename)
            .field("content_type", &self.content_type)
            .field("size", &self.bytes.len())
            .finish()
    }
}

impl App {
    /// Uploads a medium, which [`Upload::check`] accepted. The endpoint's time-out must leave time for its bytes.
    ///
    /// Errors as [`Error`] says. A medium that was uploaded twice has two ids, which does no harm.
    pub async fn upload(&self, upload: Upload<'_>) -> Result<Uploaded, Error> {
        let no_id = || Error::new(Call::Upload, Reason::Unreadable("it has no media_id"));
        let media_type = upload.media_type.as_str().to_owned().into();
        let answer = self
            .call(
                Call::Upload,
                &[("type", &media_type)],
                Some(&upload.to_body()),
            )
            .await?;
        Ok(Uploaded {
            media_id: answer.text("media_id").ok_or_else(no_id)?.to_owned(),
            created_at: answer.number("created_at"),
        })
    }
}

#[cfg(test)]
mod tests;
