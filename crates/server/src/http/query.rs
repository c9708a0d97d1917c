//! Query parameters. Unknown ones are refused: a misspelt filter must not select everything.

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};

use super::refusal::Refusal;
use crate::similar::nearest;

/// The query of a request to a route that takes none: it is not there. What is asked for and not heeded is taken for done.
pub(super) struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Parameters::read(&parts.uri, &[]).map(|_| Self)
    }
}

pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of `uri`, which may be of `known`, each once.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Refusal> {
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return Err(refusal(
                "the query cannot be read: write it as name=value&name=value".into(),
            ));
        };
        for (index, (name, value)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(unknown(name, known));
            }
            if value.chars().any(char::is_control) {
                return Err(refusal(format!(
                    "the query parameter {name:?} holds a control character"
                )));
            }
            if pairs[..index].iter().any(|(other, _)| other == name) {
                return Err(refusal(format!(
                    "the query parameter {name:?} is given twice"
                )));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        parse(text).map(Some).ok_or_else(|| {
            refusal(format!(
                "the query parameter {name:?} must be {expected}, is {text:?}"
            ))
        })
    }

    /// A parameter that is true or false; false when absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let parse = |text: &str| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        Ok(self.parsed(name, "true or false", parse)?.unwrap_or(false))
    }
}

fn unknown(name: &str, known: &[&str]) -> Refusal {
    let name = head(name, MAX_NAME_BYTES);
    let simple = name.to_ascii_lowercase().replace('-', "_");
    let near = nearest(&simple, known.iter().copied())
        .map_or(String::new(), |near| format!("did you mean {near}? "));
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    refusal(format!(
        "there is no query parameter {name:?} here; {near}known are: {known}"
    ))
}

fn refusal(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message)
}
