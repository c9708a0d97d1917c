//! The list of routes, and the router made of it: which route answers what.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
#[cfg(feature = "api-docs")]
use axum::routing::get;

use super::approvals::listed::of_approvals;
use super::error::Refusal;
use super::extract::query::NoQuery;
use super::json::json;
use super::listed::{Route, Routes};
use super::no_route::none;
use super::openapi::{
    self, chains as of_chain, operations as of, people as of_people, recurring as of_recurring,
    scheduled as of_scheduled, stream as of_the_stream, templates as of_template,
};
use super::routes::replay::{AnyAction, DeadLetter};
use super::routes::wechat_callback::with_callbacks;
use super::routes::{
    actions, audit, breakers, chain_definitions, chains, coverage, dead_letters, dispatch,
    executions, health, intervals, lanes, people, people_groups, quotas, recurring, reload, replay,
    rules, scheduled, silences, stream, subscribe_chain, templates, upcoming,
};
use super::state::AppState;

/// The routes of the HTTP API, in the order of their list.
pub fn routes() -> Vec<Route> {
    let listed = list().listed.into_iter();
    listed.map(|(route, _)| route).collect()
}

/// The `OpenAPI` document, which is the same for as long as the process lives.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let listed = list().listed.into_iter();
    let described = listed.map(|(route, operation)| (route.method, route.path, operation));
    openapi::document(described).to_string()
});

/// `GET /api-doc/openapi.json`: describes the API. It says nothing about this server, so that
/// everybody may read it.
async fn api_doc(_: NoQuery) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, DOCUMENT.clone()))
}

/// Lists every route. The permission that a caller needs stands in the handler's first parameter;
/// the last six are for everybody.
fn list() -> Routes {
    let routes = Routes::default();
    let routes = of_stream(of_approvals(of_chains(of_later(of_actions(routes)))));
    of_operation(of_people_and_groups(of_templates(of_policies(of_rules(
        routes,
    )))))
}

/// Routes of actions, of their audit log and of dead letters.
fn of_actions(routes: Routes) -> Routes {
    routes
        .post("/v1/dispatch", dispatch::one, of::DISPATCH)
        .post("/v1/dispatch/batch", dispatch::batch, of::DISPATCH_BATCH)
        .get("/v1/actions/{id}", actions::get, of::ACTION_GET)
        .get("/v1/audit", audit::list, of::AUDIT_LIST)
        .get("/v1/audit/export", audit::export, of::AUDIT_EXPORT)
        .post(
            "/v1/audit/replay",
            replay::many::<AnyAction>,
            of::AUDIT_REPLAY_MANY,
        )
        .get("/v1/audit/{id}", audit::get, of::AUDIT_GET)
        .post(
            "/v1/audit/{id}/replay",
            replay::one::<AnyAction>,
            of::AUDIT_REPLAY,
        )
        .get("/v1/dlq", dead_letters::list, of::DLQ_LIST)
        .get("/v1/dlq/stats", dead_letters::stats, of::DLQ_STATS)
        .post("/v1/dlq/drain", dead_letters::drain, of::DLQ_DRAIN)
        .post(
            "/v1/dlq/replay",
            replay::many::<DeadLetter>,
            of::DLQ_REPLAY_MANY,
        )
        .get("/v1/dlq/{id}", dead_letters::get, of::DLQ_GET)
        .delete("/v1/dlq/{id}", dead_letters::discard, of::DLQ_DISCARD)
        .post(
            "/v1/dlq/{id}/replay",
            replay::one::<DeadLetter>,
            of::DLQ_REPLAY,
        )
}

/// Routes of scheduled and recurring actions, and of what goes soon.
fn of_later(routes: Routes) -> Routes {
    routes
        .get("/v1/scheduled", scheduled::list, of_scheduled::LIST)
        .get("/v1/scheduled/{id}", scheduled::get, of_scheduled::GET)
        .patch(
            "/v1/scheduled/{id}",
            scheduled::reschedule,
            of_scheduled::MOVE,
        )
        .delete(
            "/v1/scheduled/{id}",
            scheduled::cancel,
            of_scheduled::CANCEL,
        )
        .get("/v1/recurring", recurring::list, of_recurring::LIST)
        .post("/v1/recurring", recurring::create, of_recurring::CREATE)
        .get(
            "/v1/recurring/preview",
            upcoming::preview,
            of_recurring::PREVIEW,
        )
        .get("/v1/recurring/{id}", recurring::get, of_recurring::GET)
        .put(
            "/v1/recurring/{id}",
            recurring::update,
            of_recurring::UPDATE,
        )
        .delete(
            "/v1/recurring/{id}",
            recurring::delete,
            of_recurring::DELETE,
        )
        .post(
            "/v1/recurring/{id}/pause",
            recurring::pause,
            of_recurring::PAUSE,
        )
        .post(
            "/v1/recurring/{id}/resume",
            recurring::resume,
            of_recurring::RESUME,
        )
        .post(
            "/v1/recurring/{id}/backfill",
            recurring::backfill,
            of_recurring::BACKFILL,
        )
        .get("/v1/upcoming", upcoming::list, of_recurring::UPCOMING)
}

/// Routes of chains: their definitions, and their executions.
fn of_chains(routes: Routes) -> Routes {
    use of_chain as of;
    const DEFINITION: &str = "/v1/chains/definitions/{name}";
    routes
        .get(
            "/v1/chains/definitions",
            chain_definitions::list,
            of::DEFINITIONS,
        )
        .get(DEFINITION, chain_definitions::get, of::DEFINITION)
        .put(DEFINITION, chain_definitions::put, of::PUT_DEFINITION)
        .delete(DEFINITION, chain_definitions::delete, of::DELETE_DEFINITION)
        .get(
            "/v1/chains/definitions/{name}/dag",
            chain_definitions::dag,
            of::DEFINITION_DAG,
        )
        .get("/v1/chains", chains::list, of::LIST)
        .get("/v1/chains/{id}", chains::get, of::GET)
        .get("/v1/chains/{id}/history", chains::history, of::HISTORY)
        .get("/v1/chains/{id}/dag", chains::dag, of::DAG)
        .post("/v1/chains/{id}/cancel", chains::cancel, of::CANCEL)
        .get("/v1/executions", executions::list, of::EXECUTIONS)
        .get("/v1/executions/{id}", executions::get, of::EXECUTION)
        .get(
            "/v1/executions/{id}/history",
            executions::history,
            of::EXECUTION_HISTORY,
        )
        .post(
            "/v1/executions/{id}/signal/{name}",
            executions::signal,
            of::SIGNAL,
        )
        .put(
            "/v1/executions/{id}/attributes",
            executions::set_attributes,
            of::ATTRIBUTES,
        )
        .post("/v1/executions/{id}/reset", executions::reset, of::RESET)
}

/// Routes that tell what happens as it happens.
fn of_stream(routes: Routes) -> Routes {
    routes
        .get("/v1/stream", stream::follow, of_the_stream::FOLLOW)
        .get(
            "/v1/subscribe/action/{id}",
            stream::action,
            of_the_stream::ACTION,
        )
        .get(
            "/v1/subscribe/chain/{id}",
            subscribe_chain::follow,
            of_the_stream::CHAIN,
        )
}

/// Routes of rules: listing, trying, switching and reloading.
fn of_rules(routes: Routes) -> Routes {
    routes
        .get("/v1/rules", rules::list, of::RULES_LIST)
        .post("/v1/rules/reload", rules::reload, of::RULES_RELOAD)
        .post("/v1/rules/evaluate", rules::evaluate, of::RULES_EVALUATE)
        .get("/v1/rules/coverage", coverage::get, of::RULES_COVERAGE)
        .put(
            "/v1/rules/{name}/enabled",
            rules::set_enabled,
            of::RULE_ENABLED,
        )
}

/// Routes of templates and profiles.
fn of_templates(routes: Routes) -> Routes {
    use of_template as of;
    routes
        .get("/v1/templates", templates::list, of::LIST)
        .post("/v1/templates", templates::create, of::CREATE)
        .post("/v1/templates/render", templates::render, of::RENDER)
        .post("/v1/templates/reload", templates::reload, of::RELOAD)
        .get(
            "/v1/templates/profiles",
            templates::list_profiles,
            of::LIST_PROFILES,
        )
        .post(
            "/v1/templates/profiles",
            templates::create_profile,
            of::CREATE_PROFILE,
        )
        .get(
            "/v1/templates/profiles/{id}",
            templates::get_profile,
            of::GET_PROFILE,
        )
        .put(
            "/v1/templates/profiles/{id}",
            templates::update_profile,
            of::UPDATE_PROFILE,
        )
        .delete(
            "/v1/templates/profiles/{id}",
            templates::delete_profile,
            of::DELETE_PROFILE,
        )
        .get("/v1/templates/{id}", templates::get, of::GET)
        .put("/v1/templates/{id}", templates::update, of::UPDATE)
        .delete("/v1/templates/{id}", templates::delete, of::DELETE)
}

/// Routes of people and groups.
fn of_people_and_groups(routes: Routes) -> Routes {
    use of_people as of;
    routes
        .get("/v1/people", people::list, of::LIST)
        .get("/v1/people/{id}", people::get, of::GET)
        .put("/v1/people/{id}", people::put, of::PUT)
        .delete("/v1/people/{id}", people::delete, of::DELETE)
        .get("/v1/people-groups", people_groups::list, of::LIST_GROUPS)
        .get("/v1/people-groups/{id}", people_groups::get, of::GET_GROUP)
        .put("/v1/people-groups/{id}", people_groups::put, of::PUT_GROUP)
        .delete(
            "/v1/people-groups/{id}",
            people_groups::delete,
            of::DELETE_GROUP,
        )
}

/// Routes of silences, time intervals and quotas.
fn of_policies(routes: Routes) -> Routes {
    routes
        .get("/v1/silences", silences::list, of::SILENCES_LIST)
        .post("/v1/silences", silences::create, of::SILENCE_CREATE)
        .post(
            "/v1/silences/preview",
            silences::preview,
            of::SILENCE_PREVIEW,
        )
        .get("/v1/silences/{id}", silences::get, of::SILENCE_GET)
        .put("/v1/silences/{id}", silences::update, of::SILENCE_UPDATE)
        .delete("/v1/silences/{id}", silences::expire, of::SILENCE_EXPIRE)
        .get("/v1/time-intervals", intervals::list, of::INTERVALS_LIST)
        .post("/v1/time-intervals", intervals::create, of::INTERVAL_CREATE)
        .get(
            "/v1/time-intervals/{namespace}/{tenant}/{name}",
            intervals::get,
            of::INTERVAL_GET,
        )
        .put(
            "/v1/time-intervals/{namespace}/{tenant}/{name}",
            intervals::update,
            of::INTERVAL_UPDATE,
        )
        .delete(
            "/v1/time-intervals/{namespace}/{tenant}/{name}",
            intervals::delete,
            of::INTERVAL_DELETE,
        )
        .get("/v1/quotas", quotas::list, of::QUOTAS_LIST)
        .post("/v1/quotas", quotas::create, of::QUOTA_CREATE)
        .get("/v1/quotas/{id}", quotas::get, of::QUOTA_GET)
        .put("/v1/quotas/{id}", quotas::update, of::QUOTA_UPDATE)
        .delete("/v1/quotas/{id}", quotas::delete, of::QUOTA_DELETE)
        .get("/v1/quotas/{id}/usage", quotas::usage, of::QUOTA_USAGE)
}

/// Routes of providers, breakers, lanes and the server itself.
fn of_operation(routes: Routes) -> Routes {
    routes
        .get(
            "/v1/providers/health",
            health::providers,
            of::PROVIDERS_HEALTH,
        )
        .get("/admin/circuit-breakers", breakers::list, of::BREAKERS_LIST)
        .post(
            "/admin/circuit-breakers/{provider}/trip",
            breakers::trip,
            of::BREAKER_TRIP,
        )
        .post(
            "/admin/circuit-breakers/{provider}/reset",
            breakers::reset,
            of::BREAKER_RESET,
        )
        .get("/admin/lanes", lanes::list, of::LANES_LIST)
        .post("/admin/lanes/{lane}/reset", lanes::reset, of::LANE_RESET)
        .post("/admin/reload", reload::all, of::RELOAD)
        .get("/health", health::health, of::HEALTH)
        .get("/live", health::live, of::LIVE)
        .get("/ready", health::ready, of::READY)
        .get("/metrics", health::metrics, of::METRICS)
        .get(
            "/metrics/prometheus",
            health::metrics,
            of::METRICS_PROMETHEUS,
        )
        .get("/api-doc/openapi.json", api_doc, of::DOCUMENT)
}

/// Router of all routes. Every other path is answered with the most similar route.
pub(super) fn router(state: Arc<AppState>) -> Router {
    let Routes { router, listed } = list();
    let paths: Arc<[&'static str]> = listed.iter().map(|(route, _)| route.path).collect();
    with_callbacks(with_page(router))
        .fallback(move |uri: Uri| {
            let refusal = none(uri.path(), &paths);
            async { refusal }
        })
        .method_not_allowed_fallback(|| async {
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "this route does not take this method; see the Allow header",
            )
        })
        .with_state(state)
}

/// Adds the page that shows the document. It is not in the document: programs have no use for it.
#[cfg(feature = "api-docs")]
fn with_page(router: Router<Arc<AppState>>) -> Router<Arc<AppState>> {
    use super::routes::api_doc::{FILES, to_page};
    let files = FILES.iter().fold(router, |router, file| {
        let file = *file;
        let answer = move |_: NoQuery| async move { file.answer() };
        router.route(file.path, get(answer))
    });
    files.route("/api-doc", get(to_page))
}

#[cfg(not(feature = "api-docs"))]
fn with_page(router: Router<Arc<AppState>>) -> Router<Arc<AppState>> {
    router
}
