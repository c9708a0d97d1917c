//! What must hold after every run.

use std::collections::BTreeSet;

use acteon_core::{Outcome, Scope};
use acteon_gateway::Gateway;
use acteon_store::{HistoryFilter, PageRequest, Record, State, Store};

use super::service::Service;
use super::trace::Trace;
use super::{Answer, CANARY};

/// A promise that did not hold, and the seed that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub why: String,
}

impl Broken {
    pub(super) fn new(seed: u64, why: String) -> Self {
        Self { seed, why }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.why)
    }
}

impl std::error::Error for Broken {}

/// What was counted.
pub(super) struct Checked {
    pub(super) answered: usize,
    pub(super) sends: usize,
    pub(super) takeovers: usize,
}

pub(super) async fn everything(
    seed: u64,
    answers: &[Answer],
    service: &Service,
    store: &dyn Store,
    gateway: &Gateway,
    trace: &Trace,
) -> Result<Checked, Broken> {
    let broken = |why: String| Err(Broken::new(seed, why));
    let page = PageRequest { after: None, offset: 0, limit: 10_000, count: false };
    let history = store.history(HistoryFilter::of(Scope::everything()), page).await;
    let records = history.map_err(|error| Broken::new(seed, error.to_string()))?.records;
    let arrived = service.arrived();
    let ids: BTreeSet<&str> = records.iter().map(|record| record.action.id.as_str()).collect();
    if ids.len() != records.len() {
        return broken("an id is there twice".to_owned());
    }
    for record in &records {
        let arrivals = arrived.get(record.action.id.as_str()).copied().unwrap_or(0);
        if let Some(why) = wrong_with(record, arrivals) {
            return broken(format!("{}: {why}", record.action.id));
        }
        let view = gateway.find(&Scope::everything(), &record.action.id).await.map_err(|error| Broken::new(seed, error.to_string()))?;
        if format!("{view:?}").contains(CANARY) {
            return broken(format!("{}: its secret is shown", record.action.id));
        }
    }
    for Answer { id, outcome } in answers {
        let Some(record) = records.iter().find(|record| record.action.id.as_str() == id) else {
            return broken(format!("{id} was answered and is lost"));
        };
        let is_final = !outcome.starts_with(r#"{"Scheduled""#);
        if is_final && record.outcome.as_ref() != Some(outcome) {
            return broken(format!("{id} was answered {outcome}, and then became {:?}", record.outcome));
        }
    }
    if let Some(unknown) = arrived.keys().find(|id| !ids.contains(id.as_str())) {
        return broken(format!("{unknown} was sent and is not in the journal"));
    }
    if service.overruns() > 0 {
        return broken(format!("{} sends were begun without a lease", service.overruns()));
    }
    if trace.has_leaked() || answers.iter().any(|answer| answer.outcome.contains(CANARY)) {
        return broken("a secret was shown".to_owned());
    }
    let takeovers = records.iter().map(|record| record.takeovers as usize).sum();
    Ok(Checked { answered: answers.len(), sends: arrived.values().sum(), takeovers })
}

/// What is wrong with an action that should be over.
fn wrong_with(record: &Record, arrivals: usize) -> Option<String> {
    if !matches!(record.state, State::Done | State::Dead) || record.owned || record.outcome.is_none() {
        return Some(format!("it is {:?}, which is no end", record.state));
    }
    let outcome: Outcome = serde_json::from_str(record.outcome.as_deref().unwrap_or_default()).ok()?;
    let (attempts, takeovers) = (record.attempts as usize, record.takeovers as usize);
    if arrivals > attempts + takeovers {
        return Some(format!("it arrived {arrivals} times, of {attempts} attempts and {takeovers} take-overs"));
    }
    if arrivals > 1 && !record.possible_duplicate {
        return Some(format!("it arrived {arrivals} times and is not marked"));
    }
    match outcome {
        Outcome::Executed(_) if arrivals == 0 => Some("it is executed and never arrived".to_owned()),
        Outcome::Executed(_) | Outcome::Failed { .. } => None,
        other => Some(format!("it ended as {other:?}")),
    }
}
