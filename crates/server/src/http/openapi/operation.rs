//! Description of a route in the `OpenAPI` document, besides its method and path.

use acteon_core::limits::MAX_BATCH;
use serde_json::{Map, Value, json};

use super::parameters;
use crate::http::envelope::{ACTION, action_example};
use crate::http::extract::json_body::FromBody;
use crate::http::extract::query::FromQuery;
use crate::http::shape::{Shape, schema};

/// Id of an operation that an answer leads to, and its parameters with where they stand in the
/// answer.
pub(super) type Link = (&'static str, &'static [(&'static str, &'static str)]);

/// Operation of a route.
#[derive(Clone, Copy)]
pub(in crate::http) struct Operation {
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    access: Access,
    /// Names of the query's parameters.
    query: fn() -> Vec<&'static str>,
    headers: &'static [&'static str],
    takes: RequestBody,
    answer: Success,
    /// Statuses besides those that every such route has.
    others: &'static [u16],
    /// Whether the answer may be 202 with the same body, for a caller who prefers that.
    may_be_pending: bool,
    /// Whether the answer may be 201 with the same body, where there was nothing before.
    may_be_created: bool,
    /// Whether a header of the answer has the id of the action that it is about.
    names_action: bool,
    /// Schema of an answer of 503 that is no refusal.
    when_unavailable: Option<&'static str>,
    /// Operations that the answer leads to, with their parameters.
    links: &'static [Link],
}

/// Callers who may use an operation.
#[derive(Clone, Copy, PartialEq)]
enum Access {
    /// Callers with a key, where keys are asked for.
    WithKey,
    /// Everybody; callers with a key see more.
    MayShowKey,
    Anybody,
}

/// Makes the example of a body.
type Example = fn() -> Value;

/// Body of the operation's requests.
#[derive(Clone, Copy)]
enum RequestBody {
    Nothing,
    Body(&'static Shape, Example),
    MaybeBody(&'static Shape, Example),
    /// Body of a schema of `acteon_api`, with its example there.
    Schema(&'static str),
    /// List of at most [`MAX_BATCH`] such bodies.
    List(&'static Shape, Example),
}

/// Answer of the operation where all went well.
#[derive(Clone, Copy)]
enum Success {
    /// JSON with this status, of this schema of `acteon_api`.
    Json(u16, &'static str),
    /// Another address, for browsers.
    Elsewhere,
    /// Text of one of these content types.
    Text(&'static [&'static str]),
    Nothing,
}

impl Operation {
    /// Operation for callers with a key that takes nothing and answers JSON of a schema.
    pub(super) const fn new(
        tag: &'static str,
        id: &'static str,
        summary: &'static str,
        schema: &'static str,
    ) -> Self {
        Self {
            tag,
            id,
            summary,
            access: Access::WithKey,
            query: <() as FromQuery>::names,
            headers: &[],
            takes: RequestBody::Nothing,
            answer: Success::Json(200, schema),
            others: &[],
            may_be_pending: false,
            may_be_created: false,
            names_action: false,
            when_unavailable: None,
            links: &[],
        }
    }

    pub(super) const fn for_anybody(mut self) -> Self {
        self.access = Access::Anybody;
        self
    }

    pub(super) const fn with_or_without_key(mut self) -> Self {
        self.access = Access::MayShowKey;
        self
    }

    pub(super) const fn query<Q: FromQuery>(mut self) -> Self {
        self.query = Q::names;
        self
    }

    pub(super) const fn headers(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }

    pub(super) const fn takes<B: FromBody>(mut self) -> Self {
        self.takes = RequestBody::Body(B::SHAPE, B::example);
        self
    }

    pub(super) const fn may_take<B: FromBody>(mut self) -> Self {
        self.takes = RequestBody::MaybeBody(B::SHAPE, B::example);
        self
    }

    pub(super) const fn takes_schema(mut self, schema: &'static str) -> Self {
        self.takes = RequestBody::Schema(schema);
        self
    }

    pub(super) const fn takes_action(mut self) -> Self {
        self.takes = RequestBody::Body(&ACTION, action_example);
        self
    }

    pub(super) const fn takes_actions(mut self) -> Self {
        self.takes = RequestBody::List(&ACTION, action_example);
        self
    }

    pub(super) const fn created(mut self) -> Self {
        if let Success::Json(_, schema) = self.answer {
            self.answer = Success::Json(201, schema);
        }
        self
    }

    pub(super) const fn or_created(mut self) -> Self {
        self.may_be_created = true;
        self
    }

    pub(super) const fn no_content(mut self) -> Self {
        self.answer = Success::Nothing;
        self
    }

    pub(super) const fn text(mut self, content_types: &'static [&'static str]) -> Self {
        self.answer = Success::Text(content_types);
        self
    }

    pub(super) const fn leads_elsewhere(mut self) -> Self {
        self.answer = Success::Elsewhere;
        self
    }

    pub(super) const fn may_be_pending(mut self) -> Self {
        self.may_be_pending = true;
        self
    }

    pub(super) const fn names_action(mut self) -> Self {
        self.names_action = true;
        self
    }

    pub(super) const fn or_unavailable(mut self, schema: &'static str) -> Self {
        self.when_unavailable = Some(schema);
        self
    }

    pub(super) const fn links(mut self, links: &'static [Link]) -> Self {
        self.links = links;
        self
    }

    pub(super) const fn others(mut self, statuses: &'static [u16]) -> Self {
        self.others = statuses;
        self
    }

    /// Operation object of the `OpenAPI` document, for a route with this path.
    pub(super) fn described(&self, path: &str) -> Value {
        let mut described = json!({
            "tags": [self.tag],
            "operationId": self.id,
            "summary": self.summary,
            "parameters": self.parameters(path),
            "responses": self.responses(path),
            "security": match self.access {
                Access::WithKey => json!([{ "bearer": [] }, { "apiKey": [] }]),
                Access::MayShowKey => json!([{}, { "bearer": [] }, { "apiKey": [] }]),
                Access::Anybody => json!([]),
            },
        });
        if let Some(body) = self.body() {
            described["requestBody"] = body;
        }
        described
    }

    fn parameters(&self, path: &str) -> Vec<Value> {
        let of_path = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| parameters::of_path(path, name));
        let of_query = (self.query)().into_iter().map(parameters::of_query);
        let of_head = self.headers.iter().map(|name| parameters::of_head(name));
        of_path.chain(of_query).chain(of_head).collect()
    }

    fn body(&self) -> Option<Value> {
        let (required, schema, example) = match self.takes {
            RequestBody::Nothing => return None,
            RequestBody::Body(shape, example) => (true, schema(shape), example()),
            RequestBody::MaybeBody(shape, example) => (false, schema(shape), example()),
            RequestBody::Schema(name) => (true, reference(name), acteon_api::example(name)?),
            RequestBody::List(shape, example) => (
                true,
                json!({ "type": "array", "items": schema(shape), "maxItems": MAX_BATCH }),
                json!([example()]),
            ),
        };
        let content = json!({ "application/json": { "schema": schema, "example": example } });
        Some(json!({ "required": required, "content": content }))
    }

    fn responses(&self, path: &str) -> Map<String, Value> {
        let mut responses = Map::new();
        match self.answer {
            Success::Json(status, name) => {
                responses.insert(status.to_string(), answer_of(DONE, name));
                if self.may_be_pending {
                    responses.insert("202".into(), answer_of(PENDING, name));
                }
                if self.may_be_created {
                    responses.insert("201".into(), answer_of(MADE, name));
                }
            }
            Success::Text(types) => {
                let text = json!({ "schema": { "type": "string" } });
                // A stream of events is no text as a whole, and a schema is one of the whole.
                let schema = |of: &str| match of {
                    "text/event-stream" => json!({}),
                    _ => text.clone(),
                };
                let content: Map<String, Value> = types
                    .iter()
                    .map(|name| ((*name).to_owned(), schema(name)))
                    .collect();
                let answer = json!({ "description": DONE, "content": content });
                responses.insert("200".into(), answer);
            }
            Success::Elsewhere => {
                responses.insert("302".into(), json!({ "description": ELSEWHERE }));
            }
            Success::Nothing => {
                responses.insert("204".into(), json!({ "description": DONE }));
            }
        }
        for answer in responses.values_mut() {
            self.link(answer);
            if self.names_action {
                answer["headers"][ACTION_ID] = id_header(true);
            }
        }
        for status in self.refusals(path) {
            let mut refusal = answer_of(meaning(status), "ErrorBody");
            if let (503, Some(other)) = (status, self.when_unavailable) {
                let schemas = ["ErrorBody", other].map(reference);
                refusal["content"]["application/json"]["schema"] = json!({ "anyOf": schemas });
            }
            if [429, 503].contains(&status) {
                refusal["headers"]["Retry-After"] = retry_after();
            }
            responses.entry(status.to_string()).or_insert(refusal);
        }
        responses
    }

    /// Adds the links to an answer.
    fn link(&self, answer: &mut Value) {
        for (operation, parameters) in self.links {
            let parameters: Map<String, Value> = parameters
                .iter()
                .map(|(name, found)| ((*name).to_owned(), json!(found)))
                .collect();
            answer["links"][operation] =
                json!({ "operationId": operation, "parameters": parameters });
        }
    }

    /// Statuses that a request may be refused with.
    fn refusals(&self, path: &str) -> Vec<u16> {
        let mut statuses = vec![400, 403, 500, 501, 503];
        if self.access != Access::Anybody {
            statuses.extend([401, 429]);
        }
        if path.contains('{') {
            statuses.push(404);
        }
        statuses.extend([408, 413, 415, 422]);
        statuses.extend(self.others);
        statuses.sort_unstable();
        statuses
    }
}

const ELSEWHERE: &str = "It goes on at another address, in `Location`.";
const DONE: &str = "It was done.";
const MADE: &str = "It was made.";
const PENDING: &str = "It goes on by itself, and is not sent again.";
const ACTION_ID: &str = "Acteon-Action-Id";

fn answer_of(description: &str, schema: &str) -> Value {
    let mut json = json!({ "schema": reference(schema) });
    if let Some(example) = acteon_api::example(schema) {
        json["example"] = example;
    }
    json!({ "description": description, "content": { "application/json": json } })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn id_header(is_required: bool) -> Value {
    let description = "Id of the action, percent-encoded where it is not plain ASCII.";
    json!({ "description": description, "required": is_required, "schema": { "type": "string" } })
}

fn retry_after() -> Value {
    let schema = json!({ "type": "integer", "minimum": 0 });
    json!({ "description": "Seconds after which to try again.", "schema": schema })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "Not JSON, or a wrong path, query or header.",
        401 => "No API key, or one that is not known.",
        403 => "The caller's role or grants do not allow it, or another site's page asks.",
        404 => "There is no such thing, or the caller may not see it.",
        408 => "The body did not arrive in time.",
        409 => "Something else is in the way.",
        413 => "The body is too long.",
        415 => "The body is not JSON in UTF-8.",
        422 => "Well-formed, but wrong.",
        429 => {
            "Too many failed sign-ins from this address, too many streams, or as many of them as a tenant may have."
        }
        501 => "A transfer coding that is not taken.",
        503 => "Come back, after `Retry-After`.",
        _ => "A fault of the server.",
    }
}
