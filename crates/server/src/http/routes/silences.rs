//! `/v1/silences`: lists, makes, tries, changes and ends silences.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_LABEL_BYTES, MAX_MATCHERS, MAX_PAGE};
use acteon_core::{Caller, Namespace, Scope, Tenant, Timestamp};
use acteon_gateway::{Silence, SilenceChange, SilencePreview};
use acteon_rules::{MatchOp, MatcherSpec};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::answer::{UNKNOWN, answer, written};
use crate::http::error::Refusal;
use crate::http::extract::body::{Incoming, NoBody};
use crate::http::extract::caller::{MayManage, MayRead, check_scope, repeated};
use crate::http::extract::json_body::{FromBody, JsonBody};
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, NoQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};
use crate::http::state::AppState;

/// Longest silence by `duration_seconds`: ten years.
const MAX_SECONDS: i64 = 315_360_000;

const SILENCE: Shape = Shape {
    what: "a silence",
    code: "INVALID_BODY",
    fields: &[FIELDS],
};

const FIELDS: &[Field] = &[
    Field::needed("namespace", FieldType::Name),
    Field::needed("tenant", FieldType::Tenant),
    Field::needed("matchers", FieldType::Objects(MATCHER, MAX_MATCHERS)),
    Field::optional("starts_at", FieldType::Time),
    Field::optional("ends_at", FieldType::Time),
    Field::optional("duration_seconds", FieldType::Whole(1..=MAX_SECONDS)),
    Field::optional("comment", FieldType::Verbatim(MAX_DOCUMENT_TEXT_BYTES)),
];

const MATCHER: &[Field] = &[
    Field::needed("name", FieldType::Text(MAX_LABEL_BYTES)),
    Field::needed("value", FieldType::Verbatim(MAX_LABEL_BYTES)),
    Field::optional(
        "op",
        FieldType::Word(&["equal", "not_equal", "regex", "not_regex"]),
    ),
];

const PREVIEW: Shape = Shape {
    what: "a silence to try",
    code: "INVALID_BODY",
    // How many of the latest actions to look at.
    fields: &[
        FIELDS,
        &[Field::optional("last", FieldType::Whole(1..=i64::MAX))],
    ],
};

const CHANGE: Shape = Shape {
    what: "what of a silence changes",
    code: "INVALID_BODY",
    fields: &[&[
        Field::optional("ends_at", FieldType::Time),
        Field::optional("comment", FieldType::Verbatim(MAX_DOCUMENT_TEXT_BYTES)),
        // Clients repeat these; they cannot be changed.
        Field::optional("namespace", FieldType::Name),
        Field::optional("tenant", FieldType::Name),
    ]],
};

/// Silence that a body asks to make or try.
pub(in crate::http) struct NewSilence {
    namespace: String,
    tenant: String,
    matchers: Vec<MatcherSpec>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    duration_seconds: Option<u64>,
    comment: Option<String>,
}

impl FromBody for NewSilence {
    const SHAPE: &'static Shape = &SILENCE;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "severity", "value": "warn.*", "op": "regex" }], "duration_seconds": 7200, "comment": "canary of checkout" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Self::taken(&mut values)
    }
}

impl NewSilence {
    fn taken(values: &mut FieldValues<'_>) -> Result<Self, Refusal> {
        let missing = |name: &'static str| move || Refusal::field(name, "is missing");
        Ok(Self {
            namespace: values.owned("namespace").ok_or_else(missing("namespace"))?,
            tenant: values.owned("tenant").ok_or_else(missing("tenant"))?,
            matchers: values
                .objects("matchers")
                .into_iter()
                .flatten()
                .map(matcher)
                .collect::<Result<_, _>>()?,
            starts_at: values.time("starts_at"),
            ends_at: values.time("ends_at"),
            duration_seconds: values.whole("duration_seconds"),
            comment: values.owned("comment"),
        })
    }

    /// Silence of a caller, without an id.
    fn of(self, caller: &Caller, now: Timestamp) -> Result<Silence, Refusal> {
        let Self {
            namespace,
            tenant,
            matchers,
            starts_at,
            ends_at,
            duration_seconds,
            comment,
        } = self;
        check_scope(caller, &namespace, &tenant)?;
        let starts_at = starts_at.unwrap_or(now);
        let ends_at = match (ends_at, duration_seconds) {
            (Some(ends_at), None) => ends_at,
            (None, Some(seconds)) => starts_at + Duration::from_secs(seconds),
            (Some(_), Some(_)) => {
                return Err(Refusal::field(
                    "ends_at",
                    "and duration_seconds are both given: give one",
                ));
            }
            (None, None) => {
                return Err(Refusal::field("ends_at", "or duration_seconds is missing"));
            }
        };
        Ok(Silence {
            id: String::new(),
            namespace,
            tenant,
            matchers,
            starts_at,
            ends_at,
            created_by: caller.id.to_string(),
            comment: comment.unwrap_or_default(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        })
    }
}

/// Silence to try, and on how many of the latest actions.
pub(in crate::http) struct PreviewRequest {
    silence: NewSilence,
    last: usize,
}

impl FromBody for PreviewRequest {
    const SHAPE: &'static Shape = &PREVIEW;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "severity", "value": "warn.*", "op": "regex" }], "duration_seconds": 7200, "last": 500 })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let last = values.whole("last");
        let last = last.and_then(|last| usize::try_from(last).ok());
        Ok(Self {
            silence: NewSilence::taken(&mut values)?,
            last: last.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE),
        })
    }
}

fn matcher(mut values: FieldValues<'_>) -> Result<MatcherSpec, Refusal> {
    let missing =
        |field: &'static str| move || Refusal::field("matchers", format!("need a {field} each"));
    let op = match values.text("op").as_deref() {
        Some("not_equal") => MatchOp::NotEqual,
        Some("regex") => MatchOp::Regex,
        Some("not_regex") => MatchOp::NotRegex,
        _ => MatchOp::Equal,
    };
    let (name, value) = (
        values.owned("name").ok_or_else(missing("name"))?,
        values.owned("value").ok_or_else(missing("value"))?,
    );
    Ok(MatcherSpec { name, value, op })
}

pub(in crate::http) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(new): JsonBody<NewSilence>,
) -> Result<(StatusCode, Json<SilenceView>), Refusal> {
    let new = new.of(&caller, state.clock.now())?;
    let silence = state
        .gateway
        .create_silence_within(&Scope::of(&caller.grants), new)
        .await?;
    let warnings = state.gateway.silence_warnings(&silence, state.clock.now());
    Ok((
        StatusCode::CREATED,
        Json(SilenceView {
            warnings,
            ..shown(&state, silence)
        }),
    ))
}

/// `POST /v1/silences/preview`: counts how many of the latest actions a silence would have held
/// back. Makes none.
pub(in crate::http) async fn preview(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    body: Incoming,
) -> Result<Json<PreviewAnswer>, Refusal> {
    let now = state.clock.now();
    let (asked, _turn) = body
        .read_in_turn::<PreviewRequest>(&state.asides, now)
        .await?;
    let PreviewRequest { silence, last } = asked;
    let silence = silence.of(&caller, state.clock.now())?;
    let preview = state
        .gateway
        .preview_silence(&Scope::of(&caller.grants), &silence, last)
        .await?;
    Ok(Json(PreviewAnswer {
        preview,
        warnings: state.gateway.silence_warnings(&silence, state.clock.now()),
    }))
}

/// Actions that a silence would have held back.
#[derive(Serialize)]
pub(in crate::http) struct PreviewAnswer {
    #[serde(flatten)]
    preview: SilencePreview,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Silence as the API shows it.
#[derive(Serialize)]
pub(in crate::http) struct SilenceView {
    #[serde(flatten)]
    silence: Silence,
    active: bool,
    /// Parts of a new one that are probably not meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// All silences that a list found.
#[derive(Serialize)]
struct SilenceList {
    count: usize,
    silences: Vec<SilenceView>,
}

fn shown(state: &AppState, silence: Silence) -> SilenceView {
    SilenceView {
        active: silence.is_active(state.clock.now()),
        silence,
        warnings: Vec::new(),
    }
}

/// Parameters of a list of silences.
pub(in crate::http) type SilencesQuery = (Scoped, IncludeExpired);

/// Whether to list also silences that have ended or have not begun.
pub(in crate::http) struct IncludeExpired(bool);

impl FromQuery for IncludeExpired {
    fn names() -> Vec<&'static str> {
        vec!["include_expired"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        parameters.flag("include_expired").map(Self)
    }
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, IncludeExpired(all))): Query<SilencesQuery>,
) -> Result<Response, Refusal> {
    let scope = asked.of(&caller);
    let _turn = state.reads.take().await?;
    let looking = Arc::clone(&state);
    let list = move || {
        let silences: Vec<SilenceView> = looking
            .gateway
            .silences(&scope, all)
            .into_iter()
            .map(|silence| shown(&looking, silence))
            .collect();
        written(&SilenceList {
            count: silences.len(),
            silences,
        })
    };
    answer(UNKNOWN, list).await
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<SilenceView>, Refusal> {
    let silence = state.gateway.silence(&asked.of(&caller), &id)?;
    Ok(Json(shown(&state, silence)))
}

/// Change of a silence, and the namespace and tenant that the body repeats.
pub(in crate::http) struct SilenceUpdate {
    change: SilenceChange,
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

impl FromBody for SilenceUpdate {
    const SHAPE: &'static Shape = &CHANGE;

    fn example() -> Value {
        json!({ "comment": "canary of checkout, second half" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let change = SilenceChange {
            ends_at: values.time("ends_at"),
            comment: values.owned("comment"),
        };
        Ok(Self {
            change,
            namespace: values.name("namespace", Namespace::parse),
            tenant: values.name("tenant", Tenant::parse),
        })
    }
}

pub(in crate::http) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<SilenceUpdate>,
) -> Result<Json<SilenceView>, Refusal> {
    let SilenceUpdate {
        change,
        namespace,
        tenant,
    } = update;
    state.gateway.silence(&asked.of(&caller), &id)?;
    let silence = state
        .gateway
        .update_silence(&repeated(&caller, namespace, tenant), &id, change)
        .await?;
    Ok(Json(shown(&state, silence)))
}

pub(in crate::http) async fn expire(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    state
        .gateway
        .expire_silence(&asked.of(&caller), &id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
