//! Room of documents that are being written.

use std::collections::HashMap;

use super::patterns::Patterns;

/// Room that documents take while they are being written.
#[derive(Default)]
pub(super) struct Pending {
    /// Number of documents by kind, and their bytes.
    pub(super) documents: HashMap<&'static str, (usize, usize)>,
    /// Patterns, compiled: whoever takes the document over need not compile them.
    pub(super) patterns: Patterns,
    /// Silences that no value leads to, by namespace and tenant.
    pub(super) unfiled: HashMap<(String, String), usize>,
}
