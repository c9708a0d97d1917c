//! `/v1/time-intervals`: lists, makes, changes and deletes time intervals.

use std::sync::Arc;

use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES, MAX_TIME_RANGES};
use acteon_core::{Scope, Timestamp};
use acteon_gateway::StoredInterval;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::http::answer::{UNKNOWN, answer, written};
use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManage, MayRead, check_scope};
use crate::http::extract::json_body::{FromBody, JsonBody};
use crate::http::extract::path::Path;
use crate::http::extract::query::{NoQuery, Query};
use crate::http::extract::scope::Scoped;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};
use crate::http::state::AppState;

type Place = Path<(String, String, String)>;

const INTERVAL: Shape = Shape {
    what: "a time interval",
    code: "INVALID_BODY",
    fields: &[
        &[
            Field::needed("namespace", FieldType::Name),
            Field::needed("tenant", FieldType::Tenant),
            Field::needed("name", FieldType::Name),
            Field::needed("time_ranges", FieldType::Objects(RANGE, MAX_TIME_RANGES)),
        ],
        TEXTS,
    ],
};

const CHANGE: Shape = Shape {
    what: "what of a time interval changes",
    code: "INVALID_BODY",
    fields: &[
        &[
            // Clients repeat these; they cannot be changed.
            Field::optional("namespace", FieldType::Text(MAX_NAME_BYTES)),
            Field::optional("tenant", FieldType::Text(MAX_NAME_BYTES)),
            Field::optional("name", FieldType::Text(MAX_NAME_BYTES)),
            Field::optional("time_ranges", FieldType::Objects(RANGE, MAX_TIME_RANGES)),
        ],
        TEXTS,
    ],
};

const TEXTS: &[Field] = &[
    Field::optional("location", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional("on_mute", FieldType::Word(&["drop", "postpone"])),
    Field::optional("description", FieldType::Verbatim(MAX_DOCUMENT_TEXT_BYTES)),
];

const RANGE: &[Field] = &[
    Field::optional("times", FieldType::Objects(TIMES, MAX_TIME_RANGES)),
    Field::optional("weekdays", FieldType::Objects(SPAN, MAX_TIME_RANGES)),
    Field::optional("days_of_month", FieldType::Objects(SPAN, MAX_TIME_RANGES)),
    Field::optional("months", FieldType::Objects(SPAN, MAX_TIME_RANGES)),
    Field::optional("years", FieldType::Objects(SPAN, MAX_TIME_RANGES)),
    Field::optional("calendar", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional("on", FieldType::Word(&["workday", "holiday"])),
];

const TIMES: &[Field] = &[
    Field::needed("start", FieldType::Text(MAX_NAME_BYTES)),
    Field::needed("end", FieldType::Text(MAX_NAME_BYTES)),
];

/// Fields of a time span. The ranges of the numbers are checked where spans are made.
const SPAN: &[Field] = &[
    Field::needed("start", FieldType::Whole(-9999..=9999)),
    Field::needed("end", FieldType::Whole(-9999..=9999)),
];

/// Time interval that a body asks to make.
pub(in crate::http) struct NewInterval {
    namespace: String,
    tenant: String,
    interval: Value,
}

impl FromBody for NewInterval {
    const SHAPE: &'static Shape = &INTERVAL;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "name": "working-hours", "location": "Asia/Shanghai", "time_ranges": [{ "times": [{ "start": "09:00", "end": "18:00" }], "weekdays": [{ "start": 1, "end": 5 }] }] })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let (Some(namespace), Some(tenant)) = (values.owned("namespace"), values.owned("tenant"))
        else {
            return Err(Refusal::field("tenant", "is missing"));
        };
        Ok(Self {
            namespace,
            tenant,
            interval: values.into_json(),
        })
    }
}

/// Change of a time interval: the name, namespace and tenant that the body repeats, and the other
/// fields.
pub(in crate::http) struct IntervalUpdate {
    repeated: [Option<String>; 3],
    fields: Value,
}

impl FromBody for IntervalUpdate {
    const SHAPE: &'static Shape = &CHANGE;

    fn example() -> Value {
        json!({ "location": "Asia/Shanghai", "description": "when somebody is there" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            repeated: ["name", "namespace", "tenant"].map(|field| values.owned(field)),
            fields: values.into_json(),
        })
    }
}

pub(in crate::http) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(new): JsonBody<NewInterval>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let NewInterval {
        namespace,
        tenant,
        interval,
    } = new;
    check_scope(&caller, &namespace, &tenant)?;
    state
        .gateway
        .may_change_interval(&Scope::of(&caller.grants), &namespace, &tenant)?;
    let now = state.clock.now();
    let new = StoredInterval {
        namespace,
        tenant,
        interval,
        created_by: caller.id.to_string(),
        created_at: now,
        updated_at: now,
    };
    let made = state.gateway.create_interval(new).await?;
    Ok((StatusCode::CREATED, Json(shown(made))))
}

fn shown((stored, matches_now): (StoredInterval, bool)) -> Value {
    let StoredInterval {
        namespace,
        tenant,
        interval,
        created_by,
        created_at,
        updated_at,
    } = stored;
    let mut shown = interval;
    for (name, value) in [
        ("namespace", json!(namespace)),
        ("tenant", json!(tenant)),
        ("created_by", json!(created_by)),
        ("created_at", json!(created_at)),
        ("updated_at", json!(updated_at)),
        ("matches_now", json!(matches_now)),
    ] {
        shown[name] = value;
    }
    shown
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<Scoped>,
) -> Result<Response, Refusal> {
    let scope = asked.of(&caller);
    let _turn = state.reads.take().await?;
    let gateway = state.gateway.clone();
    let list = move || {
        let intervals: Vec<Value> = gateway.intervals(&scope).into_iter().map(shown).collect();
        written(&json!({ "count": intervals.len(), "time_intervals": intervals }))
    };
    answer(UNKNOWN, list).await
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path((namespace, tenant, name)): Place,
    _: NoQuery,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(state.gateway.interval(
        &Scope::of(&caller.grants),
        &namespace,
        &tenant,
        &name,
    )?)))
}

pub(in crate::http) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path((namespace, tenant, name)): Place,
    _: NoQuery,
    JsonBody(update): JsonBody<IntervalUpdate>,
) -> Result<Json<Value>, Refusal> {
    let IntervalUpdate { repeated, fields } = update;
    for (field, said, of_path) in [
        ("name", &repeated[0], &name),
        ("namespace", &repeated[1], &namespace),
        ("tenant", &repeated[2], &tenant),
    ] {
        if said.as_ref().is_some_and(|said| said != of_path) {
            return Err(Refusal::field(
                field,
                format!("must be that of the path, {of_path:?}, or left out"),
            ));
        }
    }
    let changed = state
        .gateway
        .update_interval(
            &Scope::of(&caller.grants),
            (&namespace, &tenant, &name),
            &fields,
        )
        .await?;
    Ok(Json(shown(changed)))
}

pub(in crate::http) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path((namespace, tenant, name)): Place,
    _: NoQuery,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    state
        .gateway
        .delete_interval(&Scope::of(&caller.grants), &namespace, &tenant, &name)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
