//! Actions, and where they came from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json;
use crate::limits::MAX_INLINE_BYTES;
use crate::{
    ActionId, ActionType, Attachment, Namespace, Priority, ProviderName, Tenant, Timestamp,
};

/// Bytes that most actions take as JSON beside their payload and labels.
const ENVELOPE_BYTES: usize = 512;

/// Action: for `tenant`, through `provider`, send this payload.
///
/// It serializes as the wire format has it, with flat metadata; that text is also what the store
/// keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Action {
    /// Id, unique within namespace and tenant.
    pub id: ActionId,
    /// Namespace, the first half of the scope.
    pub namespace: Namespace,
    /// Tenant, the second half of the scope.
    pub tenant: Tenant,
    /// Provider that the caller asked for, by its configured name.
    pub provider: ProviderName,
    /// Kind of action, in the caller's words.
    pub action_type: ActionType,
    /// Payload: JSON for the provider, untouched until somebody reads it.
    pub payload: Box<RawValue>,
    /// Name of the profile that renders fields of the payload. What it makes of them is sent, and the payload stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Labels, a text by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Dedup key: actions of equal keys may be deduplicated by a rule. Without such a rule it has
    /// no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// State of the event it tells of, such as `firing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Identity of the event it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When the event began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// When the event ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// When the caller made it, by the caller's clock.
    pub created_at: Timestamp,
    /// Instant after which it is no longer worth sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Priority among those that wait with it, unless a rule says otherwise.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// The instant before which it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// Seconds from its acceptance during which it is not sent. Never beside `scheduled_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u32>,
    /// Files that it carries beside its payload, for providers that send them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Signature of the caller over the action, in the caller's own scheme. It is kept and shown, and nobody here goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Name of who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_id: Option<String>,
    /// Name of the key that it is signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl Action {
    /// Bytes of its payload and its attachments.
    pub fn content_bytes(&self) -> usize {
        let attachments = self.attachments.iter().map(Attachment::bytes);
        self.payload.get().len() + attachments.sum::<usize>()
    }

    /// The same action without a signature, as it is sent under another id: a signature is of one id.
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self {
            signature: None,
            signer_id: None,
            kid: None,
            ..self
        }
    }

    /// The instant that its caller scheduled it for, when it is accepted at `now`.
    pub fn scheduled_for(&self, now: Timestamp) -> Option<Timestamp> {
        let delay = |seconds: u32| now + Duration::from_secs(seconds.into());
        self.scheduled_at.or_else(|| self.delay_seconds.map(delay))
    }

    /// The action as JSON, in one piece of memory: a text that grows leaves pieces behind, and large ones many of them.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let labels: usize = self
            .metadata
            .iter()
            .map(|(name, value)| name.len() + value.len() + 8)
            .sum();
        let mut json = Vec::with_capacity(ENVELOPE_BYTES + self.content_bytes() + labels);
        serde_json::to_writer(&mut json, self)?;
        String::from_utf8(json).map_err(serde_json::Error::custom)
    }

    /// Whether `other` asks for the same thing. `created_at` is left out, and so is the signature, which is over it: a caller that builds its request again sets them again. Payloads that are
    /// written differently are read, which takes milliseconds and memory where they are long.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.first_difference(other).is_none()
    }

    /// Name of the first field in which `other` asks for something else; `None` where it asks the
    /// same.
    pub fn first_difference(&self, other: &Self) -> Option<&'static str> {
        self.difference_in_envelope(other)
            .or_else(|| (!same_json(&self.payload, &other.payload)).then_some("payload"))
    }

    /// Whether `other` asks for the same thing, at a cost that is bounded, for where others wait:
    /// long payloads are compared byte for byte.
    pub fn asks_the_same_at_sight(&self, other: &Self) -> bool {
        let (payload, others) = (self.payload.get(), other.payload.get());
        let is_short = payload.len() <= MAX_INLINE_BYTES && others.len() <= MAX_INLINE_BYTES;
        (is_short || payload == others) && self.asks_the_same(other)
    }

    fn difference_in_envelope(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("id", self.id == other.id),
            ("namespace", self.namespace == other.namespace),
            ("tenant", self.tenant == other.tenant),
            ("provider", self.provider == other.provider),
            ("action_type", self.action_type == other.action_type),
            ("template", self.template == other.template),
            ("metadata", self.metadata == other.metadata),
            ("dedup_key", self.dedup_key == other.dedup_key),
            ("status", self.status == other.status),
            ("fingerprint", self.fingerprint == other.fingerprint),
            ("starts_at", self.starts_at == other.starts_at),
            ("ends_at", self.ends_at == other.ends_at),
            ("expires_at", self.expires_at == other.expires_at),
            ("priority", self.priority == other.priority),
            ("scheduled_at", self.scheduled_at == other.scheduled_at),
            ("delay_seconds", self.delay_seconds == other.delay_seconds),
            ("attachments", self.attachments == other.attachments),
            ("signer_id", self.signer_id == other.signer_id),
            ("kid", self.kid == other.kid),
        ];
        fields
            .into_iter()
            .find(|(_, is_same)| !is_same)
            .map(|(name, _)| name)
    }
}

fn same_json(left: &RawValue, right: &RawValue) -> bool {
    json::same(left.get(), right.get())
}

/// Origin of an action. A caller cannot set it: control never travels in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A caller posted it over HTTP.
    Api,
    /// Replay of an earlier action.
    Replay,
    /// Notice of the gateway itself that a quota is used up.
    Notice,
    /// Occurrence of a recurring action.
    Recurring,
    /// Step of a chain.
    Chain,
    /// Notice of an approval, or what was approved.
    Approval,
}

impl Origin {
    /// All origins that an action may have.
    pub const ALL: [Self; 6] = [
        Self::Api,
        Self::Replay,
        Self::Notice,
        Self::Recurring,
        Self::Chain,
        Self::Approval,
    ];

    /// Name of the origin, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Replay => "replay",
            Self::Notice => "notice",
            Self::Recurring => "recurring",
            Self::Chain => "chain",
            Self::Approval => "approval",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(payload: &str) -> Action {
        let text = format!(
            r#"{{"id":"a","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{payload},"created_at":"2026-01-01T00:00:00Z"}}"#
        );
        serde_json::from_str(&text).expect("an action")
    }

    #[test]
    fn the_order_of_keys_does_not_make_another_request() {
        assert!(action(r#"{"a":1,"b":2}"#).asks_the_same(&action(r#"{ "b":2, "a":1 }"#)));
        assert!(!action(r#"{"a":1}"#).asks_the_same(&action(r#"{"a":2}"#)));
    }

    #[test]
    fn ids_beyond_what_a_double_holds_are_compared_digit_by_digit() {
        assert!(
            !action(r#"{"a":18446744073709551617,"b":1}"#)
                .asks_the_same(&action(r#"{"b":1,"a":18446744073709551618}"#))
        );
    }

    #[test]
    fn long_payloads_are_the_same_at_sight_only_byte_for_byte() {
        let long = |space: &str| {
            action(&format!(
                r#"{{"a":{space}"{}"}}"#,
                "x".repeat(MAX_INLINE_BYTES)
            ))
        };
        assert!(long("").asks_the_same(&long(" ")) && long("").asks_the_same_at_sight(&long("")));
        assert!(!long("").asks_the_same_at_sight(&long(" ")));
        assert!(action(r#"{"a":1,"b":2}"#).asks_the_same_at_sight(&action(r#"{ "b":2, "a":1 }"#)));
    }
}
