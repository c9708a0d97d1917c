//! Bodies of requests about templates and profiles.

use std::collections::BTreeMap;

use acteon_core::json::head;
use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES, MAX_TEMPLATE_BYTES};
use acteon_core::{Namespace, ProviderName, Tenant, Timestamp};
use acteon_gateway::{FieldSource, Profile, ProfileChange, Template, TemplateChange};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::Refusal;
use super::extract::json_body::FromBody;
use super::shape::{Field, FieldType, FieldValues, Shape};

const NAME: FieldType = FieldType::Text(MAX_NAME_BYTES);
const SOURCE: FieldType = FieldType::Verbatim(MAX_TEMPLATE_BYTES);
const FIELDS: FieldType = FieldType::JsonOf("ProfileFields");

/// Namespace and tenant that a new document belongs to.
const SCOPE: &[Field] = &[
    Field::needed("namespace", FieldType::Name),
    Field::needed("tenant", FieldType::Tenant),
];

/// Namespace and tenant that clients repeat; they cannot be changed.
const REPEATED: &[Field] = &[
    Field::optional("namespace", FieldType::Name),
    Field::optional("tenant", FieldType::Name),
];

const FOR_PEOPLE: &[Field] = &[
    Field::optional("description", FieldType::Verbatim(MAX_DOCUMENT_TEXT_BYTES)),
    Field::optional("labels", FieldType::Texts),
];

const TEMPLATE: Shape = Shape {
    what: "a template",
    code: "INVALID_BODY",
    fields: &[
        SCOPE,
        &[
            Field::needed("name", NAME),
            Field::needed("content", SOURCE),
        ],
        FOR_PEOPLE,
    ],
};

const TEMPLATE_CHANGE: Shape = Shape {
    what: "what of a template changes",
    code: "INVALID_BODY",
    fields: &[&[Field::optional("content", SOURCE)], FOR_PEOPLE, REPEATED],
};

const PROFILE: Shape = Shape {
    what: "a profile",
    code: "INVALID_BODY",
    fields: &[
        SCOPE,
        &[
            Field::needed("name", NAME),
            Field::needed("fields", FIELDS),
            Field::optional("escaping", NAME),
        ],
        FOR_PEOPLE,
    ],
};

const PROFILE_CHANGE: Shape = Shape {
    what: "what of a profile changes",
    code: "INVALID_BODY",
    fields: &[
        &[
            Field::optional("fields", FIELDS),
            Field::optional("escaping", NAME),
        ],
        FOR_PEOPLE,
        REPEATED,
    ],
};

const RENDER: Shape = Shape {
    what: "what to render",
    code: "INVALID_BODY",
    fields: &[
        SCOPE,
        &[
            Field::needed("profile", NAME),
            Field::needed("payload", FieldType::Json),
            Field::optional("provider", FieldType::Name),
        ],
    ],
};

fn missing(name: &'static str) -> impl Fn() -> Refusal {
    move || Refusal::field(name, "is missing")
}

/// Reads a template, which has no id yet.
impl FromBody for Template {
    const SHAPE: &'static Shape = &TEMPLATE;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "name": "alert-text", "content": "{{ service }} is {{ status }}" })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let (name, namespace, tenant) = named(&mut values)?;
        Ok(Self {
            id: String::new(),
            name,
            namespace,
            tenant,
            content: values.owned("content").ok_or_else(missing("content"))?,
            description: values.owned("description"),
            labels: values.texts("labels").unwrap_or_default(),
            created_at: now,
            updated_at: now,
        })
    }
}

/// Change of a template or profile, and the namespace and tenant that the body repeats.
pub(super) struct Update<C> {
    pub(super) change: C,
    pub(super) namespace: Option<Namespace>,
    pub(super) tenant: Option<Tenant>,
}

impl<C> Update<C> {
    fn of(change: C, values: &mut FieldValues<'_>) -> Self {
        Self {
            change,
            namespace: values.name("namespace", Namespace::parse),
            tenant: values.name("tenant", Tenant::parse),
        }
    }
}

/// Name, namespace and tenant of a new template or profile.
fn named(values: &mut FieldValues<'_>) -> Result<(String, String, String), Refusal> {
    let mut needed = |name: &'static str| values.owned(name).ok_or_else(missing(name));
    Ok((needed("name")?, needed("namespace")?, needed("tenant")?))
}

impl FromBody for Update<TemplateChange> {
    const SHAPE: &'static Shape = &TEMPLATE_CHANGE;

    fn example() -> Value {
        json!({ "content": "{{ service }}: {{ status }}" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let change = TemplateChange {
            content: values.owned("content"),
            description: values.owned("description"),
            labels: values.texts("labels"),
        };
        Ok(Self::of(change, &mut values))
    }
}

/// Fields of a profile; `None` where the body has none.
fn fields(values: &mut FieldValues<'_>) -> Result<Option<BTreeMap<String, FieldSource>>, Refusal> {
    let Some(raw) = values.json("fields") else {
        return Ok(None);
    };
    let expected = "a text, or {\"$ref\": \"name of a template\"} and nothing beside that";
    let read: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
        let message = format!("must be an object whose values are each {expected}");
        Refusal::field("fields", message)
    })?;
    let sources = read.into_iter().map(|(name, source)| {
        let wrong = |_: serde_json::Error| {
            let field = format!("fields.{}", head(&name, MAX_NAME_BYTES));
            Refusal::field(&field, format!("must be {expected}"))
        };
        let source = serde_json::from_str(source.get()).map_err(wrong)?;
        Ok((name, source))
    });
    sources.collect::<Result<_, _>>().map(Some)
}

/// Reads a profile, which has no id yet.
impl FromBody for Profile {
    const SHAPE: &'static Shape = &PROFILE;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "name": "alert", "fields": { "content": "{{ service }} is {{ status }}", "title": "{{ service }}" } })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let (name, namespace, tenant) = named(&mut values)?;
        Ok(Self {
            id: String::new(),
            fields: fields(&mut values)?.ok_or_else(missing("fields"))?,
            name,
            namespace,
            tenant,
            escaping: values.owned("escaping"),
            description: values.owned("description"),
            labels: values.texts("labels").unwrap_or_default(),
            created_at: now,
            updated_at: now,
        })
    }
}

impl FromBody for Update<ProfileChange> {
    const SHAPE: &'static Shape = &PROFILE_CHANGE;

    fn example() -> Value {
        json!({ "fields": { "content": "{{ service }} is {{ status }}" } })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let change = ProfileChange {
            fields: fields(&mut values)?,
            escaping: values.owned("escaping"),
            description: values.owned("description"),
            labels: values.texts("labels"),
        };
        Ok(Self::of(change, &mut values))
    }
}

/// Profile to try, and the payload to try it with.
pub(super) struct RenderRequest {
    pub(super) namespace: String,
    pub(super) tenant: String,
    pub(super) profile: String,
    pub(super) payload: String,
    /// Provider that the action would name, by whose messages values are escaped.
    pub(super) provider: Option<ProviderName>,
}

impl FromBody for RenderRequest {
    const SHAPE: &'static Shape = &RENDER;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "profile": "alert", "payload": { "service": "checkout", "status": "down" } })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let payload = values.json("payload").ok_or_else(missing("payload"))?;
        Ok(Self {
            payload: payload.get().to_owned(),
            namespace: values.owned("namespace").ok_or_else(missing("namespace"))?,
            tenant: values.owned("tenant").ok_or_else(missing("tenant"))?,
            profile: values.owned("profile").ok_or_else(missing("profile"))?,
            provider: values.name("provider", ProviderName::parse),
        })
    }
}
