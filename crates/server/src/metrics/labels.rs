//! Labels of metrics. Their texts are shared: a clone copies none.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
            pub(super) struct $name {
                $(pub(super) $field: $type),+
            }
        )+
    };
}

/// Text that label sets share.
pub(super) type Text = Arc<str>;

labels! {
    ProviderLabel { provider: Text }
    FailureLabels { provider: Text, code: &'static str, reason: &'static str }
    OutcomeLabels { provider: Text, rule: Text, outcome: &'static str }
    DeadLetterLabels { provider: Text, code: Text }
    FlowLabels { kind: Text, status: Text }
    LaneLabel { lane: Text }
    PauseLabels { lane: Text, code: &'static str, reason: &'static str }
    BreakerLabels { provider: Text, state: &'static str }
    RuleLabel { rule: Text }
    ReloadLabel { what: &'static str }
    ReloadLabels { what: &'static str, result: &'static str }
}
