//! `/v1/templates`: lists, makes, changes and deletes templates and profiles, and tries profiles.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_api::{RenderedProfile, TemplatesReloaded};
use acteon_core::limits::{
    MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES, MAX_PAGE_BYTES, MAX_TEMPLATE_BYTES,
};
use acteon_core::{Namespace, Scope, Tenant, Timestamp};
use acteon_gateway::{FieldSource, Profile, ProfileChange, Template, TemplateChange};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::answer::{UNKNOWN, answer, written};
use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManage, MayRead, check_everything, check_scope, repeated};
use crate::http::extract::json_body::{FromBody, JsonBody};
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, NoQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::limit;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};
use crate::http::state::AppState;

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
        Ok(Self {
            id: String::new(),
            name: values.owned("name").ok_or_else(missing("name"))?,
            namespace: values.owned("namespace").ok_or_else(missing("namespace"))?,
            tenant: values.owned("tenant").ok_or_else(missing("tenant"))?,
            content: values.owned("content").ok_or_else(missing("content"))?,
            description: values.owned("description"),
            labels: values.texts("labels").unwrap_or_default(),
            created_at: now,
            updated_at: now,
        })
    }
}

/// Change of a template, and the namespace and tenant that the body repeats.
pub(in crate::http) struct TemplateUpdate {
    change: TemplateChange,
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

impl FromBody for TemplateUpdate {
    const SHAPE: &'static Shape = &TEMPLATE_CHANGE;

    fn example() -> Value {
        json!({ "content": "{{ service }}: {{ status }}" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            change: TemplateChange {
                content: values.owned("content"),
                description: values.owned("description"),
                labels: values.texts("labels"),
            },
            namespace: values.name("namespace", Namespace::parse),
            tenant: values.name("tenant", Tenant::parse),
        })
    }
}

/// Fields of a profile; `None` where the body has none.
fn fields(values: &mut FieldValues<'_>) -> Result<Option<BTreeMap<String, FieldSource>>, Refusal> {
    let Some(raw) = values.json("fields") else {
        return Ok(None);
    };
    serde_json::from_str(raw.get()).map(Some).map_err(|_| {
        let message =
            "must be an object whose values are texts or {\"$ref\": \"name of a template\"}";
        Refusal::field("fields", message)
    })
}

/// Reads a profile, which has no id yet.
impl FromBody for Profile {
    const SHAPE: &'static Shape = &PROFILE;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "name": "alert", "fields": { "content": { "$ref": "alert-text" }, "title": "{{ service }}" } })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            id: String::new(),
            fields: fields(&mut values)?.ok_or_else(missing("fields"))?,
            name: values.owned("name").ok_or_else(missing("name"))?,
            namespace: values.owned("namespace").ok_or_else(missing("namespace"))?,
            tenant: values.owned("tenant").ok_or_else(missing("tenant"))?,
            escaping: values.owned("escaping"),
            description: values.owned("description"),
            labels: values.texts("labels").unwrap_or_default(),
            created_at: now,
            updated_at: now,
        })
    }
}

/// Change of a profile, and the namespace and tenant that the body repeats.
pub(in crate::http) struct ProfileUpdate {
    change: ProfileChange,
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

impl FromBody for ProfileUpdate {
    const SHAPE: &'static Shape = &PROFILE_CHANGE;

    fn example() -> Value {
        json!({ "fields": { "content": "{{ service }} is {{ status }}" } })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            change: ProfileChange {
                fields: fields(&mut values)?,
                escaping: values.owned("escaping"),
                description: values.owned("description"),
                labels: values.texts("labels"),
            },
            namespace: values.name("namespace", Namespace::parse),
            tenant: values.name("tenant", Tenant::parse),
        })
    }
}

/// Profile to try, and the payload to try it with.
pub(in crate::http) struct RenderRequest {
    namespace: String,
    tenant: String,
    profile: String,
    payload: String,
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
        })
    }
}

/// Page of a list.
pub(in crate::http) struct Page {
    limit: usize,
    offset: usize,
}

impl FromQuery for Page {
    fn names() -> Vec<&'static str> {
        vec!["limit", "offset"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            limit: limit(parameters, 100)?,
            offset: parameters
                .parsed("offset", "a number", |text| text.parse().ok())?
                .unwrap_or(0),
        })
    }
}

/// Parameters of a list.
pub(in crate::http) type ListQuery = (Scoped, Page);

/// Answer with a page of documents, of which the sizes are known.
async fn page<T: Serialize + Send + 'static>(
    state: &AppState,
    name: &'static str,
    Page { limit, offset }: Page,
    all: impl FnOnce() -> Vec<T> + Send + 'static,
) -> Result<Response, Refusal> {
    let _turn = state.reads.take().await?;
    let list = move || {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in all().into_iter().skip(offset).take(limit) {
            let row = serde_json::value::to_raw_value(&row)
                .map_err(|error| Refusal::field(name, error.to_string()))?;
            bytes += row.get().len();
            if bytes > MAX_PAGE_BYTES && !rows.is_empty() {
                break;
            }
            rows.push(row);
        }
        written(&BTreeMap::from([
            ("count", serde_json::value::to_raw_value(&rows.len()).ok()),
            (name, serde_json::value::to_raw_value(&rows).ok()),
        ]))
    };
    answer(UNKNOWN, list).await
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, asked_page)): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let (gateway, scope) = (state.gateway.clone(), asked.of(&caller));
    let all = move || gateway.templates(&scope);
    page(&state, "templates", asked_page, all).await
}

pub(in crate::http) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(template): JsonBody<Template>,
) -> Result<(StatusCode, Json<Template>), Refusal> {
    check_scope(&caller, &template.namespace, &template.tenant)?;
    let scope = Scope::of(&caller.grants);
    let made = state.gateway.create_template(&scope, template).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Template>, Refusal> {
    Ok(Json(state.gateway.template(&asked.of(&caller), &id)?))
}

pub(in crate::http) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<TemplateUpdate>,
) -> Result<Json<Template>, Refusal> {
    state.gateway.template(&asked.of(&caller), &id)?;
    let scope = repeated(&caller, update.namespace, update.tenant);
    let gateway = &state.gateway;
    Ok(Json(
        gateway.update_template(&scope, &id, update.change).await?,
    ))
}

pub(in crate::http) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let scope = asked.of(&caller);
    state.gateway.delete_template(&scope, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn list_profiles(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, asked_page)): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let (gateway, scope) = (state.gateway.clone(), asked.of(&caller));
    let all = move || gateway.profiles(&scope);
    page(&state, "profiles", asked_page, all).await
}

pub(in crate::http) async fn create_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(profile): JsonBody<Profile>,
) -> Result<(StatusCode, Json<Profile>), Refusal> {
    check_scope(&caller, &profile.namespace, &profile.tenant)?;
    let scope = Scope::of(&caller.grants);
    let made = state.gateway.create_profile(&scope, profile).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(in crate::http) async fn get_profile(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Profile>, Refusal> {
    Ok(Json(state.gateway.profile(&asked.of(&caller), &id)?))
}

pub(in crate::http) async fn update_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<ProfileUpdate>,
) -> Result<Json<Profile>, Refusal> {
    state.gateway.profile(&asked.of(&caller), &id)?;
    let scope = repeated(&caller, update.namespace, update.tenant);
    let gateway = &state.gateway;
    Ok(Json(
        gateway.update_profile(&scope, &id, update.change).await?,
    ))
}

pub(in crate::http) async fn delete_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let scope = asked.of(&caller);
    state.gateway.delete_profile(&scope, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn render(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(request): JsonBody<RenderRequest>,
) -> Result<Json<RenderedProfile>, Refusal> {
    let RenderRequest {
        namespace,
        tenant,
        profile,
        payload,
    } = request;
    check_scope(&caller, &namespace, &tenant)?;
    let named = (namespace, tenant, profile);
    let rendered = state.gateway.render_profile(named, payload).await?;
    Ok(Json(RenderedProfile { rendered }))
}

pub(in crate::http) async fn reload(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<TemplatesReloaded>, Refusal> {
    check_everything(&caller)?;
    let scope = Scope::of(&caller.grants);
    let (templates, profiles) = state.gateway.reload_templates(&scope).await?;
    Ok(Json(TemplatesReloaded {
        templates,
        profiles,
    }))
}
