//! What providers there are.

use crate::provider_type::ProviderType;

/// A type of provider that a build may have.
pub struct KnownType {
    /// The value of `type`.
    pub name: &'static str,
    /// The cargo feature that builds it; `None` when every build has it.
    pub feature: Option<&'static str>,
}

/// Every type, whether this build has it or not.
pub const KNOWN_TYPES: &[KnownType] = &[
    KnownType {
        name: "log",
        feature: None,
    },
    KnownType {
        name: "webhook",
        feature: None,
    },
    KnownType {
        name: "wechat",
        feature: Some("wechat"),
    },
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
