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

use std::ops::RangeInclusive;

/// Shape of a body.
pub(super) struct Shape {
    /// What it is, such as `a silence`.
    pub(super) what: &'static str,
    /// Code of its refusals.
    pub(super) code: &'static str,
    /// Its fields, in groups that shapes share.
    pub(super) fields: &'static [&'static [Field]],
}

/// Field of an object.
pub(super) struct Field {
    name: &'static str,
    is_needed: bool,
    is: FieldType,
}

/// What the value of a field must be. `null` is always taken for absent.
pub(super) enum FieldType {
    /// A name that is given now, such as a tenant's.
    Name,
    /// The name of a tenant that is given now.
    Tenant,
    /// A text of at most so many bytes. One of blanks only counts as absent: clients fill in what they do not have.
    Text(usize),
    /// A text of at most so many bytes that counts as it stands, blanks too.
    Verbatim(usize),
    /// One of these words, in any case. Blanks count as absent.
    Word(&'static [&'static str]),
    /// An RFC 3339 time that may be left out. Go's zero time and blanks count as absent.
    Time,
    Flag,
    Whole(RangeInclusive<i64>),
    /// Any JSON, kept as it is written.
    Json,
    /// The same, which a schema of `acteon_api` describes and somebody else reads.
    JsonOf(&'static str),
    /// Labels of an action: texts by name, flat or, as some clients send them, within `labels`.
    Labels,
    /// Texts by name.
    Texts,
    /// A list of at most so many objects.
    Objects(&'static [Field], usize),
    /// Something of the wire format that says nothing here.
    Unheeded,
    /// Something of the wire format that cannot be honoured yet. Ignoring it would lose what its caller asked for.
    NotBuilt,
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
