//! From a body to an action. All that is wrong with it is said at once, by field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use acteon_core::json::head;
use acteon_core::limits::{MAX_BATCH, MAX_FAULT_BYTES, MAX_LABEL_BYTES, MAX_LABELS};
use acteon_core::{Action, ActionId, Clock, Entropy, InvalidName, Priority, Timestamp};
use acteon_gateway::REPLAY_IDS;
use axum::http::StatusCode;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::body::check_json;
use super::refusal::{Faults, Refusal};

/// Fields of the wire format that cannot be honoured yet. Ignoring them would lose what the caller asked for.
const NOT_BUILT: [&str; 5] = ["template", "attachments", "signature", "signer_id", "kid"];

/// All fields that are looked at.
const FIELDS: [&str; 20] = [
    "id",
    "namespace",
    "tenant",
    "provider",
    "action_type",
    "payload",
    "metadata",
    "created_at",
    "dedup_key",
    "status",
    "fingerprint",
    "starts_at",
    "ends_at",
    "expires_at",
    "priority",
    "template",
    "attachments",
    "signature",
    "signer_id",
    "kid",
];

/// What fills in for absent fields.
pub(super) struct Defaults<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) entropy: &'a dyn Entropy,
    /// The `Idempotency-Key` header: the id where the body has none.
    pub(super) idempotency_key: Option<&'a str>,
}

/// One action. What it accepts is the same for every reader: whoever comes after need not ask what cannot be read.
pub(super) fn action(text: &str, defaults: &Defaults<'_>) -> Result<Action, Refusal> {
    check_json(text, "INVALID_ACTION")?;
    let object: Object<'_> = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    read(object, defaults)
}

/// The items of a batch, not yet read.
pub(super) fn batch(text: &str) -> Result<Vec<&RawValue>, Refusal> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    if items.len() > MAX_BATCH {
        let message = format!("the batch has {} actions, at most {MAX_BATCH} are allowed", items.len());
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "BATCH_TOO_LARGE", message));
    }
    Ok(items)
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    if error.is_data() {
        return Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_ACTION", error.to_string());
    }
    Refusal::new(StatusCode::BAD_REQUEST, "INVALID_JSON", format!("the body is not JSON: {error}"))
}

fn read(object: Object<'_>, defaults: &Defaults<'_>) -> Result<Action, Refusal> {
    let mut fields = Fields { object, faults: Faults::default() };
    for name in NOT_BUILT {
        fields.refuse(name);
    }
    let now = defaults.clock.now();
    let id = fields.id(defaults, now);
    let namespace = fields.needed_name("namespace", acteon_core::Namespace::parse);
    let tenant = fields.needed_name("tenant", acteon_core::Tenant::parse);
    let provider = fields.needed_name("provider", acteon_core::ProviderName::parse);
    let action_type = fields.needed_name("action_type", acteon_core::ActionType::parse);
    let payload = fields.payload();
    let metadata = fields.metadata();
    let dedup_key = fields.text("dedup_key");
    let status = fields.text("status");
    let fingerprint = fields.text("fingerprint");
    let starts_at = fields.time("starts_at");
    let ends_at = fields.time("ends_at");
    let created_at = fields.time("created_at").unwrap_or(now);
    let expires_at = fields.time("expires_at");
    let priority = fields.priority();
    let (Some(id), Some(namespace), Some(tenant), Some(provider), Some(action_type), Some(payload), true) =
        (id, namespace, tenant, provider, action_type, payload, fields.faults.is_empty())
    else {
        return Err(Refusal::faults(fields.faults));
    };
    Ok(Action {
        id,
        namespace,
        tenant,
        provider,
        action_type,
        payload,
        metadata,
        dedup_key,
        status,
        fingerprint,
        starts_at,
        ends_at,
        created_at,
        expires_at,
        priority,
    })
}

/// The fields of an action as they stand in a JSON object. No name comes twice: such a text is refused before it is read.
struct Object<'a> {
    /// In the order of [`FIELDS`].
    values: [Option<&'a RawValue>; FIELDS.len()],
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action: a JSON object with namespace, tenant, provider, action_type and payload")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = [None; FIELDS.len()];
                while let Some(Name(name)) = map.next_key()? {
                    let value: &'de RawValue = map.next_value()?;
                    if let Some(place) = place(&name) {
                        values[place] = Some(value);
                    }
                }
                Ok(Object { values })
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

fn place(field: &str) -> Option<usize> {
    FIELDS.iter().position(|name| *name == field)
}

/// The members of a JSON object, in order, not read yet.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Fields<'a> {
    object: Object<'a>,
    faults: Faults,
}

impl<'a> Fields<'a> {
    /// The value of a field that is there and not null.
    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        debug_assert!(place(name).is_some(), "{name} is not among the fields");
        let raw = self.object.values[place(name)?]?;
        (raw.get() != "null").then_some(raw)
    }

    fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.add(field, || message.into());
    }

    fn refuse(&mut self, name: &str) {
        if self.raw(name).is_some_and(|raw| raw.get() != "[]") {
            self.fault(name, "is not supported by this version; leave it out");
        }
    }

    fn any_text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let raw = self.raw(name)?;
        let text = serde_json::from_str::<Name<'a>>(raw.get());
        if text.is_err() {
            self.fault(name, format!("must be a string, is {}", described(raw)));
        }
        text.ok().map(|Name(text)| text)
    }

    fn name<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, InvalidName>) -> Option<T> {
        let text = self.any_text(name)?;
        parse(&text).map_err(|error| self.fault(name, error.to_string())).ok()
    }

    fn needed_name<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, InvalidName>) -> Option<T> {
        if !self.has(name) {
            self.fault(name, "is missing");
        }
        self.name(name, parse)
    }

    /// The id: that of the body, else the key's, else a new one. One that a replay could need is refused: its letter would wait for another id.
    fn id(&mut self, defaults: &Defaults<'_>, now: Timestamp) -> Option<ActionId> {
        let (field, id) = match (self.has("id"), defaults.idempotency_key) {
            (true, _) => ("id", self.name("id", ActionId::parse)?),
            (false, Some(key)) => {
                let parsed = ActionId::parse(key).map_err(|error| self.fault("Idempotency-Key", error.to_string()));
                ("Idempotency-Key", parsed.ok()?)
            }
            (false, None) => return Some(defaults.entropy.action_id(now)),
        };
        if id.as_str().starts_with(REPLAY_IDS) {
            self.fault(field, format!("must not begin with {REPLAY_IDS}: such ids are the gateway's own, for what it replays"));
            return None;
        }
        Some(id)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.any_text(name)?;
        if text.len() > MAX_LABEL_BYTES {
            self.fault(name, format!("is {} bytes long, at most {MAX_LABEL_BYTES} are allowed", text.len()));
            return None;
        }
        if text.contains('\0') {
            self.fault(name, "must not contain a NUL character");
            return None;
        }
        // Clients fill in what they do not have with blanks: as a key, blanks would be everybody's.
        (!text.trim().is_empty()).then(|| text.into_owned())
    }

    fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.any_text(name)?;
        let time = Timestamp::parse(&text);
        if time.is_none() {
            self.fault(name, "must be an RFC 3339 time such as 2026-01-31T09:00:00Z");
        }
        // Go's zero time: its clients write it for what they do not have.
        time.filter(|time| *time != Timestamp::MIN)
    }

    /// The priority: one of its words, whose case does not matter.
    fn priority(&mut self) -> Priority {
        let Some(text) = self.any_text("priority").filter(|text| !text.trim().is_empty()) else { return Priority::default() };
        Priority::parse(&text.trim().to_ascii_lowercase()).unwrap_or_else(|| {
            let words = Priority::ALL.map(Priority::as_str).join(", ");
            self.fault("priority", format!("must be one of {words}, is {:?}", head(&text, MAX_FAULT_BYTES)));
            Priority::default()
        })
    }

    fn payload(&mut self) -> Option<Box<RawValue>> {
        let raw = self.raw("payload");
        if raw.is_none() {
            self.fault("payload", "is missing");
        }
        raw.map(ToOwned::to_owned)
    }

    /// Labels, flat or, as some clients send them, within `labels`.
    fn metadata(&mut self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        if let Some(raw) = self.raw("metadata") {
            self.collect_labels("metadata", raw, &mut labels);
        }
        if labels.len() > MAX_LABELS {
            self.fault("metadata", format!("has {} labels, at most {MAX_LABELS} are allowed", labels.len()));
        }
        labels
    }

    fn collect_labels(&mut self, path: &str, raw: &'a RawValue, labels: &mut BTreeMap<String, String>) {
        let Ok(Members(members)) = serde_json::from_str::<Members<'a>>(raw.get()) else {
            return self.fault(path, format!("must be an object of strings, is {}", described(raw)));
        };
        // After the flat ones, so that a label with two values is told of in one place.
        let mut nested = None;
        for (name, value) in members {
            let field = || format!("{path}.{}", head(&name, MAX_FAULT_BYTES));
            if path == "metadata" && name == "labels" && value.get().starts_with('{') {
                nested = Some(value);
                continue;
            }
            match serde_json::from_str::<Name<'_>>(value.get()) {
                Ok(Name(text)) if text.len() <= MAX_LABEL_BYTES && name.len() <= MAX_LABEL_BYTES => {
                    if labels.get(&*name).is_some_and(|other| *other != text) {
                        let message = "is given with two values, once in metadata and once in metadata.labels; send it once";
                        self.fault(&field(), message);
                        continue;
                    }
                    labels.insert(name.into_owned(), text.into_owned());
                }
                Ok(_) => self.fault(&field(), format!("is over {MAX_LABEL_BYTES} bytes long")),
                Err(_) => self.fault(&field(), format!("must be a string, is {}", described(value))),
            }
        }
        if let Some(nested) = nested {
            self.collect_labels("metadata.labels", nested, labels);
        }
    }
}

fn described(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'"') => "not valid text",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
