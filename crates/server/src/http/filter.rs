//! Filters and pages of lists, out of the query.

use acteon_core::json::head;
use acteon_core::limits::{MAX_NAME_BYTES, MAX_OFFSET, MAX_PAGE, MAX_SOUGHT_BYTES};
use acteon_core::{Caller, ErrorKind, TO_REPAIR, Timestamp, VerdictKind};
use acteon_gateway::Search;
use acteon_store::{Cursor, HistoryFilter, PageRequest, Seq};

use axum::http::StatusCode;

use super::error::Refusal;
use super::extract::caller::scope;
use super::extract::query::Parameters;
use crate::similar::nearest;

/// Parameters that filter actions.
pub(super) const FILTERS: [&str; 12] = [
    "namespace",
    "tenant",
    "provider",
    "action_type",
    "outcome",
    "verdict",
    "matched_rule",
    "caller_id",
    "code",
    "class",
    "from",
    "to",
];

/// Parameters that search what the filters let through, for lists.
pub(super) const SEARCHES: [&str; 3] = ["recipient", "message_id", "text"];

/// Filters of the wire format for what is not built: nothing can match them.
pub(super) const NEVER: [&str; 3] = ["chain_id", "signer_id", "kid"];

/// Parameters that choose a page.
pub(super) const PAGES: [&str; 3] = ["limit", "offset", "cursor"];

/// Words of outcomes: those that are built, then those of the wire format that nothing has yet.
const OUTCOMES: [&str; 16] = [
    "executed",
    "failed",
    "scheduled",
    "rerouted",
    "suppressed",
    "deduplicated",
    "throttled",
    "quota_exceeded",
    "circuit_open",
    "silenced",
    "muted",
    "grouped",
    "state_changed",
    "pending_approval",
    "chain_started",
    "pending",
];

/// Codes of failures: those of providers, then the gateway's own.
const CODES: [&str; 12] = [
    ErrorKind::NotFound.code(),
    ErrorKind::ExecutionFailed.code(),
    ErrorKind::Timeout.code(),
    ErrorKind::Connection.code(),
    ErrorKind::Configuration.code(),
    ErrorKind::RateLimited.code(),
    ErrorKind::Serialization.code(),
    "PROVIDER_NOT_FOUND",
    "EXPIRED",
    "POISONED",
    "UNREADABLE",
    "HELD",
];

/// Classes of failures.
const CLASSES: [&str; 1] = [TO_REPAIR];

const DEFAULT_PAGE: usize = 50;

pub(super) fn filter(caller: &Caller, parameters: &Parameters) -> Result<HistoryFilter, Refusal> {
    let text = |name: &str| parameters.get(name).map(str::to_owned);
    let (from, to) = parameters.span()?;
    Ok(HistoryFilter {
        provider: text("provider"),
        action_type: text("action_type"),
        outcome: word(parameters, "outcome", &OUTCOMES)?,
        verdict: word(parameters, "verdict", &verdicts())?,
        rule: text("matched_rule"),
        caller: text("caller_id"),
        code: word(parameters, "code", &CODES)?,
        class: word(parameters, "class", &CLASSES)?,
        from,
        to,
        ..HistoryFilter::of(scope(caller, parameters)?)
    })
}

/// Names of verdicts, in the same order as those of outcomes.
fn verdicts() -> Vec<&'static str> {
    VerdictKind::ALL
        .map(VerdictKind::as_str)
        .into_iter()
        .chain(VerdictKind::LATER)
        .collect()
}

/// What to search for, if anything is.
pub(super) fn search(parameters: &Parameters) -> Result<Option<Search>, Refusal> {
    if SEARCHES.iter().all(|name| parameters.get(name).is_none()) {
        return Ok(None);
    }
    if parameters.get("offset").is_some() {
        let message = "offset has no effect on a search, which counts nothing: go on with the next_cursor of the page before";
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "INVALID_QUERY",
            message,
        ));
    }
    let sought = |name: &str| {
        let fits = |text: &str| {
            (!text.trim().is_empty() && text.len() <= MAX_SOUGHT_BYTES).then(|| text.to_owned())
        };
        parameters.parsed(
            name,
            &format!("a text of 1 to {MAX_SOUGHT_BYTES} bytes, and not of blanks alone"),
            fits,
        )
    };
    // Names have no blanks at their ends. A part of a text may.
    let name = |name: &str| Ok::<_, Refusal>(sought(name)?.map(|text| text.trim().to_owned()));
    Ok(Some(Search {
        recipient: name("recipient")?,
        message_id: name("message_id")?,
        text: sought("text")?,
    }))
}

/// A word out of a list, in whichever case. A misspelt one would find nothing, which reads as if nothing had happened.
pub(super) fn word(
    parameters: &Parameters,
    name: &str,
    known: &[&'static str],
) -> Result<Option<String>, Refusal> {
    let Some(text) = parameters.get(name) else {
        return Ok(None);
    };
    if let Some(word) = known.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return Ok(Some((*word).to_owned()));
    }
    let shown = head(text, MAX_NAME_BYTES);
    let (lower, by_lower) = (
        shown.to_ascii_lowercase().replace(['-', ' '], "_"),
        |word: &&str| word.to_ascii_lowercase(),
    );
    let known_in_lower: Vec<String> = known.iter().map(by_lower).collect();
    let near = nearest(&lower, known_in_lower.iter().map(String::as_str))
        .and_then(|near| known.iter().find(|word| word.eq_ignore_ascii_case(near)));
    let hint = near.map_or(String::new(), |near| format!("did you mean {near}? "));
    let message = format!(
        "the query parameter {name:?} is {shown:?}, which is none of its words; {hint}known are: {}",
        known.join(", ")
    );
    Err(Refusal::new(
        StatusCode::BAD_REQUEST,
        "INVALID_QUERY",
        message,
    ))
}

/// The page asked for; the newest fifty without a word.
pub(super) fn page(parameters: &Parameters) -> Result<PageRequest, Refusal> {
    let limit = limit(parameters, DEFAULT_PAGE)?;
    let offset = parameters.parsed(
        "offset",
        "a number up to 5000; go further with cursor",
        |text| text.parse().ok().filter(|offset| *offset <= MAX_OFFSET),
    )?;
    let after = parameters.parsed("cursor", "the next_cursor of the page before", parse_cursor)?;
    Ok(PageRequest {
        after,
        offset: offset.unwrap_or(0),
        limit,
        count: after.is_none(),
    })
}

pub(super) fn limit(parameters: &Parameters, default: usize) -> Result<usize, Refusal> {
    let in_range = |text: &str| {
        text.parse()
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
    };
    Ok(parameters
        .parsed("limit", "a number from 1 to 1000", in_range)?
        .unwrap_or(default))
}

pub(super) fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}", cursor.at.as_millis(), cursor.seq.0)
}

pub(super) fn parse_cursor(text: &str) -> Option<Cursor> {
    let (at, seq) = text.split_once('.')?;
    Some(Cursor {
        at: Timestamp::from_millis(at.parse().ok()?),
        seq: Seq(seq.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_can_be_asked_for() {
        for kind in VerdictKind::ALL {
            assert!(verdicts().contains(&kind.as_str()));
        }
    }
}
