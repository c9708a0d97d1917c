//! Approvals as they are looked at: by callers within their scope, and by whoever has a link.

use std::sync::Arc;

use acteon_core::Scope;
use acteon_flows::approval::{Approval, ApprovalFlow, Choice, Status, open};
use acteon_store::{Flow, FlowFilter, FlowKey};

use super::links::{Link, LinkUse, seconds};
use super::notices::{target, telling};
use super::{ApprovalError, ShownApproval};
use crate::flows::step::STUCK;
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
    /// Approvals in the order of their ids.
    pub approvals: Vec<ShownApproval>,
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
    /// Whose link it is; `None` where it names nobody.
    pub person: Option<String>,
    /// Addresses to decide by, of those decisions that the link allows; each is below the server's root.
    pub decisions: Vec<(Choice, String)>,
}

impl Gateway {
    /// Approvals within the scope, of one status or of all.
    pub async fn approvals(
        &self,
        scope: &Scope,
        status: Option<Status>,
        part: ApprovalPart,
    ) -> Result<ApprovalList, ApprovalError> {
        let inner = &self.inner;
        let mut filter = FlowFilter {
            kind: ApprovalFlow::NAME.into(),
            scope: scope.clone(),
            status: status.map(|status| status.as_str().into()),
            after: part.after,
            limit: MAX_ROWS,
            max_bytes: PAGE_BYTES,
        };
        let mut approvals = Vec::new();
        for _ in 0..MAX_PAGES {
            filter.limit = (part.limit + 1 - approvals.len()).min(MAX_ROWS);
            let page = inner.store.flows(filter.clone()).await?;
            for flow in &page.flows {
                if approvals.len() == part.limit {
                    let last: Option<&ShownApproval> = approvals.last();
                    let next = last.map(|last| Arc::from(last.id.as_str()));
                    return Ok(ApprovalList { approvals, next });
                }
                let found = shown(inner, flow).ok();
                approvals.extend(found.filter(|found| covers(scope, &found.approval)));
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
        shown(&self.inner, &flow)
    }

    /// The approval that a link is to, as its page shows it.
    pub async fn approval_of_link(&self, link: &Link<'_>) -> Result<LinkedApproval, ApprovalError> {
        let (flow, approval) = self.find_linked(link).await?;
        let links = &self.inner.approvals.links;
        let goal = target(&flow.key.id, &approval);
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
        let shown = shown(&self.inner, &flow)?;
        Ok(LinkedApproval {
            telling: telling(&shown.approval.origin),
            person: link.person.map(str::to_owned),
            decisions: choices.iter().map(|choice| address(*choice)).collect(),
            shown,
        })
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
        let approval = opened(&self.inner, &flow)?;
        if covers(scope, &approval) {
            Ok((flow, approval))
        } else {
            Err(not_found())
        }
    }

    /// Flow of the approval that a link is to.
    pub(super) async fn find_linked(
        &self,
        link: &Link<'_>,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let inner = &self.inner;
        if !inner.approvals.links.is_genuine(link) {
            return Err(ApprovalError::Forged);
        }
        let now = inner.clock.now();
        if seconds(now) >= link.target.expires_at {
            let millis = link.target.expires_at.saturating_mul(1000);
            let end = acteon_core::Timestamp::from_millis(millis);
            return Err(ApprovalError::Expired(end));
        }
        let not_found = || ApprovalError::NotFound(link.target.id.to_owned());
        let key = FlowKey::new(ApprovalFlow::NAME, link.target.id);
        let flow = inner.store.flow(&key).await?.ok_or_else(not_found)?;
        let is_its = flow.namespace.as_str() == link.target.namespace
            && flow.tenant.as_str() == link.target.tenant;
        if !is_its {
            return Err(not_found());
        }
        let approval = opened(inner, &flow)?;
        Ok((flow, approval))
    }
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

pub(super) fn opened(inner: &Inner, flow: &Flow) -> Result<Approval, ApprovalError> {
    let body = &flow.state.body;
    let directory = &*inner.approvals.directory;
    let (now, due_now) = (inner.clock.now(), inner.due.now());
    Ok(offload::by_size(body.len(), || {
        open(body, directory, now, due_now)
    })?)
}

/// Approval as it is shown: what is redacted in actions is so in what is asked for.
pub(super) fn shown(inner: &Inner, flow: &Flow) -> Result<ShownApproval, ApprovalError> {
    let mut approval = opened(inner, flow)?;
    let seen = inner.options.redaction.action(&approval.origin);
    approval.origin = acteon_core::Action::clone(&seen);
    Ok(ShownApproval {
        id: flow.key.id.to_string(),
        namespace: flow.namespace.clone(),
        tenant: flow.tenant.clone(),
        approval,
        is_stuck: &*flow.state.status == STUCK,
        updated_at: flow.updated_at,
    })
}
