//! Contents that were uploaded: pictures, sound, videos and files (page 90236).

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::limits::{MAX_LONG, MAX_SHORT, cut_at};
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
    pub(crate) fn check(&self, name: &'static str, report: &mut Report) {
        report.needed(Place::root(name).field("media_id"), &self.media_id);
    }
}

impl Video {
    pub(crate) fn check(&self, report: &mut Report) {
        let video = Place::root("video");
        report.needed(video.field("media_id"), &self.media_id);
        report.cuttable(video.field("title"), &self.title, MAX_SHORT);
        report.cuttable(video.field("description"), &self.description, MAX_LONG);
    }

    pub(crate) fn cut(&mut self, language: Language, warnings: &mut Vec<String>) {
        let video = Place::root("video");
        for (name, text, most) in [
            ("title", &mut self.title, MAX_SHORT),
            ("description", &mut self.description, MAX_LONG),
        ] {
            cut_at(text, video.field(name), most, language, warnings);
        }
    }
}

#[cfg(test)]
mod tests;
