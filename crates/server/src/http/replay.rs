//! Sending earlier actions again: what is asked for, and what is answered.

use acteon_gateway::{ReplayPage, ReplayRequest, ReplayResult, Replayed};
use acteon_store::HistoryFilter;
use serde_json::{Value, json};

use super::dispatch::wire;
use super::filter::{cursor_text, limit, page};
use super::query::Parameters;
use super::refusal::Refusal;

/// Parameters beside the filters.
pub(super) const PARAMETERS: [&str; 3] = ["limit", "cursor", "max_replays"];

/// Actions sent again by one request where it does not say how many.
const DEFAULT_REPLAY: usize = 100;

/// The request for what a filter finds.
pub(super) fn request(filter: HistoryFilter, parameters: &Parameters) -> Result<ReplayRequest, Refusal> {
    let after = page(parameters)?.after;
    let limit = limit(parameters, DEFAULT_REPLAY)?;
    let max_replays = parameters.parsed("max_replays", "a number such as 0", |text| text.parse().ok())?;
    Ok(ReplayRequest { filter, after, limit, max_replays })
}

/// What came of one.
pub(super) fn one(replayed: &Replayed) -> Value {
    let Replayed { original, new_id, result } = replayed;
    let (success, error, answer) = match result {
        ReplayResult::Sent(answer) => (true, None, Some(answer)),
        ReplayResult::HeldBack(answer) => (false, Some("held back: it was not sent".to_owned()), Some(answer)),
        ReplayResult::LeftAlone(why) => (false, Some(format!("left alone: {why}")), None),
        ReplayResult::Refused(error) => (false, Some(error.to_string()), None),
    };
    let mut body = json!({ "original_action_id": original, "new_action_id": new_id, "success": success, "error": error });
    if let Some(answer) = answer {
        let outcome: Value = serde_json::from_str(&wire(&answer.outcome, false)).unwrap_or_default();
        body["success"] = json!(success && outcome.get("Failed").is_none());
        body["outcome"] = outcome;
    }
    if is_skipped(replayed) {
        body["skipped"] = json!(true);
    }
    body
}

/// What came of many.
pub(super) fn many(page: &ReplayPage) -> Value {
    let skipped = page.replayed.iter().filter(|replayed| is_skipped(replayed)).count();
    let results: Vec<Value> = page.replayed.iter().map(one).collect();
    let replayed = results.iter().filter(|result| result["success"] == true).count();
    let failed = results.len() - replayed - skipped;
    let mut body = json!({ "replayed": replayed, "failed": failed, "skipped": skipped, "results": results });
    if let Some(next) = page.next {
        body["next_cursor"] = json!(cursor_text(next));
    }
    body
}

fn is_skipped(replayed: &Replayed) -> bool {
    matches!(replayed.result, ReplayResult::HeldBack(_) | ReplayResult::LeftAlone(_))
}
