//! Checks of a message's content (page 90236 of the documentation). Texts that are too long are cut without an error.

use std::time::Instant;

use serde_json::{Value, json};

use super::media;
use super::medium::Kind;
use super::reply::{Refusal, refusal};
use super::texts::{check_url, head, needed};
use super::world::World;
use super::{articles, notice};

const MAX_CONTENT_BYTES: usize = 2048;
const MAX_TITLE_CHARS: usize = 128;
const MAX_DESCRIPTION_CHARS: usize = 512;
const MAX_VIDEO_TITLE: usize = 128;
const MAX_VIDEO_DESCRIPTION: usize = 512;

/// Content as members see it; `true` when it was cut. Errors when the service would refuse it.
pub(super) fn check(
    world: &World,
    msgtype: &str,
    body: &Value,
    now: Instant,
) -> Result<(Value, bool), Refusal> {
    let own = &body[msgtype];
    let safe = body["safe"].as_i64().unwrap_or_default();
    let medium = |kind| media::check(world, (own, kind), safe == 1, now);
    match msgtype {
        "image" => medium(Kind::Image),
        "voice" => medium(Kind::Voice),
        "file" => medium(Kind::File),
        "video" => {
            medium(Kind::Video)?;
            let mut shown = own.clone();
            let cut_title = head(&mut shown, "title", MAX_VIDEO_TITLE);
            let cut = head(&mut shown, "description", MAX_VIDEO_DESCRIPTION);
            Ok((shown, cut_title || cut))
        }
        "news" => articles::news(own, safe),
        "mpnews" => articles::mpnews(world, own, now),
        "miniprogram_notice" => notice::check(own, body["touser"].as_str().unwrap_or_default()),
        "text" => {
            let content = needed(own, "content", refusal(44004, "empty content"))?;
            let (shown, cut) = cut_bytes(content);
            Ok((json!({ "content": shown }), cut))
        }
        "markdown" => {
            let content = needed(own, "content", refusal(44004, "empty content"))?;
            if content.len() > MAX_CONTENT_BYTES && !world.settings.cut_markdown {
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
    check_url(url)?;
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

/// Text cut to the limit in bytes, at a whole character; `true` when it was cut.
fn cut_bytes(content: &str) -> (&str, bool) {
    let end = content.floor_char_boundary(MAX_CONTENT_BYTES);
    (&content[..end], end < content.len())
}
