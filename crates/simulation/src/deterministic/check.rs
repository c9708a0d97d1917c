//! Checks of the promises that must hold after every run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acteon_core::limits::MAX_TAKEOVERS;
use acteon_core::{Outcome, Scope, with_causes};
use acteon_flows::approval::NOTICE_TYPE;
use acteon_gateway::Gateway;
use acteon_store::{
    ActionState, EventPosition, Events as _, History as _, HistoryFilter, MemoryStore, PageRequest,
    Record,
};

use super::answer::Answer;
use super::broken::Broken;
use super::ledger::Told;
use super::posted::Posted;
use super::provider_names::PLAIN;
use super::service::{CONCURRENCY, MEMBER_BUDGET, NOT_ALLOWED, Seen, Service};
use super::trace::{CANARY, Trace};
use super::{approvals, chains, counting, recurring};

/// Counts of a run that held all promises.
pub(super) struct Checked {
    pub(super) answered: usize,
    pub(super) sends: usize,
    pub(super) takeovers: usize,
}

/// Records of a finished run, to be checked against its journal.
pub(super) struct After<'a> {
    pub(super) seed: u64,
    pub(super) answers: &'a [Answer],
    pub(super) crashes: usize,
    pub(super) service: &'a Service,
    pub(super) trace: &'a Trace,
    pub(super) told: &'a Told,
}

pub(super) async fn everything(
    after: &After<'_>,
    store: &MemoryStore,
    gateway: &Gateway,
) -> Result<Checked, Broken> {
    let broken = |why: String| Broken::new(after.seed, why);
    let page = PageRequest {
        after: None,
        offset: 0,
        limit: 10_000,
        count: false,
    };
    let history = store
        .history(HistoryFilter::of(Scope::everything()), page)
        .await;
    let records = history
        .map_err(|error| broken(with_causes(&error).to_string()))?
        .records;
    let seen = after.service.seen();
    check_records(&records, &seen).map_err(broken)?;
    check_posted(&records, &seen, &after.service.posted()).map_err(broken)?;
    check_answers(after.answers, &records).map_err(broken)?;
    check_replays(&records).map_err(broken)?;
    counting::check(store, &records).await.map_err(broken)?;
    recurring::check(store, &records).await.map_err(broken)?;
    chains::check(store, &records, after.told)
        .await
        .map_err(broken)?;
    approvals::check(store, &records, after.told)
        .await
        .map_err(broken)?;
    check_budget(&seen, after.crashes).map_err(broken)?;
    check_events(&records, store).await.map_err(broken)?;
    if after.service.overruns() > 0 {
        return Err(broken(format!(
            "{} sends were begun without a lease",
            after.service.overruns()
        )));
    }
    for record in &records {
        let view = gateway
            .find(&Scope::everything(), &record.action.id)
            .await
            .map_err(|error| broken(with_causes(&error).to_string()))?;
        if format!("{view:?}").contains(CANARY) {
            return Err(broken(format!("{}: its secret is shown", record.action.id)));
        }
    }
    if after.trace.has_leaked()
        || after
            .answers
            .iter()
            .any(|answer| answer.outcome.contains(CANARY))
    {
        return Err(broken("a secret was shown".to_owned()));
    }
    let takeovers = records.iter().map(|record| record.takeovers as usize).sum();
    let sends = seen.values().map(|seen| seen.arrivals.len()).sum();
    Ok(Checked {
        answered: after.answers.len(),
        sends,
        takeovers,
    })
}

/// What is over was told at most once, in an order, and nothing else was. What was told a day ago by a clock that was set since may be gone.
async fn check_events(records: &[Record], store: &MemoryStore) -> Result<(), String> {
    let over = records
        .iter()
        .filter(|record| record.state != ActionState::Open)
        .map(|record| record.seq.0);
    let mut untold: BTreeSet<i64> = over.collect();
    let mut after = EventPosition::START;
    loop {
        let page = store
            .events(after, 100)
            .await
            .map_err(|error| with_causes(&error).to_string())?;
        for event in page.events {
            // What a flow tells on its way is told besides.
            if event.flow.is_some() && event.position > after {
                after = event.position;
                continue;
            }
            if !untold.remove(&event.action.seq.0) || event.position <= after {
                return Err(format!("{}: told twice, or too early", event.action.id));
            }
            after = event.position;
        }
        after = after.max(page.looked_to);
        if !page.more {
            return Ok(());
        }
    }
}

fn check_records(records: &[Record], seen: &BTreeMap<String, Seen>) -> Result<(), String> {
    let ids: BTreeSet<&str> = records
        .iter()
        .map(|record| record.action.id.as_str())
        .collect();
    if ids.len() != records.len() {
        return Err("an id is there twice".to_owned());
    }
    let none = Seen::default();
    for record in records {
        let seen = seen.get(record.action.id.as_str()).unwrap_or(&none);
        if let Some(why) = wrong_with(record, seen) {
            return Err(format!("{}: {why}", record.action.id));
        }
    }
    match seen
        .iter()
        .find(|(id, seen)| !seen.arrivals.is_empty() && !ids.contains(id.as_str()))
    {
        Some((unknown, _)) => Err(format!("{unknown} was sent and is not in the journal")),
        None => Ok(()),
    }
}

/// Checks that each action has the priority of its sender or its rule, that none was sent while an interval mutes it, and that none which its provider
/// was to hold ended by a failure that people repaired.
fn check_posted(
    records: &[Record],
    seen: &BTreeMap<String, Seen>,
    posted: &BTreeMap<String, Posted>,
) -> Result<(), String> {
    for record in records {
        let id = record.action.id.as_str();
        if let Some(posted) = posted
            .get(id)
            .filter(|posted| posted.priority() != record.priority)
        {
            return Err(format!(
                "{id} has priority {:?}, not {:?}",
                record.priority,
                posted.priority()
            ));
        }
        let outcome = record.outcome.as_deref().unwrap_or_default();
        if record.provider.as_str() != PLAIN
            && (outcome.contains(NOT_ALLOWED) || outcome.contains("CONFIGURATION"))
        {
            return Err(format!("{id} was to be held and ended: {outcome}"));
        }
        if seen.get(id).is_some_and(|seen| seen.early > 0) {
            return Err(format!("{id} was sent before its instant"));
        }
        if seen.get(id).is_some_and(|seen| seen.called_off) && !outcome.contains("Cancelled") {
            return Err(format!("{id} was called off and ended: {outcome}"));
        }
        if let Some(seen) = seen.get(id).filter(|seen| seen.muted > 0) {
            return Err(format!(
                "{id} was sent {} times while its interval mutes it",
                seen.muted
            ));
        }
    }
    Ok(())
}

fn check_answers(answers: &[Answer], records: &[Record]) -> Result<(), String> {
    for Answer { id, outcome } in answers {
        let Some(record) = records
            .iter()
            .find(|record| record.action.id.as_str() == id)
        else {
            return Err(format!("{id} was answered and is lost"));
        };
        let is_final = !outcome.starts_with(r#"{"Scheduled""#);
        if is_final && record.outcome.as_ref() != Some(outcome) {
            return Err(format!(
                "{id} was answered {outcome}, and then became {:?}",
                record.outcome
            ));
        }
    }
    Ok(())
}

/// Checks that a dead letter is off the list exactly if it was replayed, as one action.
fn check_replays(records: &[Record]) -> Result<(), String> {
    let of = |letter: &Record| {
        let id = letter.action.id.as_str();
        let went_on = |other: &&Record| {
            other.state != ActionState::Refused
                && other
                    .action
                    .metadata
                    .get("replayed_from")
                    .is_some_and(|from| from == id)
        };
        records.iter().filter(went_on).count()
    };
    for letter in records {
        match (letter.state, of(letter)) {
            (ActionState::Discarded, 1)
            | (ActionState::Done | ActionState::Dead | ActionState::Refused, 0) => {}
            (state, replays) => {
                return Err(format!(
                    "{} is {state:?} and went on {replays} times",
                    letter.action.id
                ));
            }
        }
    }
    Ok(())
}

/// Checks that a member gets no more messages in a minute than its budget allows. The bound is wider after crashes: what was in flight is forgotten, and
/// the budget is shared out again.
fn check_budget(seen: &BTreeMap<String, Seen>, crashes: usize) -> Result<(), String> {
    let mut at: Vec<Duration> = seen
        .values()
        .flat_map(|seen| &seen.arrivals)
        .filter(|arrival| arrival.member.is_some())
        .map(|arrival| arrival.at)
        .collect();
    at.sort_unstable();
    let most = 2 * MEMBER_BUDGET.per_minute + crashes * CONCURRENCY;
    for (first, begin) in at.iter().enumerate() {
        let within = at[first..]
            .iter()
            .take_while(|at| **at < *begin + Duration::from_mins(1))
            .count();
        if within > most {
            return Err(format!(
                "{within} messages reached one member within a minute, of {} that are delivered",
                MEMBER_BUDGET.per_minute
            ));
        }
    }
    Ok(())
}

/// The first thing that is wrong with an action that should be over.
fn wrong_with(record: &Record, seen: &Seen) -> Option<String> {
    wrong_state(record)
        .or_else(|| wrong_number_of_arrivals(record, seen))
        .or_else(|| wrong_bytes(seen))
        .or_else(|| wrong_mark(record, seen))
        .or_else(|| wrong_outcome(record, seen))
}

/// An action that is open, owned by a process, or without an outcome.
fn wrong_state(record: &Record) -> Option<String> {
    let is_over = matches!(
        record.state,
        ActionState::Done | ActionState::Dead | ActionState::Discarded | ActionState::Refused
    );
    (!is_over || record.owned || record.outcome.is_none())
        .then(|| format!("it is {:?}, which is no end", record.state))
}

/// More arrivals than the attempts and take-overs explain, or a second one without the mark.
fn wrong_number_of_arrivals(record: &Record, seen: &Seen) -> Option<String> {
    let (attempts, takeovers, arrivals) = (
        record.attempts as usize,
        record.takeovers as usize,
        seen.arrivals.len(),
    );
    if arrivals > attempts + takeovers {
        return Some(format!(
            "it arrived {arrivals} times, of {attempts} attempts and {takeovers} take-overs"
        ));
    }
    if arrivals > 1 + seen.unheard + takeovers {
        return Some(format!(
            "it arrived {arrivals} times, of which {} were unheard of, and {takeovers} take-overs",
            seen.unheard
        ));
    }
    (arrivals > 1 && !record.possible_duplicate)
        .then(|| format!("it arrived {arrivals} times and is not marked"))
}

/// Arrivals of one action that differ in their bytes.
fn wrong_bytes(seen: &Seen) -> Option<String> {
    let first = seen.arrivals.first()?;
    let other = seen
        .arrivals
        .iter()
        .find(|arrival| arrival.bytes != first.bytes)?;
    Some(format!(
        "it arrived as {:?} and then as {:?}",
        first.bytes, other.bytes
    ))
}

/// A mark or a count of take-overs without a send that was begun.
fn wrong_mark(record: &Record, seen: &Seen) -> Option<String> {
    // A replay takes over the mark of what it replays.
    if record.possible_duplicate && seen.begun == 0 && !is_replay(record) {
        return Some("it is marked as a possible duplicate and was never begun".to_owned());
    }
    let takeovers = record.takeovers as usize;
    (takeovers > seen.begun).then(|| {
        format!(
            "it is counted as in flight at {takeovers} deaths, and was begun {} times",
            seen.begun
        )
    })
}

/// An outcome that contradicts what arrived, or that no action of a run may end with.
fn wrong_outcome(record: &Record, seen: &Seen) -> Option<String> {
    let outcome: Outcome = serde_json::from_str(record.outcome.as_deref()?).ok()?;
    match outcome {
        Outcome::Executed(_) if seen.arrivals.is_empty() => {
            Some("it is executed and never arrived".to_owned())
        }
        // Nobody is told of what is over.
        Outcome::Failed { code, .. } if code == "EXPIRED" && is_notice(record) => None,
        Outcome::Failed { code, message, .. } if code == "EXPIRED" => {
            Some(format!("it expired within half an hour: {message}"))
        }
        Outcome::Failed { code, .. }
            if code == "POISONED" && seen.begun < MAX_TAKEOVERS as usize =>
        {
            Some(format!(
                "it is poisoned, and was begun {} times",
                seen.begun
            ))
        }
        Outcome::Executed(_) | Outcome::Failed { .. } => None,
        Outcome::Cancelled { .. }
        | Outcome::ChainStarted { .. }
        | Outcome::PendingApproval { .. }
            if seen.begun == 0 =>
        {
            None
        }
        Outcome::Throttled { .. } if is_replay(record) => None,
        other => Some(format!("it ended as {other:?}")),
    }
}

fn is_notice(record: &Record) -> bool {
    record.action.action_type.as_str() == NOTICE_TYPE
}

fn is_replay(record: &Record) -> bool {
    record.action.metadata.contains_key("replayed_from")
}
