//! Every route, by role and by tenant.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{CALLERS, start};
use crate::support::action;

/// What a route wants of its caller.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    /// Nothing.
    Nobody,
    /// A viewer.
    Viewer,
    /// An operator.
    Operator,
    /// An operator for everything.
    Everything,
}

/// Every route that is built, with a body that names the tenant where it takes one, and what it touches nothing without.
fn routes() -> Vec<(Method, &'static str, Option<Value>, Needs, bool)> {
    use Needs::{Everything, Nobody, Operator, Viewer};
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let dispatch = action("new", "log", &json!({}));
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "no", "value": "no" }], "duration_seconds": 60 });
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 100, "window": "daily", "overage_behavior": "warn" });
    let interval = json!({ "namespace": "incidents", "tenant": "acme", "name": "new", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    let evaluate = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "x", "payload": {} });
    // The last part says whether the route is about one thing of the tenant acme.
    vec![
        (get.clone(), "/health", None, Nobody, false),
        (get.clone(), "/live", None, Nobody, false),
        (get.clone(), "/ready", None, Nobody, false),
        (get.clone(), "/metrics", None, Nobody, false),
        (get.clone(), "/metrics/prometheus", None, Nobody, false),
        (get.clone(), "/api-doc/openapi.json", None, Nobody, false),
        (
            post.clone(),
            "/v1/dispatch",
            Some(dispatch.clone()),
            Operator,
            true,
        ),
        (
            post.clone(),
            "/v1/dispatch?dry_run=true",
            Some(dispatch.clone()),
            Operator,
            true,
        ),
        (
            post.clone(),
            "/v1/dispatch/batch",
            Some(json!([dispatch])),
            Operator,
            true,
        ),
        (get.clone(), "/v1/actions/a", None, Viewer, true),
        (get.clone(), "/v1/audit", None, Viewer, false),
        (get.clone(), "/v1/audit/export", None, Viewer, false),
        (get.clone(), "/v1/audit/a", None, Viewer, true),
        (post.clone(), "/v1/audit/a/replay", None, Operator, true),
        (
            post.clone(),
            "/v1/audit/replay?outcome=muted",
            None,
            Operator,
            false,
        ),
        (get.clone(), "/v1/dlq", None, Viewer, false),
        (get.clone(), "/v1/dlq/stats", None, Viewer, false),
        (get.clone(), "/v1/dlq/dead", None, Viewer, true),
        (
            post.clone(),
            "/v1/dlq/replay?code=POISONED",
            None,
            Operator,
            false,
        ),
        (get.clone(), "/v1/rules", None, Viewer, false),
        (
            post.clone(),
            "/v1/rules/evaluate",
            Some(evaluate),
            Viewer,
            true,
        ),
        (get.clone(), "/v1/rules/coverage", None, Viewer, false),
        (post.clone(), "/v1/rules/reload", None, Everything, false),
        (
            put.clone(),
            "/v1/rules/r/enabled",
            Some(json!({ "enabled": true })),
            Everything,
            false,
        ),
        (get.clone(), "/v1/silences", None, Viewer, false),
        (
            post.clone(),
            "/v1/silences/preview",
            Some(silence.clone()),
            Viewer,
            true,
        ),
        (post.clone(), "/v1/silences", Some(silence), Operator, true),
        (get.clone(), "/v1/silences/SILENCE", None, Viewer, true),
        (
            put.clone(),
            "/v1/silences/SILENCE",
            Some(json!({ "comment": "x" })),
            Operator,
            true,
        ),
        (delete.clone(), "/v1/silences/SILENCE", None, Operator, true),
        (get.clone(), "/v1/time-intervals", None, Viewer, false),
        (
            post.clone(),
            "/v1/time-intervals",
            Some(interval),
            Operator,
            true,
        ),
        (
            get.clone(),
            "/v1/time-intervals/incidents/acme/nights",
            None,
            Viewer,
            true,
        ),
        (
            put.clone(),
            "/v1/time-intervals/incidents/acme/nights",
            Some(json!({ "description": "x" })),
            Operator,
            true,
        ),
        (
            delete.clone(),
            "/v1/time-intervals/incidents/acme/nights",
            None,
            Operator,
            true,
        ),
        (get.clone(), "/v1/quotas", None, Viewer, false),
        (post.clone(), "/v1/quotas", Some(quota), Operator, true),
        (get.clone(), "/v1/quotas/QUOTA", None, Viewer, true),
        (get.clone(), "/v1/quotas/QUOTA/usage", None, Viewer, true),
        (
            put,
            "/v1/quotas/QUOTA",
            Some(json!({ "description": "x" })),
            Operator,
            true,
        ),
        (delete.clone(), "/v1/quotas/QUOTA", None, Operator, true),
        (get.clone(), "/admin/circuit-breakers", None, Viewer, false),
        (
            post.clone(),
            "/admin/circuit-breakers/log/trip",
            None,
            Everything,
            false,
        ),
        (
            post.clone(),
            "/admin/circuit-breakers/log/reset",
            None,
            Everything,
            false,
        ),
        (get.clone(), "/admin/lanes", None, Viewer, false),
        (
            post.clone(),
            "/admin/lanes/log/reset",
            None,
            Everything,
            false,
        ),
        (post.clone(), "/admin/reload", None, Everything, false),
        (get, "/v1/providers/health", None, Viewer, false),
        (post.clone(), "/v1/dlq/dead/replay", None, Operator, true),
        (delete, "/v1/dlq/dead-2", None, Operator, true),
        (post, "/v1/dlq/drain", None, Everything, false),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_role_and_tenant() {
    for (method, path, body, needs, is_of_acme) in routes() {
        let (gateway, _) = start(&CALLERS).await;
        let root = gateway.with_key("root");
        root.dispatch(&action("a", "log", &json!({}))).await;
        for dead in ["dead", "dead-2"] {
            root.dispatch(&action(dead, "nope", &json!({}))).await;
        }
        let quota = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "max_actions": 9, "window": "daily", "overage_behavior": "warn" });
        let quota = root.post("/v1/quotas", &quota).await.body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "x", "value": "y" }], "duration_seconds": 60 });
        let silence = root.post("/v1/silences", &silence).await.body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let nights = json!({ "namespace": "incidents", "tenant": "acme", "name": "nights", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
        root.post("/v1/time-intervals", &nights).await;
        let path = path.replace("QUOTA", &quota).replace("SILENCE", &silence);
        let send = async |key: Option<&str>| {
            let client = key.map_or_else(|| (*gateway).clone(), |key| gateway.with_key(key));
            client
                .try_send(
                    method.clone(),
                    &path,
                    body.as_ref().map(Value::to_string),
                    None,
                )
                .await
                .expect("an answer")
                .status
        };
        let route = format!("{method} {path}");
        if needs == Needs::Nobody {
            assert!(send(None).await.is_success(), "{route}");
            continue;
        }
        assert_eq!(
            send(None).await,
            StatusCode::UNAUTHORIZED,
            "{route} without a key"
        );
        assert_eq!(
            send(Some("wrong")).await,
            StatusCode::UNAUTHORIZED,
            "{route} with a wrong key"
        );
        let allowed = |status: StatusCode| {
            status.is_success() || (path.contains("/rules/r/") && status == StatusCode::NOT_FOUND)
        };
        let elsewhere = send(Some("globex-ops")).await;
        match (needs, is_of_acme) {
            (Needs::Everything, _) => assert_eq!(elsewhere, StatusCode::FORBIDDEN, "{route}"),
            (_, true) => {
                assert!(
                    [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&elsewhere),
                    "{route} of another tenant: {elsewhere}"
                );
            }
            (_, false) => assert!(allowed(elsewhere), "{route} of another tenant: {elsewhere}"),
        }
        let looks = send(Some("acme-eyes")).await;
        assert_eq!(
            allowed(looks),
            needs == Needs::Viewer,
            "{route} by a viewer: {looks}"
        );
        if needs == Needs::Everything {
            assert_eq!(
                send(Some("acme-ops")).await,
                StatusCode::FORBIDDEN,
                "{route}"
            );
            assert!(allowed(send(Some("root")).await), "{route} by root");
        } else {
            let operates = send(Some("acme-ops")).await;
            assert!(allowed(operates), "{route} by an operator: {operates}");
        }
    }
}

/// A route that is added must be added to the matrix above, and one that is gone goes from it.
#[test]
fn the_matrix_has_every_route() {
    let built = acteon_server::routes();
    assert!(built.len() > 40, "{built:?}");
    let fits = |template: &str, path: &str| {
        let (template, path): (Vec<&str>, Vec<&str>) =
            (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template
                .iter()
                .zip(path)
                .all(|(part, tried)| part.starts_with('{') || *part == tried)
    };
    let tried: Vec<(Method, &str)> = routes()
        .into_iter()
        .map(|(method, path, ..)| (method, path.split('?').next().unwrap_or_default()))
        .collect();
    for route in &built {
        assert!(
            tried
                .iter()
                .any(|(method, path)| *method == route.method && fits(route.path, path)),
            "{route:?} is not in the matrix"
        );
    }
    for (method, path) in tried {
        assert!(
            built
                .iter()
                .any(|route| route.method == method && fits(route.path, path)),
            "{method} {path} is no route"
        );
    }
}
