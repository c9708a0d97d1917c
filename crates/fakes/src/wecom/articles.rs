//! Checks of articles: `news`, which link to a page, and `mpnews`, which have their text (page 90236 of the documentation).

use std::time::Instant;

use serde_json::{Value, json};

use super::media::check_id;
use super::medium::Kind;
use super::reply::{Refusal, refusal};
use super::texts::{check_url, head, needed};
use super::world::World;

const MAX_ARTICLES: usize = 8;
const MAX_TITLE: usize = 128;
const MAX_DESCRIPTION: usize = 512;
const MAX_PAGE: usize = 128;
const MAX_AUTHOR: usize = 64;
const MAX_HTML: usize = 666 * 1024;
const NO_TITLE: Refusal = refusal(41016, "missing title");

/// Articles as members see them; `true` when a text was cut.
pub(super) fn news(own: &Value, safe: i64) -> Result<(Value, bool), Refusal> {
    if safe != 0 {
        return Err(refusal(40074, "news message cannot be safe"));
    }
    shown(own, |article| {
        needed(article, "title", NO_TITLE)?;
        let text = |field: &str| article[field].as_str().unwrap_or_default();
        if text("pagepath").len() > MAX_PAGE {
            return Err(refusal(
                40058,
                "pagepath exceed max length 128. invalid Request Parameter",
            ));
        }
        let has_page = !text("appid").is_empty() && !text("pagepath").is_empty();
        if text("url").is_empty() && !has_page {
            return Err(refusal(41010, "missing url"));
        }
        for field in ["url", "picurl"] {
            if !text(field).is_empty() {
                check_url(text(field))?;
            }
        }
        Ok(cut(
            article,
            [("title", MAX_TITLE), ("description", MAX_DESCRIPTION)],
        ))
    })
}

/// Articles as members see them; `true` when a text was cut.
pub(super) fn mpnews(world: &World, own: &Value, now: Instant) -> Result<(Value, bool), Refusal> {
    shown(own, |article| {
        needed(article, "title", NO_TITLE)?;
        check_id(world, (article, "thumb_media_id"), Kind::Image, now)?;
        let content = needed(article, "content", refusal(44004, "empty content"))?;
        if content.len() > MAX_HTML {
            return Err(refusal(45002, "message content size out of limit"));
        }
        if article["author"]
            .as_str()
            .is_some_and(|author| author.len() > MAX_AUTHOR)
        {
            return Err(refusal(45032, "author size out of limit"));
        }
        Ok(cut(
            article,
            [("title", MAX_TITLE), ("digest", MAX_DESCRIPTION)],
        ))
    })
}

fn shown(
    own: &Value,
    check: impl Fn(&Value) -> Result<(Value, bool), Refusal>,
) -> Result<(Value, bool), Refusal> {
    let articles = own["articles"].as_array();
    let articles = articles
        .filter(|articles| !articles.is_empty())
        .ok_or(refusal(
            40058,
            "articles is empty. invalid Request Parameter",
        ))?;
    if articles.len() > MAX_ARTICLES {
        return Err(refusal(45008, "article count out of limit"));
    }
    let mut is_cut = false;
    let mut shown = Vec::new();
    for article in articles {
        let (article, cut) = check(article)?;
        is_cut |= cut;
        shown.push(article);
    }
    Ok((json!({ "articles": shown }), is_cut))
}

fn cut(article: &Value, limits: [(&str, usize); 2]) -> (Value, bool) {
    let mut shown = article.clone();
    let mut is_cut = false;
    for (field, most) in limits {
        is_cut |= head(&mut shown, field, most);
    }
    (shown, is_cut)
}
