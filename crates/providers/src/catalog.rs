//! List of the types of providers.

use crate::provider_type::ProviderType;

/// Type of provider that a build may have.
pub struct KnownType {
    /// Value of `type` in the configuration.
    pub name: &'static str,
    /// Cargo feature that it is built with; `None` when every build has it.
    pub feature: Option<&'static str>,
}

/// List of the types by the names of their modules, each with the cargo feature that it needs. [`KNOWN_TYPES`] and [`catalog`] are made of it.
macro_rules! provider_types {
    ($($module:ident $(if $feature:literal)?,)*) => {
        /// All types, whether this build has them or not.
        pub const KNOWN_TYPES: &[KnownType] = &[
            $(KnownType {
                name: stringify!($module),
                feature: provider_types!(@feature $($feature)?),
            },)*
        ];

        /// Types that this build has.
        pub fn catalog() -> Vec<ProviderType> {
            vec![$($(#[cfg(feature = $feature)])? crate::$module::provider_type(),)*]
        }
    };
    (@feature $feature:literal) => {
        Some($feature)
    };
    (@feature) => {
        None
    };
}

provider_types! {
    log,
    webhook,
    wechat if "wechat",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_configured_under_the_name_of_its_module() {
        let known: Vec<&str> = KNOWN_TYPES.iter().map(|known| known.name).collect();
        for built in catalog() {
            assert!(known.contains(&built.name), "{} of {known:?}", built.name);
        }
    }
}
