//! Approvals as lists have them: also those whose bodies cannot be read here.

use acteon_core::json::{members, text};
use acteon_core::{Namespace, Scope, Tenant, Timestamp};
use acteon_store::Flow;

use super::{ApprovalError, ShownApproval};

/// Approval of a list, or one that was cancelled.
#[derive(Clone, Debug)]
pub enum AnyApproval {
    /// One that can be read.
    Read(Box<ShownApproval>),
    /// One that cannot be read here.
    Unreadable(UnreadableApproval),
}

impl AnyApproval {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Read(shown) => &shown.id,
            Self::Unreadable(found) => &found.id,
        }
    }
}

/// Approval whose body cannot be read here. Who sees it must see everything of its tenant: what it is about is not known.
#[derive(Clone, Debug)]
pub struct UnreadableApproval {
    /// Its id.
    pub id: String,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its tenant.
    pub tenant: Tenant,
    /// Where it stands, as its row says.
    pub status: String,
    /// Why it cannot be read.
    pub why: String,
    /// When its time is over, where that can be read.
    pub expires_at: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
}

impl UnreadableApproval {
    /// Approval of a row, where the scope covers all that it may be about.
    pub(super) fn of(scope: &Scope, flow: &Flow, why: &ApprovalError) -> Option<Self> {
        let is_seen = scope.covers_all_of(flow.namespace.as_str(), flow.tenant.as_str());
        is_seen.then(|| Self {
            id: flow.key.id.to_string(),
            namespace: flow.namespace.clone(),
            tenant: flow.tenant.clone(),
            status: flow.state.status.to_string(),
            why: why.to_string(),
            expires_at: end(&flow.state.body),
            created_at: flow.created_at,
            updated_at: flow.updated_at,
        })
    }
}

/// End of the time of a body of which little can be read.
fn end(body: &str) -> Option<String> {
    let members = members(body)?;
    let end = members
        .iter()
        .find(|member| member.name() == "expires_at")?;
    let end = Timestamp::parse(&text(end.value)?)?;
    Some(end.to_string())
}
