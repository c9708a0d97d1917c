//! Admissions: the gate checks an action, and its row is written.

use std::sync::Arc;

use acteon_core::{Outcome, Prepared};

use super::tables::{JournalRow, Tables};
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{ActionState, Admission, Admitted, Charges, Disposition, Record, Route, Seq};

impl Tables {
    pub(super) fn admit(&mut self, admission: &Admission) -> Result<Admitted, StoreError> {
        let action = &admission.action;
        let id = (
            action.id.to_string(),
            action.tenant.to_string(),
            action.namespace.to_string(),
        );
        if let Some(found) = self.by_id.get(&id).and_then(|seq| self.entries.get(seq))
            && (found.record.state != ActionState::Refused
                || !found.record.action.asks_the_same_at_sight(action))
        {
            return Ok(Admitted::Existing(found.record.seq));
        }
        let is_dead = |letter: Seq| {
            self.entries
                .get(&letter.0)
                .is_some_and(|entry| entry.record.state == ActionState::Dead)
        };
        if admission.letter.is_some_and(|letter| !is_dead(letter)) {
            return Ok(Admitted::NoLetter);
        }
        let (conditions, routes) = match &admission.disposition {
            Disposition::Ended(outcome) => return Ok(self.end(id, admission, outcome)),
            Disposition::Send { conditions, routes } => (conditions, routes),
        };
        let (route, over) = match judge(self, conditions, routes, admission.accepted_at)? {
            Judged::Refused(outcome) => return Ok(self.end(id, admission, &outcome)),
            Judged::Go { route, over } => (route, over),
        };
        let chosen = routes.get(route).ok_or_else(StoreError::no_route)?;
        if let Some(owner) = chosen.enqueue.owner()
            && !self.processes.contains_key(&owner.0)
        {
            return Err(StoreError::Fenced);
        }
        let charges = conditions.charges(&chosen.quotas);
        let seq = self.insert(id, admission, Some(chosen), charges);
        self.charge(
            conditions,
            &chosen.quotas,
            (seq, &action.id),
            admission.accepted_at,
        );
        self.take_off(admission.letter);
        Ok(Admitted::Open { seq, route, over })
    }

    /// Takes a dead letter off the list, which an action replaces.
    fn take_off(&mut self, letter: Option<Seq>) {
        if let Some(letter) = letter.and_then(|letter| self.entries.get_mut(&letter.0)) {
            letter.record.state = ActionState::Discarded;
        }
    }

    fn end(
        &mut self,
        id: (String, String, String),
        admission: &Admission,
        outcome: &Outcome,
    ) -> Admitted {
        if admission.leaves_letter() {
            return Admitted::Ended(outcome.clone());
        }
        let seq = self.insert(id, admission, None, Charges::default());
        self.take_off(admission.letter);
        if let Some(entry) = self.entries.get_mut(&seq.0) {
            entry.end(outcome, outcome.to_json(), admission.accepted_at);
        }
        self.events.tell(admission.accepted_at, seq);
        Admitted::Ended(outcome.clone())
    }

    fn insert(
        &mut self,
        id: (String, String, String),
        admission: &Admission,
        route: Option<&Route>,
        charges: Charges,
    ) -> Seq {
        self.last_seq += 1;
        let seq = Seq(self.last_seq);
        let owner = route
            .and_then(|route| route.enqueue.owner())
            .map_or(0, |owner| owner.0);
        let prepared = route.map(|route| Arc::new(Prepared::clone(&route.prepared)));
        let record = Record {
            seq,
            action: Arc::clone(&admission.action),
            origin: admission.origin,
            caller: admission.caller.id.to_string(),
            auth_method: admission.caller.auth_method.to_owned(),
            verdict: admission.verdict.as_str().to_owned(),
            rule: admission.rule.clone(),
            provider: route.map_or_else(
                || admission.action.provider.clone(),
                |route| route.provider.clone(),
            ),
            charges,
            prepared,
            priority: admission.priority,
            accepted_at: admission.accepted_at,
            not_before: route.map_or(admission.accepted_at, |route| route.not_before),
            give_up_at: route.map_or(admission.accepted_at, |route| route.give_up_at),
            state: ActionState::Open,
            owned: owner != 0,
            in_flight: route.is_some_and(|route| route.enqueue.is_in_flight()),
            fence: 0,
            due_at: route.map_or(admission.accepted_at, |route| {
                route.enqueue.due_at(route.not_before)
            }),
            attempts: 0,
            durable_retries: 0,
            takeovers: 0,
            possible_duplicate: admission.possible_duplicate,
            history: Vec::new(),
            late_mark: None,
            outcome: route.and_then(|route| route.so_far.clone()),
            finished_at: None,
            class: None,
            parent: admission.parent.clone(),
            unreadable: None,
        };
        self.entries.insert(
            seq.0,
            JournalRow {
                record,
                owner,
                superseded: false,
                tag: "",
                code: None,
            },
        );
        if let Some(before) = self
            .by_id
            .insert(id, seq.0)
            .and_then(|before| self.entries.get_mut(&before))
        {
            before.superseded = true;
        }
        seq
    }
}
