//! Types of providers, and building one.

use std::sync::Arc;

use acteon_config::{Key, Problem, Settings};
use acteon_core::{Provider, ProviderName};

use crate::context::Context;

/// A provider, or all that is wrong with its section.
pub type Built = Result<Arc<dyn Provider>, Vec<Problem>>;

/// A type of provider that this build has.
pub struct ProviderType {
    /// The value of `type`.
    pub name: &'static str,
    /// The keys of its section, beside `name` and `type`.
    pub keys: &'static [Key],
    /// Builds one from its section, or says all that is wrong with it.
    pub build: fn(&ProviderName, &Settings, &Context) -> Built,
}
