//! Every route, by role and by tenant.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bodies::{body, chain};
use super::{CALLERS, start};
use crate::support::{Client, action};

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

/// Every route: method, path, what it wants of its caller, the tenant that it is about, and the
/// name of the body that it takes.
const ROUTES: &str = "
    GET    /health                                    nobody     -
    GET    /live                                      nobody     -
    GET    /ready                                     nobody     -
    GET    /metrics                                   nobody     -
    GET    /metrics/prometheus                        nobody     -
    GET    /api-doc/openapi.json                      nobody     -
    POST   /v1/dispatch                               operator   acme  action
    POST   /v1/dispatch?dry_run=true                  operator   acme  action
    POST   /v1/dispatch/batch                         operator   acme  batch
    GET    /v1/actions/a                              viewer     acme
    GET    /v1/scheduled                              viewer     -
    GET    /v1/scheduled/waits                        viewer     acme
    PATCH  /v1/scheduled/waits                        operator   acme  instant
    DELETE /v1/scheduled/waits                        operator   acme
    GET    /v1/recurring                              viewer     -
    POST   /v1/recurring                              operator   acme  recurring
    GET    /v1/recurring/preview?cron_expression=@daily viewer   -
    GET    /v1/recurring/RECURRING                    viewer     acme
    PUT    /v1/recurring/RECURRING                    operator   acme  description
    POST   /v1/recurring/RECURRING/pause              operator   acme
    POST   /v1/recurring/PAUSED/resume                operator   acme
    POST   /v1/recurring/RECURRING/backfill           operator   acme  span
    DELETE /v1/recurring/RECURRING                    operator   acme
    GET    /v1/upcoming                               viewer     -
    GET    /v1/chains                                 viewer     -
    GET    /v1/chains/CHAIN                           viewer     acme
    GET    /v1/chains/definitions                     viewer     -
    GET    /v1/chains/definitions/made                viewer     -
    GET    /v1/chains/definitions/made/dag            viewer     -
    PUT    /v1/chains/definitions/new                 everything -     chain
    DELETE /v1/chains/definitions/unused              everything -
    GET    /v1/chains/CHAIN/history                   viewer     acme
    GET    /v1/chains/CHAIN/dag                       viewer     acme
    POST   /v1/chains/CHAIN/cancel                    operator   acme
    GET    /v1/executions                             viewer     -
    GET    /v1/executions/CHAIN                       viewer     acme
    GET    /v1/executions/CHAIN/history               viewer     acme
    PUT    /v1/executions/CHAIN/attributes            operator   acme  attributes
    POST   /v1/executions/CHAIN/signal/go             operator   acme
    POST   /v1/executions/OVER/reset                  operator   acme
    GET    /v1/approvals                              viewer     -
    GET    /v1/approvals/ASKED                        viewer     acme
    POST   /v1/approvals/ASKED/decide                 operator   acme  decision
    POST   /v1/approvals/ASKED/delegate               operator   acme  delegation
    POST   /v1/approvals/ASKED/take-back              operator   acme
    POST   /v1/approvals/ASKED/remind                 operator   acme
    POST   /v1/approvals/ASKED/cancel                 operator   acme
    GET    /v1/approvals/incidents/acme/OPEN?SIGNED   nobody     -
    GET    /v1/approvals/incidents/acme/OPEN/sign-in  nobody     -
    GET    /v1/approvals/incidents/acme/OPEN/approve?SIGNED nobody -
    POST   /v1/approvals/incidents/acme/OPEN/approve?SIGNED nobody -
    GET    /v1/approvals/incidents/acme/OPEN/reject?SIGNED nobody -
    POST   /v1/approvals/incidents/acme/OPEN/reject?SIGNED nobody -
    GET    /v1/approvals/incidents/acme/OPEN/delegate?SIGNED nobody -
    POST   /v1/approvals/incidents/acme/OPEN/delegate?SIGNED nobody - delegation
    GET    /v1/approvals/incidents/acme/OPEN/take-back?SIGNED nobody -
    POST   /v1/approvals/incidents/acme/OPEN/take-back?SIGNED nobody -
    GET    /v1/stream                                 viewer     -
    GET    /v1/subscribe/action/a                     viewer     acme
    GET    /v1/subscribe/chain/OVER                   viewer     acme
    GET    /v1/audit                                  viewer     -
    GET    /v1/audit/export                           viewer     -
    GET    /v1/audit/a                                viewer     acme
    POST   /v1/audit/a/replay                         operator   acme
    POST   /v1/audit/replay?outcome=muted             operator   -
    GET    /v1/dlq                                    viewer     -
    GET    /v1/dlq/stats                              viewer     -
    GET    /v1/dlq/dead                               viewer     acme
    POST   /v1/dlq/replay?code=POISONED               operator   -
    GET    /v1/rules                                  viewer     -
    POST   /v1/rules/evaluate                         viewer     acme  idless
    GET    /v1/rules/coverage                         viewer     -
    POST   /v1/rules/reload                           everything -
    PUT    /v1/rules/r/enabled                        everything -     switch
    GET    /v1/silences                               viewer     -
    POST   /v1/silences/preview                       viewer     acme  silence
    POST   /v1/silences                               operator   acme  silence
    GET    /v1/silences/SILENCE                       viewer     acme
    PUT    /v1/silences/SILENCE                       operator   acme  comment
    DELETE /v1/silences/SILENCE                       operator   acme
    GET    /v1/time-intervals                         viewer     -
    POST   /v1/time-intervals                         operator   acme  interval
    GET    /v1/time-intervals/incidents/acme/nights   viewer     acme
    PUT    /v1/time-intervals/incidents/acme/nights   operator   acme  description
    DELETE /v1/time-intervals/incidents/acme/nights   operator   acme
    GET    /v1/quotas                                 viewer     -
    POST   /v1/quotas                                 operator   acme  quota
    GET    /v1/quotas/QUOTA                           viewer     acme
    GET    /v1/quotas/QUOTA/usage                     viewer     acme
    PUT    /v1/quotas/QUOTA                           operator   acme  description
    DELETE /v1/quotas/QUOTA                           operator   acme
    GET    /v1/templates                              viewer     -
    POST   /v1/templates                              operator   acme  template
    GET    /v1/templates/TEMPLATE                     viewer     acme
    PUT    /v1/templates/TEMPLATE                     operator   acme  description
    DELETE /v1/templates/TEMPLATE                     operator   acme
    GET    /v1/templates/profiles                     viewer     -
    POST   /v1/templates/profiles                     operator   acme  profile
    GET    /v1/templates/profiles/PROFILE             viewer     acme
    PUT    /v1/templates/profiles/PROFILE             operator   acme  description
    DELETE /v1/templates/profiles/PROFILE             operator   acme
    POST   /v1/templates/render                       viewer     acme  render
    POST   /v1/templates/reload                       everything -
    GET    /v1/people                                 everything -
    GET    /v1/people/zhangsan                        everything -
    PUT    /v1/people/lisi                            everything -     person
    DELETE /v1/people/wangwu                          everything -
    GET    /v1/people-groups                          everything -
    GET    /v1/people-groups/ops                      everything -
    PUT    /v1/people-groups/ops                      everything -     group
    DELETE /v1/people-groups/ops                      everything -
    GET    /admin/circuit-breakers                    viewer     -
    POST   /admin/circuit-breakers/log/trip           everything -
    POST   /admin/circuit-breakers/log/reset          everything -
    GET    /admin/lanes                               viewer     -
    POST   /admin/lanes/log/reset                     everything -
    POST   /admin/reload                              everything -
    GET    /v1/providers/health                       viewer     -
    POST   /v1/dlq/dead/replay                        operator   acme
    DELETE /v1/dlq/dead-2                             operator   acme
    POST   /v1/dlq/drain                              everything -
";

/// A rule that starts a chain.
const CHAINED: &str = "rules:\n  - { name: start-made, condition: { field: action.action_type, eq: made }, action: { type: chain, chain: made } }\n";

/// A row of [`ROUTES`].
struct Tried {
    method: Method,
    path: &'static str,
    needs: Needs,
    is_of_acme: bool,
    body: Option<Value>,
}

impl Tried {
    fn read(row: &'static str) -> Self {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let (method, path, needs, tenant) = (cells[0], cells[1], cells[2], cells[3]);
        Self {
            method: method.parse().expect("a method"),
            path,
            needs: match needs {
                "nobody" => Needs::Nobody,
                "viewer" => Needs::Viewer,
                "operator" => Needs::Operator,
                "everything" => Needs::Everything,
                other => panic!("{other}"),
            },
            is_of_acme: tenant == "acme",
            body: cells.get(4).map(|name| body(name)),
        }
    }
}

/// Has root define chains, of which one starts twice for acme. Returns the ids of one that waits, and of one that is over.
async fn started_chains(root: &Client) -> (String, String) {
    for name in ["made", "unused"] {
        let path = format!("/v1/chains/definitions/{name}");
        assert!(root.put(&path, &chain(name)).await.status.is_success());
    }
    root.post("/v1/rules/reload", &json!({})).await;
    let start = async |id: &str| {
        let mut starts = action(id, "log", &json!({}));
        starts["action_type"] = json!("made");
        let outcome = root.dispatch(&starts).await;
        let id = outcome["ChainStarted"]["chain_id"].as_str();
        id.expect("an id").to_owned()
    };
    let over = start("over").await;
    let cancelled = root
        .post(&format!("/v1/chains/{over}/cancel"), &json!({}))
        .await;
    assert_eq!(cancelled.body["status"], "cancelled", "{}", cancelled.body);
    (start("starts").await, over)
}

/// Rules that ask for approval of some actions.
fn asking() -> String {
    let rule = |name: &str, approvers: &str| {
        let when = format!("condition: 'action.payload.ask == \"{name}\"'");
        format!(
            "  - {{name: {name}, {when}, action: {{type: request_approval, notify_provider: log{approvers}}}}}\n"
        )
    };
    let named = rule("named", ", approvers: [\"principal:acme-ops\"]");
    format!("{named}{}", rule("anybody", ""))
}

fn routes() -> impl Iterator<Item = Tried> {
    ROUTES
        .lines()
        .filter(|row| !row.trim().is_empty())
        .map(Tried::read)
}

/// Has root make one thing of each kind for acme. Returns the path with their ids.
async fn with_things_of_acme(root: &Client, path: &str) -> String {
    root.dispatch(&action("a", "log", &json!({}))).await;
    let mut waits = action("waits", "log", &json!({}));
    waits["delay_seconds"] = json!(86_400);
    root.dispatch(&waits).await;
    for dead in ["dead", "dead-2"] {
        root.dispatch(&action(dead, "nope", &json!({}))).await;
    }
    let made = async |path: &str, body: &Value| {
        let made = root.post(path, body).await.body;
        made["id"].as_str().expect("an id").to_owned()
    };
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "max_actions": 9, "window": "daily", "overage_behavior": "warn" });
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "x", "value": "y" }], "duration_seconds": 60 });
    let nights = json!({ "namespace": "incidents", "tenant": "acme", "name": "nights", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    let template =
        json!({ "namespace": "incidents", "tenant": "acme", "name": "made", "content": "x" });
    let profile = json!({ "namespace": "incidents", "tenant": "acme", "name": "made", "fields": { "content": "x" } });
    root.post("/v1/time-intervals", &nights).await;
    for id in ["zhangsan", "wangwu"] {
        root.put(&format!("/v1/people/{id}"), &json!({})).await;
    }
    root.put("/v1/people-groups/ops", &body("group")).await;
    let recurring = body("recurring");
    let paused = made("/v1/recurring", &recurring).await;
    root.post(&format!("/v1/recurring/{paused}/pause"), &json!({}))
        .await;
    let (chain, over) = started_chains(root).await;
    let asked = async |id: &str| {
        let outcome = root
            .dispatch(&action(id, "log", &json!({ "ask": id })))
            .await;
        outcome["PendingApproval"].clone()
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (open, signed) = (asked("anybody").await, asked("named").await);
    let link = text(&open["approve_url"]);
    let (_, query) = link.split_once('?').expect("a query");
    path.replace("CHAIN", &chain)
        .replace("OVER", &over)
        .replace("PAUSED", &paused)
        .replace("ASKED", &text(&signed["approval_id"]))
        .replace("OPEN", &text(&open["approval_id"]))
        .replace("SIGNED", query)
        .replace("RECURRING", &made("/v1/recurring", &recurring).await)
        .replace("TEMPLATE", &made("/v1/templates", &template).await)
        .replace("PROFILE", &made("/v1/templates/profiles", &profile).await)
        .replace("QUOTA", &made("/v1/quotas", &quota).await)
        .replace("SILENCE", &made("/v1/silences", &silence).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_role_and_tenant() {
    for Tried {
        method,
        path,
        needs,
        is_of_acme,
        body,
    } in routes()
    {
        let (gateway, _) = start(&CALLERS).await;
        gateway.write_rules(&(CHAINED.to_owned() + &asking()));
        let path = with_things_of_acme(&gateway.with_key("root"), path).await;
        let send = async |key: Option<&str>| {
            let client = key.map_or_else(|| (*gateway).clone(), |key| gateway.with_key(key));
            if path == "/v1/stream" {
                // It has no end.
                let answer = client.follow(&path, None).await;
                return answer.expect("an answer").status();
            }
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
        let allowed = |status: StatusCode| match status {
            StatusCode::NOT_FOUND => path.contains("/rules/r/"),
            StatusCode::CONFLICT => path.ends_with("/OVER/reset") || path.contains("/take-back"),
            // Nobody began to sign in.
            StatusCode::BAD_REQUEST => path.ends_with("/sign-in"),
            StatusCode::UNPROCESSABLE_ENTITY => path.contains("/delegate?sig"),
            status => status.is_success(),
        };
        if needs == Needs::Nobody {
            assert!(allowed(send(None).await), "{route}");
            gateway.stop().await;
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
        // All of them together would have more connections than a database takes.
        gateway.stop().await;
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
        .map(|tried| {
            (
                tried.method,
                tried.path.split('?').next().unwrap_or_default(),
            )
        })
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
