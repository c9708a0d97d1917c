//! Work for the gateways and the store: every call of the store is made by something of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::{ActionId, Caller, Clock as _, Scope};
use acteon_gateway::ReplayRequest;
use acteon_store::{
    ActionState, DocumentKind, EventId, EventPosition, FlowKey, HistoryFilter, NoteSwap, OwnerId,
    PageRequest, StoreCall, StoreError,
};

use super::{Trial, quota};
use crate::faults::action;
use crate::silence::silence;
use crate::strangers::{
    no_flow, no_flow_claim, no_flow_filter, no_flow_hasten, nobodys_row, nothing_scheduled,
    nothing_to_hasten,
};

/// The first page of a look back.
const PAGE: PageRequest = PageRequest {
    after: None,
    offset: 0,
    limit: 5,
    count: false,
};

impl Trial {
    /// Something of everything, whatever comes of it.
    pub(in crate::faults) async fn work(&mut self) {
        self.round += 1;
        let round = self.round;
        for (number, kind) in ["plain", "retried", "refused", "silenced", "capped", "once"]
            .into_iter()
            .enumerate()
        {
            let node = self.nodes[number % 2].clone();
            self.dispatch(&node, format!("{kind}-{round}")).await;
            self.look();
        }
        self.change_policies().await;
        self.look();
        self.look_back().await;
        self.handle_dead_letters().await;
        self.call_the_store().await;
        self.call_the_store_for_flows().await;
        self.look();
        if round % 10 == 1 {
            self.start_and_stop_another().await;
        }
    }

    /// Reads: a dry run, the journal, its coverage, and one action by its id.
    async fn look_back(&self) {
        let gateway = self.node();
        let (everything, caller) = (Scope::everything(), Caller::anonymous());
        drop(gateway.dry_run(&action("dry"), &caller, None).await);
        drop(
            gateway
                .history(HistoryFilter::of(everything.clone()), PAGE)
                .await,
        );
        drop(
            gateway
                .coverage(HistoryFilter::of(everything.clone()), 5)
                .await,
        );
        drop(gateway.count_dead_letters(&everything).await);
        drop(
            gateway
                .find(&everything, &ActionId::parse("plain-1").expect("an id"))
                .await,
        );
    }

    /// Replays one dead letter, and takes the others off their list.
    async fn handle_dead_letters(&self) {
        let (gateway, caller) = (self.node(), Caller::anonymous());
        let dead = HistoryFilter {
            state: Some(ActionState::Dead),
            ..HistoryFilter::of(Scope::everything())
        };
        let request = ReplayRequest {
            filter: dead.clone(),
            after: None,
            limit: 1,
            max_replays: Some(1),
        };
        drop(gateway.replay_page(request, &caller).await);
        if let Ok(letters) = gateway.history(dead, PAGE).await {
            drop(
                gateway
                    .discard(letters.views.iter().map(|view| view.seq).collect())
                    .await,
            );
        }
    }

    /// Makes the calls that servers make beside their gateway, and those of gateways when something has slipped, which it does not here.
    async fn call_the_store(&mut self) {
        let now = self.clock.now();
        let results = [
            (
                StoreCall::SwapNote,
                self.store
                    .swap_note(NoteSwap {
                        name: "token".into(),
                        expected: None,
                        text: "t".into(),
                        now,
                        until: now + Duration::from_secs(1),
                    })
                    .await
                    .map(drop),
            ),
            (
                StoreCall::Documents,
                self.store.documents(DocumentKind::Silence).await.map(drop),
            ),
            (
                StoreCall::Document,
                self.store
                    .document(DocumentKind::Silence, "s")
                    .await
                    .map(drop),
            ),
            (
                StoreCall::DeadShares,
                self.store.dead_shares(5).await.map(drop),
            ),
            (
                StoreCall::Scheduled,
                self.store.scheduled(nothing_scheduled(now)).await.map(drop),
            ),
            (
                StoreCall::Events,
                self.store.events(EventPosition::START, 5).await.map(drop),
            ),
            (
                StoreCall::NewestEvent,
                self.store.newest_event().await.map(drop),
            ),
            (
                StoreCall::OldestEvent,
                self.store.oldest_event().await.map(drop),
            ),
            (
                StoreCall::HasEvent,
                self.store
                    .has_event(EventId::new(now, EventPosition::START))
                    .await
                    .map(drop),
            ),
            (
                StoreCall::OutcomesOf,
                self.store.outcomes_of(Vec::new()).await.map(drop),
            ),
            (
                StoreCall::Free,
                self.store.free(Vec::new(), now).await.map(drop),
            ),
            (
                StoreCall::Hasten,
                self.store.hasten(nothing_to_hasten(now)).await.map(drop),
            ),
            (
                StoreCall::Reroute,
                self.store.reroute(nobodys_row()).await.map(drop),
            ),
        ];
        self.see(&results);
    }

    /// Makes the calls of who works on flows, of which the gateways have none here.
    async fn call_the_store_for_flows(&mut self) {
        let (store, now) = (&self.store, self.clock.now());
        let kinds = [Arc::<str>::from("none")];
        let (scope, id) = (Scope::everything(), ActionId::parse("none").expect("an id"));
        let results = [
            (
                StoreCall::Advance,
                store.advance(no_flow(now)).await.map(drop),
            ),
            (
                StoreCall::ClaimFlows,
                store.claim_flows(no_flow_claim(now)).await.map(drop),
            ),
            (
                StoreCall::NextFlowDue,
                store.next_flow_due(&kinds).await.map(drop),
            ),
            (
                StoreCall::HastenFlows,
                store.hasten_flows(no_flow_hasten(now)).await.map(drop),
            ),
            (
                StoreCall::OwnedFlows,
                store.owned_flows(OwnerId(7), None, 5).await.map(drop),
            ),
            (
                StoreCall::FreeFlows,
                store.free_flows(Vec::new()).await.map(drop),
            ),
            (
                StoreCall::ActionForStep,
                store.action_for_step(&scope, &id).await.map(drop),
            ),
            (
                StoreCall::FlowForStep,
                store
                    .flow_for_step(&FlowKey::new("none", "x"))
                    .await
                    .map(drop),
            ),
            (
                StoreCall::FirstRecords,
                store.first_records(Vec::new()).await.map(drop),
            ),
            (
                StoreCall::Flow,
                store.flow(&FlowKey::new("none", "x")).await.map(drop),
            ),
            (
                StoreCall::Flows,
                store.flows(no_flow_filter()).await.map(drop),
            ),
            (
                StoreCall::CountFlows,
                store.count_flows(no_flow_filter()).await.map(drop),
            ),
            (StoreCall::FlowCounts, store.flow_counts().await.map(drop)),
        ];
        self.see(&results);
    }

    /// Notes whether the call that fails in this trial did.
    fn see(&mut self, results: &[(StoreCall, Result<(), StoreError>)]) {
        self.was_red |= results
            .iter()
            .any(|(call, result)| *call == self.call && result.is_err());
    }

    async fn change_policies(&self) {
        let (gateway, now) = (self.node(), self.clock.now());
        drop(
            gateway
                .create_silence(silence(now, ("kind", "nobody"), Duration::from_mins(1)))
                .await,
        );
        drop(gateway.create_quota(quota(now, "t", 1_000_000)).await);
        for quota in gateway.quotas(&Scope::everything()) {
            drop(gateway.quota_usage(&quota, "").await);
            if quota.tenant == "capped" {
                continue;
            }
            drop(gateway.delete_quota(&Scope::everything(), &quota.id).await);
        }
    }

    /// One that dies with an action in hand, and one that ends in good order.
    async fn start_and_stop_another(&mut self) {
        for dies in [true, false] {
            let Ok((other, is_cut)) = self.start(100 + self.round).await else {
                // Whoever starts a gateway hears it.
                self.was_red = true;
                continue;
            };
            if dies {
                self.dispatch(&other, format!("hangs-{}", self.round)).await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            if dies {
                is_cut.store(true, Ordering::SeqCst);
            } else {
                other.stop(Duration::from_secs(5)).await;
            }
            self.was_red |= other.store_is_failing();
        }
    }
}
