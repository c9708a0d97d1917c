//! Actions that flows want: decided about like those of callers, and admitted by the commit that advances the flow.

use std::sync::Arc;

use acteon_core::{Action, Caller, Origin, Outcome, Requesters, Timestamp};
use acteon_store::{Admission, Admitted, Disposition, Enqueue, FlowKey, Turn};

use crate::admit::accept::Candidate;
use crate::admit::entry::{Entry, enter};
use crate::admit::flow_shares::taken;
use crate::admit::request::DispatchRequest;
use crate::admit::routes::to_store;
use crate::admit::shares::{Entering, QueueFull};
use crate::decide::route::Route;
use crate::observe::{OutcomeEvent, emit};
use crate::shared::Inner;

/// Action on its way into a commit, with the share that it takes there.
pub(crate) struct Child {
    candidate: Candidate,
    entering: Option<Entering>,
    routes: Vec<Route>,
}

impl Child {
    /// Decides about an action that a flow wants, and that these principals caused; `parent` is poked when it is over. The row is nobody's at first: the runner claims it like any other that is due.
    /// Its age counts from `since`, unless it is postponed; when it is given up counts from now, since it was not tried before.
    pub(crate) fn plan(
        inner: &Inner,
        (action, origin): (&Arc<Action>, Origin),
        requester: Requesters,
        since: Timestamp,
        parent: Option<&FlowKey>,
    ) -> Result<(Self, Admission), QueueFull> {
        let request = DispatchRequest {
            action: Action::clone(action),
            origin,
            caller: Caller::gateway(),
            requester,
            letter: None,
            possible_duplicate: false,
        };
        let (candidate, caller, entry) = Candidate::planned(inner, request);
        let entering = enter(inner, candidate.action(), &entry)?;
        let (disposition, routes) = match entry {
            Entry::Over(outcome) => (Disposition::Ended(outcome), Vec::new()),
            Entry::ToSend(conditions, routes, postponed) => {
                let since = inner.due.of_wall(since);
                let is_postponed = postponed.is_some();
                let so_far =
                    postponed.map(|postponed| postponed.outcome(candidate.action()).to_json());
                let to_store = |route: &Route| {
                    let not_before = if is_postponed {
                        route.not_before
                    } else {
                        route.not_before.min(since)
                    };
                    acteon_store::Route {
                        so_far: so_far.clone(),
                        not_before,
                        ..to_store(route, Enqueue::DueAt(not_before))
                    }
                };
                let send = Disposition::Send {
                    conditions,
                    routes: routes.iter().map(to_store).collect(),
                };
                (send, routes)
            }
        };
        let admission = Admission {
            parent: parent.cloned(),
            ..candidate.admission(caller, disposition, Turn::Batch)
        };
        let child = Self {
            candidate,
            entering,
            routes,
        };
        Ok((child, admission))
    }

    /// Action that is over, and was never to be sent.
    pub(crate) fn ended(
        inner: &Inner,
        action: &Arc<Action>,
        origin: Origin,
        outcome: Outcome,
    ) -> (Self, Admission) {
        let candidate = Candidate::undecided(inner, Arc::clone(action), origin);
        let disposition = Disposition::Ended(outcome);
        let admission = candidate.admission(Caller::gateway(), disposition, Turn::Batch);
        let child = Self {
            candidate,
            entering: None,
            routes: Vec::new(),
        };
        (child, admission)
    }

    /// Tells what came of the admission, once it is committed.
    pub(crate) fn admitted(self, inner: &Arc<Inner>, admitted: &Admitted) {
        match admitted {
            Admitted::Open { route, over, .. } => {
                let Some(chosen) = self.routes.get(*route) else {
                    return;
                };
                if let Some(entering) = self.entering {
                    entering.opened(&chosen.entry.name);
                }
                self.candidate.tell_quotas(inner, chosen, *route, over);
            }
            Admitted::Ended(outcome) => {
                let event = OutcomeEvent::at_the_gate(
                    self.candidate.action(),
                    outcome,
                    self.candidate.rule(),
                );
                emit(&*inner.observer, &event);
                let begun = taken(self.candidate.tell_begins(inner));
                inner.flow_shares.begun(begun);
            }
            // The step was done before, by this process or by one that died.
            Admitted::Existing(_) | Admitted::NoLetter => {}
        }
    }
}
