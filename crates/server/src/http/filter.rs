//! Filters and pages of lists, read from the query.

use acteon_core::json::head;
use acteon_core::limits::{MAX_NAME_BYTES, MAX_OFFSET, MAX_PAGE, MAX_SOUGHT_BYTES};
use acteon_core::{Caller, ErrorKind, TO_REPAIR, Timestamp, VerdictKind};
use acteon_gateway::Search;
use acteon_store::{Cursor, EventKind, HistoryFilter, PageRequest, Seq};

use super::error::Refusal;
use super::extract::query::{FromQuery, Parameters, refusal};
use super::extract::scope::Scoped;
use acteon_core::similar::nearest;

/// Parameters that filter actions, besides their scope.
const FILTERS: [&str; 10] = [
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
const SEARCHES: [&str; 5] = ["recipient", "message_id", "text", "signer_id", "kid"];

/// Words of outcomes: those that exist, then those of the wire format that nothing has.
pub(super) const OUTCOMES: [&str; 17] = [
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
    "cancelled",
    "grouped",
    "state_changed",
    "pending_approval",
    "chain_started",
    "pending",
];

/// Kinds of events: those that exist, then those of the wire format that nothing tells yet.
pub(super) const EVENT_TYPES: [&str; 12] = [
    EventKind::ActionDispatched.as_str(),
    EventKind::ChainAdvanced.as_str(),
    EventKind::ChainStepCompleted.as_str(),
    EventKind::ChainCompleted.as_str(),
    EventKind::ApprovalRequired.as_str(),
    EventKind::ApprovalResolved.as_str(),
    "group_flushed",
    "timeout",
    "scheduled_action_due",
    "group_event_added",
    "group_resolved",
    "action_status_changed",
];

/// Codes of failures: those of providers, then the gateway's own.
const CODES: [&str; 17] = [
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
    "CHAIN_FAILED",
    "CHAIN_NOT_FOUND",
    "CHAIN_NOT_STARTED",
    "APPROVAL_NEEDED",
    "APPROVAL_NOT_ASKED",
];

/// Classes that failures are filtered by.
const CLASSES: [&str; 1] = [TO_REPAIR];

const DEFAULT_PAGE: usize = 50;

/// Filters for actions, as a query gives them.
pub(super) struct Filters {
    scope: Scoped,
    provider: Option<String>,
    action_type: Option<String>,
    outcome: Option<String>,
    verdict: Option<String>,
    rule: Option<String>,
    caller: Option<String>,
    code: Option<String>,
    class: Option<String>,
    span: Span,
    /// Whether no filter is given, so that all actions match. A blank one, as an empty variable of
    /// a script makes it, is none.
    pub(super) is_empty: bool,
}

impl Filters {
    /// Filter within what a caller may find.
    pub(super) fn of(self, caller: &Caller) -> HistoryFilter {
        HistoryFilter {
            provider: self.provider,
            action_type: self.action_type,
            outcome: self.outcome,
            verdict: self.verdict,
            rule: self.rule,
            caller: self.caller,
            code: self.code,
            class: self.class,
            from: self.span.from,
            to: self.span.to,
            ..HistoryFilter::of(self.scope.of(caller))
        }
    }
}

impl FromQuery for Filters {
    fn names() -> Vec<&'static str> {
        [&Scoped::names()[..], &FILTERS].concat()
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let text = |name: &str| parameters.get(name).map(str::to_owned);
        // No action has a blank one, and nothing would be found: an empty variable of a script reads as if nothing had happened.
        let name = |name: &str| {
            let given = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
            parameters.parsed(name, "a name", given)
        };
        let span = Span::read(parameters)?;
        Ok(Self {
            provider: name("provider")?,
            action_type: name("action_type")?,
            outcome: word(parameters, "outcome", &OUTCOMES)?,
            verdict: word(parameters, "verdict", &verdicts())?,
            rule: text("matched_rule"),
            caller: text("caller_id"),
            code: word(parameters, "code", &CODES)?,
            class: word(parameters, "class", &CLASSES)?,
            span,
            scope: Scoped::read(parameters)?,
            is_empty: Self::names()
                .iter()
                .all(|name| parameters.get(name).unwrap_or_default().trim().is_empty()),
        })
    }
}

/// First and last instant that a query asks for, either of which may be absent.
pub(super) struct Span {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

impl FromQuery for Span {
    fn names() -> Vec<&'static str> {
        vec!["from", "to"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        match (parameters.time("from")?, parameters.time("to")?) {
            (Some(from), Some(to)) if from > to => Err(refusal(format!(
                "from is after to, so nothing lies between: from is {from}, to is {to}"
            ))),
            (from, to) => Ok(Self { from, to }),
        }
    }
}

/// Execution of a chain whose actions a query asks for, if any.
pub(super) struct OfChain(pub(super) Option<String>);

impl FromQuery for OfChain {
    fn names() -> Vec<&'static str> {
        vec!["chain_id"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let id = |text: &str| {
            let fits = (1..=MAX_NAME_BYTES).contains(&text.len());
            fits.then(|| text.to_owned())
        };
        let chain = parameters.parsed("chain_id", "the id of a chain", id)?;
        Ok(Self(chain))
    }
}

/// Words of verdicts: those that exist, then those of the wire format.
fn verdicts() -> Vec<&'static str> {
    VerdictKind::ALL
        .map(VerdictKind::as_str)
        .into_iter()
        .chain(VerdictKind::LATER)
        .collect()
}

/// Words that a parameter may have; `None` where it takes any text.
pub(super) fn words(name: &str) -> Option<Vec<&'static str>> {
    match name {
        "outcome" => Some(OUTCOMES.to_vec()),
        "verdict" => Some(verdicts()),
        "code" => Some(CODES.to_vec()),
        "class" => Some(CLASSES.to_vec()),
        "event_type" => Some(EVENT_TYPES.to_vec()),
        _ => None,
    }
}

/// Search that a query asks for, if any.
pub(super) struct Sought(pub(super) Option<Search>);

impl FromQuery for Sought {
    fn names() -> Vec<&'static str> {
        SEARCHES.to_vec()
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        if SEARCHES.iter().all(|name| parameters.get(name).is_none()) {
            return Ok(Self(None));
        }
        if parameters.get("offset").is_some() {
            return Err(refusal(
                "offset has no effect on a search, which counts nothing: go on with the next_cursor of the page before",
            ));
        }
        // Names have no blanks at their ends. A part of a text may.
        let name = |name: &str| {
            Ok::<_, Refusal>(sought(parameters, name)?.map(|text| text.trim().to_owned()))
        };
        Ok(Self(Some(Search {
            recipient: name("recipient")?,
            message_id: name("message_id")?,
            text: sought(parameters, "text")?,
            signer_id: name("signer_id")?,
            kid: name("kid")?,
            chain_id: None,
        })))
    }
}

fn sought(parameters: &Parameters, name: &str) -> Result<Option<String>, Refusal> {
    let fits = |text: &str| {
        (!text.trim().is_empty() && text.len() <= MAX_SOUGHT_BYTES).then(|| text.to_owned())
    };
    parameters.parsed(
        name,
        &format!("a text of 1 to {MAX_SOUGHT_BYTES} bytes, and not of blanks alone"),
        fits,
    )
}

/// Word of a list, in any case. A misspelt one would find nothing, which reads as if nothing had
/// happened.
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
    Err(refusal(message))
}

/// Page that a query asks for; by default the newest [`DEFAULT_PAGE`].
pub(super) struct Paged(pub(super) PageRequest);

impl FromQuery for Paged {
    fn names() -> Vec<&'static str> {
        vec!["limit", "offset", "cursor"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let limit = limit(parameters, DEFAULT_PAGE)?;
        let offset = parameters.parsed(
            "offset",
            "a number up to 5000; go further with cursor",
            |text| text.parse().ok().filter(|offset| *offset <= MAX_OFFSET),
        )?;
        let after =
            parameters.parsed("cursor", "the next_cursor of the page before", parse_cursor)?;
        Ok(Self(PageRequest {
            after,
            offset: offset.unwrap_or(0),
            limit,
            count: after.is_none(),
        }))
    }
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
