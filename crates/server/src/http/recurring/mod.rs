//! Recurring actions in the wire format: the bodies that make and change them, and how they are shown.

pub(super) mod body;
pub(super) mod changes;
pub(super) mod fields;
pub(super) mod once;
pub(super) mod shown;
