//! A store that random work is done on, and what it says.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use acteon_core::{ActionId, Scope};
use acteon_store::{
    Admission, Admitted, Advance, Advanced, Begin, Conditions, Disposition, Enqueue, Expect, Flow,
    FlowClaim, FlowFilter, FlowHold, FlowState, Hold, Order, Overage, OwnerId, Poke, QuotaCheck,
    Record, Route, Settlement, Step, Store,
};

use super::work::{ACTIONS, Next, Wanted, Work};
use crate::flows::{advance, cancel, key, kinds, namespace, over, tenant};
use crate::{at, claim_rows, end, executed, route, settlement, with_disposition};

/// A store, and what its processes know of it.
pub(super) struct Side {
    store: Arc<dyn Store>,
    owners: Vec<OwnerId>,
    /// Versions that each flow had, the oldest first.
    versions: BTreeMap<String, Vec<i64>>,
    held: Vec<(String, Hold)>,
}

impl Side {
    pub(super) async fn begin(store: Arc<dyn Store>) -> Self {
        let mut owners = Vec::new();
        for _ in 0..3 {
            owners.push(store.register().await.expect("an owner"));
        }
        Self {
            store,
            owners,
            versions: BTreeMap::new(),
            held: Vec::new(),
        }
    }

    /// Does a step, and says what it came to, without numbers of this store.
    pub(super) async fn work(&mut self, work: &Work) -> String {
        match work {
            Work::Advance { .. } => self.advance(work).await,
            Work::Admit(wanted) => {
                let admitted = self
                    .store
                    .admit(admission(wanted))
                    .await
                    .expect("an answer");
                said(&admitted)
            }
            Work::Register => {
                let owner = self.store.register().await.expect("an owner");
                self.owners.rotate_left(1);
                self.owners.truncate(2);
                self.owners.push(owner);
                String::new()
            }
            Work::Dies(place) => {
                let owner = self.owners[*place as usize];
                let beats = self.store.heartbeats().await.expect("beats");
                let dead = beats
                    .into_iter()
                    .filter(|beat| beat.owner == owner)
                    .collect();
                let freed = self.store.take_over(dead, at(600)).await.expect("freed");
                format!("{freed:?}")
            }
            Work::Ends(place) => {
                self.store
                    .retire(self.owners[*place as usize], at(600))
                    .await
                    .expect("retired");
                String::new()
            }
            Work::ClaimFlows(place, now) => self.claim_flows(*place, *now).await,
            Work::FreeFlows(place) => {
                let owner = self.owners[*place as usize];
                let holds: Vec<FlowHold> =
                    self.store.owned_flows(owner, None, 3).await.expect("holds");
                let names = shown(holds.iter().map(|hold| &hold.key));
                let freed = self.store.free_flows(holds).await.expect("freed");
                format!("{freed} of {names}")
            }
            Work::ClaimActions(place) => self.claim_actions(*place).await,
            Work::Settle {
                place,
                flow,
                due,
                ends,
            } => self.settle(*place, flow, *due, *ends).await,
        }
    }

    async fn advance(&mut self, work: &Work) -> String {
        let Work::Advance {
            flow,
            begins,
            back,
            next,
            admissions,
            begun,
            cancels,
            pokes,
        } = work
        else {
            unreachable!("an advance");
        };
        let state = match next {
            Next::Waits(due) => Some(waiting(*due)),
            Next::Over => Some(over()),
            Next::Gone => None,
        };
        let known = self.versions.get(flow).map_or(&[][..], Vec::as_slice);
        let version = known.iter().rev().nth(*back).copied().unwrap_or(77);
        let wanted = match begins {
            Some(due) => advance(
                flow,
                Expect::New(namespace(), tenant("t")),
                Some(waiting(Some(*due))),
            ),
            None => advance(flow, Expect::Version(version), state),
        };
        let mut called_off = Vec::new();
        for id in cancels {
            // As it was read, whoever has it.
            called_off.extend(self.find(id).await.iter().map(cancel));
        }
        let wanted = Advance {
            admissions: admissions.iter().map(admission).collect(),
            begins: begun.iter().map(begin).collect(),
            cancels: called_off,
            pokes: pokes.iter().map(poke).collect(),
            ..wanted
        };
        match self.store.advance(wanted).await.expect("an answer") {
            Advanced::Written {
                version,
                admitted,
                cancelled,
            } => {
                let now = self.store.flow(&key(flow)).await.expect("an answer");
                assert!(now.is_none_or(|now| now.version == version), "{work:?}");
                format!("{} {cancelled:?}", shown(admitted.iter().map(said)))
            }
            Advanced::Changed(found) => {
                format!("changed {:?}", found.map(|found| self.seen(&found)))
            }
        }
    }

    async fn claim_flows(&self, place: u64, now: i64) -> String {
        let claim = FlowClaim {
            owner: self.owners[place as usize],
            now: at(now),
            kinds: kinds(&["chain"]),
            limit: 100,
        };
        let mut claimed = self.store.claim_flows(claim).await.expect("claimed");
        assert!(claimed.is_sorted_by_key(|flow| flow.state.due_at));
        claimed.sort_by_key(|flow| flow.key.clone());
        shown(claimed.iter().map(|flow| self.seen(flow)))
    }

    async fn claim_actions(&mut self, place: u64) -> String {
        let owner = self.owners[place as usize];
        let rooms = vec![acteon_store::Room::of(vec![crate::provider("p")], 3)];
        let rows = acteon_store::ClaimRows::Due(rooms);
        let claimed = claim_rows(&*self.store, owner, 300, rows).await;
        for record in &claimed {
            let hold = Hold {
                seq: record.seq,
                owner,
                fence: record.fence,
            };
            self.held.push((record.action.id.to_string(), hold));
        }
        shown(claimed.iter().map(|record| record.action.id.to_string()))
    }

    async fn settle(&mut self, place: u64, flow: &str, due: i64, ends: bool) -> String {
        let Some((id, hold)) = self.held.iter().rev().nth(place as usize).cloned() else {
            return String::new();
        };
        let step = if ends {
            end(executed())
        } else {
            Step::PutOff {
                due_at: at(due),
                so_far: "{}".into(),
                age: None,
            }
        };
        let settlement = Settlement {
            hold,
            poke: Some(poke(&(flow.to_owned(), due))),
            ..settlement(hold.seq, hold.owner, step)
        };
        let settled = self.store.settle(settlement).await.expect("an answer");
        format!("{id} {settled:?}")
    }

    async fn find(&self, id: &str) -> Option<Record> {
        let id = ActionId::parse(id).expect("an id");
        let found = self
            .store
            .find(&Scope::everything(), &id)
            .await
            .expect("an answer");
        found.into_iter().next()
    }

    /// Flow without numbers of this store: which of its processes owns it, and no version.
    fn seen(&self, flow: &Flow) -> String {
        let owner = self.owners.iter().position(|owner| *owner == flow.owner);
        let Flow {
            key,
            namespace,
            tenant,
            state,
            takeovers,
            created_at,
            updated_at,
            ..
        } = flow;
        format!(
            "{key} {namespace} {tenant} {state:?} {owner:?} {takeovers} {created_at} {updated_at}"
        )
    }

    /// All flows, each with whether it was changed since the last look.
    pub(super) async fn look(&mut self) -> String {
        let filter = FlowFilter {
            kind: "chain".into(),
            scope: Scope::everything(),
            status: None,
            after: None,
            order: Order::OldestFirst,
            limit: 100,
            max_bytes: usize::MAX,
        };
        let flows = self.store.flows(filter).await.expect("flows").flows;
        let next = self
            .store
            .next_flow_due(&kinds(&["chain"]))
            .await
            .expect("a due time");
        let mut all = vec![format!("{next:?} {}", self.store.open_count())];
        for flow in &flows {
            let known = self.versions.entry(flow.key.id.to_string()).or_default();
            let is_changed = known.last() != Some(&flow.version);
            if is_changed {
                known.push(flow.version);
            }
            all.push(format!("{} {is_changed}", self.seen(flow)));
        }
        // One that begins again is another.
        self.versions
            .retain(|id, _| flows.iter().any(|flow| *flow.key.id == **id));
        all.join("\n")
    }

    pub(super) async fn actions(&self) -> String {
        let mut all = Vec::new();
        for number in 0..ACTIONS {
            if let Some(record) = self.find(&format!("c{number}")).await {
                all.push(format!(
                    "{number} {:?} {:?} {} {}",
                    record.state, record.parent, record.owned, record.attempts
                ));
            }
        }
        format!("{:?} {}", self.store.used("q").await, all.join("\n"))
    }
}

fn shown(items: impl Iterator<Item = impl Debug>) -> String {
    format!("{:?}", items.collect::<Vec<_>>())
}

fn said(admitted: &Admitted) -> String {
    match admitted {
        Admitted::Open { route, over, .. } => format!("open {route} {over:?}"),
        Admitted::Ended(outcome) => outcome.as_str().to_owned(),
        Admitted::NoLetter => "no letter".into(),
        Admitted::Existing(_) => "existing".into(),
    }
}

fn waiting(due: Option<i64>) -> FlowState {
    crate::flows::waits(due)
}

fn poke((flow, due): &(String, i64)) -> Poke {
    crate::flows::poke(flow, *due)
}

fn begin((flow, due): &(String, i64)) -> Begin {
    crate::flows::begin(flow, Some(*due))
}

fn admission(wanted: &Wanted) -> Admission {
    let quota = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: tenant("t"),
        max_actions: 10,
        resets_at: at(3600),
        overage: Overage::Block,
    };
    let route = Route {
        quotas: if wanted.is_charged {
            vec![quota]
        } else {
            Vec::new()
        },
        ..route("p", Enqueue::DueAt(at(105)))
    };
    let disposition = if wanted.is_over {
        Disposition::Ended(executed())
    } else {
        Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route],
        }
    };
    Admission {
        parent: wanted.parent.as_deref().map(key),
        begins: wanted.begins.iter().map(begin).collect(),
        ..with_disposition(&wanted.id, at(100), disposition)
    }
}
