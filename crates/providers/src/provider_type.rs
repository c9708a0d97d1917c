//! Types of providers, which build providers from their sections.

use std::sync::Arc;

use acteon_config::{Key, Problem, Settings};
use acteon_core::{Provider, ProviderName};

use crate::context::Context;

/// Provider, or all problems of its section.
pub type Built = Result<Arc<dyn Provider>, Vec<Problem>>;

/// Type of provider that this build has.
pub struct ProviderType {
    /// Value of `type` in the configuration.
    pub name: &'static str,
    /// Keys of its section, beside those of every provider.
    pub keys: &'static [Key],
    /// Builds a provider from its section. Errors with all problems of the section.
    pub build: fn(&ProviderName, &Settings, &Context) -> Built,
}
