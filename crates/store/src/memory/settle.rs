//! Settlements: changes of rows by their owners.

use std::sync::Arc;

use super::tables::Tables;
use crate::StoreError;
use crate::model::{ActionState, Settled, Settlement, Step};

impl Tables {
    pub(super) fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let Settlement {
            hold,
            at,
            attempts,
            durable_retries,
            takeovers,
            history,
            possible_duplicate,
            late_mark,
            waited_for: _,
            poke,
            step,
        } = settlement;
        let Some(entry) = self.entries.get_mut(&hold.seq.0) else {
            return Ok(Settled::Fenced);
        };
        if entry.record.state != ActionState::Open || entry.hold() != *hold {
            return Ok(Settled::Fenced);
        }
        let record = &mut entry.record;
        record.attempts = *attempts;
        record.possible_duplicate |= possible_duplicate;
        record.late_mark.clone_from(late_mark);
        if let Some(history) = history {
            record.history =
                serde_json::from_str(history).map_err(|error| StoreError::Engine(error.into()))?;
        }
        match step {
            Step::Progress { in_flight } => {
                record.durable_retries = *durable_retries;
                record.in_flight = *in_flight;
            }
            Step::PutOff {
                due_at,
                so_far,
                age,
            } => {
                record.durable_retries = *durable_retries;
                if let Some(age) = age {
                    (record.not_before, record.give_up_at) = (age.not_before, age.give_up_at);
                }
                record.due_at = *due_at;
                record.outcome = Some(Arc::clone(so_far));
                entry.own(0);
            }
            Step::End {
                outcome,
                text,
                class,
                refund,
            } => {
                record.takeovers = *takeovers;
                record.class = class.map(str::to_owned);
                entry.end(outcome, Arc::clone(text), *at);
                self.events.tell(*at, hold.seq);
                if let Some(charges) = refund {
                    self.refund(hold.seq, charges);
                }
                if let Some(poke) = poke {
                    self.poke(poke);
                }
            }
        }
        Ok(Settled::Written)
    }
}
