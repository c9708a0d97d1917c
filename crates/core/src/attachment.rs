//! Files that an action carries beside its payload.

use serde::{Deserialize, Serialize};

/// File that an action carries beside its payload, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Id, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the file.
    pub filename: String,
    /// Media type, such as `image/png`.
    pub content_type: String,
    /// Bytes of the file in base64; `None` where the action is only looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_base64: Option<Box<str>>,
}

impl Attachment {
    /// Bytes that it takes in memory, about.
    pub fn bytes(&self) -> usize {
        let data = self.data_base64.as_ref().map_or(0, |data| data.len());
        data + self.filename.len() + self.content_type.len()
    }

    /// Attachment without its bytes.
    #[must_use]
    pub fn without_data(&self) -> Self {
        Self {
            data_base64: None,
            ..self.clone()
        }
    }
}
