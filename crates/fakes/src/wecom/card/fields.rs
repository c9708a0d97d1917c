//! Fields of a card's JSON, each of which is absent or has its type.

use serde_json::Value;

use crate::wecom::reply::{Refusal, refusal};

/// Refusal of a field that has another type than it should.
const WRONG_TYPE: Refusal = refusal(
    40058,
    "invalid Request Parameter: a field of template_card has the wrong type",
);

/// Object of a card: the card itself, or one of its parts.
#[derive(Clone, Copy)]
pub(super) struct Part<'a>(&'a Value);

impl<'a> Part<'a> {
    /// Object of a value; none for an absent one. Errors when it is something else.
    pub(super) fn read(value: &'a Value) -> Result<Option<Self>, Refusal> {
        match value {
            Value::Null => Ok(None),
            Value::Object(_) => Ok(Some(Self(value))),
            _ => Err(WRONG_TYPE),
        }
    }

    /// Part of a name; none when it is absent.
    pub(super) fn part(self, name: &str) -> Result<Option<Self>, Refusal> {
        Self::read(&self.0[name])
    }

    /// Objects of a list; none when it is absent.
    pub(super) fn list(self, name: &str) -> Result<Vec<Self>, Refusal> {
        let items = match &self.0[name] {
            Value::Null => return Ok(Vec::new()),
            Value::Array(items) => items,
            _ => return Err(WRONG_TYPE),
        };
        let parts = items.iter().map(|item| Self::read(item)?.ok_or(WRONG_TYPE));
        parts.collect()
    }

    /// Text of a field; empty when it is absent.
    pub(super) fn text(self, name: &str) -> Result<&'a str, Refusal> {
        match &self.0[name] {
            Value::Null => Ok(""),
            Value::String(text) => Ok(text),
            _ => Err(WRONG_TYPE),
        }
    }

    /// Text of a field, which must not be empty, nor longer than so many bytes. Errors with `wrong`.
    pub(super) fn needed(
        self,
        name: &str,
        most: usize,
        wrong: Refusal,
    ) -> Result<&'a str, Refusal> {
        let text = self.text(name)?;
        if text.is_empty() || text.len() > most {
            return Err(wrong);
        }
        Ok(text)
    }

    /// Whole number of a field; 0 when it is absent.
    pub(super) fn number(self, name: &str) -> Result<i64, Refusal> {
        match &self.0[name] {
            Value::Null => Ok(0),
            value => value.as_i64().ok_or(WRONG_TYPE),
        }
    }
}
