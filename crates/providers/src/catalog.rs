//! What providers there are.

use std::sync::Arc;

use acteon_core::{Key, Problem, Provider, ProviderName, Settings};

/// What providers of one process share.
#[derive(Default)]
pub struct Context {
    #[cfg(feature = "wechat")]
    pub(crate) wecom_tokens: acteon_wecom::TokenCache,
}

#[cfg(feature = "wechat")]
impl Context {
    /// Shares access tokens with other processes from now on.
    pub fn share_tokens(&self, share: Arc<dyn acteon_wecom::TokenShare>) {
        self.wecom_tokens.share(share);
    }
}

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

/// A type of provider that a build may have.
pub struct KnownType {
    /// The value of `type`.
    pub name: &'static str,
    /// The cargo feature that builds it; `None` when every build has it.
    pub feature: Option<&'static str>,
}

/// Every type, whether this build has it or not.
pub const KNOWN_TYPES: &[KnownType] = &[
    KnownType { name: "log", feature: None },
    KnownType { name: "webhook", feature: None },
    KnownType { name: "wechat", feature: Some("wechat") },
];

/// The types that this build has.
pub fn catalog() -> Vec<ProviderType> {
    vec![
        crate::log::provider_type(),
        crate::webhook::provider_type(),
        #[cfg(feature = "wechat")]
        crate::wechat::provider_type(),
    ]
}
