//! Window of a quota, and what happens when it is used up, as the wire and the store have them.

use std::time::Duration;

use acteon_core::{ProviderName, Timestamp};
use acteon_store::Overage;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// Most letters of a faulty value that are shown.
const MAX_SHOWN: usize = 80;

/// Length of a window, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(pub(super) u64);

const NAMED: [(&str, u64); 4] = [
    ("hourly", 3600),
    ("daily", 86_400),
    ("weekly", 604_800),
    ("monthly", 2_592_000),
];

impl Window {
    /// Length of the window.
    pub fn length(self) -> Duration {
        Duration::from_secs(self.0)
    }

    pub(super) fn index(self, now: Timestamp) -> i64 {
        now.as_millis().div_euclid(self.0 as i64 * 1000)
    }

    pub(super) fn end(self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis((self.index(now) + 1).saturating_mul(self.0 as i64 * 1000))
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let seconds = match &value {
            Value::String(word) => NAMED
                .iter()
                .find(|(name, _)| name == word)
                .map(|(_, seconds)| *seconds)
                .or_else(|| word.parse().ok().filter(|_| !word.starts_with('+'))),
            Value::Number(number) => number.as_u64(),
            other => only(other, "custom")
                .and_then(|custom| only(custom, "seconds"))
                .and_then(Value::as_u64),
        };
        let seconds = seconds.filter(|seconds| (1..=31_536_000).contains(seconds));
        let expected = "must be hourly, daily, weekly, monthly or a number of seconds up to a year";
        seconds
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{expected}, is {}", shown(&value))))
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match NAMED.iter().find(|(_, seconds)| *seconds == self.0) {
            Some((name, _)) => serializer.serialize_str(name),
            None => json!({ "custom": { "seconds": self.0 } }).serialize(serializer),
        }
    }
}

/// Value of the one field of an object that has no other. What stands beside it would be dropped
/// without a word.
fn only<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = object.as_object()?;
    fields.get(name).filter(|_| fields.len() == 1)
}

/// Value that was given, as far as it is shown.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(MAX_SHOWN).collect()
}

/// Behaviour of a quota when it is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverageSpec(pub Overage);

impl<'de> Deserialize<'de> for OverageSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let named = |name: &str| {
            ProviderName::parse(name)
                .map_err(|error| D::Error::custom(format!("names a provider, whose name {error}")))
        };
        let text = value.as_str().unwrap_or_default();
        let overage = match (text, text.split_once(':')) {
            ("block", _) => Overage::Block,
            ("warn", _) => Overage::Warn,
            (_, Some(("degrade", name))) => Overage::Degrade(named(name)?),
            (_, Some(("notify", name))) => Overage::Notify(named(name)?),
            _ => match (
                only(&value, "degrade")
                    .and_then(|to| only(to, "fallback_provider"))
                    .and_then(Value::as_str),
                only(&value, "notify")
                    .and_then(|whom| only(whom, "target"))
                    .and_then(Value::as_str),
            ) {
                (Some(name), _) => Overage::Degrade(named(name)?),
                (None, Some(name)) => Overage::Notify(named(name)?),
                (None, None) => {
                    let expected = "must be block, warn, degrade:PROVIDER or notify:PROVIDER";
                    return Err(D::Error::custom(format!(
                        "{expected}, is {}",
                        shown(&value)
                    )));
                }
            },
        };
        Ok(Self(overage))
    }
}

impl Serialize for OverageSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Overage::Block | Overage::Warn => serializer.serialize_str(self.0.as_str()),
            Overage::Degrade(name) => {
                json!({ "degrade": { "fallback_provider": name } }).serialize(serializer)
            }
            Overage::Notify(name) => json!({ "notify": { "target": name } }).serialize(serializer),
        }
    }
}
