//! The `[circuit_breaker]` section: when to leave a failing provider alone, and which one takes its actions then.

use std::collections::BTreeMap;
use std::time::Duration;

use acteon_config::{Key, Kind, SectionReader};
use acteon_core::ProviderName;
use acteon_core::similar::nearest;
use acteon_gateway::{BreakerPolicy, Breakers};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "enabled",
        Kind::Flag,
        "Leave a provider alone for a while that fails again and again. Default false.",
    ),
    Key::optional(
        "failure_threshold",
        Kind::Integer,
        "Failures in a row that open a breaker. Default 5.",
    ),
    Key::optional(
        "success_threshold",
        Kind::Integer,
        "Successes in a row that close it again. Default 2.",
    ),
    Key::optional(
        "recovery_timeout_seconds",
        Kind::Integer,
        "How long it stays open before a trial. Default 60.",
    ),
    Key::optional(
        "fallbacks",
        Kind::TextTable,
        "By provider, the one that takes its new actions while its breaker is open.",
    ),
];

/// Breakers of providers. `providers` are those that are configured.
pub(crate) fn read(reader: &mut SectionReader<'_>, providers: &[ProviderName]) -> Breakers {
    if !reader.settings().has("enabled") {
        let needing = [
            "failure_threshold",
            "success_threshold",
            "recovery_timeout_seconds",
            "fallbacks",
        ];
        reader.without_effect(&needing, "circuit_breaker.enabled = true");
    }
    let policy = policy(reader);
    Breakers {
        policy: reader.settings().flag("enabled").then_some(policy),
        fallbacks: fallbacks(reader, providers),
    }
}

fn policy(reader: &mut SectionReader<'_>) -> BreakerPolicy {
    let BreakerPolicy {
        failure_threshold,
        success_threshold,
        recovery,
    } = BreakerPolicy::default();
    let mut number = |key: &'static str, default: u64, most: i64| {
        let value = reader.integer(key, default as i64, 1..=most);
        u32::try_from(value).unwrap_or(1)
    };
    BreakerPolicy {
        failure_threshold: number("failure_threshold", failure_threshold.into(), 1000),
        success_threshold: number("success_threshold", success_threshold.into(), 1000),
        recovery: Duration::from_secs(
            number("recovery_timeout_seconds", recovery.as_secs(), 86_400).into(),
        ),
    }
}

fn fallbacks(
    reader: &mut SectionReader<'_>,
    providers: &[ProviderName],
) -> BTreeMap<ProviderName, ProviderName> {
    let find = |name: &str| providers.iter().find(|known| known.as_str() == name);
    let mut fallbacks = BTreeMap::new();
    for (from, to) in reader.settings().text_table("fallbacks") {
        match (find(&from), find(&to)) {
            (Some(from), Some(to)) if from != to => {
                fallbacks.insert(from.clone(), to.clone());
            }
            (Some(_), Some(_)) => {
                let message = format!(
                    "{from:?} = {to:?} names one provider twice: it cannot stand in for itself"
                );
                reader.wrong("fallbacks", message);
            }
            (known_from, _) => {
                let unknown = if known_from.is_none() { &from } else { &to };
                let meant = nearest(unknown, providers.iter().map(ProviderName::as_str))
                    .filter(|near| near != unknown)
                    .map(|near| format!("; did you mean {near:?} in the place of {unknown:?}?"))
                    .unwrap_or_default();
                let message =
                    format!("{from:?} = {to:?} must name two providers that are configured{meant}");
                reader.wrong("fallbacks", message);
            }
        }
    }
    fallbacks
}
