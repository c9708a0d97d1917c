//! Approvals as they are looked at: by callers within their scope, and by whoever has a link.

use std::sync::Arc;

use acteon_core::{ActionId, Scope, Timestamp};
use acteon_flows::InvalidBody;
use acteon_flows::approval::{
    Approval, ApprovalFlow, Choice, EndedBy, Person, Refusal, Status, open,
};
use acteon_store::{Flow, FlowFilter, FlowKey, Order, StoreError};

use super::links::{Link, LinkUse, seconds};
use super::notices::{target, telling};
use super::{AnyApproval, ApprovalError, Came, Ended, ShownApproval, UnreadableApproval};
use crate::flows::words::STUCK;
use crate::offload;
use crate::shared::{Gateway, Inner};

/// Bytes of bodies that are read at a time.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Most pages that one list goes through, of those whose namespace and tenant the scope covers.
const MAX_PAGES: usize = 20;

/// Most rows that are read at a time.
const MAX_ROWS: usize = 500;

/// Part of a list of approvals.
#[derive(Clone, Debug)]
pub struct ApprovalList {
    /// Approvals in the order of their ids, those that were asked for last first; those of chains stand before those of rules.
    pub approvals: Vec<AnyApproval>,
    /// Id after which the list goes on; `None` at its end.
    pub next: Option<Arc<str>>,
}

/// Part of a list that is asked for.
#[derive(Clone, Debug, Default)]
pub struct ApprovalPart {
    /// Id after which it begins; `None` for the beginning.
    pub after: Option<Arc<str>>,
    /// Most approvals.
    pub limit: usize,
}

/// Approval that somebody has a link to.
#[derive(Clone, Debug)]
pub struct LinkedApproval {
    /// Approval.
    pub shown: ShownApproval,
    /// What its action says, in its own words, if it does.
    pub telling: Option<String>,
    /// Who decides by the link: whose it is, or who signed in with one that names nobody; `None` where neither is known.
    pub person: Option<String>,
    /// Addresses to decide by, of those decisions that the link allows; each is below the server's root.
    pub decisions: Vec<(Choice, String)>,
    /// Why who has the link may not decide, if they may not.
    pub refused: Option<Refusal>,
    /// What who has the link may pass on or take back by it, if they may.
    pub passing_on: Option<PassingOn>,
    /// Whether the link is a person's that opens the approval, and so decides both ways by its own signature.
    pub opens: bool,
}

/// What a person may do with a link of their own, besides deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassingOn {
    /// Pass their decision on.
    Delegate,
    /// Take back what they passed on.
    TakeBack,
}

impl LinkedApproval {
    /// Approval that there is nothing to decide about by this link.
    pub fn of(shown: ShownApproval, link: &Link<'_>) -> Self {
        Self {
            telling: telling(&shown.approval.origin),
            person: decides_as(&shown.approval, link),
            decisions: Vec::new(),
            refused: None,
            passing_on: None,
            opens: link.person.is_some() && link.used_to == LinkUse::Open,
            shown,
        }
    }

    /// Whose link it is, as the approval knows them; `None` where it names nobody who may decide.
    pub fn reader(&self) -> Option<&Person> {
        let id = self.person.as_deref()?;
        self.shown.approval.known().find(|person| person.is(id))
    }
}

impl Gateway {
    /// Approvals within the scope, of one status or of all; one that is stuck has that status alone.
    pub async fn approvals(
        &self,
        scope: &Scope,
        status: Option<&str>,
        part: ApprovalPart,
    ) -> Result<ApprovalList, ApprovalError> {
        let inner = &self.inner;
        let mut filter = FlowFilter {
            kind: ApprovalFlow::NAME.into(),
            scope: scope.clone(),
            status: status.map(Into::into),
            after: part.after,
            order: Order::NewestFirst,
            limit: MAX_ROWS,
            max_bytes: PAGE_BYTES,
        };
        let mut approvals = Vec::new();
        for _ in 0..MAX_PAGES {
            filter.limit = (part.limit + 1 - approvals.len()).min(MAX_ROWS);
            let page = inner.store.flows(filter.clone()).await?;
            for flow in &page.flows {
                if approvals.len() == part.limit {
                    let last: Option<&AnyApproval> = approvals.last();
                    let next = last.map(|last| Arc::from(last.id()));
                    return Ok(ApprovalList { approvals, next });
                }
                approvals.extend(listed(inner, scope, flow));
            }
            filter.after = page.next;
            if filter.after.is_none() {
                break;
            }
        }
        Ok(ApprovalList {
            approvals,
            next: filter.after,
        })
    }

    /// The approval with this id.
    pub async fn approval(&self, scope: &Scope, id: &str) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self.find_approval(scope, id).await?;
        self.with_outcome(scope, shown(&self.inner, &flow)?).await
    }

    /// The approval that a link is to, as its page shows it.
    pub async fn approval_of_link(&self, link: &Link<'_>) -> Result<LinkedApproval, ApprovalError> {
        let (flow, _) = self.find_linked(link).await?;
        let scope = Scope::exactly(&flow.namespace, &flow.tenant);
        let shown = self
            .with_outcome(&scope, shown(&self.inner, &flow)?)
            .await?;
        Ok(self.linked(shown, link))
    }

    /// Link as it was given out, whatever was made of it: one that opens an approval decides about it too, either way.
    pub fn as_given_out<'l>(&self, link: Link<'l>) -> Link<'l> {
        self.inner.approvals.links.as_given_out(link)
    }

    /// Approval with what may be done by a link to it.
    pub fn linked(&self, shown: ShownApproval, link: &Link<'_>) -> LinkedApproval {
        let approval = &shown.approval;
        let links = &self.inner.approvals.links;
        let goal = target(&shown.id, approval);
        let address = |choice| {
            let used_to = LinkUse::Decide(choice);
            let address = match link.person {
                Some(person) => links.own(&goal, used_to, person),
                None => links.published(&goal, used_to),
            };
            let below = address.strip_prefix(links.base());
            (choice, below.unwrap_or(&address).to_owned())
        };
        // Who was given a link to one decision alone is given none to the other.
        let choices: &[Choice] = match (link.person, link.used_to) {
            (Some(_), LinkUse::Decide(Choice::Approve)) => &[Choice::Approve],
            (Some(_), LinkUse::Decide(Choice::Reject)) => &[Choice::Reject],
            _ => &[Choice::Approve, Choice::Reject],
        };
        let due_now = self.inner.due.now();
        let refused = approval.check_voter(link.voter(), due_now).err();
        let choices = if refused.is_none() { choices } else { &[] };
        let passing_on = passing_on(approval, link, refused.is_none(), due_now);
        LinkedApproval {
            decisions: choices.iter().map(|choice| address(*choice)).collect(),
            refused,
            passing_on,
            ..LinkedApproval::of(shown, link)
        }
    }

    /// Approval with the outcome of what was approved, where the scope covers that: a rule may have sent it through another provider.
    async fn with_outcome(
        &self,
        scope: &Scope,
        mut shown: ShownApproval,
    ) -> Result<ShownApproval, ApprovalError> {
        if let Some(id) = shown.approved_action_id() {
            shown.came = self.came_to(scope, &id).await?;
        }
        Ok(shown)
    }

    /// What became of what was approved, where the scope covers that.
    pub(super) async fn came_to(
        &self,
        scope: &Scope,
        id: &ActionId,
    ) -> Result<Option<Came>, StoreError> {
        let found = self.find(scope, id).await?.into_iter().next();
        Ok(found.map(|view| Came {
            outcome: view.outcome,
            attempts: view.attempts,
            possible_duplicate: view.possible_duplicate,
        }))
    }

    /// Addresses to approve and to reject, as the published clients know them.
    pub fn published_links(&self, target: &super::LinkTarget<'_>) -> (String, String) {
        let links = &self.inner.approvals.links;
        let address = |choice| links.published(target, LinkUse::Decide(choice));
        (address(Choice::Approve), address(Choice::Reject))
    }

    /// Flow of an approval within the scope. Who may see nothing of it is not told that there is one.
    pub(super) async fn find_approval(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let not_found = || ApprovalError::NotFound(id.to_owned());
        let key = FlowKey::new(ApprovalFlow::NAME, id);
        let flow = self.inner.store.flow(&key).await?.ok_or_else(not_found)?;
        if !scope.covers_scope(flow.namespace.as_str(), flow.tenant.as_str()) {
            return Err(not_found());
        }
        match opened(&self.inner, &flow) {
            Ok(approval) if covers(scope, &approval) => Ok((flow, approval)),
            // What it is about is not known, and why it cannot be read may quote it.
            Err(why) if scope.covers_all_of(flow.namespace.as_str(), flow.tenant.as_str()) => {
                Err(why)
            }
            Ok(_) | Err(_) => Err(not_found()),
        }
    }

    /// Flow of the approval that a link is to, for who may see it.
    pub(super) async fn find_linked(
        &self,
        link: &Link<'_>,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let (flow, approval) = self.find_unseen(link).await?;
        let seen = self.check_signed_in(link, &approval);
        // A link is good for as long as its approval: the wall clock by which it was written may have been stepped since.
        if approval.is_time_over(self.inner.due.now()) {
            // Who may not see it is not told what it came to.
            let became = seen.ok().and_then(|()| became(&approval));
            return Err(over(link, became));
        }
        seen?;
        Ok((flow, approval))
    }

    /// Flow of the approval that a link is to, also where its time is over or who brings the link may not see it.
    pub(super) async fn find_unseen(
        &self,
        link: &Link<'_>,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let inner = &self.inner;
        if !inner.approvals.links.is_genuine(link) {
            return Err(ApprovalError::Forged);
        }
        let key = FlowKey::new(ApprovalFlow::NAME, link.target.id);
        let flow = inner.store.flow(&key).await?;
        let is_its = |flow: &Flow| {
            flow.namespace.as_str() == link.target.namespace
                && flow.tenant.as_str() == link.target.tenant
        };
        let Some(flow) = flow.filter(is_its) else {
            if seconds(inner.clock.now()) >= link.target.expires_at {
                return Err(over(link, None));
            }
            return Err(ApprovalError::NotFound(link.target.id.to_owned()));
        };
        let approval = opened(inner, &flow)?;
        Ok((flow, approval))
    }
}

/// Error of a link whose time is over.
pub(super) fn over(link: &Link<'_>, became: Option<Ended>) -> ApprovalError {
    let millis = link.target.expires_at.saturating_mul(1000);
    let end = Timestamp::from_millis(millis);
    ApprovalError::Expired { end, became }
}

/// Id of who decides by a link, where that is known.
fn decides_as(approval: &Approval, link: &Link<'_>) -> Option<String> {
    let id = link.person.or_else(|| {
        let userid = link.member?;
        let mut known = approval.known();
        let person = known.find(|person| person.is_member(userid));
        Some(person.map_or(userid, |person| &person.id))
    });
    id.map(str::to_owned)
}

/// Approval of a row, where the scope covers it.
fn listed(inner: &Inner, scope: &Scope, flow: &Flow) -> Option<AnyApproval> {
    if let Ok(found) = shown(inner, flow) {
        return covers(scope, &found.approval).then(|| AnyApproval::Read(Box::new(found)));
    }
    let why = read(inner, flow).err()?.into();
    UnreadableApproval::of(scope, flow, &why).map(AnyApproval::Unreadable)
}

/// What an approval came to, where it is over.
fn became(approval: &Approval) -> Option<Ended> {
    let is_over = approval.status != Status::Pending;
    is_over.then(|| Ended {
        status: approval.status,
        by_time: approval.ended_by == Some(EndedBy::Timeout),
        is_step: approval.parent.is_some(),
    })
}

/// What who has a link may do with it besides deciding. `decides` says whether they may decide.
fn passing_on(
    approval: &Approval,
    link: &Link<'_>,
    decides: bool,
    due_now: Timestamp,
) -> Option<PassingOn> {
    let person = link.person.filter(|_| link.used_to == LinkUse::Open)?;
    if decides {
        return (!approval.is_open_to_all()).then_some(PassingOn::Delegate);
    }
    let may = approval.check_take_back(person, due_now).is_ok();
    may.then_some(PassingOn::TakeBack)
}

/// Whether a scope covers what an approval is about.
fn covers(scope: &Scope, approval: &Approval) -> bool {
    let origin = &approval.origin;
    scope.covers(
        origin.namespace.as_str(),
        origin.tenant.as_str(),
        origin.provider.as_str(),
        origin.action_type.as_str(),
    )
}

/// Approval of a row. One that is over is what its row says, also where its body could not be read when somebody ended it.
pub(super) fn opened(inner: &Inner, flow: &Flow) -> Result<Approval, ApprovalError> {
    let over = Some(&flow.state).filter(|state| state.is_over);
    let over = over.and_then(|state| Status::parse(&state.status));
    match (read(inner, flow), over) {
        (Ok(mut approval), Some(status)) => {
            approval.status = status;
            Ok(approval)
        }
        (Err(_), Some(status)) => Err(Refusal::Settled(status).into()),
        (read, None) => Ok(read?),
    }
}

/// Body of an approval.
fn read(inner: &Inner, flow: &Flow) -> Result<Approval, InvalidBody> {
    let body = &flow.state.body;
    let directory = &*inner.approvals.directory;
    let (now, due_now) = (inner.clock.now(), inner.due.now());
    offload::by_size(body.len(), || open(body, directory, now, due_now))
}

/// Approval as it is shown: what is redacted in actions is so in what is asked for.
pub(super) fn shown(inner: &Inner, flow: &Flow) -> Result<ShownApproval, ApprovalError> {
    let mut approval = opened(inner, flow)?;
    let redaction = &inner.options.redaction;
    offload::by_size(flow.state.body.len(), || {
        if redaction.hides_something() {
            let blotter = redaction.blotter(&approval.origin);
            let said = approval.decisions.iter_mut().map(|it| &mut it.comment);
            let passed_on = approval.delegations.iter_mut().map(|it| &mut it.comment);
            let comments = said.chain(passed_on).chain([&mut approval.comment]);
            comments.flatten().for_each(|text| blotter.text(text));
            if let Some(text) = &mut approval.policy.message {
                blotter.message(text, approval.parent.is_some());
            }
        }
        let seen = redaction.asked_for(&approval.origin);
        approval.origin = acteon_core::Action::clone(&seen);
    });
    Ok(ShownApproval {
        id: flow.key.id.to_string(),
        namespace: flow.namespace.clone(),
        tenant: flow.tenant.clone(),
        approval,
        is_stuck: &*flow.state.status == STUCK,
        updated_at: flow.updated_at,
        came: None,
    })
}
