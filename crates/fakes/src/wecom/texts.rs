//! Texts of messages: those that must be there, addresses, and cuts.

use serde_json::{Value, json};

use super::reply::{Refusal, refusal};

const MAX_URL_BYTES: usize = 2048;

/// Checks an address.
pub(super) fn check_url(url: &str) -> Result<(), Refusal> {
    let begins = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    if !begins("http://") && !begins("https://") {
        return Err(refusal(45034, "url lacks http:// or https://"));
    }
    if url.len() > MAX_URL_BYTES {
        return Err(refusal(
            40058,
            "url exceed max length 2048. invalid Request Parameter",
        ));
    }
    Ok(())
}

/// Cuts a text of an object to so many bytes, at a whole character; `true` when it was cut.
pub(super) fn head(object: &mut Value, field: &str, most: usize) -> bool {
    let Some(text) = object[field].as_str().filter(|text| text.len() > most) else {
        return false;
    };
    object[field] = json!(text[..text.floor_char_boundary(most)]);
    true
}

pub(super) fn needed<'a>(
    own: &'a Value,
    field: &str,
    missing: Refusal,
) -> Result<&'a str, Refusal> {
    own[field]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or(missing)
}
