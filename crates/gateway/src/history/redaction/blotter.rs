//! Blotting of what is hidden of an action where others may have repeated it.

use serde_json::value::RawValue;

use super::hidden::Hidden;

/// Blotter: takes what is hidden of an action out of what others wrote.
pub(crate) struct Blotter(pub(super) Hidden);

impl Blotter {
    /// Takes it out of a text.
    pub(crate) fn text(&self, text: &mut String) {
        self.0.blot(text);
    }

    /// Takes it out of the message of an approval. One that a template rendered may have it escaped, or in other letters.
    pub(crate) fn message(&self, text: &mut String, is_rendered: bool) {
        if !is_rendered {
            self.text(text);
        } else if let Some(shown) = self.0.rendered_text(text) {
            *text = shown;
        }
    }

    /// JSON without it.
    pub(crate) fn json(&self, json: &RawValue) -> Box<RawValue> {
        self.0.blotted(json)
    }
}
