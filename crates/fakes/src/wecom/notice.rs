//! Checks of a mini program's notice (page 90236 of the documentation). Every mini program counts as bound to every app.

use serde_json::Value;

use super::reply::{Refusal, refusal};
use super::texts::needed;

/// Characters of the title and of the description.
const TITLE: std::ops::RangeInclusive<usize> = 4..=12;
const MAX_PAGE: usize = 1024;
const MAX_ITEMS: usize = 10;
const MAX_KEY: usize = 10;
const MAX_VALUE: usize = 30;

/// Notice as members see it. `touser` are those whom it goes to.
pub(super) fn check(own: &Value, touser: &str) -> Result<(Value, bool), Refusal> {
    if touser == "@all" {
        return Err(refusal(
            40058,
            "miniprogram_notice not support @all. invalid Request Parameter",
        ));
    }
    needed(own, "appid", refusal(90200, "missing appid"))?;
    let title = needed(own, "title", refusal(41016, "missing title"))?;
    let description = own["description"].as_str().unwrap_or_default();
    for text in [title, description] {
        if !text.is_empty() && !TITLE.contains(&text.chars().count()) {
            return Err(refusal(
                40058,
                "miniprogram_notice title length must be 4 to 12. invalid Request Parameter",
            ));
        }
    }
    if own["page"].as_str().unwrap_or_default().len() > MAX_PAGE {
        return Err(refusal(90204, "invalid page of miniprogram_notice"));
    }
    let items = own["content_item"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if items.len() > MAX_ITEMS {
        return Err(refusal(90201, "too many content_item"));
    }
    for item in items {
        let limits = [
            (
                "key",
                MAX_KEY,
                refusal(90202, "invalid key of content_item"),
            ),
            (
                "value",
                MAX_VALUE,
                refusal(90203, "invalid value of content_item"),
            ),
        ];
        for (field, most, wrong) in limits {
            if needed(item, field, wrong)?.chars().count() > most {
                return Err(wrong);
            }
        }
    }
    Ok((own.clone(), false))
}
