//! Advances of flows, each with all that follows.

use acteon_core::Timestamp;

use super::tables::Tables;
use crate::StoreError;
use crate::flows::{Advance, Advanced, Begin, Expect, first_version};
use crate::model::{Admission, Admitted, OwnerId};

impl Tables {
    /// All or nothing: what may fail is looked at before the first change.
    pub(super) fn advance(&mut self, advance: &Advance) -> Result<Advanced, StoreError> {
        advance.check()?;
        for history in advance
            .cancels
            .iter()
            .filter_map(|cancel| cancel.history.as_deref())
        {
            serde_json::from_str::<Vec<acteon_core::Attempt>>(history)
                .map_err(|error| StoreError::Engine(error.into()))?;
        }
        let found = self.flows.get(&advance.key);
        let version = match (&advance.expect, found) {
            (Expect::New(..), None) => first_version(advance.at),
            (Expect::Version(version), Some(flow)) if flow.version == *version => version + 1,
            (Expect::New(..) | Expect::Version(_), found) => {
                return Ok(Advanced::Changed(found.cloned()));
            }
        };
        self.write_state(advance, version);
        for event in &advance.events {
            self.events.tell_of_flow(event);
        }
        for begin in &advance.begins {
            self.begin(begin, advance.at);
        }
        let mut admitted = Vec::with_capacity(advance.admissions.len());
        for admission in &advance.admissions {
            admitted.push(self.admit_of(admission, advance.due)?);
        }
        let mut cancelled = Vec::with_capacity(advance.cancels.len());
        for cancel in &advance.cancels {
            cancelled.push(self.settle(cancel)?);
        }
        for poke in &advance.pokes {
            self.poke(poke);
        }
        let version = self
            .flows
            .get(&advance.key)
            .map_or(version, |flow| flow.version);
        Ok(Advanced::Written {
            version,
            admitted,
            cancelled,
        })
    }

    /// Admits an action, begins its flows and pokes its parent, due at an instant.
    pub(super) fn admit_of(
        &mut self,
        admission: &Admission,
        due: Timestamp,
    ) -> Result<Admitted, StoreError> {
        let admitted = self.admit(admission)?;
        for begin in admission.begun(&admitted) {
            self.begin(begin, admission.accepted_at);
        }
        if let Some(poke) = admission.poke(&admitted, due) {
            self.poke(&poke);
        }
        Ok(admitted)
    }

    fn write_state(&mut self, advance: &Advance, version: i64) {
        let Some(state) = &advance.state else {
            self.flows.remove(&advance.key);
            return;
        };
        match (&advance.expect, self.flows.get_mut(&advance.key)) {
            (Expect::New(namespace, tenant), _) => {
                let begin = Begin {
                    key: advance.key.clone(),
                    namespace: namespace.clone(),
                    tenant: tenant.clone(),
                    state: state.clone(),
                };
                self.begin(&begin, advance.at);
            }
            (Expect::Version(_), Some(flow)) => {
                flow.state = state.clone();
                flow.version = version;
                flow.owner = OwnerId::NOBODY;
                flow.takeovers = 0;
                flow.updated_at = advance.at;
            }
            (Expect::Version(_), None) => {}
        }
    }
}
