//! What a reader of JSON finds.

use std::cell::RefCell;

use serde_json::Value;

use crate::report::{Fault, Place, Violation};

/// Most faults, and most unknown fields, that are kept. A content with more of them was not written by hand.
const MOST: usize = 200;

/// Field of a JSON object that a content does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// Path of the object that it stands in, such as `news.articles[0]`.
    pub object: String,
    /// Name.
    pub name: String,
    /// Fields of the object that are missing, one of which may be meant.
    pub missing: Vec<&'static str>,
}

/// Reader of one content, and what it found.
#[derive(Default)]
pub(crate) struct Reader {
    pub(super) violations: RefCell<Vec<Violation>>,
    pub(super) unknown: RefCell<Vec<UnknownField>>,
}

impl Reader {
    /// Keeps that something is no object.
    pub(crate) fn not_an_object(&self, at: Place<'_>, value: &Value) {
        let (expected, found) = ("an object", kind_of(value));
        self.wrong(at, Fault::Kind { expected, found });
    }

    pub(crate) fn wrong(&self, at: Place<'_>, fault: Fault) {
        let mut violations = self.violations.borrow_mut();
        if violations.len() < MOST {
            violations.push(Violation {
                path: at.path(),
                fault,
            });
        }
    }

    pub(crate) fn unknown(&self, at: Place<'_>, name: &str, missing: &[&'static str]) {
        let mut unknown = self.unknown.borrow_mut();
        if unknown.len() < MOST {
            unknown.push(UnknownField {
                object: at.path(),
                name: name.to_owned(),
                missing: missing.to_vec(),
            });
        }
    }

    /// Makes violations of the unknown fields of the object `name` that are other kinds' of it: without them the message would not be what was meant.
    pub(crate) fn refuse_others(&self, name: &'static str, others: &[&'static str], fault: &Fault) {
        let at = Place::root(name);
        let object = at.path();
        self.unknown.borrow_mut().retain(|unknown| {
            let other = others.iter().find(|other| **other == unknown.name);
            match other {
                Some(field) if unknown.object == object => {
                    self.wrong(at.field(field), fault.clone());
                    false
                }
                _ => true,
            }
        });
    }
}

/// Kind of a value, in the words of people.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
