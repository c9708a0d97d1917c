//! What a definition refers to, for its caller to check.

use acteon_core::ProviderName;

use super::chain::Definition;
use super::check::with_paths;
use super::step::StepKind;

/// What a definition refers to outside of itself, with the paths that refer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Providers.
    pub providers: Vec<(ProviderName, String)>,
    /// Chains.
    pub chains: Vec<(String, String)>,
}

impl Definition {
    /// Providers and chains that it refers to, in the order of its steps.
    pub fn references(&self) -> References {
        let mut references = References::default();
        for (step, path) in with_paths(&self.steps) {
            match &step.kind {
                StepKind::Send { provider, .. } => {
                    let at = format!("{path}.provider");
                    references.providers.push((provider.clone(), at));
                }
                StepKind::SubChain { chain } => {
                    let at = format!("{path}.sub_chain");
                    references.chains.push((chain.clone(), at));
                }
                StepKind::Approval {
                    notify_provider: Some(provider),
                    ..
                } => {
                    let at = format!("{path}.approval.notify_provider");
                    references.providers.push((provider.clone(), at));
                }
                StepKind::Approval { .. }
                | StepKind::Timer { .. }
                | StepKind::WaitForSignal { .. }
                | StepKind::Parallel(_) => {}
            }
        }
        if let Some(on_cancel) = &self.on_cancel {
            let at = "on_cancel.provider".to_owned();
            references.providers.push((on_cancel.provider.clone(), at));
        }
        references
    }
}
