//! List of the types of providers.

use crate::provider_type::ProviderType;

/// Type of provider that a build may have.
pub struct KnownType {
    /// Value of `type` in the configuration.
    pub name: &'static str,
    /// Cargo feature that it is built with; `None` when every build has it.
    pub feature: Option<&'static str>,
}

/// All types, whether this build has them or not.
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

/// Types that this build has.
pub fn catalog() -> Vec<ProviderType> {
    vec![
        crate::log::provider_type(),
        crate::webhook::provider_type(),
        #[cfg(feature = "wechat")]
        crate::wechat::provider_type(),
    ]
}
