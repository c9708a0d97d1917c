//! Entry of a planned action: over with its outcome, or to be sent; and its share of the open actions.

use acteon_core::{Action, Outcome, Requesters};
use acteon_store::{Begin, Conditions};

use crate::admit::ask_approval::asked;
use crate::admit::shares::{Entering, QueueFull};
use crate::admit::start_chain::started;
use crate::decide::plan::Step;
use crate::decide::route::Route;
use crate::policies::Postponed;
use crate::shared::Inner;

/// Entry of a planned action.
pub(crate) enum Entry {
    /// It is over, with this outcome.
    Over(Outcome),
    /// It is sent by one of these routes, if the gate admits it. What is postponed is sent later.
    ToSend(Conditions, Vec<Route>, Option<Postponed>),
}

impl Entry {
    /// Entry of an action with this step, and the flow that begins with it where it begins one.
    pub(super) fn of(
        inner: &Inner,
        requester: Requesters,
        rule: Option<&str>,
        step: Step,
    ) -> (Self, Vec<Begin>) {
        let start = match step {
            Step::End(outcome) => return (Self::Over(outcome), Vec::new()),
            Step::Send(conditions, routes, postponed) => {
                return (Self::ToSend(conditions, routes, postponed), Vec::new());
            }
            Step::Ask(ask) => {
                let (outcome, begin) = asked(inner, requester, rule, *ask);
                return (Self::Over(outcome), Vec::from_iter(begin));
            }
            Step::StartChain(start) => start,
        };
        match started(inner, requester, rule, *start) {
            Ok((outcome, begin)) => (Self::Over(outcome), vec![begin]),
            Err(error) => {
                let outcome = Outcome::Failed {
                    code: "CHAIN_NOT_STARTED".into(),
                    message: format!("the chain could not be started: {error}"),
                    retryable: false,
                    attempts: 0,
                };
                (Self::Over(outcome), Vec::new())
            }
        }
    }
}

/// Takes a share of the open actions for one that is to be sent, or of those that go later. Before
/// the commit and not after it: a thousand callers who arrive together would otherwise all see room
/// for one.
pub(crate) fn enter(
    inner: &Inner,
    action: &Action,
    entry: &Entry,
) -> Result<Option<Entering>, QueueFull> {
    let (first, is_later) = match entry {
        Entry::ToSend(_, routes, postponed) => (routes.first(), postponed.is_some()),
        Entry::Over(_) => (None, false),
    };
    first
        .map(|route| {
            let (shares, provider) = (&inner.shares, &route.entry.name);
            if is_later {
                shares.enter_later(provider, &action.tenant)
            } else {
                shares.enter(provider, &action.tenant)
            }
        })
        .transpose()
}
