//! Contents that were uploaded: pictures, sound, videos and files (page 90236).

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::limits::{Limit, MessageError, fit};
use crate::overflow::Overflow;
use crate::report::{Place, Report};

/// Body of a picture, a voice or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Id that [`App::upload`](crate::App::upload) returned, for three days.
    pub media_id: String,
}

/// Body of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    /// Id that [`App::upload`](crate::App::upload) returned, for three days.
    pub media_id: String,
    /// Title, at most 128 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Description, at most 512 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Media {
    pub(crate) fn check(&self, place: &'static str) -> Result<(), MessageError> {
        check_id(place, &self.media_id)
    }
}

impl Video {
    pub(crate) fn ready(
        &mut self,
        how: (Overflow, Language),
        warnings: &mut Vec<String>,
    ) -> Result<(), MessageError> {
        check_id("video", &self.media_id)?;
        for (text, limit) in [
            (&mut self.title, Limit::SHORT),
            (&mut self.description, Limit::LONG),
        ] {
            if !text.is_empty() {
                fit(text, limit, how, warnings)?;
            }
        }
        Ok(())
    }
}

fn check_id(place: &'static str, media_id: &str) -> Result<(), MessageError> {
    let mut report = Report::new(Overflow::Reject);
    report.needed(Place::root(place).field("media_id"), media_id);
    report.result()?;
    Ok(())
}

#[cfg(test)]
mod tests;
