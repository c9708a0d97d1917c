//! Health of the server and its providers, and its metrics.

use std::sync::Arc;

use acteon_api::{ProviderHealthBody, ProvidersHealthBody, ReadyBody};
use acteon_core::{Caller, ErrorKind, ProviderError, ProviderName, Scope};
use acteon_gateway::{LaneMode, ProviderHealth, Reloads, ToRepair};
use acteon_store::MEND;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::http::extract::caller::{MayLook, MayRead};
use crate::http::extract::query::NoQuery;
use crate::http::routes::lanes;
use crate::http::state::AppState;
use crate::metrics::{Format, Sources};

/// Metrics for a scraper without a key: that it got through.
const PLAIN_METRICS: &str = "# HELP acteon_up The server answers; the rest is for callers with a key\n# TYPE acteon_up gauge\nacteon_up 1\n# EOF\n";

/// `GET /health`: says that the server is alive, with counters for callers who may look.
pub(in crate::http) async fn health(
    MayLook(caller): MayLook,
    State(state): State<Arc<AppState>>,
) -> Json<Value> {
    match caller {
        Some(_) => Json(json!({ "status": "ok", "metrics": state.metrics.counters() })),
        None => Json(json!({ "status": "ok" })),
    }
}

/// `GET /live`: says that the process answers.
pub(in crate::http) async fn live() -> Json<Value> {
    live_now()
}

/// Body that says that the process answers.
pub(in crate::http) fn live_now() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /ready`: says whether to send requests here. A provider that is down only degrades it,
/// since taking out every gateway would be worse.
///
/// Reasons name files and what services said, so they are for callers who may look.
pub(in crate::http) async fn ready(
    MayLook(caller): MayLook,
    State(state): State<Arc<AppState>>,
) -> Response {
    let gateway = &state.gateway;
    let mut unavailable = Vec::new();
    if gateway.is_stopping() {
        unavailable.push("stopping".to_owned());
    }
    if let Some(trouble) = gateway.store_trouble() {
        unavailable.push(format!("the store fails: {trouble}"));
    }
    if !unavailable.is_empty() {
        let reasons = if caller.is_some() {
            unavailable
        } else {
            Vec::new()
        };
        let body = ReadyBody {
            status: "unavailable".into(),
            reasons,
        };
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    let to_repair = gateway.to_repair();
    let is_other = |name: &ProviderName| to_repair.iter().all(|(known, _)| known != name);
    let failing = gateway
        .stats()
        .into_iter()
        .filter_map(|(name, stats)| Some((name, stats.trouble?)))
        .filter(|(name, _)| is_other(name));
    let rules = state
        .rules
        .reloads()
        .and_then(Reloads::trouble)
        .map(|trouble| format!("rules: those before stay in force: {trouble}"));
    let configuration = state.configuration.reloads().and_then(Reloads::trouble);
    let configuration = configuration
        .map(|trouble| format!("configuration: what was before stays in force: {trouble}"));
    let keys = state
        .auth
        .reloads()
        .and_then(Reloads::trouble)
        .map(|trouble| format!("API keys: those before stay in force: {trouble}"));
    let people = state
        .people
        .reloads()
        .and_then(Reloads::trouble)
        .map(|trouble| format!("people: those before stay in force: {trouble}"));
    let left_out = state.rules.left_out();
    let failing: Vec<String> = failing
        .map(|(name, trouble)| {
            let told = if may_see_errors(caller.as_ref(), &name) {
                trouble
            } else {
                "its last call failed".into()
            };
            format!("provider {name}: {told}")
        })
        .collect();
    let repairs = to_repair.iter().map(|(name, needed)| {
        match Some(&needed.message).filter(|_| may_see_errors(caller.as_ref(), name)) {
            Some(message) => format!("provider {name}: to be repaired: {message}"),
            None => format!("provider {name}: to be repaired: {WHAT_TO_REPAIR}"),
        }
    });
    let unread = gateway.policy_reloads().trouble();
    let unread = unread.map(|trouble| {
        format!(
            "policies: changes of silences, quotas, time intervals, templates and people cannot be read: {trouble}"
        )
    });
    let damaged = gateway.store_damage().map(|damage| {
        format!("the database is damaged, and what can be read goes on: {} ({} times since the start). {MEND}", damage.first, damage.count)
    });
    let left_out = left_out.iter().map(|text| format!("rules: {text}"));
    let calendars = gateway.missing_calendars().into_iter();
    let calendars = calendars.map(|text| format!("calendars: {text}"));
    let chains = gateway.unfit_chains().into_iter();
    let chains = chains.map(|text| format!("chains: {text}"));
    let unaskable = gateway.unaskable_approvals();
    let unaskable = unaskable.iter().map(|text| format!("approvals: {text}"));
    let reasons: Vec<String> = damaged
        .into_iter()
        .chain(unread)
        .chain(configuration)
        .chain(keys)
        .chain(people)
        .chain(rules)
        .chain(left_out)
        .chain(calendars)
        .chain(chains)
        .chain(unaskable)
        .chain(repairs)
        .chain(failing)
        .collect();
    let status = if reasons.is_empty() {
        "ready"
    } else {
        "degraded"
    };
    let reasons = if caller.is_some() {
        reasons
    } else {
        Vec::new()
    };
    Json(ReadyBody {
        status: status.into(),
        reasons,
    })
    .into_response()
}

/// `GET /metrics`: Prometheus' text format, or `OpenMetrics` for those who ask for it. Names of
/// providers and rules, and what fails where, are for callers who may look.
pub(in crate::http) async fn metrics(
    MayLook(caller): MayLook,
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Response {
    let format = Format::accepted(&headers);
    let text = match caller {
        Some(_) => {
            let (gateway, now) = (&state.gateway, state.clock.now());
            let (configuration, rules, auth) = (&*state.configuration, &*state.rules, &*state.auth);
            let people = &*state.people;
            state
                .metrics
                .text(
                    &Sources {
                        gateway,
                        configuration,
                        rules,
                        auth,
                        people,
                        now,
                    },
                    format,
                )
                .await
        }
        None => format.of(PLAIN_METRICS.to_owned()),
    };
    (
        [
            (header::CONTENT_TYPE, format.content_type()),
            (header::VARY, "Accept"),
        ],
        text,
    )
        .into_response()
}

/// Text in place of what a service said, for callers who may not see that.
const WHAT_TO_REPAIR: &str =
    "it takes nothing until its settings, secret or permissions are mended";

/// Whether a caller may see what a provider's calls failed with: a service may repeat what it was
/// sent, for whichever tenant.
fn may_see_errors(caller: Option<&Caller>, provider: &ProviderName) -> bool {
    caller.is_some_and(|caller| Scope::of(&caller.grants).covers_provider(provider.as_str()))
}

/// `GET /v1/providers/health`: checks every provider.
pub(in crate::http) async fn providers(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
) -> Json<ProvidersHealthBody> {
    let shown = |mut health: ProviderHealth| {
        if !may_see_errors(Some(&caller), &health.name) {
            health.stats.last_error = None;
            health.to_repair = health.to_repair.map(|needed| ToRepair {
                message: WHAT_TO_REPAIR.into(),
                advice: None,
                ..needed
            });
        }
        body(&state, &caller, health)
    };
    let providers = state
        .gateway
        .health()
        .await
        .into_iter()
        .map(shown)
        .collect();
    Json(ProvidersHealthBody { providers })
}

fn body(state: &AppState, caller: &Caller, health: ProviderHealth) -> ProviderHealthBody {
    let ProviderHealth {
        name,
        finding,
        to_repair,
        stats,
        breaker,
        lane,
    } = health;
    let is_paused = lane.mode != LaneMode::Open;
    let lane = lanes::body(state, caller, lane);
    // A check may find nothing wrong with a service that takes no messages for now.
    let paused = is_paused.then(|| {
        let reason = lane.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = format!("nothing is sent for now but probes, since the service said that it was too much{reason}");
        ProviderError::new(ErrorKind::RateLimited, message)
    });
    let checked = finding.as_ref().err();
    let needed = to_repair.filter(|_| checked.is_none());
    let error = checked.or(paused.as_ref().filter(|_| needed.is_none()));
    let total_requests = stats.successes + stats.failures;
    let success_rate = if total_requests == 0 {
        100.0
    } else {
        stats.successes as f64 * 100.0 / total_requests as f64
    };
    ProviderHealthBody {
        provider: name.to_string(),
        healthy: error.is_none() && needed.is_none(),
        health_check_error: needed
            .as_ref()
            .map(|needed| needed.message.clone())
            .or(error.map(ToString::to_string)),
        code: needed
            .as_ref()
            .map(|needed| needed.code.clone())
            .or(error.map(|error| error.kind().code().to_owned())),
        retryable: needed
            .as_ref()
            .map(|_| false)
            .or(error.map(|error| error.kind().retryable())),
        advice: needed
            .and_then(|needed| needed.advice)
            .or(error.and_then(|error| error.advice_text().map(str::to_owned))),
        age_seconds: finding.as_ref().map_or(0, |health| health.age.as_secs()),
        circuit_breaker_state: breaker.into(),
        total_requests,
        successes: stats.successes,
        failures: stats.failures,
        success_rate,
        avg_latency_ms: stats.avg_ms,
        p50_latency_ms: stats.p50_ms,
        p95_latency_ms: stats.p95_ms,
        p99_latency_ms: stats.p99_ms,
        last_request_at: stats.last_request_at.map(acteon_core::Timestamp::as_millis),
        last_error: stats.last_error,
        lane: Some(lane),
    }
}
