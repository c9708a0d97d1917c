//! Filters and pages of lists, out of the query.

use acteon_core::json::head;
use acteon_core::limits::{MAX_NAME_BYTES, MAX_OFFSET, MAX_PAGE};
use acteon_core::{Caller, ErrorKind, TO_REPAIR, Timestamp};
use acteon_store::{Cursor, HistoryFilter, PageRequest, Seq};

use axum::http::StatusCode;

use super::access::scope;
use super::query::Parameters;
use super::refusal::Refusal;
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

/// Words of verdicts, in the same order.
const VERDICTS: [&str; 12] = [
    "allow",
    "deny",
    "suppress",
    "deduplicate",
    "reroute",
    "throttle",
    "modify",
    "group",
    "state_machine",
    "request_approval",
    "chain",
    "schedule",
];

/// Classes of failures.
const CLASSES: [&str; 1] = [TO_REPAIR];

const DEFAULT_PAGE: usize = 50;

pub(super) fn filter(caller: &Caller, parameters: &Parameters) -> Result<HistoryFilter, Refusal> {
    let text = |name: &str| parameters.get(name).map(str::to_owned);
    let time = |name: &str| {
        parameters.parsed(
            name,
            "an RFC 3339 time such as 2026-01-31T09:00:00Z",
            Timestamp::parse,
        )
    };
    Ok(HistoryFilter {
        provider: text("provider"),
        action_type: text("action_type"),
        outcome: word(parameters, "outcome", &OUTCOMES)?,
        verdict: word(parameters, "verdict", &VERDICTS)?,
        rule: text("matched_rule"),
        caller: text("caller_id"),
        code: word(parameters, "code", &CODES)?,
        class: word(parameters, "class", &CLASSES)?,
        from: time("from")?,
        to: time("to")?,
        ..HistoryFilter::of(scope(caller, parameters)?)
    })
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
