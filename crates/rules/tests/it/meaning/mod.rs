//! What could never be true, or always fails, is refused when rules are loaded, with the way out.

mod never;
mod values;

use acteon_rules::Context;

use crate::support::faults;

/// What is told of a condition that is refused.
fn refused(condition: &str) -> String {
    faults(
        &format!("rules:\n  - name: r\n    condition: {condition}\n    action: {{type: deny}}\n"),
        &Context::default(),
    )
}
