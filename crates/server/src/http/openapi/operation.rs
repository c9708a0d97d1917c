//! What the document says of a route besides its method and path.

use acteon_core::limits::{MAX_BATCH, MAX_OFFSET, MAX_PAGE};
use serde_json::{Map, Value, json};

use crate::http::extract::json_body::FromBody;
use crate::http::extract::query::FromQuery;
use crate::http::shape::{Shape, schema};

/// Operation of a route.
#[derive(Clone, Copy)]
pub(in crate::http) struct Operation {
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    caller: Caller,
    /// Names of the query's parameters.
    query: fn() -> Vec<&'static str>,
    headers: &'static [&'static str],
    takes: Takes,
    answer: Answer,
    /// Statuses of its own besides those that every such route has.
    others: &'static [u16],
}

/// Who may ask.
#[derive(Clone, Copy, PartialEq)]
enum Caller {
    /// A caller with a key, where keys are asked for.
    WithKey,
    /// Everybody; a key lets them see more.
    MayShowKey,
    Anybody,
}

/// What the body of a request is.
#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    Body(&'static Shape),
    MaybeBody(&'static Shape),
    /// A list of at most [`MAX_BATCH`].
    List(&'static Shape),
}

/// What the answer is where all went well.
#[derive(Clone, Copy)]
enum Answer {
    /// JSON of this schema of `acteon_api`.
    Json(u16, &'static str),
    /// Text of this type.
    Text(&'static str),
    Nothing,
}

impl Operation {
    /// An operation for callers with a key that takes nothing and answers JSON of a schema.
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
            caller: Caller::WithKey,
            query: <() as FromQuery>::names,
            headers: &[],
            takes: Takes::Nothing,
            answer: Answer::Json(200, schema),
            others: &[],
        }
    }

    pub(super) const fn for_anybody(mut self) -> Self {
        self.caller = Caller::Anybody;
        self
    }

    pub(super) const fn with_or_without_key(mut self) -> Self {
        self.caller = Caller::MayShowKey;
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
        self.takes = Takes::Body(B::SHAPE);
        self
    }

    pub(super) const fn may_take<B: FromBody>(mut self) -> Self {
        self.takes = Takes::MaybeBody(B::SHAPE);
        self
    }

    pub(super) const fn takes_action(mut self, shape: &'static Shape) -> Self {
        self.takes = Takes::Body(shape);
        self
    }

    pub(super) const fn takes_list(mut self, shape: &'static Shape) -> Self {
        self.takes = Takes::List(shape);
        self
    }

    pub(super) const fn created(mut self) -> Self {
        if let Answer::Json(_, schema) = self.answer {
            self.answer = Answer::Json(201, schema);
        }
        self
    }

    pub(super) const fn no_content(mut self) -> Self {
        self.answer = Answer::Nothing;
        self
    }

    pub(super) const fn text(mut self, content_type: &'static str) -> Self {
        self.answer = Answer::Text(content_type);
        self
    }

    pub(super) const fn others(mut self, statuses: &'static [u16]) -> Self {
        self.others = statuses;
        self
    }

    /// The operation as `OpenAPI` has it, of a route with this path.
    pub(super) fn described(&self, path: &str) -> Value {
        let mut described = json!({
            "tags": [self.tag],
            "operationId": self.id,
            "summary": self.summary,
            "parameters": self.parameters(path),
            "responses": self.responses(path),
            "security": match self.caller {
                Caller::WithKey => json!([{ "bearer": [] }, { "apiKey": [] }]),
                Caller::MayShowKey => json!([{}, { "bearer": [] }, { "apiKey": [] }]),
                Caller::Anybody => json!([]),
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
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }));
        let of_query = (self.query)()
            .into_iter()
            .map(|name| json!({ "name": name, "in": "query", "schema": of_query(name) }));
        let of_head = self
            .headers
            .iter()
            .map(|name| json!({ "name": name, "in": "header", "schema": { "type": "string" } }));
        of_path.chain(of_query).chain(of_head).collect()
    }

    fn body(&self) -> Option<Value> {
        let (required, schema) = match self.takes {
            Takes::Nothing => return None,
            Takes::Body(shape) => (true, schema(shape)),
            Takes::MaybeBody(shape) => (false, schema(shape)),
            Takes::List(shape) => (
                true,
                json!({ "type": "array", "items": schema(shape), "maxItems": MAX_BATCH }),
            ),
        };
        Some(
            json!({ "required": required, "content": { "application/json": { "schema": schema } } }),
        )
    }

    fn responses(&self, path: &str) -> Map<String, Value> {
        let mut responses = Map::new();
        match self.answer {
            Answer::Json(status, name) => {
                responses.insert(status.to_string(), answer_of("It was done.", name));
            }
            Answer::Text(content_type) => {
                let answer = json!({ "description": "It was done.", "content": { content_type: { "schema": { "type": "string" } } } });
                responses.insert("200".into(), answer);
            }
            Answer::Nothing => {
                responses.insert("204".into(), json!({ "description": "It was done." }));
            }
        }
        for status in self.refusals(path) {
            responses
                .entry(status.to_string())
                .or_insert_with(|| answer_of(meaning(status), "ErrorBody"));
        }
        responses
    }

    /// Statuses that a request may be refused with.
    fn refusals(&self, path: &str) -> Vec<u16> {
        let mut statuses = vec![400, 403, 500, 501, 503];
        if self.caller != Caller::Anybody {
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

fn answer_of(description: &str, schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

/// Schema of a query parameter: one name is one thing on every route.
fn of_query(name: &str) -> Value {
    match name {
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": MAX_PAGE }),
        "offset" => json!({ "type": "integer", "minimum": 0, "maximum": MAX_OFFSET }),
        "max_replays" => json!({ "type": "integer", "minimum": 0 }),
        "all" | "dry_run" | "include_expired" => json!({ "type": "boolean" }),
        "from" | "to" | "evaluate_at" => json!({ "type": "string", "format": "date-time" }),
        "state" => json!({ "enum": ["dead", "discarded"] }),
        _ => json!({ "type": "string" }),
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        202 => "It goes on by itself, and is not sent again.",
        400 => "Not JSON, or a wrong path, query or header.",
        401 => "No API key, or one that is not known.",
        403 => "The caller's role or grants do not allow it, or another site's page asks.",
        404 => "There is no such thing, or the caller may not see it.",
        408 => "The body did not arrive in time.",
        409 => "Something else is in the way.",
        413 => "The body is too long.",
        415 => "The body is not JSON in UTF-8.",
        422 => "Well-formed, but wrong.",
        429 => "Too many failed sign-ins from this address.",
        501 => "A transfer coding that is not taken.",
        503 => "Come back, after `Retry-After`.",
        _ => "A fault of the server.",
    }
}
