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
        let pointer = format!(
            "#/paths/{}/{}/responses/{status}/content/application~1json/schema",
            route
                .replace('/', "~1")
                .replace('{', "%7B")
                .replace('}', "%7D"),
            method.as_str().to_ascii_lowercase()
        );
        let schema = &response["content"]["application/json"]["schema"];
        if schema.is_null() {
            return None;
        }
        self.fault_of(&pointer, body)
    }

    /// What is wrong with a value by the schema at a place of the document, if anything is.
    fn fault_of(&self, pointer: &str, body: &Value) -> Option<String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler
            .add_resource("mem:///document", self.whole.clone())
            .expect("a resource");
        let index: SchemaIndex = compiler
            .compile(&format!("mem:///document{pointer}"), &mut schemas)
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

/// A schema that a route names and nobody lists would be met by whoever makes a client of the document.
#[tokio::test(flavor = "multi_thread")]
async fn every_reference_of_the_document_leads_somewhere() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let document = Document::of(&gateway).await;
    let mut references = BTreeSet::new();
    collect_references(&document.whole, &mut references);
    assert!(references.len() > 40, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("of this document");
        assert!(document.whole.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references<'d>(value: &'d Value, into: &mut BTreeSet<&'d str>) {
    match value {
        Value::Object(members) => {
            into.extend(members.get("$ref").and_then(Value::as_str));
            for member in members.values() {
                collect_references(member, into);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_references(item, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
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
    let recurring = json!({ "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "x", "payload": {}, "cron_expression": "@daily" });
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
        (&post, "/v1/recurring", "", Some(recurring)),
        (&get, "/v1/recurring", "", None),
        (
            &get,
            "/v1/recurring/preview",
            "?cron_expression=@daily",
            None,
        ),
        (&get, "/v1/recurring/{id}", "none", None),
        (&get, "/v1/upcoming", "", None),
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

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_of_every_kind_are_what_the_document_says() {
    let rules = "rules: [\
        { name: no, condition: { field: action.action_type, eq: no }, action: { type: suppress } },\
        { name: once, condition: { field: action.action_type, eq: once }, action: { type: deduplicate, ttl_seconds: 60 } },\
        { name: few, condition: { field: action.action_type, eq: few }, action: { type: throttle, max_count: 1, window_seconds: 60 } },\
        { name: other, condition: { field: action.action_type, eq: other }, action: { type: reroute, target_provider: log } }]";
    let down =
        "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = Gateway::with_rules(rules, &format!("{CONFIGURATION}{down}")).await;
    let document = Document::of(&gateway).await;
    let posted = |number: usize, kind: &str, provider: &str| {
        let mut posted = action(&format!("a{number}"), provider, &json!({ "x": 1 }));
        posted["action_type"] = json!(kind);
        posted["dedup_key"] = json!("key");
        posted
    };
    let kinds = [
        ("sent", "log", "Executed"),
        ("sent", "down", "Scheduled"),
        ("sent", "nope", "Failed"),
        ("no", "log", "Suppressed"),
        ("once", "log", "Executed"),
        ("once", "log", "Deduplicated"),
        ("few", "log", "Executed"),
        ("few", "log", "Throttled"),
        ("other", "down", "Rerouted"),
    ];
    let mut faults = Vec::new();
    let mut hold = |method: &Method, route: &str, status: u16, body: &Value| {
        if let Some(fault) = document.fault(method, route, status, body) {
            faults.push(format!("{method} {route}: {fault}\n{body}"));
        }
    };
    let mut batch = Vec::new();
    for (number, (kind, provider, expected)) in kinds.into_iter().enumerate() {
        let posted = posted(number, kind, provider);
        let answer = gateway.post("/v1/dispatch", &posted).await;
        let is_it = answer.body.get(expected).is_some() || answer.body == expected;
        assert!(is_it, "{expected}: {}", answer.body);
        hold(&Method::POST, "/v1/dispatch", 200, &answer.body);
        for route in ["/v1/actions/{id}", "/v1/audit/{id}"] {
            let path = route.replace("{id}", &format!("a{number}"));
            let shown = gateway.get(&path).await;
            hold(&Method::GET, route, 200, &shown.body);
        }
        batch.push(posted);
    }
    let answer = gateway.post("/v1/dispatch/batch", &json!(batch)).await;
    hold(&Method::POST, "/v1/dispatch/batch", 200, &answer.body);
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_pending_is_what_the_document_says() {
    let down =
        "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = Gateway::start(down).await;
    let document = Document::of(&gateway).await;
    let answer = gateway
        .post_preferring(
            "/v1/dispatch",
            &action("a", "down", &json!({})),
            "respond-async",
        )
        .await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(
        document.fault(&Method::POST, "/v1/dispatch", 202, &answer.body),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_answers_are_what_the_document_says() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let document = Document::of(&gateway).await;
    let schemas = document.whole["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let mut held = 0;
    for name in schemas.keys() {
        let Some(example) = acteon_api::example(name) else {
            continue;
        };
        let fault = document.fault_of(&format!("#/components/schemas/{name}"), &example);
        assert_eq!(fault, None, "{name}");
        held += 1;
    }
    assert!(held > 25, "{held} examples");
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_requests_are_taken() {
    // What the examples name, and nothing that leaves this process.
    let provider = "[[providers]]\nname = \"wechat-ops\"\ntype = \"log\"\n";
    let person = "[[people]]\nid = \"lisi\"\n";
    let gateway = Gateway::start(&format!("{CONFIGURATION}{provider}{person}")).await;
    let document = Document::of(&gateway).await;
    let mut sent = 0;
    for (method, route) in document.operations() {
        let operation = &document.whole["paths"][&route][method.to_ascii_lowercase()];
        let body = &operation["requestBody"]["content"]["application/json"]["example"];
        let mut path = route.clone();
        for parameter in operation["parameters"].as_array().expect("parameters") {
            if parameter["in"] == "path" {
                let name = parameter["name"].as_str().expect("a name");
                let example = parameter["example"].as_str().expect("an example");
                path = path.replace(&format!("{{{name}}}"), example);
            }
        }
        if body.is_null() {
            continue;
        }
        let needed = operation["parameters"].as_array().expect("parameters");
        let needed = needed
            .iter()
            .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
            .map(|parameter| {
                let name = parameter["name"].as_str().expect("a name");
                format!("{name}={}", parameter["example"]).replace('"', "")
            });
        let query: Vec<String> = needed.collect();
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let answer = gateway
            .try_send(method, &path, Some(body.to_string()), None)
            .await
            .expect("an answer");
        let status = answer.status.as_u16();
        // What is changed by its id is not there.
        assert!(
            answer.status.is_success() || status == 404,
            "{path}: {}",
            answer.body
        );
        sent += 1;
    }
    assert!(sent >= 12, "{sent} examples");
}
