//! What people send with a link: the forms of the page, or bodies of JSON.

use axum::extract;
use axum::http::{HeaderMap, header};

use super::body::{DelegationBody, RemarkBody};
use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::query::not_utf8;
use crate::http::state::AppState;

/// Longest form, in bytes: a comment, each byte of it written as three, and some more, so that what is too long can be shown again.
const MAX_FORM_BYTES: usize = 20 * 1024;

/// Type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// Comment that a form or a body of JSON has.
pub(in crate::http) async fn comment(
    state: &AppState,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Option<String>, Refusal> {
    if !is_form(headers) {
        let body = body
            .read_or_nothing::<RemarkBody>(state.clock.now())
            .await?;
        return Ok(body.unwrap_or_default().comment);
    }
    field(&mut pairs(body).await?, "comment")
}

/// Whom a form or a body of JSON passes a decision on to; empty where a form does not say.
pub(in crate::http) async fn delegation(
    state: &AppState,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<DelegationBody, Refusal> {
    if !is_form(headers) {
        return body.read(state.clock.now()).await;
    }
    let mut pairs = pairs(body).await?;
    let to = field(&mut pairs, "to")?;
    Ok(DelegationBody {
        to: to.map_or_else(String::new, |to| to.trim().to_owned()),
        comment: field(&mut pairs, "comment")?,
    })
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(FORM))
}

/// Fields of a form, with their names.
async fn pairs(body: Incoming) -> Result<Vec<(String, String)>, Refusal> {
    let wrong = || {
        Refusal::field(
            "comment",
            "cannot be read: the form is too long, or no form",
        )
    };
    let text = body.form(MAX_FORM_BYTES).await?;
    if let Some(name) = not_utf8(&text) {
        let message = "is not UTF-8: encode the bytes of its UTF-8";
        return Err(Refusal::field(name, message));
    }
    let uri = format!("/?{text}").parse().map_err(|_| wrong())?;
    let extract::Query(pairs) = extract::Query::try_from_uri(&uri).map_err(|_| wrong())?;
    Ok(pairs)
}

/// First field of a name.
fn field(pairs: &mut Vec<(String, String)>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(at) = pairs.iter().position(|(known, _)| known == name) else {
        return Ok(None);
    };
    let (_, text) = pairs.swap_remove(at);
    if pairs.iter().any(|(known, _)| known == name) {
        return Err(Refusal::field(name, "is there twice; expected it once"));
    }
    if text.contains('\0') {
        return Err(Refusal::field(name, "must not contain a NUL character"));
    }
    Ok(Some(text.replace("\r\n", "\n")))
}
