//! Dry runs: what a dispatch would come to, up to the sending, now or at another instant. Nothing
//! is written.

use std::sync::Arc;

use acteon_core::{Action, Caller, DryRun, LastError, Origin, Outcome, Timestamp};
use acteon_rules::RuleError;
use acteon_store::{ActionState, Enqueue, Judged, StoreError};

use crate::admit::pending::{left_alone, recorded};
use crate::admit::routes::to_store;
use crate::admit::sender::Sender;
use crate::decide::plan::{Plan, Step};
use crate::registry::ProviderEntry;
use crate::shared::{Gateway, Inner};

/// Name of the outcome of what would start a chain.
const CHAIN_STARTED: &str = "chain_started";

/// Name of the outcome of what people would decide about.
const PENDING_APPROVAL: &str = "pending_approval";

impl Gateway {
    /// Forecast of a dispatch, up to the sending, at `at` or else now. Writes nothing.
    ///
    /// Ids, counters and dedup keys are those that there are now, whatever the instant: what others
    /// will send until then nobody knows.
    pub async fn dry_run(
        &self,
        action: &Action,
        caller: &Caller,
        at: Option<Timestamp>,
    ) -> Result<Arc<str>, StoreError> {
        let inner = &self.inner;
        let now = at.unwrap_or_else(|| inner.clock.now());
        if let Some(known) = known(inner, action, caller).await? {
            return Ok(Outcome::DryRun(Box::new(known)).to_json());
        }
        let policies = match at {
            Some(at) => {
                let (policies, action) = (inner.policies.load_full(), action.clone());
                let then = self
                    .aside(move || Arc::new(policies.as_of(at, &action)))
                    .await;
                then.ok_or_else(|| {
                    StoreError::Engine("the look at silences that have ended broke off".into())
                })?
            }
            None => inner.policies.load_full(),
        };
        let plan = inner.plan_by(&policies, action, Origin::Api, caller, now);
        let judged = match &plan.step {
            Step::End(_) | Step::StartChain(_) | Step::Ask(_) => None,
            Step::Send(conditions, routes, _) => {
                let routes = routes
                    .iter()
                    .map(|route| to_store(route, Enqueue::DueAt(now)))
                    .collect();
                let _turn = inner
                    .dry_runs
                    .acquire()
                    .await
                    .map_err(|_| StoreError::Closed)?;
                Some(inner.store.judge(conditions.clone(), routes, now).await?)
            }
        };
        // How a provider will be at another instant is not known.
        let at_provider = |entry: &ProviderEntry| {
            let wait = entry
                .breaker
                .as_ref()
                .filter(|_| at.is_none())?
                .open_for(inner.clock.monotonic())?;
            Some(left_alone(inner, action, entry, wait))
        };
        Ok(plan.dry_run(action, judged, at_provider).to_json())
    }
}

/// Dry run of a dispatch whose id is known: its earlier outcome, or a refusal where the id belongs
/// to another request.
async fn known(
    inner: &Inner,
    action: &Action,
    caller: &Caller,
) -> Result<Option<DryRun>, StoreError> {
    let Some((record, _turn)) = inner.known_looks.find(&*inner.store, action).await? else {
        return Ok(None);
    };
    // // What was refused for now is decided again when the same is asked for again.
    if record.state == ActionState::Refused && record.action.asks_the_same_at_sight(action) {
        return Ok(None);
    }
    let mut said = DryRun {
        verdict: record.verdict.clone(),
        matched_rule: record.rule.as_deref().map(str::to_owned),
        would_be_provider: record.provider.clone(),
        would_be: "refused".into(),
        outcome: None,
        refusal: None,
        quotas_exceeded: Vec::new(),
        rule_errors: Vec::new(),
    };
    let sender = Sender {
        origin: Origin::Api,
        caller: caller.id.clone(),
    };
    if let Some(conflict) = sender.conflict(inner, &record, action) {
        let message = conflict.to_string();
        // What was decided about the other request is nothing of this one.
        (said.verdict, said.matched_rule, said.would_be_provider) =
            ("none".into(), None, action.provider.clone());
        said.refusal = Some(LastError {
            code: "ID_CONFLICT".into(),
            message,
            retryable: false,
        });
        return Ok(Some(said));
    }
    let outcome: Option<Outcome> =
        serde_json::from_str(&recorded(inner, &record, inner.waiters.so_far(record.seq))).ok();
    outcome
        .as_ref()
        .map_or("scheduled", Outcome::as_str)
        .clone_into(&mut said.would_be);
    said.outcome = outcome.map(Outcome::as_published);
    Ok(Some(said))
}

impl Plan {
    /// Answer to a dry run that found this plan. `judged` is the gate's answer, and `at_provider`
    /// gives the outcome at an open breaker.
    pub(crate) fn dry_run(
        self,
        action: &Action,
        judged: Option<Judged>,
        at_provider: impl Fn(&ProviderEntry) -> Option<Outcome>,
    ) -> Outcome {
        let Self {
            verdict,
            rule,
            rule_errors,
            priority: _,
            step,
            template_error,
        } = self;
        let mut quotas_exceeded = Vec::new();
        let mut provider = action.provider.clone();
        let begins = match step {
            Step::StartChain(_) => Some(CHAIN_STARTED),
            Step::Ask(_) => Some(PENDING_APPROVAL),
            Step::End(_) | Step::Send(..) => None,
        };
        let outcome = match (step, judged) {
            (Step::End(outcome), _) | (Step::Send(..), Some(Judged::Refused(outcome))) => {
                Some(outcome)
            }
            // Their ids are made when they begin.
            (Step::StartChain(_) | Step::Ask(_), _) => None,
            (Step::Send(_, routes, postponed), judged) => {
                let (number, over) = match judged {
                    Some(Judged::Go { route, over }) => (route, over),
                    _ => (0, Vec::new()),
                };
                let route = routes.get(number);
                if let Some(route) = route {
                    provider = route.entry.name.clone();
                    quotas_exceeded = over
                        .iter()
                        .filter_map(|index| route.quotas.get(*index))
                        .map(|quota| quota.id.clone())
                        .collect();
                }
                match postponed {
                    Some(postponed) => Some(postponed.outcome(action)),
                    None => route.and_then(|route| at_provider(&route.entry)),
                }
            }
        };
        let goes = if let Some(begins) = begins {
            begins
        } else if provider == action.provider {
            "executed"
        } else {
            "rerouted"
        };
        Outcome::DryRun(Box::new(DryRun {
            verdict: verdict.as_str().to_owned(),
            matched_rule: rule.as_deref().map(str::to_owned),
            would_be_provider: provider,
            would_be: outcome.as_ref().map_or(goes, Outcome::as_str).to_owned(),
            outcome,
            quotas_exceeded,
            refusal: None,
            rule_errors: rule_errors
                .into_iter()
                .map(|RuleError { rule, message }| format!("{rule}: {message}"))
                .chain(template_error)
                .collect(),
        }))
    }
}
