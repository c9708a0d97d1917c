//! Query parameters. Unknown ones are refused: a misspelt filter must not select everything.

use acteon_core::Timestamp;
use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use axum::extract::{self, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};

use crate::http::error::Refusal;
use acteon_core::similar::nearest;

/// Query of a request, read as `T`.
pub(in crate::http) struct Query<T>(pub(in crate::http) T);

/// Type that a query can be read as.
pub(in crate::http) trait FromQuery: Sized {
    /// Names of the parameters that may be given, in the order in which messages and the `OpenAPI` document list them.
    fn names() -> Vec<&'static str>;

    /// Whether further parameters are of no account. Elsewhere a misspelt one would be taken for heeded.
    const IGNORES_OTHERS: bool = false;

    /// Reads the parameters, of which all have known names.
    fn read(parameters: &Parameters) -> Result<Self, Refusal>;
}

impl<T: FromQuery, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let parameters = Parameters::read(&parts.uri, (&T::names(), T::IGNORES_OTHERS))?;
        T::read(&parameters).map(Self)
    }
}

/// Query of a route that takes none: it must be absent. A parameter that is ignored would be taken
/// for heeded.
pub(in crate::http) type NoQuery = Query<()>;

impl FromQuery for () {
    fn names() -> Vec<&'static str> {
        Vec::new()
    }

    fn read(_: &Parameters) -> Result<Self, Refusal> {
        Ok(())
    }
}

macro_rules! all_of {
    ($($part:ident),+) => {
        impl<$($part: FromQuery),+> FromQuery for ($($part,)+) {
            fn names() -> Vec<&'static str> {
                [$($part::names()),+].concat()
            }

            fn read(parameters: &Parameters) -> Result<Self, Refusal> {
                Ok(($($part::read(parameters)?,)+))
            }
        }
    };
}

all_of!(A, B);
all_of!(A, B, C);
all_of!(A, B, C, D);

/// Parameters of a query, by name.
pub(in crate::http) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Parameters of `uri`, which must be of `known` unless others are ignored, each at most once.
    fn read(uri: &Uri, (known, ignores): (&[&str], bool)) -> Result<Self, Refusal> {
        let Ok(extract::Query(mut pairs)) =
            extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        else {
            return Err(refusal(
                "the query cannot be read: write it as name=value&name=value",
            ));
        };
        if let Some(name) = uri.query().and_then(not_utf8) {
            return Err(refusal(format!(
                "the query parameter {name:?} is not UTF-8: encode the bytes of its UTF-8, as in %E5%91%8A"
            )));
        }
        if ignores {
            pairs.retain(|(name, _)| known.contains(&name.as_str()));
        }
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

    pub(in crate::http) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(in crate::http) fn parsed<T>(
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

    /// Instant that a parameter gives.
    pub(in crate::http) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        Timestamp::read(text).map(Some).map_err(|error| {
            let example = "an RFC 3339 time such as 2026-01-31T09:00:00Z";
            refusal(format!(
                "the query parameter {name:?} must be {example}, is {:?}{}",
                head(text, MAX_NAME_BYTES),
                error.hint()
            ))
        })
    }

    /// Boolean that a parameter gives; false when absent.
    pub(in crate::http) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let parse = |text: &str| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        Ok(self.parsed(name, "true or false", parse)?.unwrap_or(false))
    }
}

/// Reads a query that stands elsewhere than in the address of the request.
pub(in crate::http) fn read_query<T: FromQuery>(query: &str) -> Result<T, Refusal> {
    let uri = format!("/?{query}").parse();
    let uri = uri.map_err(|_| refusal("the query cannot be read"))?;
    let parameters = Parameters::read(&uri, (&T::names(), T::IGNORES_OTHERS))?;
    T::read(&parameters)
}

/// Name of the first parameter of a query, or field of a form, whose percent-encoded bytes are not UTF-8. They would be
/// read as what nobody sent.
pub(in crate::http) fn not_utf8(query: &str) -> Option<&str> {
    let is_utf8 = |text: &str| std::str::from_utf8(&decoded(text)).is_ok();
    let pair = query.split('&').find(|pair| !is_utf8(pair))?;
    Some(head(
        pair.split('=').next().unwrap_or_default(),
        MAX_NAME_BYTES,
    ))
}

/// Bytes of a text with percent signs decoded.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|code| *first == b'%' && code.iter().all(u8::is_ascii_hexdigit));
        if let Some(byte) =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok())
        {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
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

/// Code of a refusal for what a query says.
pub(in crate::http) const INVALID_QUERY: &str = "INVALID_QUERY";

/// Refusal of a query.
pub(in crate::http) fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, INVALID_QUERY, message)
}
