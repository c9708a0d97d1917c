//! What documents take that are being written.

use std::collections::HashMap;

use super::patterns::Patterns;

/// What documents take that are being written.
#[derive(Default)]
pub(super) struct Pending {
    /// How many, and their bytes.
    pub(super) documents: HashMap<&'static str, (usize, usize)>,
    /// With the patterns themselves: whoever takes the document over need not compile them.
    pub(super) patterns: Patterns,
    /// Silences that no value leads to, by namespace and tenant.
    pub(super) unfiled: HashMap<(String, String), usize>,
}
