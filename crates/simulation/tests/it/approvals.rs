//! Approvals that somebody decides about when the process that should have followed them up is gone.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    ActionId, Caller, Clock, Namespace, Origin, Outcome, Provider, ProviderName, Scope, Tenant,
    Timestamp, with_causes,
};
use acteon_flows::approval::{ApprovalFlow, Choice, Refusal, Status};
use acteon_gateway::{
    AnyApproval, ApprovalError, ApprovalPart, ChainFilter, Decider, Gateway, GatewayOptions, Link,
    LinkTarget, LinkUse, Parts, Registry, Wait,
};
use acteon_rules::{Context, RuleFile, RuleSet};
use acteon_simulation::harness::SeededEntropy;
use acteon_store::{
    Advance, Begin, Expect, Flow, FlowKey, FlowState, Flows as _, MemoryStore, Store,
};
use serde_json::{Value, json};

use crate::faults::{Service, Silent, action};
use crate::steps::Stepped;

const HOUR: i64 = 3_600_000;

const RULES: &str = r"
rules:
  - {name: all, condition: 'true', action: {type: request_approval, notify_provider: p, timeout_seconds: 3600}}
";

/// Gateway that asks about everything, its store, and the approval that it asked for.
struct Asked {
    gateway: Gateway,
    store: Arc<MemoryStore>,
    clock: Arc<Stepped>,
    key: FlowKey,
    /// End of the time to decide, by the wall clock when it began.
    expires_at: Timestamp,
}

impl Asked {
    async fn start() -> Self {
        let (store, clock) = (Arc::<MemoryStore>::default(), Arc::new(Stepped::new()));
        let mut registry = Registry::default();
        let service = Arc::<Service>::default() as Arc<dyn Provider>;
        let name = ProviderName::parse("p").expect("a name");
        registry.add(name, service).expect("a provider");
        let file = RuleFile {
            name: "rules.yaml".to_owned(),
            text: RULES.to_owned(),
        };
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(7)),
            observer: Arc::new(Silent),
            registry,
            rules: RuleSet::compile(&[file], &Context::default()).expect("rules"),
            options: GatewayOptions::default(),
        };
        let gateway = Gateway::start(parts).await.expect("a gateway");
        let posted = gateway
            .dispatch(
                action("a"),
                Origin::Api,
                Caller::anonymous(),
                Wait::ForCommit,
            )
            .await
            .expect("an answer");
        let outcome = serde_json::from_str(&posted.outcome).expect("an outcome");
        let Outcome::PendingApproval {
            approval_id,
            expires_at,
            ..
        } = outcome
        else {
            panic!("{outcome:?}")
        };
        Self {
            gateway,
            store,
            clock,
            key: FlowKey::new(ApprovalFlow::NAME, &approval_id),
            expires_at,
        }
    }

    async fn flow(&self) -> Flow {
        let found = self.store.flow(&self.key).await.expect("an answer");
        found.expect("an approval")
    }

    /// Leaves the approval as it stands with these keys, and this status, until somebody changes it.
    async fn leave(&self, status: &str, keys: &Value) {
        self.put(status, keys, Vec::new()).await;
    }

    /// Approval with these keys, and this status, with flows that begin with it. It is due where it is not stuck.
    async fn put(&self, status: &str, keys: &Value, begins: Vec<Begin>) {
        // Its first step is over when its message is there.
        let notice = format!("approval:{}:0:0", self.key.id);
        self.until_there(&notice).await;
        let mut flow = self.flow().await;
        let mut body: Value = serde_json::from_str(&flow.state.body).expect("a body");
        for (key, value) in keys.as_object().expect("keys") {
            body[key] = value.clone();
        }
        flow.state.body = body.to_string().into();
        flow.state.status = status.into();
        flow.state.due_at = Some(flow.updated_at).filter(|_| status == "damaged");
        let advance = Advance {
            key: flow.key,
            expect: Expect::Version(flow.version),
            at: flow.updated_at,
            due: flow.updated_at,
            state: Some(flow.state),
            admissions: Vec::new(),
            begins,
            cancels: Vec::new(),
            pokes: Vec::new(),
            events: Vec::new(),
        };
        self.store.advance(advance).await.expect("written");
    }

    /// What the list has of it.
    async fn listed(&self, status: Option<&str>) -> AnyApproval {
        let part = ApprovalPart {
            after: None,
            limit: 10,
        };
        let list = self
            .gateway
            .approvals(&Scope::everything(), status, part)
            .await;
        let [found] = <[_; 1]>::try_from(list.expect("a list").approvals).expect("one");
        found
    }

    async fn cancel(&self) -> AnyApproval {
        let caller = Caller::anonymous();
        let answer = self
            .gateway
            .cancel_approval(&caller, &self.key.id, Some("no"));
        answer.await.expect("it is cancelled")
    }

    async fn approve(&self) -> Result<Status, ApprovalError> {
        let caller = Caller::anonymous();
        let decider = Decider::Caller(&caller, &self.key.id);
        let answer = self.gateway.decide_approval(decider, Choice::Approve, None);
        Ok(answer.await?.shown.approval.status)
    }

    /// Approves by the link that whoever has it decides by.
    async fn approve_by_link(&self) -> Result<Status, ApprovalError> {
        let target = LinkTarget {
            namespace: "n",
            tenant: "t",
            id: &self.key.id,
            expires_at: self.expires_at.as_millis().div_euclid(1000),
        };
        let (address, _) = self.gateway.published_links(&target);
        let signature = address.split_once("sig=").expect("a signature").1;
        let link = Link {
            target,
            used_to: LinkUse::Decide(Choice::Approve),
            person: None,
            key: None,
            signature: signature.split('&').next().expect("a signature"),
            member: None,
        };
        let decider = Decider::Link(&link);
        let answer = self.gateway.decide_approval(decider, Choice::Approve, None);
        Ok(answer.await?.shown.approval.status)
    }

    /// What came of the message.
    async fn told(&self) -> Outcome {
        let id = format!("approval:{}:0:0", self.key.id);
        self.until_there(&id).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        let id = ActionId::parse(&id).expect("an id");
        let found = self.gateway.find(&Scope::everything(), &id).await;
        found.expect("an answer").pop().expect("a message").outcome
    }

    async fn until_there(&self, id: &str) {
        let id = ActionId::parse(id).expect("an id");
        let look = async || self.gateway.find(&Scope::everything(), &id).await;
        for _ in 0..1000 {
            if !look().await.expect("an answer").is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{id} is not there");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_approved_goes_although_processes_died_over_it() {
    let asked = Asked::start().await;
    let decided = json!({"status": "approved", "ended_by": "people"});
    asked.leave("stuck", &decided).await;
    let again = asked.approve().await.map_err(settled);
    assert_eq!(again, Err(Status::Approved));
    let id = format!("approval:{}:action", asked.key.id);
    asked.until_there(&id).await;
    assert!(asked.flow().await.state.is_over);
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_refused_for_which_no_chain_waits_any_more() {
    let asked = Asked::start().await;
    let parent = json!({"parent": {"chain": "chain-gone", "step": "ask"}});
    asked.leave("pending", &parent).await;
    let refused = asked.approve().await.map_err(settled);
    assert_eq!(refused, Err(Status::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_ahead_ends_neither_a_message_nor_its_link() {
    let asked = Asked::start().await;
    asked.clock.set_ahead(HOUR * 5);
    let told = asked.told().await;
    assert!(matches!(told, Outcome::Executed(_)), "{told:?}");
    let decided = asked.approve_by_link().await.map_err(settled);
    assert_eq!(decided, Ok(Status::Approved));
}

#[tokio::test(start_paused = true)]
async fn a_link_is_over_when_the_time_to_decide_has_passed_whatever_the_clock_says() {
    let asked = Asked::start().await;
    asked.told().await;
    asked.clock.set_ahead(-HOUR * 5);
    tokio::time::sleep(Duration::from_mins(61)).await;
    let over = asked.approve_by_link().await;
    assert!(
        matches!(over, Err(ApprovalError::Expired { .. })),
        "{over:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_stuck_says_so_when_its_time_is_over_and_is_tried_again() {
    let asked = Asked::start().await;
    asked.leave("stuck", &json!({})).await;
    tokio::time::sleep(Duration::from_hours(2)).await;
    let refused = asked.approve().await;
    assert!(
        matches!(refused, Err(ApprovalError::Stuck(_))),
        "{refused:?}"
    );
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(&*asked.flow().await.state.status, "expired");
}

#[tokio::test(start_paused = true)]
async fn what_is_stuck_is_cancelled_although_its_time_is_over() {
    let asked = Asked::start().await;
    asked.leave("stuck", &json!({})).await;
    tokio::time::sleep(Duration::from_hours(2)).await;
    let AnyApproval::Read(cancelled) = asked.cancel().await else {
        panic!("it can be read")
    };
    assert_eq!(cancelled.approval.status, Status::Cancelled);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let state = asked.flow().await.state;
    assert!(state.is_over && &*state.status == "cancelled");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_stuck_listed_and_cancelled() {
    let asked = Asked::start().await;
    let chain = Begin {
        key: FlowKey::new("chain", "chain-damaged"),
        namespace: Namespace::parse("n").expect("a name"),
        tenant: Tenant::parse("t").expect("a name"),
        state: FlowState {
            status: "running".into(),
            body: "{}".into(),
            due_at: Some(Timestamp::from_millis(0)),
            is_over: false,
        },
    };
    asked
        .put("damaged", &json!({"decisions": 7}), vec![chain])
        .await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    for status in [None, Some("stuck")] {
        let AnyApproval::Unreadable(found) = asked.listed(status).await else {
            panic!("it cannot be read")
        };
        assert_eq!(found.status, "stuck");
        assert!(found.why.contains("of an approval"), "{}", found.why);
    }
    let chains = ChainFilter {
        limit: 10,
        ..ChainFilter::default()
    };
    let chains = asked.gateway.chains(&Scope::everything(), chains).await;
    let [chain] = <[_; 1]>::try_from(chains.expect("a list").chains).expect("one");
    assert_eq!(
        (&*chain.summary.chain_id, &*chain.summary.status),
        ("chain-damaged", "stuck")
    );
    let AnyApproval::Unreadable(cancelled) = asked.cancel().await else {
        panic!("it cannot be read")
    };
    assert_eq!(cancelled.status, "cancelled");
    assert!(asked.flow().await.state.is_over);
}

#[tokio::test(start_paused = true)]
async fn what_a_newer_version_wrote_waits_for_it() {
    let asked = Asked::start().await;
    let newer = json!({"v": 1000, "decisions": {"by": "another shape"}});
    asked.put("damaged", &newer, Vec::new()).await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let state = asked.flow().await.state;
    assert_eq!(&*state.status, "damaged", "left as it was");
    assert!(!state.is_over && state.due_at.is_some());
    let AnyApproval::Unreadable(found) = asked.listed(None).await else {
        panic!("it cannot be read")
    };
    assert!(found.why.contains("version 1000"), "{}", found.why);
    let caller = Caller::anonymous();
    let cancelled = asked
        .gateway
        .cancel_approval(&caller, &asked.key.id, None)
        .await;
    assert!(matches!(cancelled, Err(ApprovalError::Invalid(_))));
}

fn settled(error: ApprovalError) -> Status {
    match error {
        ApprovalError::Refused(Refusal::Settled(status)) => status,
        error => panic!("{}", with_causes(&error)),
    }
}
