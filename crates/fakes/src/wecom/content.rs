//! Checks of a message's content (page 90236 of the documentation). Texts that are too long are cut without an error.

use serde_json::{Value, json};

use super::reply::{Refusal, refusal};

const MAX_CONTENT_BYTES: usize = 2048;
const MAX_TITLE_CHARS: usize = 128;
const MAX_DESCRIPTION_CHARS: usize = 512;
const MAX_URL_BYTES: usize = 2048;

/// Content as members see it; `true` when it was cut. Errors when the service would refuse it.
pub(super) fn check(
    msgtype: &str,
    body: &Value,
    cut_markdown: bool,
) -> Result<(Value, bool), Refusal> {
    let own = &body[msgtype];
    match msgtype {
        "text" => {
            let content = needed(own, "content", refusal(44004, "empty content"))?;
            let (shown, cut) = cut_bytes(content);
            Ok((json!({ "content": shown }), cut))
        }
        "markdown" => {
            let content = needed(own, "content", refusal(44004, "empty content"))?;
            if content.len() > MAX_CONTENT_BYTES && !cut_markdown {
                return Err(refusal(
                    40058,
                    "markdown.content exceed max length 2048. invalid Request Parameter",
                ));
            }
            let (shown, cut) = cut_bytes(content);
            Ok((json!({ "content": shown }), cut))
        }
        "textcard" => card(own),
        _ => Err(refusal(40008, "invalid message type")),
    }
}

fn card(own: &Value) -> Result<(Value, bool), Refusal> {
    let title = needed(own, "title", refusal(41016, "missing title"))?;
    let description = needed(own, "description", refusal(41033, "missing description"))?;
    let url = needed(own, "url", refusal(41010, "missing url"))?;
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
            "textcard.url exceed max length 2048. invalid Request Parameter",
        ));
    }
    let head = |text: &str, limit| text.chars().take(limit).collect::<String>();
    let (shown_title, shown_description) = (
        head(title, MAX_TITLE_CHARS),
        head(description, MAX_DESCRIPTION_CHARS),
    );
    let cut = shown_title != title || shown_description != description;
    let button = own["btntxt"]
        .as_str()
        .filter(|text| !text.is_empty())
        .unwrap_or("详情");
    Ok((
        json!({ "title": shown_title, "description": shown_description, "url": url, "btntxt": button }),
        cut,
    ))
}

fn needed<'a>(own: &'a Value, field: &str, missing: Refusal) -> Result<&'a str, Refusal> {
    own[field]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or(missing)
}

/// Text cut to the limit in bytes, at a whole character; `true` when it was cut.
fn cut_bytes(content: &str) -> (&str, bool) {
    let end = content.floor_char_boundary(MAX_CONTENT_BYTES);
    (&content[..end], end < content.len())
}
