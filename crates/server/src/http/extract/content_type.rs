//! What a request says that its body is.

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use crate::http::error::Refusal;

/// Refuses a body that is not JSON in UTF-8. Returns the other coding that it says it is in, if that is the same for ASCII alone.
pub(super) fn check_type(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    once(headers, &header::CONTENT_TYPE)?;
    if !has_json(headers) {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        return Err(unsupported(format!(
            "the content type must be application/json, is {content_type:?}"
        )));
    }
    let mut of_ascii = None;
    for charset in charsets_besides_utf8(headers) {
        if !LIKE_ASCII
            .iter()
            .any(|like| charset.eq_ignore_ascii_case(like))
        {
            return Err(other_charset(charset));
        }
        of_ascii = Some(charset.to_owned());
    }
    let encodings = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if encodings
        .map(<[u8]>::trim_ascii)
        .any(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity"))
    {
        return Err(unsupported(
            "compressed bodies are not taken: leave out content-encoding".into(),
        ));
    }
    Ok(of_ascii)
}

/// Refuses a header that is given twice: which of the two is meant, nobody can tell.
pub(in crate::http) fn once(headers: &HeaderMap, name: &HeaderName) -> Result<(), Refusal> {
    if headers.get_all(name).iter().nth(1).is_none() {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::BAD_REQUEST,
        "INVALID_HEADER",
        format!("the header {name} is given twice; a request has one"),
    ))
}

/// Codings in which a text of ASCII alone is the same as in UTF-8. Some programs name one without a thought.
const LIKE_ASCII: [&str; 4] = ["iso-8859-1", "latin1", "windows-1252", "cp1252"];

/// The codings that the content type names, other than UTF-8 and the part of it that is ASCII.
fn charsets_besides_utf8(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let parameters = content_type
        .into_iter()
        .flat_map(|text| text.split(';').skip(1));
    let charsets = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let named = charsets.map(|(_, charset)| charset.trim().trim_matches('"'));
    named.filter(|charset| {
        !["utf-8", "utf8", "us-ascii", ""]
            .iter()
            .any(|read| charset.eq_ignore_ascii_case(read))
    })
}

pub(super) fn other_charset(charset: &str) -> Refusal {
    let charset = head(charset, MAX_NAME_BYTES);
    unsupported(format!(
        "the content type says charset={charset}, and only utf-8 is read: send it as UTF-8, and say so or nothing"
    ))
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        message,
    )
}

/// Whether a request says that its body is JSON. No form can say so.
pub(in crate::http) fn has_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5
            && essence.is_char_boundary(essence.len() - 5)
            && essence[essence.len() - 5..].eq_ignore_ascii_case("+json"))
}
