//! Shapes of requests' bodies. A shape is a table of the fields that a body may have, with what each must be. One walk holds a body against its
//! table and tells all that is wrong with it, by field; a field that is not in the table is refused, since what it asked for would not be heeded.
//!
//! Routes read the [`FieldValues`] that the walk found. No message about a body comes from anywhere else than here and `words`.

mod flaws;
mod labels;
mod members;
mod scalars;
mod schema;
mod values;
mod walk;
mod words;

pub(super) use schema::schema;
pub(super) use values::{FieldValue, FieldValues};
pub(super) use walk::{WalkedBody, elements};
pub(super) use words::unreadable;

use std::ops::RangeInclusive;

/// Shape of a body.
pub(super) struct Shape {
    /// Name of the body in messages, such as `a silence`.
    pub(super) what: &'static str,
    /// Code of refusals of the body.
    pub(super) code: &'static str,
    /// Fields of the body, in groups that shapes share.
    pub(super) fields: &'static [&'static [Field]],
}

/// Field of an object.
pub(super) struct Field {
    name: &'static str,
    is_needed: bool,
    is: FieldType,
}

/// Type of a field's value. `null` is always taken for absent.
pub(super) enum FieldType {
    /// New name, such as a tenant's.
    Name,
    /// New name of a tenant.
    Tenant,
    /// Text of at most so many bytes. Blanks alone count as absent: clients fill in what they do
    /// not have.
    Text(usize),
    /// Text of at most so many bytes that counts as it stands, blanks too.
    Verbatim(usize),
    /// One of these words, in any case. Blanks count as absent.
    Word(&'static [&'static str]),
    /// RFC 3339 time that may be left out. Go's zero time and blanks count as absent.
    Time,
    Flag,
    /// Cron expression.
    Cron,
    /// Name of a time zone.
    TimeZone,
    Whole(RangeInclusive<i64>),
    /// Any JSON, kept as it is written.
    Json,
    /// Any JSON, kept as it is written, which this schema of `acteon_api` describes and somebody
    /// else reads.
    JsonOf(&'static str),
    /// Labels of an action: texts by name, flat or, as some clients send them, within `labels`.
    Labels,
    /// Object whose values are all texts.
    Texts,
    /// List of at most so many objects of these fields.
    Objects(&'static [Field], usize),
    /// Field of the wire format that has no effect here.
    Unheeded,
    /// Bytes of a file in base64.
    Base64,
}

impl Field {
    pub(super) const fn needed(name: &'static str, is: FieldType) -> Self {
        Self {
            name,
            is_needed: true,
            is,
        }
    }

    pub(super) const fn optional(name: &'static str, is: FieldType) -> Self {
        Self {
            name,
            is_needed: false,
            is,
        }
    }
}
