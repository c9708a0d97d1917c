//! The `Content-Type` of a request.

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use crate::http::error::Refusal;

/// Refuses a body that is not JSON in UTF-8. Returns the charset that it names instead, if text of
/// ASCII alone is the same in it.
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
        if is_unlike_ascii(charset) {
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

/// Value of a header, refused where it is given twice: which of the two is meant, nobody can tell.
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

/// Beginnings of charsets' names, in small letters and digits alone, in which ASCII text has other
/// bytes than in UTF-8: those of wider units, those that write other letters with ASCII's, and
/// EBCDIC. In all others, such as GBK or Latin-1, the bytes are the same, and some programs name
/// one without a thought.
const UNLIKE_ASCII: [&str; 13] = [
    "utf16",
    "utf32",
    "utf7",
    "unicode",
    "ucs",
    "csucs",
    "csunicode",
    "iso10646",
    "iso2022",
    "csiso2022",
    "hz",
    "scsu",
    "ebcdic",
];

/// Whether ASCII text has other bytes in the charset of this name.
fn is_unlike_ascii(charset: &str) -> bool {
    let name = charset.bytes().filter(u8::is_ascii_alphanumeric);
    let name: String = name
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let page = ["cp", "ibm"]
        .into_iter()
        .find_map(|of| name.strip_prefix(of)?.parse().ok());
    UNLIKE_ASCII.iter().any(|unlike| name.starts_with(unlike)) || page.is_some_and(is_ebcdic)
}

/// Whether a code page is none of those of DOS and Windows, and so probably EBCDIC.
fn is_ebcdic(page: u32) -> bool {
    !matches!(
        page,
        367 | 437
            | 720
            | 737
            | 775
            | 850..=869
            | 874
            | 932
            | 936
            | 949
            | 950
            | 1250..=1258
            | 28591..=28606
            | 51936
            | 54936
            | 65001
    )
}

/// Charsets that the content type names, other than UTF-8 and ASCII, which is a part of it.
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

/// Whether a request says that its body is JSON. No form of a web page can say so.
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
