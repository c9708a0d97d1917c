//! The `OpenAPI` document: that it has every route, and that answers are what it says.

use std::collections::BTreeSet;

use boon::{Compiler, SchemaIndex, Schemas};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const CONFIGURATION: &str =
    "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// The schemas of a document, in which no object has a field that is not listed.
struct Document {
    whole: Value,
}

impl Document {
    async fn of(gateway: &Gateway) -> Self {
        let answer = gateway.get("/api-doc/openapi.json").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut whole = answer.body;
        closed(&mut whole["components"]["schemas"]);
        Self { whole }
    }

    fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.whole["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().expect("methods");
                methods
                    .keys()
                    .map(|method| (method.to_ascii_uppercase(), path.clone()))
            })
            .collect()
    }

    /// What is wrong with an answer, if anything is.
    fn fault(&self, method: &Method, route: &str, status: u16, body: &Value) -> Option<String> {
        let operation = &self.whole["paths"][route][method.as_str().to_ascii_lowercase()];
        let response = &operation["responses"][status.to_string()];
        if response.is_null() {
            return Some(format!("{status} is not listed"));
        }
        let reference = response["content"]["application/json"]["schema"]["$ref"].as_str()?;
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler
            .add_resource("mem:///document", self.whole.clone())
            .expect("a resource");
        let index: SchemaIndex = compiler
            .compile(&format!("mem:///document{reference}"), &mut schemas)
            .expect("a schema");
        schemas
            .validate(body, index)
            .err()
            .map(|error| error.to_string())
    }
}

/// Closes every object of a schema against fields that are not listed.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(closed);
            if members.contains_key("properties") && members.get("type") == Some(&json!("object")) {
                members.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_every_route_and_no_other() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let built: BTreeSet<(String, String)> = acteon_server::routes()
        .into_iter()
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(Document::of(&gateway).await.operations(), built);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_the_query_parameters_of_every_route() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let document = Document::of(&gateway).await;
    for route in acteon_server::routes() {
        let path = route.path.replace(['{', '}'], "");
        let answer = gateway
            .try_send(
                route.method.clone(),
                &format!("{path}?no_such_parameter=x"),
                Some("{}".into()),
                None,
            )
            .await
            .expect("an answer");
        let Some(known) = answer.body["message"]
            .as_str()
            .and_then(|said| said.split_once("known are: "))
        else {
            continue;
        };
        let known: BTreeSet<&str> = known.1.split(", ").filter(|name| *name != "none").collect();
        let method = route.method.as_str().to_ascii_lowercase();
        let told: BTreeSet<&str> = document.whole["paths"][route.path][method]["parameters"]
            .as_array()
            .expect("parameters")
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(told, known, "{route:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_what_the_document_says() {
    let rules = "rules: [{ name: quiet, condition: { field: action.tenant, eq: nobody }, action: { type: suppress } }]";
    let gateway = Gateway::with_rules(rules, CONFIGURATION).await;
    let document = Document::of(&gateway).await;
    let sent = action("a", "log", &json!({ "x": 1 }));
    let dead = action("dead", "nope", &json!({}));
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "no", "value": "no" }], "duration_seconds": 60 });
    let interval = json!({ "namespace": "incidents", "tenant": "acme", "name": "nights", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] });
    let quota = json!({ "namespace": "incidents", "tenant": "acme", "max_actions": 100, "window": "daily", "overage_behavior": "warn" });
    let tried = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "x", "payload": {} });
    let (get, post) = (Method::GET, Method::POST);
    let asked = [
        (&post, "/v1/dispatch", "", Some(sent.clone())),
        (&post, "/v1/dispatch", "", Some(dead)),
        (&post, "/v1/dispatch", "?dry_run=true", Some(sent.clone())),
        (&post, "/v1/dispatch", "", Some(json!({ "no": "action" }))),
        (&post, "/v1/dispatch/batch", "", Some(json!([sent, {}]))),
        (&get, "/v1/actions/{id}", "a", None),
        (&get, "/v1/actions/{id}", "none", None),
        (&get, "/v1/audit", "", None),
        (&get, "/v1/audit", "?text=x", None),
        (&get, "/v1/audit/{id}", "a", None),
        (&post, "/v1/audit/{id}/replay", "a", None),
        (&post, "/v1/audit/replay", "?all=true", None),
        (&get, "/v1/dlq", "", None),
        (&get, "/v1/dlq", "?text=x", None),
        (&get, "/v1/dlq/stats", "", None),
        (&get, "/v1/dlq/{id}", "dead", None),
        (&post, "/v1/dlq/drain", "", None),
        (&get, "/v1/rules", "", None),
        (&post, "/v1/rules/reload", "", None),
        (&post, "/v1/rules/evaluate", "", Some(tried)),
        (&get, "/v1/rules/coverage", "", None),
        (&post, "/v1/silences", "", Some(silence.clone())),
        (&post, "/v1/silences/preview", "", Some(silence)),
        (&get, "/v1/silences", "", None),
        (&post, "/v1/time-intervals", "", Some(interval)),
        (&get, "/v1/time-intervals", "", None),
        (&post, "/v1/quotas", "", Some(quota)),
        (&get, "/v1/quotas", "", None),
        (&get, "/v1/providers/health", "", None),
        (&get, "/admin/circuit-breakers", "", None),
        (&get, "/admin/lanes", "", None),
        (&post, "/admin/reload", "", None),
        (&get, "/health", "", None),
        (&get, "/live", "", None),
        (&get, "/ready", "", None),
        (&get, "/api-doc/openapi.json", "", None),
    ];
    let mut faults = Vec::new();
    for (method, route, rest, body) in asked {
        let path = match route.split_once("{id}") {
            Some((before, after)) => format!("{before}{rest}{after}"),
            None => format!("{route}{rest}"),
        };
        let answer = gateway
            .try_send(
                method.clone(),
                &path,
                body.map(|body| body.to_string()),
                None,
            )
            .await
            .expect("an answer");
        let status = answer.status.as_u16();
        if let Some(fault) = document.fault(method, route, status, &answer.body) {
            faults.push(format!(
                "{method} {path}: {status}: {fault}\n{}",
                answer.body
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
