//! Words that flows are stored and told with.

/// Who calls actions off for a flow, in the audit trail.
pub(crate) const CALLER: &str = "gateway";

/// Status of a flow that cannot go on by itself.
pub(crate) const STUCK: &str = "stuck";
