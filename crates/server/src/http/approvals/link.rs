//! Links to approvals as they are followed: their parts, who follows them, and what a form says.

use acteon_gateway::{Link, LinkTarget, LinkUse};
use axum::extract;
use axum::http::{HeaderMap, header};

use super::body::RemarkBody;
use super::words::Language;
use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::query::{FromQuery, Parameters, refusal};
use crate::http::state::AppState;

/// Digits of a signature.
const SIGNATURE_DIGITS: usize = 64;

/// Longest form, in bytes: a comment, each byte of it written as three.
const MAX_FORM_BYTES: usize = 8 * 1024;

/// Path of an approval in links.
pub(in crate::http) type LinkPath = (String, String, String);

/// Query of a link.
pub(in crate::http) struct LinkQuery {
    signature: String,
    expires_at: i64,
    key: Option<String>,
    person: Option<String>,
    /// Language that was chosen on the page.
    language: Option<Language>,
}

impl FromQuery for LinkQuery {
    fn names() -> Vec<&'static str> {
        vec!["sig", "expires_at", "kid", "person", "lang"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let missing = |name: &str| {
            refusal(format!(
                "the query parameter {name:?} is missing: a link to an approval has it"
            ))
        };
        let signature = parameters.get("sig").ok_or_else(|| missing("sig"))?;
        let seconds = |text: &str| text.parse::<i64>().ok();
        let expires_at = parameters
            .parsed("expires_at", "a number of seconds since 1970", seconds)?
            .ok_or_else(|| missing("expires_at"))?;
        let given = |name| parameters.get(name).map(str::to_owned);
        Ok(Self {
            // What is too long is no signature of ours, and is not looked at.
            signature: signature.chars().take(SIGNATURE_DIGITS + 1).collect(),
            expires_at,
            key: given("kid").filter(|key| !key.is_empty()),
            person: given("person"),
            language: parameters.get("lang").map(Language::of_word),
        })
    }
}

impl LinkQuery {
    /// Link with the path that it has.
    pub(in crate::http) fn link<'a>(&'a self, path: &'a LinkPath, used_to: LinkUse) -> Link<'a> {
        let (namespace, tenant, id) = path;
        Link {
            target: LinkTarget {
                namespace,
                tenant,
                id,
                expires_at: self.expires_at,
            },
            used_to,
            person: self.person.as_deref(),
            key: self.key.as_deref(),
            signature: &self.signature,
        }
    }
}

/// Language of the page that a request gets: the one that was chosen on it, or that its browser asks for.
pub(in crate::http) fn language_of(query: &LinkQuery, headers: &HeaderMap) -> Language {
    let chosen = query.language;
    chosen.unwrap_or_else(|| Language::of_headers(headers))
}

/// Whether who asks is a browser that shows pages, and not a program.
pub(in crate::http) fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let mut accepts = accepts.filter_map(|value| value.to_str().ok());
    accepts.any(|accept| accept.contains("text/html"))
}

/// Comment that a form or a body of JSON has.
pub(in crate::http) async fn comment(
    state: &AppState,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Option<String>, Refusal> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        let body = body
            .read_or_nothing::<RemarkBody>(state.clock.now())
            .await?;
        return Ok(body.unwrap_or_default().comment);
    }
    let wrong = || {
        Refusal::field(
            "comment",
            "cannot be read: the form is too long, or no form",
        )
    };
    let text = body.form(MAX_FORM_BYTES).await?;
    let uri = format!("/?{text}").parse().map_err(|_| wrong())?;
    let extract::Query(pairs) =
        extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| wrong())?;
    let comment = pairs.into_iter().find(|(name, _)| name == "comment");
    Ok(comment.map(|(_, comment)| comment.replace("\r\n", "\n")))
}
